/**
 * The way of a `TaskFailure` out of a toolkit, which turns whatever its handlers fail with into results.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { failureOf } from "../../runner/outcomeOf.ts"
import type { TaskFailure } from "../../runner/TaskContext.ts"

interface FailureNote {
  failure: TaskFailure | undefined
}

const FailureNote = Context.Reference<FailureNote | undefined>("mcp-task-storage/mcp/FailureNote", {
  defaultValue: () => undefined
})

/**
 * Makes a handler note the `TaskFailure` that it fails with.
 *
 * @since 0.2.0
 * @category combinators
 */
export const notingFailure = <A, E, R>(handled: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.tapCause(handled, (cause) =>
    Effect.map(FailureNote, (note) => {
      if (note !== undefined) note.failure = failureOf(cause)
    }))

/**
 * Runs a call, and fails with what its handler noted.
 *
 * @since 0.2.0
 * @category combinators
 */
export const heedingFailure = <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E | TaskFailure, R> =>
  Effect.suspend(() => {
    const note: FailureNote = { failure: undefined }
    return Effect.flatMap(
      Effect.provideService(call, FailureNote, note),
      (result): Effect.Effect<A, TaskFailure> => note.failure === undefined ? Effect.succeed(result) : note.failure
    )
  })
