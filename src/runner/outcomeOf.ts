/**
 * How the end of a piece of work becomes the outcome of its task.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { TaskOutcomeInput } from "../domain/TaskOutcome.ts"
import { TaskFailure } from "./TaskContext.ts"
import type { TaskHandler } from "./TaskHandler.ts"

/** The code of an internal error in JSON-RPC. */
const internalError = -32603

/**
 * Turns whatever becomes of a piece of work into the outcome of its task. What the client is not told is logged.
 *
 * @since 0.2.0
 * @category combinators
 */
export const asOutcome = <A, E, R>(
  work: Effect.Effect<A, E, R>,
  resultOfFailure: TaskHandler["resultOfFailure"]
): Effect.Effect<TaskOutcomeInput, never, R> =>
  Effect.flatMap(Effect.exit(work), (exit) => {
    const outcome = outcomeOf(exit, resultOfFailure)
    return Exit.isSuccess(exit) || failureOf(exit.cause) !== undefined
      ? Effect.succeed(outcome)
      : Effect.as(Effect.logError("A task failed", exit.cause), outcome)
  })

/** A result; the error that a `TaskFailure` names; or an internal error without details, which might be secrets. */
const outcomeOf = (
  exit: Exit.Exit<unknown, unknown>,
  resultOfFailure: TaskHandler["resultOfFailure"]
): TaskOutcomeInput => {
  if (Exit.isSuccess(exit)) return { _tag: "Success", value: exit.value === undefined ? null : exit.value }
  const failure = failureOf(exit.cause)
  if (failure === undefined) {
    if (Cause.hasInterruptsOnly(exit.cause)) return internal("Interrupted")
    const result = resultOfFailure?.(exit.cause)
    return result === undefined ? internal("Internal error") : { _tag: "Success", value: result }
  }
  const { code, data, message } = failure
  return { _tag: "Error", code, message, ...(data === undefined ? {} : { data }) }
}

/**
 * Gives an internal error that says what happened.
 *
 * @since 0.2.0
 * @category constructors
 */
export const internal = (message: string): TaskOutcomeInput => ({ _tag: "Error", code: internalError, message })

/**
 * Finds the error that a client is to see.
 *
 * @since 0.2.0
 * @category accessors
 */
export const failureOf = (cause: Cause.Cause<unknown>): TaskFailure | undefined => {
  for (const reason of cause.reasons) {
    const error = Cause.isFailReason(reason) ? reason.error : Cause.isDieReason(reason) ? reason.defect : undefined
    if (error instanceof TaskFailure) return error
  }
  return undefined
}
