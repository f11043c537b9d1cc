/**
 * What becomes of claimed tasks when the engine fails at others.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { TakenTask, TaskDriverError } from "./TaskDriver.ts"

/**
 * Tells whether a failure takes nothing away from those tasks that are claimed already: it wrote nothing, or nothing that anybody
 * can read.
 *
 * @since 0.2.0
 * @category guards
 */
export const isHarmless = ({ applied, retryable }: TaskDriverError, claimed: number): boolean =>
  claimed > 0 && (applied === "no" || !retryable)

/**
 * Gives what was claimed, unless another claim failed and may have been made.
 *
 * @since 0.2.0
 * @category combinators
 */
export const keptClaims = (
  results: ReadonlyArray<Result.Result<ReadonlyArray<TakenTask>, TaskDriverError>>
): Effect.Effect<ReadonlyArray<TakenTask>, TaskDriverError> => {
  const taken = results.flatMap((result) => Result.isSuccess(result) ? result.success : [])
  const failure = results.flatMap((result) => Result.isFailure(result) ? [result.failure] : [])
    .find((failure) => !isHarmless(failure, taken.length))
  return failure === undefined ? Effect.succeed(taken) : Effect.fail(failure)
}
