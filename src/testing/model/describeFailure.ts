/**
 * The failures of random checks, for a person.
 *
 * @since 0.1.0
 */
import * as Arbitrary from "effect/Arbitrary"
import * as Data from "effect/Data"

/**
 * A storage answered what the model does not: the difference, and the steps that led there.
 *
 * @since 0.1.0
 * @category errors
 */
export class Divergence extends Data.TaggedError("Divergence")<{
  readonly difference: string
  readonly steps: string
}> {}

/**
 * Tells the smallest input that shows a failure, as it went, and how to make it again; `undefined` when there is none.
 *
 * @since 0.1.0
 * @category converting
 */
export const describeFailure = <A>(result: Arbitrary.CheckResult<A, unknown>): string | undefined => {
  if (result._tag !== "Falsified" || result.failure._tag !== "PropertyError") {
    return Arbitrary.formatCheckFailure(result)
  }
  const { error } = result.failure
  const steps = error instanceof Divergence
    ? `${error.difference}\n${error.steps}`
    : `it could not be run: ${String(error)}`
  return `after ${result.runs} runs, ${steps}\nReplay: ${result.replay}`
}
