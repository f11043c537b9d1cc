/** Runs a command in this process, and gives what it wrote. */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { CliTerminal, type CliTerminalShape, OutputClosed } from "../../../src/admin/cli/CliTerminal.ts"
import { runCli } from "../../../src/admin/cli/runCli.ts"

export interface Written {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface Surroundings {
  readonly env?: { readonly [name: string]: string }
  /** The width of the terminal that shows both outputs; none by default. */
  readonly columns?: number
  readonly colours?: boolean
  /** What the person types. Without it nobody can be asked. */
  readonly answers?: ReadonlyArray<string>
  /** What happens while the person thinks. */
  readonly whileAsked?: Effect.Effect<unknown>
  readonly input?: string
  /** Is told what is written to standard output. */
  readonly onOut?: (text: string) => void
  /** After how many writes nobody reads standard output any more. */
  readonly closesAfter?: number
  /** After how many batches the person presses Ctrl-C. */
  readonly stopsAfter?: number
}

export const runCommand = (args: ReadonlyArray<string>, surroundings: Surroundings = {}): Effect.Effect<Written> =>
  Effect.gen(function*() {
    const {
      answers,
      closesAfter,
      colours = false,
      columns,
      env = {},
      input = "",
      onOut,
      stopsAfter,
      whileAsked = Effect.void
    } = surroundings
    const written = { out: "", err: "" }
    let writes = 0
    let looks = 0
    const unsaid = [...(answers ?? [])]
    const terminal: CliTerminalShape = {
      out: (text) =>
        Effect.suspend(() => {
          if (writes++ === closesAfter) return Effect.fail(new OutputClosed())
          written.out += text
          onOut?.(text)
          return Effect.void
        }),
      err: (text) => Effect.sync(() => void (written.err += text)),
      columns: () => columns,
      errColumns: () => columns,
      canAsk: answers !== undefined,
      colours: { out: colours, err: colours },
      ask: (question) =>
        Effect.map(whileAsked, () => {
          written.err += question
          return unsaid.shift()
        }),
      input: Stream.succeed(input),
      gracefully: (work) => Effect.suspend(() => work(() => stopsAfter !== undefined && looks++ >= stopsAfter))
    }
    const code = yield* runCli(args).pipe(
      Effect.provideService(CliTerminal, terminal),
      Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(env)))
    )
    return { code, ...written }
  })
