/**
 * Effects that are over before a fiber runs them.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/**
 * Tells whether an effect is over before a fiber runs it.
 *
 * @since 0.2.0
 * @category guards
 */
export const isOver = <A, E, R>(effect: Effect.Effect<A, E, R>): effect is Exit.Exit<A, E> => Exit.isExit(effect)
