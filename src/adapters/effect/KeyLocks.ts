/**
 * Locks by key, within a process.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

/**
 * Lets one effect run for each key at a time. Who waits goes on when the one before ends, however it ends.
 *
 * @since 0.2.0
 * @category models
 */
export interface KeyLocks {
  readonly holding: (key: string) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/**
 * Makes locks. A key that nobody uses takes no memory.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeKeyLocks = (): KeyLocks => {
  const locks = new Map<string, { readonly semaphore: Semaphore.Semaphore; users: number }>()
  return {
    holding: (key) => (effect) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          const lock = locks.get(key) ?? { semaphore: Semaphore.makeUnsafe(1), users: 0 }
          lock.users++
          locks.set(key, lock)
          return lock
        }),
        (lock) => lock.semaphore.withPermits(1)(effect),
        (lock) =>
          Effect.sync(() => {
            lock.users--
            if (lock.users === 0) locks.delete(key)
          })
      )
  }
}
