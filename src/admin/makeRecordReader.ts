/**
 * Reading the tasks that are moved to another storage.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { TaskStorageShape } from "../domain/service/TaskOperations.ts"
import type { InvalidInput, TaskStorageUnavailable } from "../domain/task/TaskError.ts"
import type { TaskRecord, TaskSummary } from "../domain/task/TaskRecord.ts"
import type { LeftOutTask } from "./AdminOperations.ts"
import { goneReason } from "./goneReason.ts"
import { makeRunning } from "./makeRunning.ts"

/**
 * What tasks are read from.
 *
 * @since 0.2.0
 * @category models
 */
export type RecordSource = Pick<TaskStorageShape, "listTaskSummaries" | "listWorkers" | "getTask">

/**
 * Makes what reads whole tasks, and leaves out those that run. It asks again of the whole task whether it runs, since somebody may have
 * claimed it in between.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeRecordReader = (
  storage: RecordSource
): (summary: TaskSummary) => Effect.Effect<TaskRecord | LeftOutTask, InvalidInput | TaskStorageUnavailable> => {
  const running = makeRunning(storage)
  return Effect.fnUntraced(function*(
    summary: TaskSummary
  ): Effect.fn.Return<TaskRecord | LeftOutTask, InvalidInput | TaskStorageUnavailable> {
    const { taskId } = summary
    const leftOut = (reason: string): LeftOutTask => ({ _tag: "LeftOut", taskId, reason })
    const runs = yield* running(summary)
    if (runs !== undefined) return leftOut(runs)
    const record = Option.getOrUndefined(yield* storage.getTask(taskId))
    if (record === undefined) return leftOut(goneReason)
    const runsNow = yield* running(record)
    return runsNow === undefined ? record : leftOut(runsNow)
  })
}
