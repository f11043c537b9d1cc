/**
 * What is counted of all tasks, for the person who looks after them.
 *
 * @since 0.2.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type { FindTaskIdsOptions, TaskKind, TaskStatsOptions } from "../options/TaskOptions.ts"
import type { InvalidInput, TaskStorageUnavailable } from "../task/TaskError.ts"
import type { TaskStatus } from "../task/TaskStatus.ts"

/**
 * How many tasks are in a status, and when the oldest of them was created.
 *
 * @since 0.2.0
 * @category models
 */
export interface StatusStats<Time = DateTime.Utc> {
  readonly count: number
  /** Absent if there is none. */
  readonly oldest?: Time
}

/**
 * The tasks of each status.
 *
 * @since 0.2.0
 * @category models
 */
export type StatsByStatus<Time = DateTime.Utc> = { readonly [Status in TaskStatus]: StatusStats<Time> }

/**
 * The tasks of one method and name.
 *
 * @since 0.2.0
 * @category models
 */
export interface KindStats<Time = DateTime.Utc> {
  readonly method: string
  /** Absent for tasks without a name. */
  readonly name?: string
  readonly count: number
  readonly byStatus: StatsByStatus<Time>
}

/**
 * The tasks of one method and name that failed for one reason.
 *
 * @since 0.2.0
 * @category models
 */
export interface FailureStats<Time = DateTime.Utc> {
  readonly method: string
  /** Absent for tasks without a name. */
  readonly name?: string
  /**
   * The name of the task's `failure`; without one the message of its JSON-RPC error, if the outcome takes no more than 16 KiB, or its
   * status message; `""` if there is none of these. It is cut to 200 characters.
   */
  readonly reason: string
  readonly count: number
  /** When the latest of them ended. */
  readonly latest: Time
}

/**
 * What there is at one moment.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskStats<Time = DateTime.Utc> {
  /** How many tasks there are. */
  readonly count: number
  readonly byStatus: StatsByStatus<Time>
  /** Every method and name that a task has, the most frequent first. */
  readonly byName: ReadonlyArray<KindStats<Time>>
  /** Tasks that failed, or ended with a tool error, the most frequent first: the 50 most frequent reasons. */
  readonly failures: ReadonlyArray<FailureStats<Time>>
  /** How many failures are not in `failures`, since their reasons are rarer. */
  readonly otherFailures: number
  /**
   * Since when failures are counted: for `failuresSince`, or for a shorter time if there were more than 10 000. Then they are the
   * latest 10 000.
   */
  readonly failuresSince: Time
  /** Tasks that wait for input, and when the first of them was last written. */
  readonly waitingForInput: { readonly count: number; readonly since?: Time }
  /** The kinds whose tasks wait because somebody paused them. */
  readonly paused: ReadonlyArray<TaskKind & { readonly pausedAt: Time }>
  /** Registered workers, and how many tasks they hold, the dead ones too. */
  readonly workers: { readonly live: number; readonly dead: number; readonly tasks: number }
}

/**
 * What is asked of all tasks at once.
 *
 * @since 0.2.0
 * @category models
 */
export interface StatsOperations {
  /**
   * Counts tasks by status and by name, failures by reason, what waits for input, paused kinds and workers. What is written at the same time
   * may be counted or not. Its cost grows with the number of tasks.
   */
  readonly taskStats: (
    options?: TaskStatsOptions
  ) => Effect.Effect<TaskStats, InvalidInput | TaskStorageUnavailable>

  /**
   * Gives the ids of tasks that end so, ascending, two of them or `limit`: a person types the end of an id, and one answer says
   * whether it is unambiguous. Its cost grows with the number of tasks.
   */
  readonly findTaskIds: (
    options: FindTaskIdsOptions
  ) => Effect.Effect<ReadonlyArray<string>, InvalidInput | TaskStorageUnavailable>
}
