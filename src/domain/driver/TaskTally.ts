/**
 * What a driver counts of all tasks in one pass over them.
 *
 * @since 0.2.0
 */
import type { StoredSummary, StoredTask } from "../task/StoredTask.ts"
import type { TaskScope } from "./TaskWrite.ts"

/**
 * Which tasks are counted, and of which failures the reasons are read: the latest `failureLimit` that were last written at
 * `failedSince` or later.
 *
 * @since 0.2.0
 * @category models
 */
export interface TallyQuery {
  readonly scope: TaskScope
  readonly failedSince: number
  readonly failureLimit: number
}

/**
 * How many tasks there are of one method, name and status, and when the oldest of them was created.
 *
 * @since 0.2.0
 * @category models
 */
export interface TallyGroup extends Pick<StoredTask, "originalMethod" | "name" | "status"> {
  readonly count: number
  readonly oldest: number
}

/**
 * What tells why a task failed; the id, because what was sealed is bound to it. A driver may leave out the `result` if there is a `failure`, or if it takes more than
 * {@link longestResult} bytes.
 *
 * @since 0.2.0
 * @category models
 */
export type TallyFailure = Pick<
  StoredTask,
  "taskId" | "originalMethod" | "name" | "failure" | "statusMessage" | "result" | "lastUpdatedAt"
>

/**
 * @since 0.2.0
 * @category models
 */
export interface TaskTally {
  /** Each method, name and status once, in any order. */
  readonly groups: ReadonlyArray<TallyGroup>
  /** The earliest time at which a task that is `input_required` was last written; `null` if there is none. */
  readonly waitingSince: number | null
  /** The latest come first. */
  readonly failures: ReadonlyArray<TallyFailure>
}

/**
 * How many bytes of an outcome are read for the reason in it.
 *
 * @since 0.2.0
 * @category constants
 */
export const longestResult = 16_384

/**
 * Tells whether a task counts as a failure: it ended as failed, or with a tool error.
 *
 * @since 0.2.0
 * @category guards
 */
export const isFailure = ({ resultKind, status }: Pick<StoredSummary, "resultKind" | "status">): boolean =>
  status === "failed" || resultKind === "tool_error"
