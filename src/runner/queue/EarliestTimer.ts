/**
 * One timer for many moments.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import { backgroundSleep } from "../../domain/effects/backgroundSleep.ts"

/** Milliseconds between two looks, at the least. */
const leastPause = 100

/**
 * Looks at what is due, at the earliest moment that was noted.
 *
 * @since 0.2.0
 * @category models
 */
export class EarliestTimer {
  readonly #earlier = Latch.makeUnsafe(false)
  readonly #look: (now: number) => Effect.Effect<void>
  #next = Infinity

  /** `look` deals with what is due, and notes the moments that are left. */
  constructor(look: (now: number) => Effect.Effect<void>) {
    this.#look = look
  }

  /** Notes a moment, in milliseconds since the epoch. */
  note(at: number): void {
    if (at >= this.#next) return
    this.#next = at
    this.#earlier.openUnsafe()
  }

  /** Waits for the moments until it is interrupted. */
  get keepLooking(): Effect.Effect<never> {
    return Effect.suspend(() => {
      this.#earlier.closeUnsafe()
      return this.#next === Infinity ? this.#earlier.await : Effect.raceFirst(this.#untilNext, this.#earlier.await)
    }).pipe(
      Effect.andThen(this.#lookIfDue),
      Effect.forever
    )
  }

  get #untilNext(): Effect.Effect<void> {
    return Effect.flatMap(
      Clock.currentTimeMillis,
      (now) => backgroundSleep(Math.max(this.#next - now, 0))
    )
  }

  get #lookIfDue(): Effect.Effect<void> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (now < this.#next) return Effect.void
      this.#next = Infinity
      return Effect.andThen(this.#look(now), backgroundSleep(leastPause))
    })
  }
}
