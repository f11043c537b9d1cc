/**
 * Telling tasks that run from those that wait or have ended.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { TaskStorageShape } from "../domain/service/TaskOperations.ts"
import type { TaskStorageUnavailable } from "../domain/task/TaskError.ts"
import type { SummaryFields } from "../domain/task/TaskRecord.ts"
import { isTerminal } from "../domain/task/TaskStatus.ts"

/**
 * Says why a task runs, if it does.
 *
 * @since 0.2.0
 * @category models
 */
export type Running = (task: SummaryFields) => Effect.Effect<string | undefined, TaskStorageUnavailable>

/** Milliseconds for which a worker that was seen alive is taken to live. */
const seenFor = 1_000

/**
 * Makes a judge of the tasks of a storage. It remembers which workers are dead, since nothing revives them.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeRunning = (storage: Pick<TaskStorageShape, "listWorkers">): Running => {
  const lock = Semaphore.makeUnsafe(1)
  const living = new Map<string, number>()
  const dead = new Set<string>()

  const look = (workerId: string) =>
    Effect.map(Effect.zip(storage.listWorkers(), Clock.currentTimeMillis), ([listed, now]) => {
      for (const { worker } of listed) {
        if (worker.diedAt === undefined) living.set(worker.workerId, now)
        else dead.add(worker.workerId)
      }
      // A worker registers before it has a task, so that one which is not there is not there any more.
      if (!listed.some(({ worker }) => worker.workerId === workerId)) dead.add(workerId)
    })

  const isDead = (workerId: string): Effect.Effect<boolean, TaskStorageUnavailable> =>
    lock.withPermits(1)(Effect.gen(function*() {
      if (dead.has(workerId)) return true
      const now = yield* Clock.currentTimeMillis
      if (now - (living.get(workerId) ?? -Infinity) > seenFor) yield* look(workerId)
      return dead.has(workerId)
    }))

  return ({ leaseExpiresAt, startedAt, status, worker }) =>
    Effect.gen(function*() {
      if (isTerminal(status)) return undefined
      if (leaseExpiresAt === undefined) {
        if (worker !== undefined) return (yield* isDead(worker)) ? undefined : `worker ${worker} has it`
        return status === "working"
          ? "it is at work without a lease, and nobody but its creator can go on with it"
          : undefined
      }
      const now = yield* Clock.currentTimeMillis
      return startedAt !== undefined && leaseExpiresAt.epochMilliseconds > now
        ? `somebody has it until ${DateTime.formatIso(leaseExpiresAt)}`
        : undefined
    })
}
