/**
 * When a process may assume that workers of other processes are gone.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"

/**
 * Allows takeovers, with two exceptions. For one lease after an outage or a slow answer it allows none, because others could
 * not extend their leases. The same after this process lost track of time: its clock was set forward, or it stood still.
 *
 * @since 0.2.0
 * @category models
 */
export class Takeovers {
  readonly #lease: bigint
  /** What the clock was ahead of the time that passed, at the least since it was set. */
  #offset: bigint | undefined
  #notBefore: bigint | undefined
  /** When the engine answered, oldest first, since the last outage. The first one is half a lease old, if one is. */
  #answers: Array<bigint> = []
  /** The engine has answered again and again since then. */
  #upSince: bigint | undefined
  #hasLostTime = false

  /** With the lease in milliseconds. */
  constructor(lease: number) {
    this.#lease = BigInt(lease) * nanosPerMilli
  }

  /** Allows no takeover for one lease, from a monotonic time on. */
  postpone(now: bigint): void {
    this.#notBefore = now + this.#lease
    this.#answers = []
    this.#upSince = undefined
  }

  /**
   * Makes a call, and notes that the engine has answered. No renewal is waited for longer than for a third of a lease at first. So
   * where an answer takes longer, others may be unable to extend their leases, as in an outage.
   */
  readonly watchAnswer = <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.clockWith((clock) => {
      const askedAt = clock.monotonicTimeNanosUnsafe()
      return Effect.tap(call, () =>
        Effect.sync(() => {
          const now = clock.monotonicTimeNanosUnsafe()
          if (now - askedAt > this.#lease / 3n) this.postpone(now)
          else this.#noteAnswer(now)
        }))
    })

  #noteAnswer(now: bigint): void {
    const last = this.#answers.at(-1)
    // In a shorter pause no lease has run out: each is renewed when a third of it is over.
    if (last === undefined || now - last > this.#lease / 2n) this.#upSince = now
    this.#answers.push(now)
    this.#forgetOld(now)
  }

  #forgetOld(now: bigint): void {
    const last = this.#answers.findLastIndex((at) => now - at >= this.#lease / 2n)
    if (last > 0) this.#answers.splice(0, last)
  }

  /**
   * Tells for how many milliseconds a worker must be overdue to be dead. A process cannot know of an outage that ended before it
   * began, or between two of its calls. Living workers renew within a part of a lease when an outage is over. So the engine must
   * have answered for half a lease, or the worker was overdue at an answer half a lease ago. `undefined` if neither can be.
   */
  readonly overdueFor: Effect.Effect<number | undefined> = Effect.clockWith((clock) =>
    Effect.sync(() => {
      const now = clock.monotonicTimeNanosUnsafe()
      const half = this.#lease / 2n
      this.#forgetOld(now)
      const [first] = this.#answers
      const last = this.#answers.at(-1)
      if (first === undefined || last === undefined || now - first < half) return undefined
      const isUp = this.#upSince !== undefined && now - this.#upSince >= half && now - last <= half
      return isUp ? 0 : Number((now - first) / nanosPerMilli)
    })
  )

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
