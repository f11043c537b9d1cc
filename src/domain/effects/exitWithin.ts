/**
 * Waiting for a fiber, and not for long.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Option from "effect/Option"
import { isLive } from "./backgroundSleep.ts"
import { longestTimer } from "./longestTimer.ts"

/**
 * Gives the exit of a fiber, or none if it does not end within so many milliseconds. The fiber goes on.
 *
 * @since 0.2.0
 * @category combinators
 */
export const exitWithin = <A, E>(
  fiber: Fiber.Fiber<A, E>,
  millis: number
): Effect.Effect<Option.Option<Exit.Exit<A, E>>> =>
  Effect.clockWith((clock) => {
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return Effect.succeedSome(exit)
    return isLive(clock) && millis <= longestTimer
      ? Effect.callback<Option.Option<Exit.Exit<A, E>>>((resume) => {
        // A timer costs little. A race against a sleep is two fibers more, one of which has to be interrupted.
        // @effect-diagnostics-next-line globalTimersInEffect:off -- the clock is that of the timers
        const timer = setTimeout(() => resume(Effect.succeedNone), millis)
        const forget = fiber.addObserver((exit) => {
          clearTimeout(timer)
          resume(Effect.succeedSome(exit))
        })
        return Effect.sync(() => {
          clearTimeout(timer)
          forget()
        })
      })
      : Effect.timeoutOption(Fiber.await(fiber), millis)
  })
