/** A storage whose writes of workers go through one function, however they are answered. */
import type * as Effect from "effect/Effect"
import type { PlannedWrites, TaskStorageShape } from "../../src/domain/TaskOperations.ts"
import type { StatusMessageOption } from "../../src/domain/TaskOptions.ts"
import type { TaskStorageUnavailable } from "../../src/index.ts"

/** What is known of a write beside its effect. */
export interface WorkerWrite extends StatusMessageOption {
  readonly name: "touchTask" | "settleTask"
}

export type AroundWrite = <A, E>(
  effect: Effect.Effect<A, E>,
  write: WorkerWrite
) => Effect.Effect<A, E | TaskStorageUnavailable>

export const wrapWrites = (storage: TaskStorageShape, around: AroundWrite): TaskStorageShape => ({
  ...storage,
  ...wrapped(storage, around),
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
