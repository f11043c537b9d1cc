/**
 * Whether the engine behind a storage answers a runner.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/**
 * The calls of a runner that fail and are tried again. An outage is told once when it begins, and once when it is over.
 *
 * @since 0.2.0
 * @category models
 */
export class Outages {
  readonly #failing = new Set<object>()
  /** Whether nothing was answered since a call failed that had not failed before. */
  #isDown = false
  #began = 0n

  /**
   * Notes that a call failed, which will be tried again. One that goes on failing while others are answered, as on a
   * corrupt row, is no outage of the engine.
   */
  failed(call: object, reason: string): Effect.Effect<void> {
    return Effect.flatMap(Clock.monotonicTimeNanos, (now) => {
      const isFirst = this.#failing.size === 0
      if (!this.#failing.has(call)) this.#isDown = true
      this.#failing.add(call)
      if (!isFirst) return Effect.void
      this.#began = now
      return Effect.logWarning(
        `The task storage fails: ${reason}. Tasks that run go on, and what they write is tried again until it is stored.`
      )
    })
  }

  /** Notes that a call was answered, if with a refusal. */
  answered(call: object): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#isDown = false
      return this.forget(call)
    })
  }

  /** Forgets a call that nobody makes any more. */
  forget(call: object): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.#failing.delete(call) && this.#failing.size === 0 && !this.#isDown
        ? Effect.flatMap(
          Clock.monotonicTimeNanos,
          (now) => Effect.logInfo(`The task storage answers again, after ${(now - this.#began) / nanosPerMilli} ms.`)
        )
        : Effect.void
    )
  }
}

const nanosPerMilli = 1_000_000n
