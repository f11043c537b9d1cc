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
 * Runs an effect after so many milliseconds, on its own and without keeping the process alive, with the services of a context. Gives
 * what prevents that. A timer costs little where most are stopped soon. A fiber that sleeps costs several times as much.
 *
 * @since 0.2.0
 * @category combinators
 */
export const runLater = <R>(
  context: Context.Context<R>,
  millis: number,
  effect: Effect.Effect<void, never, R>
): () => void => {
  const clock = Context.get(context, Clock.Clock)
  const run = Effect.runForkWith(context)
  if (isLive(clock)) return startTimer(millis, () => void run(effect))
  const sleeping = run(Effect.andThen(clock.sleep(Duration.millis(millis)), effect))
  return () => sleeping.interruptUnsafe()
}

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
    const stop = startTimer(millis, () => resume(Effect.void))
    return Effect.sync(stop)
  })

/** Calls back after so many milliseconds. Gives what prevents that. */
const startTimer = (millis: number, call: () => void): () => void => {
  let timer: NodeJS.Timeout
  const start = (left: number): void => {
    const wait = Math.min(left, longestTimer)
    timer = setTimeout(() => left === wait ? call() : start(left - wait), wait)
    timer.unref()
  }
  start(millis)
  return () => clearTimeout(timer)
}
