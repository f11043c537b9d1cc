/**
 * Several results in one.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"

/**
 * Gives the values of all results, or the first failure, as `Result.all` does for a tuple. Every call checks its arguments
 * with this. `Result.all` grows a list of values with room for 17, which is a tenth of all that a write to memory
 * allocates; this makes a list of the right length.
 *
 * @since 0.2.0
 * @category combinators
 */
export function allOf<const Results extends ReadonlyArray<Result.Result<unknown, unknown>>>(
  results: Results
): Result.Result<
  { -readonly [At in keyof Results]: Results[At] extends Result.Result<infer A, infer _> ? A : never },
  Results[number] extends Result.Result<infer _, infer E> ? E : never
>
export function allOf(
  results: ReadonlyArray<Result.Result<unknown, unknown>>
): Result.Result<ReadonlyArray<unknown>, unknown> {
  const values = new Array<unknown>(results.length)
  let count = 0
  for (const result of results) {
    if (Result.isFailure(result)) return Result.fail(result.failure)
    values[count++] = result.success
  }
  return Result.succeed(values)
}
