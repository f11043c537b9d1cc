/**
 * Storing a task of another storage, and what became of many.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { TaskStorageShape } from "../domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../domain/task/TaskError.ts"
import type { TaskRecordFields } from "../domain/task/TaskRecord.ts"
import type { TransferProgress, TransferTask } from "./AdminOperations.ts"
import { countTagged } from "./withTotals.ts"

/**
 * How many whole tasks are in memory at once: they are large.
 *
 * @since 0.2.0
 * @category constants
 */
export const wholeTasks = 32

/**
 * Stores a whole task.
 *
 * @since 0.2.0
 * @category combinators
 */
export const transferTask = (
  to: Pick<TaskStorageShape, "importTask">,
  record: TaskRecordFields,
  dryRun: boolean
): Effect.Effect<TransferTask, TaskStorageError> =>
  Effect.map(to.importTask(record, { dryRun }), (result): TransferTask => {
    const { taskId } = record
    switch (result._tag) {
      case "Imported":
        return { _tag: dryRun ? "WouldBeCopied" : "Copied", taskId }
      case "Same":
        return { _tag: "Same", taskId }
      case "Differs":
        return { _tag: "Differs", taskId, fields: result.fields }
      case "Expired":
        return { _tag: "LeftOut", taskId, reason: "it has expired" }
    }
  })

/**
 * How many tasks became what.
 *
 * @since 0.2.0
 * @category models
 */
export type TransferCounts = Omit<TransferProgress, "passed" | "tasks" | "nextCursor">

/**
 * The counts before the first task.
 *
 * @since 0.2.0
 * @category constants
 */
export const noTransfers: TransferCounts = { examined: 0, copied: 0, same: 0, differing: 0, leftOut: 0, failed: 0 }

/**
 * Adds what became of some tasks.
 *
 * @since 0.2.0
 * @category combinators
 */
export const addTransfers = (
  counts: TransferCounts,
  examined: number,
  tasks: ReadonlyArray<TransferTask>
): TransferCounts => ({
  examined: counts.examined + examined,
  copied: counts.copied + countTagged(tasks, "Copied", "WouldBeCopied"),
  same: counts.same + countTagged(tasks, "Same"),
  differing: counts.differing + countTagged(tasks, "Differs"),
  leftOut: counts.leftOut + countTagged(tasks, "LeftOut"),
  failed: counts.failed + countTagged(tasks, "Failed")
})
