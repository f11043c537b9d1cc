/**
 * Copying tasks from one storage to another.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { parseFlag } from "../domain/options/ArgumentParsers.ts"
import type { TaskStorageShape } from "../domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../domain/task/TaskError.ts"
import type { TaskSummary } from "../domain/task/TaskRecord.ts"
import type { TransferProgress, TransferTask } from "./AdminOperations.ts"
import type { CopyOptions, TaskSelection } from "./AdminOptions.ts"
import { makeRecordReader, type RecordSource } from "./makeRecordReader.ts"
import { selectionBatches, type SelectionError } from "./selectionBatches.ts"
import { addTransfers, noTransfers, transferTask, wholeTasks } from "./transferTask.ts"
import { withTotals } from "./withTotals.ts"

const batchSize = 500

/**
 * Copies the tasks of a selection.
 *
 * @since 0.2.0
 * @category constructors
 */
export const copyTasks = (
  from: RecordSource,
  to: Pick<TaskStorageShape, "importTask">,
  selection: TaskSelection,
  options: CopyOptions | undefined
): Stream.Stream<TransferProgress, SelectionError> =>
  Stream.unwrap(Effect.map(Effect.fromResult(parseFlag("dryRun", options?.dryRun)), (dryRun) => {
    const read = makeRecordReader(from)
    const perform = (summary: TaskSummary): Effect.Effect<TransferTask, TaskStorageError> =>
      Effect.flatMap(
        read(summary),
        (found) => "_tag" in found ? Effect.succeed(found) : transferTask(to, found, dryRun)
      )
    return withTotals(
      selectionBatches(from, selection, options, { size: batchSize, concurrency: wholeTasks, perform }),
      noTransfers,
      addTransfers
    )
  }))
