/**
 * What the client of a task learns about its failure.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import { InputKeyReused, InvalidInput, PayloadTooLarge } from "../../domain/task/TaskError.ts"
import type { TaskOutcomeInput } from "../../domain/task/TaskOutcome.ts"
import { quietly } from "./describeThrown.ts"
import { TaskFailure } from "./TaskContext.ts"

/** The code of an internal error in JSON-RPC. */
const internalError = -32603

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
export const failureOf = (cause: Cause.Cause<unknown>): TaskFailure | undefined =>
  firstThrown(cause, (thrown) => thrown instanceof TaskFailure ? thrown : undefined)

/**
 * Finds the mistake in a call of the context. The message names an argument, and nothing more.
 *
 * @since 0.2.0
 * @category accessors
 */
export const mistakeOf = (cause: Cause.Cause<unknown>): string | undefined =>
  firstThrown(
    cause,
    (thrown) =>
      thrown instanceof InvalidInput || thrown instanceof PayloadTooLarge || thrown instanceof InputKeyReused
        ? thrown.message
        : undefined
  )

/** Some thrown values throw when they are read. */
const firstThrown = <A>(cause: Cause.Cause<unknown>, find: (thrown: unknown) => A | undefined): A | undefined => {
  for (const reason of cause.reasons) {
    const thrown = Cause.isFailReason(reason) ? reason.error : Cause.isDieReason(reason) ? reason.defect : undefined
    const found = quietly(() => find(thrown))
    if (found !== undefined) return found
  }
  return undefined
}
