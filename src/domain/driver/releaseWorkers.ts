/**
 * Ending the hold of workers on their tasks.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { TaskDriverError } from "./TaskDriver.ts"
import type { WorkerDriver } from "./WorkerDriver.ts"

/** How many tasks one step takes. */
const batchSize = 500

/**
 * Abandons the tasks that a worker holds, from now on. Gives how many they were.
 *
 * @since 0.2.0
 * @category combinators
 */
export const releaseWorker = (
  workers: WorkerDriver,
  workerId: string,
  now: number
): Effect.Effect<number, TaskDriverError> => inSteps(workers, workerId, now)

/**
 * Abandons the tasks that dead workers hold, so that they are found among the free ones.
 *
 * @since 0.2.0
 * @category combinators
 */
export const releaseDead = (workers: WorkerDriver, now: number): Effect.Effect<number, TaskDriverError> =>
  inSteps(workers, undefined, now)

const inSteps = (
  workers: WorkerDriver,
  workerId: string | undefined,
  now: number
): Effect.Effect<number, TaskDriverError> =>
  Effect.gen(function*() {
    let released = 0
    while (true) {
      const some = yield* workers.release({ workerId, leaseExpiresAt: now, limit: batchSize })
      released += some
      if (some < batchSize) return released
      yield* Effect.yieldNow
    }
  })
