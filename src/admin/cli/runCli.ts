/**
 * Running one command.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as CliConfig from "effect/cli/CliConfig"
import type { CliError } from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { readFileSync } from "node:fs"
import type { TaskStorageError } from "../../domain/task/TaskError.ts"
import type { InvalidLine } from "../InvalidLine.ts"
import { cliServices } from "./cliServices.ts"
import { CliTerminal, type CliTerminalShape, type OutputClosed } from "./CliTerminal.ts"
import { type CommandEnded, type ExitCode, exitCodes } from "./ExitCode.ts"
import { rootCommand } from "./rootCommand.ts"
import { safeLines, withoutPasswords } from "./safeText.ts"

/**
 * Runs the command that arguments name, and gives its exit code. It never fails, unless it is interrupted.
 *
 * @since 0.2.0
 * @category running
 */
export const runCli = Effect.fnUntraced(function*(
  args: ReadonlyArray<string>
): Effect.fn.Return<ExitCode, never, CliTerminal> {
  const terminal = yield* CliTerminal
  return yield* Command.runWith(rootCommand, { version: readVersion(), renderErrors: true })(args).pipe(
    Effect.as(exitCodes.ok),
    Effect.catch((error) => reportError(terminal, error)),
    Effect.catchCause((cause) => Cause.hasInterruptsOnly(cause) ? Effect.interrupt : reportDefect(terminal, cause)),
    Effect.provide(Layer.merge(cliServices, outputOf(terminal)))
  )
})

const readVersion = (): string => {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"))
  return typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : ""
}

const reportError = (
  terminal: CliTerminalShape,
  error: CliError | CommandEnded | InvalidLine | OutputClosed | TaskStorageError
): Effect.Effect<ExitCode> => {
  switch (error._tag) {
    // Nobody reads the output any more, so there is nothing left to do.
    case "OutputClosed":
      return Effect.succeed(exitCodes.ok)
    case "CommandEnded":
      return Effect.as(error.message === "" ? Effect.void : tell(terminal, error.message), error.code)
    // Its presenter has said what is wrong. Without a command there is nothing wrong but that.
    case "ShowHelp":
      return Effect.succeed(exitCodes.usage)
    case "InvalidInput":
    case "InvalidCursor":
      return Effect.as(tell(terminal, error.message), exitCodes.usage)
    default:
      return Effect.as(tell(terminal, error.message), exitCodes.failed)
  }
}

const reportDefect = (terminal: CliTerminalShape, cause: Cause.Cause<unknown>): Effect.Effect<ExitCode> =>
  Effect.as(
    tell(
      terminal,
      `This is a fault of mcp-task-storage. Please report it, with the command that you ran.\n${Cause.pretty(cause)}`
    ),
    exitCodes.failed
  )

const tell = ({ err }: CliTerminalShape, message: string): Effect.Effect<void> =>
  err(`${safeLines(withoutPasswords(message))}\n`)

/** Answers go to standard output, and everything else to standard error, help that nobody asked for included. */
const outputOf = (terminal: CliTerminalShape): Layer.Layer<never> =>
  Layer.mergeAll(
    CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version] }),
    CliOutput.layerPresenter({ present: (event) => present(terminal, event) }),
    Logger.layer([
      Logger.map(Logger.formatLogFmt, (line) => void Effect.runFork(tell(terminal, line)))
    ])
  )

const present = (terminal: CliTerminalShape, event: CliOutput.Presenter.Event): Effect.Effect<void> => {
  const { colours, err, out } = terminal
  const formatter = CliOutput.defaultFormatter({
    colors: event._tag === "InvalidInvocation" ? colours.err : colours.out
  })
  switch (event._tag) {
    case "Version":
      return Effect.ignore(out(`${event.version}\n`))
    case "Help":
      return event.reason === "Requested"
        ? Effect.ignore(out(`${formatter.formatHelpDoc(event.helpDoc)}\n`))
        : err(`${formatter.formatHelpDoc(event.helpDoc)}\n`)
    case "InvalidInvocation": {
      const messages = event.errors.map(({ message }) => message).join("\n")
      return tell(terminal, `${messages}\nSee ${event.commandPath.join(" ")} --help`)
    }
  }
}
