/**
 * When a process may assume that workers of other processes are gone.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"

/**
 * Allows takeovers, with two exceptions. For one lease after an outage it allows none, because others could not extend their
 * leases. The same after this process lost track of time: its clock was set forward, or it stood still.
 *
 * @since 0.2.0
 * @category models
 */
export class Takeovers {
  readonly #lease: bigint
  /** What the clock was ahead of the time that passed, at the least since it was set. */
  #offset: bigint | undefined
  #notBefore: bigint | undefined
  #hasLostTime = false

  /** With the lease in milliseconds. */
  constructor(lease: number) {
    this.#lease = BigInt(lease) * nanosPerMilli
  }

  /** Allows no takeover for one lease, from a monotonic time on. */
  postpone(now: bigint): void {
    this.#notBefore = now + this.#lease
  }

  /**
   * Looks at the clock; tells whether, since the last look, it was set forward by more than a third of a lease, or the
   * process stood still for so long.
   */
  readonly hasLostTime: Effect.Effect<boolean> = Effect.clockWith((clock) =>
    Effect.sync(() => {
      const now = clock.monotonicTimeNanosUnsafe()
      const offset = BigInt(Math.round(clock.currentTimeMillisUnsafe())) * nanosPerMilli - now
      const before = this.#offset ?? offset
      const isSet = offset - before > this.#lease / 3n
      if (isSet) this.#lose(now)
      if (isSet || this.#offset === undefined || offset < before) this.#offset = offset
      const hasLost = this.#hasLostTime
      this.#hasLostTime = false
      return hasLost
    })
  )

  #lose(now: bigint): void {
    this.#hasLostTime = true
    this.postpone(now)
  }

  /** Sleeps for so many milliseconds, and notices where that takes longer by more than a third of a lease. */
  watchSleep(millis: number, sleep: Effect.Effect<void>): Effect.Effect<void> {
    return Effect.clockWith((clock) => {
      const end = clock.monotonicTimeNanosUnsafe() + BigInt(Math.ceil(millis)) * nanosPerMilli
      return Effect.map(sleep, () => {
        const now = clock.monotonicTimeNanosUnsafe()
        if (now - end > this.#lease / 3n) this.#lose(now)
      })
    })
  }

  /** Whether the worker of an expired lease may be assumed to be gone. */
  readonly areAllowed: Effect.Effect<boolean> = Effect.clockWith((clock) =>
    Effect.sync(() => this.#notBefore === undefined || clock.monotonicTimeNanosUnsafe() >= this.#notBefore)
  )
}

const nanosPerMilli = 1_000_000n
