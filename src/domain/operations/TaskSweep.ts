/**
 * Removing expired tasks and failing abandoned ones, in bounded batches.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { releaseDead } from "../driver/releaseWorkers.ts"
import { type TaskDriver, TaskDriverError } from "../driver/TaskDriver.ts"
import { allOf } from "../effects/allOf.ts"
import { StoredJson } from "../json/StoredJson.ts"
import { type Abandonment, planRecovery } from "../machine/TaskMachine.ts"
import { orNull, parseCount, parseMillis } from "../options/ArgumentParsers.ts"
import { limitOptions, recoveryOptions } from "../options/operationOptions.ts"
import { readOptions } from "../options/optionNames.ts"
import { storeFailure } from "../options/parseFailure.ts"
import type { LimitOptions } from "../options/TaskOptions.ts"
import { type ParsedEnd, parseEnd } from "../options/TaskParsers.ts"
import type { ResolvedOptions } from "../options/TaskStorageOptions.ts"
import type { MaintenanceReport, TaskStorageShape } from "../service/TaskOperations.ts"
import { InvalidInput } from "../task/TaskError.ts"
import type { ResultKind } from "../task/TaskOutcome.ts"
import { activeStatuses, type TaskStatus } from "../task/TaskStatus.ts"
import { answered, operate, parsed, withNow } from "./TaskAccess.ts"
import type { TaskWatch } from "./TaskWatch.ts"

/** How many tasks or messages one step of a sweep touches. */
const batchSize = 200

/** How many tasks and how many messages one run of maintenance removes. The next run removes the rest. */
const maxPerRun = 20_000

/** Milliseconds from the death of a worker to its removal: a day, in which it can be looked at. */
const deadWorkersStay = 86_400_000

/** Milliseconds: in the background, messages and dead workers are looked for no more often. They are in nobody's way. */
const pauseOfRest = 600_000

/**
 * Makes the operations that sweep over tasks, and what is done in the background.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeTaskSweep = (
  driver: TaskDriver,
  watch: TaskWatch,
  limits: ResolvedOptions
): {
  readonly operations: Pick<TaskStorageShape, "expireTasks" | "recoverStuckTasks" | "maintenance">
  /** A run of the maintenance in the background. It sweeps tasks each time, and the rest every ten minutes at most. */
  readonly upkeep: ReturnType<TaskStorageShape["maintenance"]>
} => {
  /** Repeats a step until it does less than it may, or `total` is done. */
  const inBatches = <A>(
    total: number,
    step: (size: number) => Effect.Effect<ReadonlyArray<A>, TaskDriverError>
  ): Effect.Effect<ReadonlyArray<A>, TaskDriverError> =>
    Effect.suspend(() => {
      const done: Array<A> = []
      return Effect.gen(function*() {
        while (done.length < total) {
          const size = Math.min(batchSize, total - done.length)
          const batch = yield* step(size)
          for (const item of batch) done.push(item)
          if (batch.length < size) break
          yield* Effect.yieldNow
        }
        return done
      }).pipe(Effect.mapError((error) => afterWrites(error, done.length)))
    })

  const expireUpTo = (total: number): Effect.Effect<ReadonlyArray<string>, TaskDriverError> =>
    inBatches(total, (size) => withNow((now) => driver.removeExpired(now, size)))

  /** Their number is enough: nobody asks which they were. */
  const expireMessages = Effect.map(
    inBatches(
      maxPerRun,
      (size) =>
        withNow((now) => Effect.map(driver.messages.removeExpired(now, size), (removed) => new Array<null>(removed)))
    ),
    (removed) => removed.length
  )

  const removeDeadWorkers = withNow((now) =>
    Effect.andThen(
      releaseDead(driver.workers, now),
      driver.workers.removeDead(now - deadWorkersStay, batchSize)
    )
  )

  /** Tasks of one batch share a commit if the driver can do that. Otherwise they are written side by side. */
  const transaction = driver.transaction ?? ((effect) => effect)
  const concurrency = driver.transaction === undefined ? 8 : 1

  type Abandoned = { readonly taskId: string; readonly resultKind: ResultKind | null }

  const abandoned = (
    statuses: ReadonlyArray<TaskStatus>,
    abandonment: Abandonment,
    now: number,
    limit: number
  ): Effect.Effect<ReadonlyArray<Abandoned>, TaskDriverError> =>
    "updatedBefore" in abandonment
      ? driver.stale({ statuses, ...abandonment, now, limit })
      : driver.abandoned({ expiredBy: abandonment.leaseExpiredBy, now, limit })

  const recover = (
    statuses: ReadonlyArray<TaskStatus>,
    abandonment: Abandonment,
    end: ParsedEnd,
    reason: string
  ) =>
    Effect.suspend(() => {
      const failure = storeFailure("Interrupted", reason, undefined, null)
      const failed = {
        statusMessage: StoredJson.fromJson(reason),
        result: StoredJson.fromJson({ _tag: "Error", code: -32603, message: reason }),
        resultKind: "error"
      } as const
      const recovered: Array<string> = []
      const tried = new Set<string>()
      let writes = 0
      const recoverBatch = (batch: ReadonlyArray<Abandoned>) =>
        Effect.forEach(batch, ({ resultKind, taskId }) =>
          withNow((now) => {
            const { guard, patch } = planRecovery(
              resultKind,
              { ...failed, ...failure(now) },
              statuses,
              abandonment,
              end(now),
              now
            )
            return watch.telling(taskId, driver.patch(taskId, { now, session: undefined }, guard, patch), "everybody")
          }).pipe(
            Effect.map((result) => {
              if (result._tag !== "Patched") return []
              writes++
              return [result.task.taskId]
            })
          ), { concurrency })
      return Effect.gen(function*() {
        // An index that lags behind still names recovered tasks, before those that were not recovered.
        let limit = batchSize
        yield* withNow((now) => releaseDead(driver.workers, now))
        while (true) {
          const found = yield* withNow((now) => abandoned(statuses, abandonment, now, limit))
          const untried = found.filter(({ taskId }) => !tried.has(taskId))
          for (const { taskId } of untried) tried.add(taskId)
          recovered.push(...(yield* transaction(recoverBatch(untried))).flat())
          if (found.length < limit) return recovered
          limit = batchSize + found.length - untried.length
          yield* Effect.yieldNow
        }
      }).pipe(Effect.mapError((error) => afterWrites(error, writes)))
    })

  /** Whether a run takes messages and dead workers too, or tasks alone. */
  const maintain = Effect.fnUntraced(function*(
    isWhole: boolean
  ): Effect.fn.Return<MaintenanceReport, TaskDriverError> {
    const ifWhole = (sweep: Effect.Effect<number, TaskDriverError>) => isWhole ? sweep : Effect.succeed(0)
    const expiredTasks = (yield* expireUpTo(maxPerRun)).length
    const expiredMessages = yield* Effect.mapError(
      ifWhole(expireMessages),
      (error) => afterWrites(error, expiredTasks)
    )
    const removed = expiredTasks + expiredMessages
    const deadWorkers = yield* Effect.mapError(ifWhole(removeDeadWorkers), (error) => afterWrites(error, removed))
    const engine = yield* Effect.mapError(
      driver.maintain ?? Effect.succeed({}),
      (error) => afterWrites(error, removed + deadWorkers)
    )
    return { expiredTasks, expiredMessages, deadWorkers, engine }
  })

  const run = (isWhole: boolean): ReturnType<TaskStorageShape["maintenance"]> =>
    operate(
      driver.backendName,
      "maintenance",
      undefined,
      () => answered("maintenance", maintain(isWhole), Effect.succeed)
    )

  /** When the last run began that left none of the rest. */
  let wholeAt = -Infinity

  const upkeep = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    if (now >= wholeAt && now - wholeAt < pauseOfRest) return run(false)
    return Effect.tap(run(true), ({ deadWorkers, expiredMessages }) =>
      Effect.sync(() => {
        if (expiredMessages < maxPerRun && deadWorkers < batchSize) wholeAt = now
      }))
  })

  const operations: ReturnType<typeof makeTaskSweep>["operations"] = {
    expireTasks: (options) =>
      parsed(
        parseLimit(options),
        (limit) =>
          operate(
            driver.backendName,
            "expireTasks",
            undefined,
            () => answered("expireTasks", expireUpTo(limit ?? Infinity), Effect.succeed)
          )
      ),

    recoverStuckTasks: (maxAge, options) =>
      parsed(readOptions(options, recoveryOptions), (options) =>
        parsed(
          allOf([
            parseMillis("maxAge", maxAge, 0),
            parseActive(options?.statuses ?? activeStatuses),
            parseLeases(options?.leases),
            parseEnd({ resultTtl: options?.resultTtl }, limits)
          ]),
          ([millis, statuses, leases, end]) =>
            operate(driver.backendName, "recoverStuckTasks", undefined, (now) =>
              answered(
                "recoverStuckTasks",
                leases === undefined
                  ? recover(
                    statuses,
                    { updatedBefore: now - millis, freeSince: now - millis },
                    end,
                    stuckReason(millis)
                  )
                  : statuses.includes("working")
                  ? recover(["working"], { leaseExpiredBy: now - millis }, end, lostReason)
                  : Effect.succeed([]),
                Effect.succeed
              ))
        )),

    maintenance: () => run(true)
  }

  return { operations, upkeep }
}

const stuckReason = (maxAge: number): string =>
  maxAge === 0
    ? "Interrupted: the task was given up before it had ended"
    : `Interrupted: nothing was heard of the task for ${maxAge} ms`

const lostReason = "Interrupted: the worker of the task ended before the task had"

const parseLimit = (options: LimitOptions | undefined): Result.Result<number | null, InvalidInput> =>
  Result.flatMap(
    readOptions(options, limitOptions),
    (options) => orNull(options?.limit, (limit) => parseCount("limit", limit))
  )

const parseLeases = (leases: unknown): Result.Result<"expired" | undefined, InvalidInput> =>
  leases === undefined || leases === "expired"
    ? Result.succeed(leases)
    : Result.fail(new InvalidInput({ field: "leases", reason: "must be \"expired\" or left out" }))

/** After a first write an error must not say that nothing has happened. */
const afterWrites = (error: TaskDriverError, writes: number): TaskDriverError =>
  writes === 0 || error.applied === "unknown" ? error : new TaskDriverError({
    reason: error.reason,
    retryable: error.retryable,
    applied: "unknown",
    ...(error.concerns === undefined ? {} : { concerns: error.concerns }),
    cause: error.cause
  })

const parseActive = (statuses: ReadonlyArray<TaskStatus>): Result.Result<ReadonlyArray<TaskStatus>, InvalidInput> => {
  const refused = Result.fail(
    new InvalidInput({ field: "statuses", reason: `must list some of ${activeStatuses.join(", ")}` })
  )
  return Array.isArray(statuses) && statuses.length > 0 && statuses.every((status) => activeStatuses.includes(status))
    ? Result.succeed(activeStatuses.filter((status) => statuses.includes(status)))
    : refused
}
