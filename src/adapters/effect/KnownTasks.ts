/**
 * Which tasks a client knows of.
 *
 * @since 0.2.0
 */
import type { McpServerClient } from "effect/ai/McpSchema"
import type { TaskRecord } from "../../domain/TaskRecord.ts"
import { isTerminal } from "../../domain/TaskStatus.ts"

/**
 * Notes that a client gets to know a task, and tells whether it knew it before.
 *
 * @since 0.2.0
 * @category models
 */
export type KnownTasks = (client: McpServerClient["Service"], task: TaskRecord) => boolean

/**
 * Makes the memory of a process. Whatever it holds of a session goes with the session, and of a task when it has ended.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeKnownTasks = (): KnownTasks => {
  // A session is known by what it began with, which is the same object in all of its requests.
  const sessions = new WeakMap<object, Set<string>>()
  return ({ initializePayload }, { status, taskId }) => {
    const known = sessions.get(initializePayload) ?? new Set()
    sessions.set(initializePayload, known)
    const isKnown = known.has(taskId)
    if (isTerminal(status)) known.delete(taskId)
    else known.add(taskId)
    return isKnown
  }
}
