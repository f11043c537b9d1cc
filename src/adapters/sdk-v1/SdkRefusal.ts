/**
 * Requests to the stores that are refused.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"

/**
 * The request is refused, with an error that its sender may see.
 *
 * @since 0.1.0
 * @category errors
 */
export class SdkRefusal extends Data.TaggedError("SdkRefusal")<{ readonly error: Error }> {}

/**
 * Refuses a request with an error that its sender may see.
 *
 * @since 0.1.0
 * @category constructors
 */
export const refuse = (error: Error): Effect.Effect<never, SdkRefusal> => Effect.fail(new SdkRefusal({ error }))
