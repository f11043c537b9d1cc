/**
 * Waiting for real time.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { clearTimeout, setTimeout } from "node:timers"

/**
 * Waits for real milliseconds, whatever clock the program has. The clock of a test does not move the process that holds a
 * lock. Interruptible.
 *
 * @since 0.1.0
 * @category combinators
 */
export const realSleep = (milliseconds: number): Effect.Effect<void> => sleepUntil(milliseconds, () => undefined)

/**
 * The same without keeping the process alive.
 *
 * @since 0.2.0
 * @category combinators
 */
export const realBackgroundSleep = (milliseconds: number): Effect.Effect<void> =>
  sleepUntil(milliseconds, (timer) => timer.unref())

const sleepUntil = (milliseconds: number, prepare: (timer: NodeJS.Timeout) => void): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    // @effect-diagnostics-next-line globalTimersInEffect:off -- the timers of a clock may be turned by a test
    const timer = setTimeout(() => resume(Effect.void), milliseconds)
    prepare(timer)
    return Effect.sync(() => clearTimeout(timer))
  })
