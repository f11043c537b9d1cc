/**
 * What an operator can do with tasks: the types of every operation and of what it reports.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { StatusMessageOption } from "../domain/options/TaskOptions.ts"
import type { TaskStorageShape } from "../domain/service/TaskOperations.ts"
import type {
  InvalidCursor,
  InvalidInput,
  PayloadTooLarge,
  TaskNotFound,
  TaskStorageError,
  TaskStorageUnavailable,
  TerminalState
} from "../domain/task/TaskError.ts"
import type { TaskSummary } from "../domain/task/TaskRecord.ts"
import type {
  BulkOptions,
  CancelTasksOptions,
  CopyOptions,
  EraseOptions,
  ExportOptions,
  ImportTasksOptions,
  RerunTasksOptions,
  TaskSelection
} from "./AdminOptions.ts"
import type { InvalidLine } from "./InvalidLine.ts"
import type { StorageOperation } from "./storageOperations.ts"

/**
 * What became of one task of an operation in bulk.
 *
 * - `Done`: it was done. `rerunAs` is the new task, if the task was run again.
 * - `WouldBeDone`: the same of a dry run.
 * - `Skipped`: nothing was to be done, or somebody else came first. `rerunAs` is the new task, if it was run again before.
 * - `Failed`: this task could not be written. The operation went on with the others.
 *
 * @since 0.2.0
 * @category models
 */
export type BulkTask =
  | { readonly _tag: "Done"; readonly taskId: string; readonly rerunAs?: string }
  | { readonly _tag: "WouldBeDone"; readonly taskId: string }
  | { readonly _tag: "Skipped"; readonly taskId: string; readonly reason: string; readonly rerunAs?: string }
  | FailedTask

/**
 * A task that could not be read or written.
 *
 * @since 0.2.0
 * @category models
 */
export interface FailedTask {
  readonly _tag: "Failed"
  readonly taskId: string
  readonly error: TaskStorageError
}

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
  /** How many of these tasks a run from `nextCursor` does not meet again: take them from its `limit`. */
  readonly passed: number
  /** The tasks of this batch, in the order of the selection. */
  readonly tasks: ReadonlyArray<BulkTask>
  /** The option `cursor` of a run that goes on from here. Absent at the end of the selection. */
  readonly nextCursor?: string
}

/**
 * A task that was not taken along: because it runs, has expired, or is gone.
 *
 * @since 0.2.0
 * @category models
 */
export interface LeftOutTask {
  readonly _tag: "LeftOut"
  readonly taskId: string
  readonly reason: string
}

/**
 * What became of one task that was to be taken over.
 *
 * - `Copied`: it is stored now, and `WouldBeCopied` is the same of a dry run.
 * - `Same`: it was there already.
 * - `Differs`: there is a task of its id already that differs in these fields. That one stays as it is.
 * - `LeftOut`: it runs, has expired, or is gone.
 * - `Failed`: it could not be read or stored, and the operation went on with the others.
 *
 * @since 0.2.0
 * @category models
 */
export type TransferTask =
  | { readonly _tag: "Copied" | "WouldBeCopied" | "Same"; readonly taskId: string }
  | { readonly _tag: "Differs"; readonly taskId: string; readonly fields: ReadonlyArray<string> }
  | LeftOutTask
  | FailedTask

/**
 * How far a copy or an import has come, after each batch. The counts are those of the whole run so far.
 *
 * @since 0.2.0
 * @category models
 */
export interface TransferProgress {
  /** How many tasks, or lines with a task, were looked at. */
  readonly examined: number
  /** How many are copied, or would be. */
  readonly copied: number
  readonly same: number
  readonly differing: number
  readonly leftOut: number
  readonly failed: number
  /** How many of these tasks a run from `nextCursor` does not meet again: take them from its `limit`. */
  readonly passed: number
  /** The tasks of this batch. */
  readonly tasks: ReadonlyArray<TransferTask>
  /** The option `cursor` of a copy that goes on from here. Absent at the end, and from an import. */
  readonly nextCursor?: string
}

/**
 * A batch of an export. The counts are those of the whole run so far.
 *
 * @since 0.2.0
 * @category models
 */
export interface ExportProgress {
  /** How many tasks the storage looked at. */
  readonly examined: number
  readonly exported: number
  readonly leftOut: number
  readonly failed: number
  /** How many of these tasks a run from `nextCursor` does not meet again: take them from its `limit`. */
  readonly passed: number
  /** The lines of this batch, each a whole task in its encoded form, without line breaks. */
  readonly lines: ReadonlyArray<string>
  /** The tasks of this batch that have no line. */
  readonly tasks: ReadonlyArray<LeftOutTask | FailedTask>
  /** The option `cursor` of an export that goes on from here. Absent at the end of the selection. */
  readonly nextCursor?: string
}

type Bulk = Stream.Stream<BulkProgress, InvalidInput | InvalidCursor | TaskStorageUnavailable>

/**
 * The operations of {@link TaskAdmin}.
 *
 * Those in bulk are streams. They hold one batch of summaries in memory, write each task as a whole or not at all, and report after
 * each batch. A task that somebody else has written first is `Skipped`, and one that cannot be written is `Failed`. When the engine
 * itself fails, or the whole store cannot be written, no other task is begun. The stream then reports what was done, and fails. To go on
 * after that, or after an interruption, give the last `nextCursor`, or begin again: what is done is skipped then.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskAdminShape extends Pick<TaskStorageShape, StorageOperation> {
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

  /**
   * Erases all that is bound to a session: its tasks with their payloads, parts and messages, those that come while it runs, those that
   * have expired, and what the engine counts of it. There is no cursor: to go on after an interruption, begin again.
   *
   * On DynamoDB it may miss a task that was created a moment before, because an index lags. Run it once more when the client has
   * stopped.
   */
  readonly eraseSession: (sessionId: string, options?: EraseOptions) => Bulk

  /**
   * Writes the tasks of a selection as lines of NDJSON, each a whole task word for word. Tasks that run are left out.
   */
  readonly exportTasks: (
    selection: TaskSelection,
    options?: ExportOptions
  ) => Stream.Stream<ExportProgress, InvalidInput | InvalidCursor | TaskStorageUnavailable>

  /**
   * Stores the tasks of lines that `exportTasks` has written. A task that is there already stays as it is. Fails with
   * `InvalidLine` at the first line that is no task, after the lines before it. Blank lines are passed over.
   */
  readonly importTasks: <E, R>(
    lines: Stream.Stream<string, E, R>,
    options?: ImportTasksOptions
  ) => Stream.Stream<TransferProgress, E | InvalidInput | InvalidLine | TaskStorageUnavailable, R>

  /**
   * Copies the tasks of a selection to another storage, word for word: ids, times, revisions, steps and payloads. A task that is there
   * already stays as it is, so that a repeat adds what is missing and tells what differs. Tasks that run are left out. Messages
   * of their queues and pauses are not copied.
   */
  readonly copyTasks: (
    to: Pick<TaskStorageShape, "importTask">,
    selection: TaskSelection,
    options?: CopyOptions
  ) => Stream.Stream<TransferProgress, InvalidInput | InvalidCursor | TaskStorageUnavailable>

  /**
   * Finds the one task whose id is this, or ends so. If several end so, the error names some of them.
   */
  readonly findTask: (
    idOrEnding: string
  ) => Effect.Effect<string, InvalidInput | TaskNotFound | TaskStorageUnavailable>
}
