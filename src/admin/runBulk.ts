/**
 * Doing the same with each task of a selection.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { parseFlag } from "../domain/options/ArgumentParsers.ts"
import type { TaskStorageShape } from "../domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../domain/task/TaskError.ts"
import type { TaskSummary } from "../domain/task/TaskRecord.ts"
import type { BulkProgress, BulkTask } from "./AdminOperations.ts"
import type { BulkOptions, TaskSelection } from "./AdminOptions.ts"
import { selectionBatches, type SelectionError, type SelectionWork } from "./selectionBatches.ts"
import { countTagged, withTotals } from "./withTotals.ts"

/**
 * Why nothing is done with a task.
 *
 * @since 0.2.0
 * @category models
 */
export type Skip = Pick<Extract<BulkTask, { readonly _tag: "Skipped" }>, "reason" | "rerunAs">

/**
 * What is done with a task.
 *
 * @since 0.2.0
 * @category models
 */
export interface BulkAction extends Pick<SelectionWork<BulkTask>, "isOwn" | "leaves"> {
  /** Says why nothing is to be done, as far as the summary tells. */
  readonly skip: (task: TaskSummary) => Skip | undefined
  readonly act: (taskId: string) => Effect.Effect<BulkTask, TaskStorageError>
  /** Says what became of a task that could not be written because somebody else came first. */
  readonly lost: (error: TaskStorageError) => Skip | undefined
}

const batchSize = 500

const concurrency = 64

/**
 * Runs an action on each task of a selection.
 *
 * @since 0.2.0
 * @category constructors
 */
export const runBulk = (
  storage: Pick<TaskStorageShape, "listTaskSummaries">,
  selection: TaskSelection,
  options: BulkOptions | undefined,
  action: BulkAction
): Stream.Stream<BulkProgress, SelectionError> =>
  Stream.unwrap(Effect.map(Effect.fromResult(parseFlag("dryRun", options?.dryRun)), (dryRun) => {
    const perform = (task: TaskSummary): Effect.Effect<BulkTask, TaskStorageError> => {
      const { taskId } = task
      const skip = action.skip(task)
      if (skip !== undefined) return Effect.succeed({ _tag: "Skipped", taskId, ...skip })
      if (dryRun) return Effect.succeed({ _tag: "WouldBeDone", taskId })
      return Effect.catch(action.act(taskId), (error): Effect.Effect<BulkTask, TaskStorageError> => {
        const skip = action.lost(error)
        return skip === undefined ? Effect.fail(error) : Effect.succeed({ _tag: "Skipped", taskId, ...skip })
      })
    }
    const work = {
      size: batchSize,
      concurrency,
      perform,
      ...(action.isOwn === undefined ? {} : { isOwn: action.isOwn }),
      ...(action.leaves === undefined ? {} : { leaves: action.leaves })
    }
    return withTotals(selectionBatches<BulkTask>(storage, selection, options, work), noCounts, addTo)
  }))

type Counts = Pick<BulkProgress, "examined" | "matched" | "done" | "skipped" | "failed">

const noCounts: Counts = { examined: 0, matched: 0, done: 0, skipped: 0, failed: 0 }

const addTo = (counts: Counts, examined: number, tasks: ReadonlyArray<BulkTask>): Counts => ({
  examined: counts.examined + examined,
  matched: counts.matched + tasks.length,
  done: counts.done + countTagged(tasks, "Done", "WouldBeDone"),
  skipped: counts.skipped + countTagged(tasks, "Skipped"),
  failed: counts.failed + countTagged(tasks, "Failed")
})
