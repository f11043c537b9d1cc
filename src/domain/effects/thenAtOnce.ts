/**
 * Going on without a step of the runtime.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { isOver } from "./isOver.ts"

/**
 * Goes on with what an effect gives. If the effect is over, it goes on at once, before a fiber runs it.
 *
 * @since 0.2.0
 * @category combinators
 */
export const thenAtOnce = <A, E, B, E2>(
  effect: Effect.Effect<A, E>,
  use: (value: A) => Effect.Effect<B, E2>
): Effect.Effect<B, E | E2> =>
  isOver(effect) && Exit.isSuccess(effect) ? use(effect.value) : Effect.flatMap(effect, use)
