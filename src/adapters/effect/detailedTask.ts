/**
 * Tasks as revision 2026-07-28 writes them.
 *
 * @since 0.2.0
 */
import type { TaskRecord } from "../../domain/TaskRecord.ts"
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
