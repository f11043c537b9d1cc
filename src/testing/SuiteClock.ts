/**
 * The clock under which a storage is judged.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"

/**
 * A clock that stands still until it is moved, so that every timestamp is known to the millisecond. A sleep ends when the
 * clock is moved past its end, or when that much real time has passed. So an engine that waits for a lock, a timer or a
 * socket works under any test runner.
 *
 * @since 0.1.0
 * @category models
 */
export interface SuiteClock extends Clock.Clock {
  /** Moves time by this many milliseconds and wakes the sleeps that end by then. */
  readonly advance: (millis: number) => Effect.Effect<void>
}

/** 2026-01-02T03:04:05.678Z: a time with milliseconds, so that an engine that rounds shows. */
const start = 1_767_323_045_678

/**
 * Makes a clock that stands at a fixed time of 2026.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<SuiteClock> = Effect.map(Clock.clockWith(Effect.succeed), (live): SuiteClock => {
  let now = start
  const sleeps = new Set<{ readonly end: number; readonly latch: Latch.Latch }>()
  const currentTimeMillisUnsafe = () => now
  const currentTimeNanosUnsafe = () => BigInt(now) * 1_000_000n
  return {
    currentTimeMillisUnsafe,
    currentTimeMillis: Effect.sync(currentTimeMillisUnsafe),
    currentTimeNanosUnsafe,
    currentTimeNanos: Effect.sync(currentTimeNanosUnsafe),
    monotonicTimeNanosUnsafe: () => live.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: live.monotonicTimeNanos,
    sleep: (duration) =>
      Effect.suspend(() => {
        const sleep = { end: now + Duration.toMillis(duration), latch: Latch.makeUnsafe() }
        sleeps.add(sleep)
        return Effect.ensuring(
          Effect.raceFirst(live.sleep(duration), sleep.latch.await),
          Effect.sync(() => sleeps.delete(sleep))
        )
      }),
    advance: (millis) =>
      Effect.suspend(() => {
        now += millis
        for (const sleep of sleeps) if (sleep.end <= now) sleep.latch.openUnsafe()
        return Effect.yieldNow
      })
  }
})
