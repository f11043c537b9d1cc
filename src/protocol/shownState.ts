/**
 * What a client sees of a task.
 *
 * @since 0.2.0
 */
import type { TaskRecord, TaskSummary } from "../domain/task/TaskRecord.ts"

/**
 * Gives a text that changes exactly when a client would see a change: a sign of life of its worker is none.
 *
 * @since 0.2.0
 * @category projections
 */
export const shownState = (task: TaskRecord | TaskSummary): string => {
  const { pollInterval, resultKind, status, statusMessage, ttl } = task
  const asked = "inputRequests" in task ? Object.keys(task.inputRequests ?? {}) : []
  return JSON.stringify([status, statusMessage ?? null, ttl, pollInterval ?? null, resultKind ?? null, asked])
}
