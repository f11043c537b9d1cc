/**
 * Waiting for locks without blocking the event loop.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { randomInt } from "node:crypto"
import { realSleep } from "../realSleep.ts"

/** Milliseconds: the first wait, and the longest. */
const shortest = 1
const longest = 25

/**
 * Makes the waits for a lock: each call gives the milliseconds until the next try, which grow and have jitter.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makePauses = (): () => number => {
  let delay = shortest
  return () => {
    const pause = delay / 2 + randomInt(delay * 1000) / 1000
    delay = Math.min(delay * 2, longest)
    return pause
  }
}

/**
 * Runs an effect again while it fails for a lock, with growing waits and jitter in between, until `timeout` milliseconds
 * have passed since it first did. Then it fails as it last did.
 *
 * @since 0.1.0
 * @category combinators
 */
export const whileLocked = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  timeout: number,
  isLocked: (error: E) => boolean
): Effect.Effect<A, E, R> =>
  Effect.catch(effect, (error) => {
    const deadline = performance.now() + timeout
    const nextPause = makePauses()
    const again = (error: E): Effect.Effect<A, E, R> => {
      if (!isLocked(error) || performance.now() >= deadline) return Effect.fail(error)
      return Effect.andThen(realSleep(nextPause()), Effect.catch(effect, again))
    }
    return again(error)
  })

/**
 * Makes transactions of a client wait for the lock that they begin with. A transaction that has begun is never run again.
 *
 * @since 0.1.0
 * @category combinators
 */
export const beginWhenUnlocked = (
  withTransaction: SqlClient["withTransaction"],
  timeout: number,
  isLocked: (error: unknown) => boolean
): SqlClient["withTransaction"] =>
(effect) =>
  Effect.suspend(() => {
    let begun = false
    const begin = Effect.suspend(() => {
      begun = true
      return effect
    })
    return whileLocked(withTransaction(begin), timeout, (error) => !begun && isLocked(error))
  })
