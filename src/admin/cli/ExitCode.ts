/**
 * What the command line exits with.
 *
 * @since 0.2.0
 */
import * as Data from "effect/Data"

/**
 * The exit codes of the command line.
 *
 * @since 0.2.0
 * @category constants
 */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** `doctor` or `migrate --check` found something. */
  found: 3,
  interrupted: 130
} as const

/**
 * An exit code of the command line.
 *
 * @since 0.2.0
 * @category models
 */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/**
 * A command ends here, with an exit code. `message` goes to standard error; if it is empty, the command has said everything.
 *
 * @since 0.2.0
 * @category errors
 */
export class CommandEnded extends Data.TaggedError("CommandEnded")<{
  readonly code: ExitCode
  readonly message: string
}> {}

/**
 * Ends a command that was called in a wrong way.
 *
 * @since 0.2.0
 * @category constructors
 */
export const usageError = (message: string): CommandEnded => new CommandEnded({ code: exitCodes.usage, message })

/**
 * Ends a command that could not do what it was asked to do.
 *
 * @since 0.2.0
 * @category constructors
 */
export const failedWith = (message: string): CommandEnded => new CommandEnded({ code: exitCodes.failed, message })
