/**
 * The operations on registered workers.
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { releaseWorker } from "../driver/releaseWorkers.ts"
import type { StoredWorker, WorkerDriver } from "../driver/WorkerDriver.ts"
import { allOf } from "../effects/allOf.ts"
import { StoredJson } from "../json/StoredJson.ts"
import { momentAfter } from "../machine/TaskHold.ts"
import { orAbsent, parseId, parseMillis, parseNatural, parseShortText } from "../options/ArgumentParsers.ts"
import { declareDeadOptions, renewOptions, workerFields } from "../options/operationOptions.ts"
import { readFields, readOptions } from "../options/optionNames.ts"
import type { RegisterWorker } from "../options/TaskOptions.ts"
import type { ListedWorker, WorkerOperations } from "../service/WorkerOperations.ts"
import { type InvalidInput, type TaskStorageUnavailable, WorkerLost } from "../task/TaskError.ts"
import { uuidV7 } from "../task/TaskId.ts"
import { readObject } from "../task/TaskRecord.ts"
import { WorkerRecord } from "../task/WorkerRecord.ts"
import { skewOf } from "./skewOf.ts"
import { answered, decoded, operate, parsed, withNow } from "./TaskAccess.ts"
import type { TaskWatch } from "./TaskWatch.ts"

/** How many workers one step reads or declares dead. */
const batchSize = 100

/**
 * The longest name of a machine or a program, and of a version.
 *
 * @since 0.2.0
 * @category constants
 */
export const maxWorkerText = 255

/**
 * Makes the operations on workers.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeWorkers = (backendName: string, workers: WorkerDriver, watch: TaskWatch): WorkerOperations => ({
  registerWorker: (input) =>
    parsed(
      Result.flatMap(readFields("worker", input, workerFields), parseWorker),
      ({ about, lease }) =>
        Effect.flatMap(uuidV7, (workerId) =>
          operate(backendName, "registerWorker", undefined, (now) => {
            const worker: StoredWorker = {
              workerId,
              registeredAt: now,
              leaseExpiresAt: momentAfter(now, lease),
              diedAt: null,
              about
            }
            return answered(
              "registerWorker",
              workers.insert(worker),
              () => decoded("registerWorker", worker, workerFromStored, "unknown")
            )
          }))
    ),

  renewWorker: (workerId, options) =>
    parsed(readOptions(options, renewOptions), (options) =>
      parsed(
        allOf([parseId("workerId", workerId), parseMillis("lease", options?.lease, 1)]),
        ([id, lease]) =>
          operate(backendName, "renewWorker", undefined, (now) =>
            answered("renewWorker", workers.renew(id, momentAfter(now, lease)), (renewal) => {
              const { engineTime, worker } = renewal
              return worker === undefined
                ? Effect.fail<WorkerLost | TaskStorageUnavailable>(new WorkerLost({ workerId: id }))
                : withNow((after) =>
                  Effect.map(decoded("renewWorker", worker, workerFromStored, "unknown"), (worker) => ({
                    worker,
                    ...(engineTime === undefined ? {} : { clockSkew: skewOf(engineTime, now, after) })
                  }))
                )
            }))
      )),

  declareDeadWorkers: (options) =>
    parsed(
      Result.flatMap(readOptions(options, declareDeadOptions), (options) =>
        allOf([
          orAbsent(options?.except, (value) => parseId("except", value)),
          orAbsent(options?.overdueFor, (value) => parseMillis("overdueFor", value, 0))
        ])),
      ([except, overdueFor]) =>
        operate(backendName, "declareDeadWorkers", undefined, (now) => {
          const query = { expiredBy: now - (overdueFor ?? 0), at: now, except: except ?? undefined }
          return answered(
            "declareDeadWorkers",
            inBatches((limit) => workers.declareDead({ ...query, limit })),
            Effect.succeed
          )
        })
    ),

  endWorker: (workerId) =>
    parsed(
      parseId("workerId", workerId),
      (id) =>
        operate(backendName, "endWorker", undefined, (now) =>
          answered("endWorker", Effect.andThen(workers.end(id, now), releaseWorker(workers, id, now)), Effect.succeed))
    ),

  listWorkers: () =>
    operate(backendName, "listWorkers", undefined, () => {
      let behind: string | undefined
      const listed = inBatches((limit) =>
        Effect.tap(
          Effect.suspend(() => workers.list({ behind, limit })),
          (found) => Effect.sync(() => behind = found.at(-1)?.worker.workerId)
        )
      )
      return answered("listWorkers", listed, (found) =>
        Effect.forEach(found, ({ tasks, worker }) =>
          Effect.map(
            decoded("listWorkers", worker, workerFromStored),
            (worker): ListedWorker => ({ worker, tasks })
          )))
    }),

  workerNews: (workerId) =>
    Result.match(parseId("workerId", workerId), {
      onFailure: (error) => Stream.fail(error),
      onSuccess: watch.news
    })
})

/** Repeats a step until it gives less than it may. */
const inBatches = <A, E>(
  step: (limit: number) => Effect.Effect<ReadonlyArray<A>, E>
): Effect.Effect<ReadonlyArray<A>, E> =>
  Effect.gen(function*() {
    const all: Array<A> = []
    while (true) {
      const some = yield* step(batchSize)
      all.push(...some)
      if (some.length < batchSize) return all
      yield* Effect.yieldNow
    }
  })

const parseWorker = (
  worker: RegisterWorker
): Result.Result<{ readonly lease: number; readonly about: StoredJson }, InvalidInput> =>
  Result.map(
    allOf([
      parseMillis("lease", worker.lease, 1),
      orAbsent(worker.host, (value) => parseShortText("host", value, maxWorkerText)),
      orAbsent(worker.pid, (value) => parseNatural("pid", value)),
      orAbsent(worker.name, (value) => parseShortText("name", value, maxWorkerText)),
      orAbsent(worker.version, (value) => parseShortText("version", value, maxWorkerText))
    ]),
    ([lease]) => {
      const { host, name, pid, version } = worker
      return {
        lease,
        about: StoredJson.fromJson({
          ...(host === undefined ? {} : { host }),
          ...(pid === undefined ? {} : { pid }),
          ...(name === undefined ? {} : { name }),
          ...(version === undefined ? {} : { version })
        })
      }
    }
  )

/** Throws when an engine gave back a row that cannot be a worker. */
const workerFromStored = (stored: StoredWorker): WorkerRecord => {
  const { host, name, pid, version } = readObject(stored.about)
  return new WorkerRecord({
    workerId: stored.workerId,
    ...(typeof host === "string" ? { host } : {}),
    ...(typeof pid === "number" ? { pid } : {}),
    ...(typeof name === "string" ? { name } : {}),
    ...(typeof version === "string" ? { version } : {}),
    registeredAt: DateTime.makeUnsafe(stored.registeredAt),
    leaseExpiresAt: DateTime.makeUnsafe(stored.leaseExpiresAt),
    ...(stored.diedAt === null ? {} : { diedAt: DateTime.makeUnsafe(stored.diedAt) })
  })
}
