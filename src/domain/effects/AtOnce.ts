/**
 * Answers that need no waiting.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"

/**
 * An effect that answers at once and cannot fail. Like any effect it does nothing until it is run. The service runs it directly,
 * which saves the steps of the runtime.
 *
 * @since 0.2.0
 * @category models
 */
export abstract class Answering<A> extends Effectable.Class<A> {
  /** Does it, and gives the answer. */
  abstract answer(): A

  /** Gives the same answer to the runtime. */
  override asEffect(): Effect.Effect<A> {
    return Effect.succeed(this.answer())
  }
}

/**
 * What a function answers at once, such as a primitive of a backend in the same process.
 *
 * @since 0.1.0
 * @category models
 */
export class AtOnce<A> extends Answering<A> {
  readonly #answer: () => A

  constructor(answer: () => A) {
    super()
    this.#answer = answer
  }

  override answer(): A {
    return this.#answer()
  }
}

/**
 * Tells whether an effect answers without waiting.
 *
 * @since 0.1.0
 * @category guards
 */
export const isAtOnce = <A, E>(effect: Effect.Effect<A, E>): effect is Answering<A> => effect instanceof Answering
