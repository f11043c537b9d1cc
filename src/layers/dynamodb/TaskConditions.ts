/**
 * Scopes and guards as conditions: what `isVisible` and `permits` say in plain code.
 *
 * @since 0.1.0
 */
import type { TaskGuard, TaskPatch, TaskScope } from "../../domain/driver/TaskWrite.ts"
import { heldByWorker, type TaskVersion } from "../../domain/task/StoredTask.ts"
import { allOf, anyOf, type Expression } from "./Expression.ts"
import { bytesOf, otherFields, stamps } from "./TaskItem.ts"

/**
 * The task is not expired.
 *
 * @since 0.1.0
 * @category conditions
 */
export const unexpiredAt = (expression: Expression, now: number): string =>
  anyOf(expression.isAbsent("expiresAt"), expression.compare("expiresAt", ">", now))

/**
 * There is a task, and an operation of this scope sees it.
 *
 * @since 0.1.0
 * @category conditions
 */
export const inScope = (expression: Expression, { now, session }: TaskScope): string =>
  allOf(
    expression.exists("pk"),
    unexpiredAt(expression, now),
    ...(session === undefined
      ? []
      : [session === null ? expression.isAbsent("sessionId") : expression.compare("sessionId", "=", session)])
  )

/**
 * The task is the very one that was read, and nobody wrote it since.
 *
 * @since 0.1.0
 * @category conditions
 */
export const isVersion = (expression: Expression, { incarnation, revision }: TaskVersion): string =>
  allOf(expression.compare("revision", "=", revision), expression.compare("incarnation", "=", incarnation))

/**
 * No registered worker holds the task.
 *
 * @since 0.2.0
 * @category conditions
 */
export const isWithoutHolder = (expression: Expression): string =>
  anyOf(
    expression.isAbsent("worker"),
    expression.isAbsent("leaseExpiresAt"),
    expression.compare("leaseExpiresAt", "<", heldByWorker)
  )

/**
 * Nothing but the item itself has to be deleted with the task.
 *
 * @since 0.1.0
 * @category conditions
 */
export const standsAlone = (expression: Expression): string =>
  allOf(expression.isAbsent("parts"), expression.isAbsent("counted"), expression.isAbsent("seat"))

/**
 * The write was not made yet.
 *
 * @since 0.1.0
 * @category conditions
 */
export const isUnstamped = (expression: Expression, stamp: string): string =>
  allOf(...stamps.map((name) => expression.compare(name, "<>", stamp)))

/**
 * The guard permits the patch, as far as a condition can tell: where it holds, `permits` holds. `undefined` when no
 * condition can tell.
 *
 * @since 0.1.0
 * @category conditions
 */
export const guarded = (expression: Expression, guard: TaskGuard, patch: TaskPatch): string | undefined => {
  const { attempt, contentAtMost, freeSince, leaseExpiredBy, result, statuses, unchanged, updatedBefore } = guard
  const conditions: Array<string> = []
  if (statuses !== undefined) {
    if (statuses.length === 0) return undefined
    const values = statuses.map((status) => expression.text(status))
    conditions.push(`${expression.name("status")} IN (${values.join(", ")})`)
  }
  if (unchanged !== undefined) conditions.push(isVersion(expression, unchanged))
  if (result !== undefined) {
    conditions.push(result === "present" ? expression.exists("result") : expression.isAbsent("result"))
  }
  if (updatedBefore !== undefined) conditions.push(expression.compare("lastUpdatedAt", "<", updatedBefore))
  if (attempt !== undefined) conditions.push(expression.compare("attempt", "=", attempt))
  if (leaseExpiredBy !== undefined) {
    // Neither of the first two holds where there is no lease.
    conditions.push(
      expression.compare("leaseExpiresAt", ">", 0),
      expression.compare("leaseExpiresAt", "<=", leaseExpiredBy),
      anyOf(expression.isAbsent("dueAt"), `${expression.name("dueAt")} <> ${expression.name("leaseExpiresAt")}`)
    )
  }
  if (freeSince !== undefined) {
    conditions.push(
      anyOf(expression.isAbsent("leaseExpiresAt"), expression.compare("leaseExpiresAt", "<=", freeSince))
    )
  }
  if (contentAtMost !== undefined) {
    // What is stored of the message is not known here, only what is written of it.
    if (patch.statusMessage === undefined) return undefined
    const written = (patch.statusMessage?.bytes ?? 0) + bytesOf(otherFields, patch)
    conditions.push(expression.compare("otherBytes", "<=", contentAtMost - written))
  }
  return allOf(...conditions)
}
