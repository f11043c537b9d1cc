/**
 * A statement and its parts.
 *
 * @since 0.1.0
 */
import type { TaskScope } from "../../domain/driver/TaskWrite.ts"
import { heldByWorker } from "../../domain/task/StoredTask.ts"
import { activeStatuses, isTerminal, type TaskStatus, taskStatuses } from "../../domain/task/TaskStatus.ts"

/**
 * A statement with its values, one for each `?`.
 *
 * @since 0.1.0
 * @category models
 */
export interface SqlStatement {
  readonly text: string
  readonly params: Array<string | number | null>
}

/**
 * Makes a memory for texts, so that each is built once for each shape of its arguments.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeTexts = (): (key: string | number, build: () => string) => string => {
  const texts = new Map<string | number, string>()
  return (key, build) => {
    const known = texts.get(key)
    if (known !== undefined) return known
    const text = build()
    texts.set(key, text)
    return text
  }
}

/**
 * Gives the bytes that columns take. No engine reads a value for it.
 *
 * @since 0.1.0
 * @category fragments
 */
export const bytesOf = (names: ReadonlyArray<string>): string =>
  names.length === 0 ? "0" : names.map((name) => `coalesce(octet_length(${name}), 0)`).join(" + ")

/**
 * Tests a status.
 *
 * @since 0.1.0
 * @category fragments
 */
export const statusIn = (statuses: ReadonlyArray<TaskStatus>): string =>
  statuses.length === 0 ? "1 = 0" : `status IN (${statuses.map((status) => `'${status}'`).join(", ")})`

/**
 * Tests that a task has ended: that it is in the index of names.
 *
 * @since 0.2.0
 * @category fragments
 */
export const hasEnded: string = statusIn(taskStatuses.filter(isTerminal))

/**
 * Tests that a task has not ended.
 *
 * @since 0.2.0
 * @category fragments
 */
export const isActive: string = statusIn(activeStatuses)

/**
 * Tests that a task is there yet, at one time.
 *
 * @since 0.1.0
 * @category fragments
 */
export const notExpired = "(expires_at IS NULL OR expires_at > ?)"

/**
 * The same test by the columns that the index of names holds.
 *
 * @since 0.2.0
 * @category fragments
 */
export const notOutlived = "(ttl IS NULL OR created_at + ttl > ?)"

/**
 * Tests that a task failed, or ended with a tool error: that it is in the index of failures.
 *
 * @since 0.2.0
 * @category fragments
 */
export const isFailed = "(status = 'failed' OR result_kind = 'tool_error')"

/**
 * Tests that nobody has held a task since a time.
 *
 * @since 0.2.0
 * @category fragments
 */
export const notHeldSince = "(lease_expires_at IS NULL OR lease_expires_at <= ?)"

/**
 * Tests that a registered worker holds a task.
 *
 * @since 0.2.0
 * @category fragments
 */
export const isHeld = `lease_expires_at = ${heldByWorker} AND worker IS NOT NULL`

/**
 * Tests that no registered worker holds a task.
 *
 * @since 0.2.0
 * @category fragments
 */
export const isNotHeld = `lease_expires_at IS DISTINCT FROM ${heldByWorker}`

/**
 * Tests that a task has a lease, and that no registered worker holds it. Not as a range: SQLite would take it for the one to
 * look for.
 *
 * @since 0.2.0
 * @category fragments
 */
export const isLeased = `lease_expires_at <> ${heldByWorker}`

/**
 * Tests that a task does not wait: neither for a worker nor, on purpose, for a time.
 *
 * @since 0.2.0
 * @category fragments
 */
export const waitsForNothing = "coalesce(due_at, 0) <> lease_expires_at"

/**
 * Tests that a task is in scope: the condition, its values, and what tells it from other conditions.
 *
 * @since 0.1.0
 * @category fragments
 */
export const scoped = ({ now, session }: TaskScope) => ({
  key: session === undefined ? 0 : session === null ? 1 : 2,
  condition: session === undefined
    ? notExpired
    : session === null
    ? `${notExpired} AND session_id IS NULL`
    : `${notExpired} AND session_id = ?`,
  params: typeof session === "string" ? [now, session] : [now]
})
