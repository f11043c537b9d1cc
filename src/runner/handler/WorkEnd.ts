/**
 * How a piece of work ended.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { FailureInput } from "../../domain/task/FailureReport.ts"
import type { TaskOutcomeInput } from "../../domain/task/TaskOutcome.ts"
import { describeThrown, quietly, unwrapped } from "./describeThrown.ts"
import { failureOf, internal, mistakeOf } from "./failureOf.ts"
import type { TaskHandler } from "./TaskHandler.ts"

/**
 * The outcome for the client, and what the operator is told where the client is told less.
 *
 * @since 0.2.0
 * @category models
 */
export interface WorkEnd {
  readonly outcome: TaskOutcomeInput
  readonly failure?: FailureInput
  /** What the work threw. It is absent if it told the client of its failure, or was interrupted. */
  readonly thrown?: { readonly error: unknown }
  /** Logs what went wrong, once the outcome is stored. */
  readonly log?: Effect.Effect<void>
}

/**
 * Turns the exit of a piece of work into its end, whatever it throws: a result; the error that a `TaskFailure` names; or an internal
 * error without details, which might be secrets.
 *
 * @since 0.2.0
 * @category constructors
 */
export const workEnd = (
  exit: Exit.Exit<unknown, unknown>,
  resultOfFailure: TaskHandler["resultOfFailure"]
): WorkEnd => {
  if (Exit.isSuccess(exit)) return { outcome: { _tag: "Success", value: exit.value === undefined ? null : exit.value } }
  const told = failureOf(exit.cause)
  if (told !== undefined) {
    const { code, data, message } = told
    return { outcome: { _tag: "Error", code, message, ...(data === undefined ? {} : { data }) } }
  }
  if (Cause.hasInterruptsOnly(exit.cause)) return { outcome: internal("Interrupted"), log: logged(exit.cause) }
  const cause = unwrap(exit.cause)
  return {
    outcome: outcomeOf(cause, resultOfFailure),
    failure: describeThrown(Cause.squash(cause)),
    thrown: { error: Cause.squash(cause) },
    log: logged(cause)
  }
}

const logged = (cause: Cause.Cause<unknown>): Effect.Effect<void> => Effect.logError("A task failed", cause)

const outcomeOf = (cause: Cause.Cause<unknown>, resultOfFailure: TaskHandler["resultOfFailure"]): TaskOutcomeInput => {
  const result = quietly(() => resultOfFailure?.(cause))
  return result === undefined
    ? internal(mistakeOf(cause) ?? "Internal error")
    : { _tag: "Success", value: result }
}

const unwrap = (cause: Cause.Cause<unknown>): Cause.Cause<unknown> =>
  Cause.fromReasons(cause.reasons.map((reason) =>
    Cause.isFailReason(reason)
      ? Cause.makeFailReason(unwrapped(reason.error))
      : Cause.isDieReason(reason)
      ? Cause.makeDieReason(unwrapped(reason.defect))
      : reason
  ))
