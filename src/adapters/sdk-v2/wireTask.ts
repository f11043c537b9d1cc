/**
 * Tasks as the Tasks extension of 2026-07-28 shows them.
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import { type DetailedTask, toDetailedTask } from "../../domain/TaskProjection.ts"
import { isObject } from "../../promise/arguments.ts"
import type { Task, TaskSummary } from "../../promise/Task.ts"

/**
 * Gives the `DetailedTask` of a task; of a summary only while it is `working`, or when it was cancelled, since the rest
 * has payloads.
 *
 * @since 0.2.0
 * @category projections
 */
export const toWireTask = (task: Task | TaskSummary): DetailedTask => {
  const detailed = toDetailedTask({
    ...task,
    createdAt: DateTime.makeUnsafe(task.createdAt),
    lastUpdatedAt: DateTime.makeUnsafe(task.lastUpdatedAt)
  })
  // The result is what the request would have been answered, and of that revision every answer says what it is.
  return detailed.status === "completed" && isObject(detailed.result)
    ? { ...detailed, result: { resultType: "complete", ...detailed.result } }
    : detailed
}
