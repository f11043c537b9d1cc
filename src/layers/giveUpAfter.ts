/**
 * A bound on waiting for an engine that does not answer.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { clearTimeout, setImmediate, setTimeout } from "node:timers"
import { longestTimer } from "../domain/effects/longestTimer.ts"

/**
 * Turns of the event loop in which a process that stood still reads what has arrived meanwhile, and gets from there to the
 * answer.
 */
const turns = 20

/**
 * Calls back after so many real milliseconds, and gives what forgets that. An answer that arrived in time counts, even if the process
 * has slept since.
 *
 * @since 0.2.0
 * @category constructors
 */
export const afterPatience = (milliseconds: number, giveUp: () => void): () => void => {
  let isOver = false
  // Timers come before sockets in each turn.
  const turn = (turnsLeft: number): void => {
    if (isOver) return
    if (turnsLeft > 0) setImmediate(turn, turnsLeft - 1)
    else giveUp()
  }
  const timer = setTimeout(turn, Math.min(milliseconds, longestTimer), turns)
  return () => {
    isOver = true
    clearTimeout(timer)
  }
}

/**
 * Runs an effect for at most this many real milliseconds, then fails. The effect is interrupted, but nobody waits for that: a
 * dead connection may take long to close.
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
      const forget = afterPatience(milliseconds, () => {
        resume(Effect.fail(error()))
        fiber.interruptUnsafe()
      })
      fiber.addObserver((exit) => {
        forget()
        resume(exit)
      })
      return Effect.suspend(() => {
        forget()
        return Fiber.interrupt(fiber)
      })
    })
  )
