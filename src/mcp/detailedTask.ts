/**
 * Tasks as revision 2026-07-28 writes them.
 *
 * @since 0.2.0
 */
import type { TaskRecord } from "../domain/TaskRecord.ts"
import { toResult20260728 } from "./ToolResult.ts"

type Fields = Readonly<Record<string, unknown>>

/**
 * Gives a task with what belongs to its status; a result is what the request would have returned.
 *
 * @since 0.2.0
 * @category converting
 */
export const detailedTask = (serverInfo: unknown, record: TaskRecord): Fields => {
  const task = record.toDetailedTask()
  return task.status === "completed" ? { ...task, result: toResult20260728(serverInfo, task.result) } : { ...task }
}

/**
 * Gives a task as the answer to the call that created it: however far it has come since, the client reads that later.
 *
 * @since 0.2.0
 * @category converting
 */
export const createdTask = (record: TaskRecord): Fields => {
  const { createdAt, lastUpdatedAt, pollIntervalMs, status, statusMessage, taskId, ttlMs } = record.toDetailedTask()
  return {
    resultType: "task",
    taskId,
    status,
    ...(statusMessage === undefined ? {} : { statusMessage }),
    createdAt,
    lastUpdatedAt,
    ttlMs,
    ...(pollIntervalMs === undefined ? {} : { pollIntervalMs })
  }
}
