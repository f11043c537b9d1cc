/**
 * Waiting in the background.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { longestTimer } from "./longestTimer.ts"

/**
 * Sleeps without keeping the process alive. So a server ends when its client has gone, although the next maintenance of its
 * storage is due a minute later. A clock of a test sleeps as always.
 *
 * @since 0.1.0
 * @category combinators
 */
export const backgroundSleep = (millis: number): Effect.Effect<void> =>
  Effect.clockWith((clock) => isLive(clock) ? sleepUnreferenced(millis) : clock.sleep(Duration.millis(millis)))

/**
 * Ticks at once and then each time after so many milliseconds, without keeping the process alive.
 *
 * @since 0.2.0
 * @category constructors
 */
export const backgroundTicks = (millis: number): Stream.Stream<undefined> =>
  Stream.concat(
    Stream.succeed(undefined),
    Stream.fromEffectRepeat(Effect.as(backgroundSleep(millis), undefined))
  )

const liveClock = Context.get(Context.empty(), Clock.Clock)

/**
 * Tells whether a clock is that of the timers of the process, and none of a test.
 *
 * @since 0.2.0
 * @category guards
 */
export const isLive = (clock: Clock.Clock): boolean => clock === liveClock

const sleepUnreferenced = (millis: number): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const rest = millis > longestTimer ? sleepUnreferenced(millis - longestTimer) : Effect.void
    // @effect-diagnostics-next-line globalTimersInEffect:off -- the timers of the clock keep the process alive
    const timer = setTimeout(() => resume(rest), Math.min(millis, longestTimer))
    timer.unref()
    return Effect.sync(() => clearTimeout(timer))
  })
