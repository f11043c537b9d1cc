/** A storage whose writes of workers go through one function, however they are answered. */
import type * as Effect from "effect/Effect"
import type { StatusMessageOption } from "../../src/domain/options/TaskOptions.ts"
import type { PlannedWrites, TaskStorageShape } from "../../src/domain/service/TaskOperations.ts"
import type { TaskStorageUnavailable } from "../../src/index.ts"

/** What is known of a write beside its effect. */
export interface WorkerWrite extends StatusMessageOption {
  readonly name: "touchTask" | "settleTask" | "registerWorker" | "renewWorker" | "endWorker"
}

export type AroundWrite = <A, E>(
  effect: Effect.Effect<A, E>,
  write: WorkerWrite
) => Effect.Effect<A, E | TaskStorageUnavailable>

export const wrapWrites = (storage: TaskStorageShape, around: AroundWrite): TaskStorageShape => ({
  ...storage,
  ...wrapped(storage, around),
  registerWorker: (worker) => around(storage.registerWorker(worker), { name: "registerWorker" }),
  renewWorker: (workerId, options) => around(storage.renewWorker(workerId, options), { name: "renewWorker" }),
  endWorker: (workerId) => around(storage.endWorker(workerId), { name: "endWorker" }),
  withSummary: { ...storage.withSummary, ...wrapped(storage.withSummary, around) }
})

const wrapped = <Written>(
  { settleTask, touchTask }: PlannedWrites<Written>,
  around: AroundWrite
): Pick<PlannedWrites<Written>, "touchTask" | "settleTask"> => ({
  touchTask: (taskId, options) =>
    around(touchTask(taskId, options), { name: "touchTask", statusMessage: options?.statusMessage }),
  settleTask: (taskId, outcome, options) =>
    around(settleTask(taskId, outcome, options), { name: "settleTask", statusMessage: options?.statusMessage })
})
