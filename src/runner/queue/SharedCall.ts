/**
 * A call that many need at the same time.
 *
 * @since 0.2.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

/**
 * Makes a call once for all who come while it is under way. So each of them waits for one or two calls at the most, however many there
 * are, also if an engine lets each call wait before it fails. A call goes on if the one who began it is interrupted.
 *
 * @since 0.2.0
 * @category models
 */
export class SharedCall<A, E> {
  readonly #call: Effect.Effect<A, E>
  #underWay: Deferred.Deferred<A, E> | undefined
  #next: Deferred.Deferred<A, E> | undefined

  constructor(call: Effect.Effect<A, E>) {
    this.#call = call
  }

  get isUnderWay(): boolean {
    return this.#underWay !== undefined
  }

  /** Gives the answer of the call that is under way, or of a new one. */
  get answer(): Effect.Effect<A, E> {
    return Effect.suspend(() => this.#underWay === undefined ? this.#begin() : Deferred.await(this.#underWay))
  }

  /** Gives the answer of a call that begins from now on. */
  get nextAnswer(): Effect.Effect<A, E> {
    return Effect.suspend(() => {
      if (this.#underWay === undefined) return this.#begin()
      this.#next ??= Deferred.makeUnsafe<A, E>()
      return Deferred.await(this.#next)
    })
  }

  #begin(): Effect.Effect<A, E> {
    const answer = Deferred.makeUnsafe<A, E>()
    this.#underWay = answer
    return Effect.andThen(Effect.forkDetach(this.#run(answer), { startImmediately: true }), Deferred.await(answer))
  }

  #run(answer: Deferred.Deferred<A, E>): Effect.Effect<void> {
    return Effect.flatMap(Effect.exit(this.#call), (exit) => {
      const next = this.#next
      this.#underWay = next
      this.#next = undefined
      Deferred.doneUnsafe(answer, exit)
      return next === undefined ? Effect.void : this.#run(next)
    })
  }
}
