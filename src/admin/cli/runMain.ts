/**
 * The command line as a process: its arguments, its signals and its exit code.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { CliTerminal } from "./CliTerminal.ts"
import { exitCodes } from "./ExitCode.ts"
import { makeNodeTerminal } from "./nodeTerminal.ts"
import { runCli } from "./runCli.ts"

/**
 * Runs the command that the arguments of this process name, and ends the process.
 *
 * The first Ctrl-C asks bulk work to stop after what it has begun, and interrupts everything else. The second one interrupts all, and
 * the one after that waits for nothing.
 *
 * @since 0.2.0
 * @category running
 */
export const runMain = (): void => {
  const { stop, terminal } = makeNodeTerminal()
  const fiber = Effect.runFork(Effect.provideService(runCli(process.argv.slice(2)), CliTerminal, terminal))
  let isInterrupted = false
  const onSignal = () => {
    if (isInterrupted) process.exit(exitCodes.interrupted)
    if (stop()) process.stderr.write("\nStopping after what has begun. Press Ctrl-C again to stop at once.\n")
    else {
      isInterrupted = true
      fiber.interruptUnsafe()
    }
  }
  process.on("SIGINT", onSignal)
  process.on("SIGTERM", onSignal)
  // An effect that waits for a signal alone would not keep the process.
  const keepAlive = setInterval(() => undefined, 2 ** 31 - 1)
  fiber.addObserver((exit) => {
    clearInterval(keepAlive)
    process.exit(Exit.isSuccess(exit) ? exit.value : exitCodes.interrupted)
  })
}
