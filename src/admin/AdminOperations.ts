/**
 * What an operator can do with tasks: the types of every operation and of what it reports.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type {
  InvalidCursor,
  InvalidInput,
  PayloadTooLarge,
  TaskNotFound,
  TaskStorageError,
  TaskStorageUnavailable,
  TerminalState
} from "../domain/TaskError.ts"
import type { TaskStorageShape } from "../domain/TaskOperations.ts"
import type { StatusMessageOption } from "../domain/TaskOptions.ts"
import type { TaskSummary } from "../domain/TaskRecord.ts"
import type { BulkOptions, CancelTasksOptions, RerunTasksOptions, TaskSelection } from "./AdminOptions.ts"

/**
 * What became of one task of an operation in bulk.
 *
 * - `Done`: it was done. `rerunAs` is the new task, if the task was run again.
 * - `WouldBeDone`: the same of a dry run.
 * - `Skipped`: nothing was to be done, or somebody else came first.
 * - `Failed`: this task could not be written. The operation went on with the others.
 *
 * @since 0.2.0
 * @category models
 */
export type BulkTask =
  | { readonly _tag: "Done"; readonly taskId: string; readonly rerunAs?: string }
  | { readonly _tag: "WouldBeDone"; readonly taskId: string }
  | { readonly _tag: "Skipped"; readonly taskId: string; readonly reason: string }
  | { readonly _tag: "Failed"; readonly taskId: string; readonly error: TaskStorageError }

/**
 * How far an operation in bulk has come, after each batch. The counts are those of the whole run so far.
 *
 * @since 0.2.0
 * @category models
 */
export interface BulkProgress {
  /** How many tasks the storage looked at. */
  readonly examined: number
  /** How many of them the selection is for. */
  readonly matched: number
  /** How many are done, or would be done. */
  readonly done: number
  readonly skipped: number
  readonly failed: number
  /** The tasks of this batch, in the order of the selection. */
  readonly tasks: ReadonlyArray<BulkTask>
  /** The option `cursor` of a run that goes on from here. Absent at the end of the selection. */
  readonly nextCursor?: string
}

type Bulk = Stream.Stream<BulkProgress, InvalidInput | InvalidCursor | TaskStorageUnavailable>

/**
 * The operations of {@link TaskAdmin}.
 *
 * Those in bulk are streams. They hold one batch of summaries in memory, write each task as a whole or not at all, and report after
 * each batch. A task that somebody else has written first is `Skipped`, one that cannot be written is `Failed`, and when the engine
 * itself fails, the stream reports what was done and then fails. To go on after that, or after an interruption, give the last
 * `nextCursor`, or begin again: what is done is skipped then.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskAdminShape extends
  Pick<
    TaskStorageShape,
    | "backendName"
    | "listTaskSummaries"
    | "getTask"
    | "getTaskSummary"
    | "rerunTask"
    | "deleteTask"
    | "changes"
    | "listWorkers"
    | "maintenance"
  >
{
  /**
   * Cancels a task that has not ended.
   */
  readonly cancelTask: (taskId: string, options?: StatusMessageOption) => Effect.Effect<
    TaskSummary,
    InvalidInput | PayloadTooLarge | TaskNotFound | TerminalState | TaskStorageUnavailable
  >

  /**
   * Runs the tasks of a selection again that have ended and were not run again before. It leaves out what it has created itself. With
   * `again` a task is run again each time, also if the operation is begun anew.
   */
  readonly rerunTasks: (selection: TaskSelection, options?: RerunTasksOptions) => Bulk

  /**
   * Cancels the tasks of a selection that have not ended.
   */
  readonly cancelTasks: (selection: TaskSelection, options?: CancelTasksOptions) => Bulk

  /**
   * Deletes the tasks of a selection, with the messages of their queues.
   */
  readonly deleteTasks: (selection: TaskSelection, options?: BulkOptions) => Bulk
}
