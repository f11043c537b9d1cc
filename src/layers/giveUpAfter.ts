/**
 * An end to waiting for an engine that does not answer.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { clearTimeout, setTimeout } from "node:timers"
import { longestTimer } from "./longestTimer.ts"

/**
 * Runs an effect for at most so many real milliseconds, and fails then. What it was doing is interrupted, but nobody waits
 * for that: a dead connection may take long to close.
 *
 * @since 0.1.0
 * @category combinators
 */
export const giveUpAfter = <A, E, R, E2>(
  effect: Effect.Effect<A, E, R>,
  milliseconds: number,
  error: () => E2
): Effect.Effect<A, E | E2, R> =>
  Effect.contextWith((context) =>
    Effect.callback<A, E | E2>((resume) => {
      const fiber = Effect.runForkWith(context)(effect)
      // @effect-diagnostics-next-line globalTimersInEffect:off -- an engine answers in real time, whatever clock the program has
      const timer = setTimeout(() => {
        resume(Effect.fail(error()))
        fiber.interruptUnsafe()
      }, Math.min(milliseconds, longestTimer))
      fiber.addObserver((exit) => {
        clearTimeout(timer)
        resume(exit)
      })
      return Effect.suspend(() => {
        clearTimeout(timer)
        return Fiber.interrupt(fiber)
      })
    })
  )
