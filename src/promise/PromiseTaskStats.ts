/**
 * What is asked of all tasks at once, as promises.
 *
 * @since 0.2.0
 */
import type * as Options from "../domain/options/TaskOptions.ts"
import type * as Domain from "../domain/service/TaskStats.ts"
import type { SignalOption } from "./SignalOption.ts"

/**
 * What is counted of all tasks. Times are ISO texts.
 *
 * @since 0.2.0
 * @category models
 */
export type TaskStats = Domain.TaskStats<string>

/**
 * @since 0.2.0
 * @category options
 */
export interface TaskStatsOptions extends Options.TaskStatsOptions, SignalOption {}

/**
 * @since 0.2.0
 * @category options
 */
export interface FindTaskIdsOptions extends Options.FindTaskIdsOptions, SignalOption {}

/**
 * @since 0.2.0
 * @category models
 */
export interface PromiseTaskStats {
  /**
   * Counts tasks by status and by name, failures by reason, what waits for input, paused kinds and workers. What is written at the same time
   * may be counted or not. Its cost grows with the number of tasks.
   */
  readonly taskStats: (options?: TaskStatsOptions) => Promise<TaskStats>

  /**
   * Gives the ids of tasks that end so, ascending, two of them or `limit`: a person types the end of an id, and one answer says
   * whether it is unambiguous. Its cost grows with the number of tasks.
   */
  readonly findTaskIds: (options: FindTaskIdsOptions) => Promise<ReadonlyArray<string>>
}
