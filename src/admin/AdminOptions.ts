/**
 * What the operations for operators can be told.
 *
 * @since 0.2.0
 */
import type * as DateTime from "effect/DateTime"
import type { RerunOptions, StatusMessageOption, TaskFilter } from "../domain/options/TaskOptions.ts"

/**
 * Which tasks an operation in bulk is for: those of a filter, or all. An empty filter is refused, because it may be a filter that
 * was lost on the way. For all tasks say `all: true`.
 *
 * @since 0.2.0
 * @category options
 */
export interface TaskSelection<Time = DateTime.Utc> extends TaskFilter<Time> {
  /** Only the tasks that are bound to this session. */
  readonly sessionId?: string | undefined
  /** All tasks. It stands alone, or beside `order`. */
  readonly all?: true | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface SelectionOptions {
  /** `nextCursor` of an earlier run with the same selection: goes on behind the tasks that were reported then. */
  readonly cursor?: string | undefined
  /** At most so many tasks of the selection: all by default. */
  readonly limit?: number | undefined
  /**
   * How many tasks are read or written at once: 64 by default, and 32 where whole tasks are in memory. An engine writes those together
   * that arrive together.
   */
  readonly concurrency?: number | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface DryRunOption {
  /** Changes nothing, and tells what would be done. It reads and judges the tasks exactly as the operation itself does. */
  readonly dryRun?: boolean | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface BulkOptions extends SelectionOptions, DryRunOption {}

/**
 * @since 0.2.0
 * @category options
 */
export interface RerunTasksOptions extends BulkOptions, Pick<RerunOptions, "again" | "steps"> {}

/**
 * @since 0.2.0
 * @category options
 */
export interface CancelTasksOptions extends BulkOptions, StatusMessageOption {}

/**
 * @since 0.2.0
 * @category options
 */
export interface EraseOptions extends DryRunOption, Pick<SelectionOptions, "concurrency"> {}

/**
 * @since 0.2.0
 * @category options
 */
export interface ExportOptions extends SelectionOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface CopyOptions extends SelectionOptions, DryRunOption {}

/**
 * @since 0.2.0
 * @category options
 */
export interface ImportTasksOptions extends DryRunOption {}
