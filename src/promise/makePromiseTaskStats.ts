/**
 * What is asked of all tasks at once, as promises.
 *
 * @since 0.2.0
 */
import { identity } from "effect/Function"
import type * as Domain from "../domain/service/TaskStats.ts"
import { formatTime } from "../domain/task/formatTime.ts"
import { InvalidInput } from "../domain/task/TaskError.ts"
import { findTaskIdsCall, taskStatsCall } from "./callOptions.ts"
import { encodePausedKind } from "./codec.ts"
import type { PromiseCalls } from "./PromiseCalls.ts"
import type { PromiseTaskStats, TaskStats } from "./PromiseTaskStats.ts"

/**
 * Makes the promises of what is asked of all tasks.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makePromiseTaskStats = (storage: Domain.StatsOperations, calls: PromiseCalls): PromiseTaskStats => ({
  taskStats: (options) => calls.read("taskStats", options, taskStatsCall, (own) => storage.taskStats(own), encodeStats),

  findTaskIds: (options) =>
    calls.read("findTaskIds", options, findTaskIdsCall, (own) => {
      if (own === undefined) throw new InvalidInput({ field: "ending", reason: "must be given" })
      return storage.findTaskIds(own)
    }, identity)
})

const encodeStats = (stats: Domain.TaskStats): TaskStats => ({
  ...stats,
  byStatus: encodeStatuses(stats.byStatus),
  byName: stats.byName.map(({ byStatus, ...kind }) => ({ ...kind, byStatus: encodeStatuses(byStatus) })),
  failures: stats.failures.map(({ latest, ...failure }) => ({ ...failure, latest: formatTime(latest) })),
  paused: stats.paused.map(encodePausedKind),
  failuresSince: formatTime(stats.failuresSince),
  waitingForInput: encodeWaiting(stats.waitingForInput)
})

const encodeWaiting = ({ count, since }: Domain.TaskStats["waitingForInput"]): TaskStats["waitingForInput"] =>
  since === undefined ? { count } : { count, since: formatTime(since) }

const encodeStatuses = (byStatus: Domain.StatsByStatus): Domain.StatsByStatus<string> => ({
  working: encodeStatus(byStatus.working),
  input_required: encodeStatus(byStatus.input_required),
  completed: encodeStatus(byStatus.completed),
  failed: encodeStatus(byStatus.failed),
  cancelled: encodeStatus(byStatus.cancelled)
})

const encodeStatus = ({ count, oldest }: Domain.StatusStats): Domain.StatusStats<string> =>
  oldest === undefined ? { count } : { count, oldest: formatTime(oldest) }
