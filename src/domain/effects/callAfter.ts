/**
 * Timers without fibers.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { isLive } from "./backgroundSleep.ts"
import { longestTimer } from "./longestTimer.ts"

/**
 * Calls back after so many milliseconds of the clock in a context, and gives what forgets that. It is for what nearly always ends
 * in time: a sleep would be a fiber that begins and is interrupted each time. The clock of a test sleeps as always.
 *
 * @since 0.2.0
 * @category constructors
 */
export const callAfter = (context: Context.Context<never>, millis: number, call: () => void): () => void => {
  const clock = Context.get(context, Clock.Clock)
  if (!isLive(clock)) {
    const sleep = Effect.runForkWith(context)(Effect.andThen(clock.sleep(Duration.millis(millis)), Effect.sync(call)))
    return () => sleep.interruptUnsafe()
  }
  let timer: NodeJS.Timeout
  const wait = (rest: number): void => {
    timer = setTimeout(rest > longestTimer ? () => wait(rest - longestTimer) : call, Math.min(rest, longestTimer))
  }
  wait(millis)
  return () => clearTimeout(timer)
}
