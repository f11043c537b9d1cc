/**
 * A clock that the caller sets.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { InvalidInput } from "../domain/task/TaskError.ts"

/**
 * Makes a clock that tells the time of `now`, in milliseconds since the epoch, and sleeps in real time.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeClock = (now: () => unknown): Clock.Clock => {
  const real = Context.get(Context.empty(), Clock.Clock)
  const millis = (): number => {
    const time = now()
    if (typeof time === "number" && Math.abs(time) <= 8.64e15) return time
    throw new InvalidInput({ field: "now", reason: "must return milliseconds since the epoch" })
  }
  const nanos = (): bigint => BigInt(Math.floor(millis())) * 1_000_000n
  return {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: () => real.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: real.monotonicTimeNanos,
    sleep: (duration) => real.sleep(duration)
  }
}
