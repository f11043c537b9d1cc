/**
 * The part of a filter that an engine decides by index.
 *
 * @since 0.2.0
 */
import type { TaskStatus } from "../task/TaskStatus.ts"

/**
 * The order of a list: by creation time and then by the UTF-8 bytes of the id, or the reverse.
 *
 * @since 0.2.0
 * @category models
 */
export type TaskOrder = "oldest" | "newest"

/**
 * What an engine decides by index.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskRange {
  readonly order: TaskOrder
  /** Only tasks in one of these. There is at least one, and each is there once. `undefined` is any status. */
  readonly statuses: ReadonlyArray<TaskStatus> | undefined
  /** Only tasks that were created at this time or later, in milliseconds since the epoch. */
  readonly createdAfter: number | undefined
  /** Only tasks that were created before this time. */
  readonly createdBefore: number | undefined
}

/**
 * The range of a list of all tasks.
 *
 * @since 0.2.0
 * @category constants
 */
export const wholeRange: TaskRange = {
  order: "oldest",
  statuses: undefined,
  createdAfter: undefined,
  createdBefore: undefined
}
