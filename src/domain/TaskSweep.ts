/**
 * Removing what expired and failing what was abandoned, in bounded batches.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { StoredJson } from "./StoredJson.ts"
import { answered, operate, parsed, withNow } from "./TaskAccess.ts"
import type { TaskDriver, TaskDriverError } from "./TaskDriver.ts"
import { InvalidInput } from "./TaskError.ts"
import { orNull, parseCount, parseMillis } from "./TaskInput.ts"
import { planRecovery } from "./TaskMachine.ts"
import type { MaintenanceReport, TaskStorageShape } from "./TaskOperations.ts"
import { activeStatuses, type TaskStatus } from "./TaskStatus.ts"
import type { TaskWatch } from "./TaskWatch.ts"

/** How many tasks or messages one step of a sweep touches. */
const batchSize = 200

/** How many tasks and how many messages one run of maintenance removes; what is left waits for the next run. */
const maxPerRun = 20_000

/**
 * Makes the operations that sweep over tasks.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeTaskSweep = (
  driver: TaskDriver,
  watch: TaskWatch
): Pick<TaskStorageShape, "expireTasks" | "recoverStuckTasks" | "maintenance"> => {
  /** Repeats a step until it does less than it may, or `total` is done. */
  const inBatches = <A>(
    total: number,
    step: (size: number) => Effect.Effect<ReadonlyArray<A>, TaskDriverError>
  ): Effect.Effect<ReadonlyArray<A>, TaskDriverError> =>
    Effect.gen(function*() {
      const done: Array<A> = []
      while (done.length < total) {
        const size = Math.min(batchSize, total - done.length)
        const batch = yield* step(size)
        for (const item of batch) done.push(item)
        if (batch.length < size) break
        yield* Effect.yieldNow
      }
      return done
    })

  const expireUpTo = (total: number): Effect.Effect<ReadonlyArray<string>, TaskDriverError> =>
    inBatches(total, (size) => withNow((now) => driver.removeExpired(now, size)))

  const expireMessages = Effect.gen(function*() {
    let removed = 0
    while (removed < maxPerRun) {
      const batch = yield* withNow((now) => driver.messages.removeExpired(now, batchSize))
      removed += batch
      if (batch < batchSize) break
      yield* Effect.yieldNow
    }
    return removed
  })

  /** Tasks of one batch share a commit where the driver can do that, and are written side by side where it cannot. */
  const transaction = driver.transaction ?? ((effect) => effect)
  const concurrency = driver.transaction === undefined ? 8 : 1

  const recover = (maxAge: number, statuses: ReadonlyArray<TaskStatus>, startedAt: number) =>
    Effect.gen(function*() {
      const updatedBefore = startedAt - maxAge
      const reason = maxAge === 0
        ? "Interrupted: the task was given up before it had ended"
        : `Interrupted: nothing was heard of the task for ${maxAge} ms`
      const failure = {
        statusMessage: StoredJson.fromJson(reason),
        result: StoredJson.fromJson({ _tag: "Error", code: -32603, message: reason }),
        resultKind: "error"
      } as const
      const recovered: Array<string> = []
      while (true) {
        const stale = yield* withNow((now) => driver.stale({ statuses, updatedBefore, now, limit: batchSize }))
        const writes = Effect.forEach(stale, ({ resultKind, taskId }) =>
          withNow((now) => {
            const { guard, patch } = planRecovery(resultKind, failure, statuses, updatedBefore, now)
            return watch.telling(taskId, driver.patch(taskId, { now, session: undefined }, guard, patch))
          }), { concurrency })
        const written = (yield* transaction(writes)).flatMap((result) =>
          result._tag === "Patched" ? [result.task.taskId] : []
        )
        recovered.push(...written)
        if (stale.length < batchSize || written.length === 0) return recovered
        yield* Effect.yieldNow
      }
    })

  const maintain = Effect.gen(function*(): Effect.fn.Return<MaintenanceReport, TaskDriverError> {
    const expiredTasks = yield* expireUpTo(maxPerRun)
    const expiredMessages = yield* expireMessages
    const engine = yield* driver.maintain ?? Effect.succeed({})
    return { expiredTasks: expiredTasks.length, expiredMessages, engine }
  })

  return {
    expireTasks: (options) =>
      parsed(
        orNull(options?.limit, (limit) => parseCount("limit", limit)),
        (limit) =>
          operate(
            "expireTasks",
            undefined,
            () => answered("expireTasks", expireUpTo(limit ?? Infinity), Effect.succeed)
          )
      ),

    recoverStuckTasks: (maxAge, options) =>
      parsed(
        Result.all([parseMillis("maxAge", maxAge, 0), parseActive(options?.statuses ?? activeStatuses)]),
        ([millis, statuses]) =>
          operate("recoverStuckTasks", undefined, (now) =>
            answered("recoverStuckTasks", recover(millis, statuses, now), Effect.succeed))
      ),

    maintenance: () => operate("maintenance", undefined, () => answered("maintenance", maintain, Effect.succeed))
  }
}

const parseActive = (statuses: ReadonlyArray<TaskStatus>): Result.Result<ReadonlyArray<TaskStatus>, InvalidInput> => {
  const refused = Result.fail(
    new InvalidInput({ field: "statuses", reason: `must list some of ${activeStatuses.join(", ")}` })
  )
  return Array.isArray(statuses) && statuses.length > 0 && statuses.every((status) => activeStatuses.includes(status))
    ? Result.succeed(activeStatuses.filter((status) => statuses.includes(status)))
    : refused
}
