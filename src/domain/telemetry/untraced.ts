/**
 * Calls that make no spans.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as References from "effect/References"

/**
 * Makes a call without spans. What a process does all the time is no news: traced, it would make a span every few seconds in
 * every process.
 *
 * @since 0.2.0
 * @category combinators
 */
export const untraced = <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(call, References.TracerEnabled, false)
