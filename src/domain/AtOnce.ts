/**
 * Answers that need no waiting.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"

/**
 * An effect that answers at once and cannot fail, such as a primitive of a backend in the same process. Like any effect it
 * does nothing until it is run. The service runs it directly, which saves the steps of the runtime.
 *
 * @since 0.1.0
 * @category models
 */
export class AtOnce<A> extends Effectable.Class<A> {
  /** Does it, and gives the answer. */
  readonly answer: () => A

  constructor(answer: () => A) {
    super()
    this.answer = answer
  }

  /** Gives the same answer to the runtime. */
  override asEffect(): Effect.Effect<A> {
    return Effect.succeed(this.answer())
  }
}

/**
 * Tells whether an effect answers without waiting.
 *
 * @since 0.1.0
 * @category guards
 */
export const isAtOnce = <A, E>(effect: Effect.Effect<A, E>): effect is AtOnce<A> => effect instanceof AtOnce
