/**
 * What an operator can do with tasks, through promises: its types.
 *
 * @since 0.2.0
 */
import type * as Admin from "../admin/AdminOperations.ts"
import type * as Options from "../admin/AdminOptions.ts"
import type { StorageOperation } from "../admin/storageOperations.ts"
import type { StatusMessageOption } from "../domain/options/TaskOptions.ts"
import type { CallOptions } from "./PromiseCallOptions.ts"
import type { PromiseTaskStorage } from "./PromiseTaskStorage.ts"
import type { TaskSummary } from "./Task.ts"

/**
 * Which tasks an operation in bulk is for: those of a filter, or all. Times are ISO texts. An empty filter is refused, because it may be
 * a filter that was lost on the way. For all tasks say `all: true`.
 *
 * @since 0.2.0
 * @category options
 */
export interface TaskSelection extends Options.TaskSelection<string> {}

/**
 * @since 0.2.0
 * @category options
 */
export interface CancelOptions extends StatusMessageOption, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface BulkOptions extends Options.BulkOptions, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface RerunTasksOptions extends Options.RerunTasksOptions, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface CancelTasksOptions extends Options.CancelTasksOptions, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface EraseOptions extends Options.EraseOptions, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface ExportOptions extends Options.ExportOptions, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface CopyOptions extends Options.CopyOptions, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface ImportTasksOptions extends Options.ImportTasksOptions, CallOptions {}

/**
 * What an operator can do with tasks, one or many at a time. It is for trusted code: it reaches every task.
 *
 * Those in bulk are iterated, and report after each batch. They hold one batch in memory, and write each task as a whole or not at all.
 * Each iteration begins anew. A loop that is left, or a signal that is aborted, stops the work in the middle of a batch. To go on after
 * that give the last `nextCursor`, or begin again: what is done is skipped then. They reject with `InvalidCursor`, and with
 * `TaskStorageUnavailable` after they have reported what was done before the engine failed.
 *
 * @since 0.2.0
 * @category models
 */
export interface PromiseTaskAdmin extends Pick<PromiseTaskStorage, StorageOperation> {
  /**
   * Cancels a task that has not ended.
   *
   * Rejects with `TaskNotFound`, `TerminalState`, `PayloadTooLarge`.
   */
  readonly cancelTask: (taskId: string, options?: CancelOptions) => Promise<TaskSummary>

  /**
   * Finds the one task whose id is this, or ends so. If several end so, the error names some of them.
   *
   * Rejects with `TaskNotFound`.
   */
  readonly findTask: (idOrEnding: string, options?: CallOptions) => Promise<string>

  /**
   * Runs the tasks of a selection again that have ended and were not run again before. It leaves out what it has created itself. With
   * `again` a task is run again each time, also if the operation is begun anew.
   */
  readonly rerunTasks: (selection: TaskSelection, options?: RerunTasksOptions) => AsyncIterable<Admin.BulkProgress>

  /**
   * Cancels the tasks of a selection that have not ended.
   */
  readonly cancelTasks: (selection: TaskSelection, options?: CancelTasksOptions) => AsyncIterable<Admin.BulkProgress>

  /**
   * Deletes the tasks of a selection, with the messages of their queues.
   */
  readonly deleteTasks: (selection: TaskSelection, options?: BulkOptions) => AsyncIterable<Admin.BulkProgress>

  /**
   * Erases all that is bound to a session: its tasks with their payloads, parts and messages, those that come while it runs, those that
   * have expired, and what the engine counts of it. There is no cursor: to go on after an interruption, begin again.
   *
   * On DynamoDB it may miss a task that was created a moment before, because an index lags. Run it once more when the client has
   * stopped.
   */
  readonly eraseSession: (sessionId: string, options?: EraseOptions) => AsyncIterable<Admin.BulkProgress>

  /**
   * Writes the tasks of a selection as lines of NDJSON, each a whole task word for word. Tasks that run are left out.
   */
  readonly exportTasks: (selection: TaskSelection, options?: ExportOptions) => AsyncIterable<Admin.ExportProgress>

  /**
   * Stores the tasks of lines that `exportTasks` has written, such as those of `readline`. A task that is there already stays as it
   * is. Blank lines are passed over.
   *
   * Rejects with `InvalidLine` at the first line that is no task, after the lines before it.
   */
  readonly importTasks: (
    lines: Iterable<string> | AsyncIterable<string>,
    options?: ImportTasksOptions
  ) => AsyncIterable<Admin.TransferProgress>

  /**
   * Copies the tasks of a selection to another storage, word for word: ids, times, revisions, steps and payloads. What is there already
   * stays as it is, so that a repeat adds what is missing and tells what differs. Tasks that run are left out. Messages of their queues
   * and pauses are not copied.
   */
  readonly copyTasks: (
    to: PromiseTaskStorage,
    selection: TaskSelection,
    options?: CopyOptions
  ) => AsyncIterable<Admin.TransferProgress>
}
