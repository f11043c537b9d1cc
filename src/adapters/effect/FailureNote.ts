/**
 * The way of what a handler throws out of a toolkit, which turns whatever its handlers fail with into results.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { failureOf } from "../../runner/handler/failureOf.ts"
import type { TaskFailure } from "../../runner/handler/TaskContext.ts"

interface FailureNote {
  /** Whether defects are for the runner to tell of, which knows the task, and not for the toolkit. */
  readonly isTask: boolean
  failed: Cause.Cause<TaskFailure> | undefined
}

const FailureNote = Context.Reference<FailureNote | undefined>("mcp-task-storage/mcp/FailureNote", {
  defaultValue: () => undefined
})

/**
 * Makes a handler note the `TaskFailure` that it fails with and, as a task, its defects. Then it is interrupted, which a toolkit passes
 * on as it is.
 *
 * @since 0.2.0
 * @category combinators
 */
export const notingFailure = <A, E, R>(handled: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.catchCause(handled, (cause) =>
    Effect.flatMap(FailureNote, (note) => {
      const noted = note === undefined ? undefined : toNote(cause, note)
      if (note === undefined || noted === undefined) return Effect.failCause(cause)
      note.failed ??= noted
      return Effect.interrupt
    }))

const toNote = (cause: Cause.Cause<unknown>, { isTask }: FailureNote): Cause.Cause<TaskFailure> | undefined => {
  const failure = failureOf(cause)
  if (failure !== undefined) return Cause.fail(failure)
  return isTask && Cause.hasDies(cause) ? Cause.fromReasons(cause.reasons.filter(Cause.isDieReason)) : undefined
}

/**
 * Runs a call, and fails with what its handler noted.
 *
 * @since 0.2.0
 * @category combinators
 */
export const heedingFailure = <A, E, R>(
  call: Effect.Effect<A, E, R>,
  isTask: boolean
): Effect.Effect<A, E | TaskFailure, R> =>
  Effect.suspend(() => {
    const note: FailureNote = { isTask, failed: undefined }
    return Effect.matchCauseEffect(Effect.provideService(call, FailureNote, note), {
      onSuccess: (result) => note.failed === undefined ? Effect.succeed(result) : Effect.failCause(note.failed),
      onFailure: (cause) => Effect.failCause<E | TaskFailure>(note.failed ?? cause)
    })
  })
