/**
 * The streams of this process as a {@link CliTerminal}.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createInterface } from "node:readline"
import { CliTerminal, type CliTerminalShape, OutputClosed } from "./CliTerminal.ts"

/**
 * A terminal, and what Ctrl-C does to it.
 *
 * @since 0.2.0
 * @category models
 */
export interface NodeTerminal {
  readonly terminal: CliTerminalShape
  /** Asks work that ends by itself to do so. Tells whether there is such work that was not asked before. */
  readonly stop: () => boolean
}

/**
 * Makes the terminal of this process.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeNodeTerminal = (): NodeTerminal => {
  const { env, stderr, stdin, stdout } = process
  // Each write is told of its own fault. Without a listener the fault would end the process.
  for (const stream of [stdout, stderr]) stream.on("error", () => undefined)
  let working = 0
  let isStopping = false

  const showsColours = (stream: { readonly isTTY?: boolean }): boolean =>
    stream.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb"

  // Some terminals do not know how wide they are.
  const widthOf = (stream: { readonly isTTY?: boolean; readonly columns: number }): number | undefined =>
    stream.isTTY === true ? stream.columns || 80 : undefined

  const terminal = CliTerminal.of({
    out: (text) =>
      Effect.callback((resume) => {
        stdout.write(text, (fault) => resume(fault ? Effect.fail(new OutputClosed()) : Effect.void))
      }),
    err: (text) =>
      Effect.callback((resume) => {
        stderr.write(text, () => resume(Effect.void))
      }),
    columns: () => widthOf(stdout),
    errColumns: () => widthOf(stderr),
    canAsk: stdin.isTTY && stderr.isTTY,
    colours: { out: showsColours(stdout), err: showsColours(stderr) },
    ask: (question) =>
      Effect.callback((resume) => {
        // Not as a terminal: readline would take Ctrl-C for itself.
        const lines = createInterface({ input: stdin, output: stderr, terminal: false })
        lines.once("line", (line) => resume(Effect.succeed(line)))
        lines.once("close", () => resume(Effect.succeed(undefined)))
        stderr.write(question)
        return Effect.sync(() => lines.close())
      }),
    input: Stream.fromAsyncIterable(stdin.setEncoding("utf8"), (fault) => fault).pipe(
      Stream.map(String),
      Stream.orDie
    ),
    gracefully: (work) =>
      Effect.acquireUseRelease(
        Effect.sync(() => void working++),
        () => work(() => isStopping),
        () => Effect.sync(() => void working--)
      )
  })

  return {
    terminal,
    stop: () => {
      if (working === 0 || isStopping) return false
      return isStopping = true
    }
  }
}
