/**
 * A write as data: which task, on what condition, and what changes.
 *
 * A backend turns these into one atomic conditional statement. {@link isVisible}, {@link permits} and {@link applyPatch}
 * say in plain code what that statement must mean.
 *
 * @since 0.1.0
 */
import type { StoredJson } from "./StoredJson.ts"
import {
  contentBytes,
  type ContentField,
  isExpired,
  isSameVersion,
  type StoredTask,
  type TaskVersion
} from "./StoredTask.ts"
import type { ResultKind } from "./TaskOutcome.ts"
import { isTerminal, type TaskStatus } from "./TaskStatus.ts"

/**
 * Which tasks an operation can see at all. What is out of scope is reported as missing.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskScope {
  /** Milliseconds since the epoch: tasks expired at this moment are absent. */
  readonly now: number
  /** Tasks of this session; of `null`, the tasks bound to none; of `undefined`, all tasks. */
  readonly session: string | null | undefined
}

/**
 * The condition of a write. Every field that is present must hold for the stored task.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskGuard {
  /** The stored status is one of these. */
  readonly statuses?: ReadonlyArray<TaskStatus>
  /** The task is the very one that was read, and nobody wrote it since. */
  readonly unchanged?: TaskVersion
  /** Whether an outcome is stored. */
  readonly result?: "absent" | "present"
  /** The task was last written before this time, in milliseconds since the epoch. */
  readonly updatedBefore?: number
  /** The task was claimed this often, so that whoever did it last still holds it. */
  readonly attempt?: number
  /** A worker let its lease of the task run out by this time, in milliseconds since the epoch, and did not release it. */
  readonly leaseExpiredBy?: number
  /** After the patch, everything but the outcome takes at most this many bytes together. */
  readonly contentAtMost?: number
}

/**
 * What a write changes. Absent fields stay as they are; `revision` goes up by one with every patch.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskPatch extends Partial<Pick<StoredTask, ContentField | "inputKeys">> {
  readonly lastUpdatedAt: number
  readonly status?: TaskStatus
  readonly ttl?: number | null
  readonly pollInterval?: number | null
  readonly attempt?: number
  readonly leaseExpiresAt?: number | null
  readonly result?: StoredJson
  readonly resultKind?: ResultKind
}

/**
 * Tells whether an operation of this scope sees the task.
 *
 * @since 0.1.0
 * @category guards
 */
export const isVisible = (
  task: Pick<StoredTask, "sessionId" | "createdAt" | "ttl">,
  scope: TaskScope
): boolean => (scope.session === undefined || task.sessionId === scope.session) && !isExpired(task, scope.now)

/**
 * Tells whether the guard lets the patch be written over the stored task.
 *
 * @since 0.1.0
 * @category guards
 */
export const permits = (guard: TaskGuard, task: StoredTask, patch: TaskPatch): boolean =>
  (guard.statuses === undefined || guard.statuses.includes(task.status)) &&
  (guard.unchanged === undefined || isSameVersion(guard.unchanged, task)) &&
  (guard.result === undefined || (guard.result === "present") === (task.result !== null)) &&
  (guard.updatedBefore === undefined || task.lastUpdatedAt < guard.updatedBefore) &&
  (guard.attempt === undefined || task.attempt === guard.attempt) &&
  (guard.leaseExpiredBy === undefined || isLeaseExpired(task, guard.leaseExpiredBy)) &&
  (guard.contentAtMost === undefined || fits(guard.contentAtMost, task, patch))

const isLeaseExpired = ({ leaseExpiresAt }: StoredTask, now: number): boolean =>
  leaseExpiresAt !== null && leaseExpiresAt > 0 && leaseExpiresAt <= now

const fits = (limit: number, task: StoredTask, patch: TaskPatch): boolean => {
  const next = applyPatch(task, patch)
  return contentBytes(next, "bytesAtMost") <= limit || contentBytes(next) <= limit
}

/**
 * Gives the task as it is after the patch.
 *
 * @since 0.1.0
 * @category combinators
 */
// Field by field, because spreading a patch over a task takes longer than all the rest of a write to memory.
export const applyPatch = (task: StoredTask, patch: TaskPatch): StoredTask => ({
  taskId: task.taskId,
  sessionId: task.sessionId,
  status: patch.status ?? task.status,
  createdAt: task.createdAt,
  lastUpdatedAt: patch.lastUpdatedAt,
  ttl: patch.ttl === undefined ? task.ttl : patch.ttl,
  pollInterval: patch.pollInterval === undefined ? task.pollInterval : patch.pollInterval,
  revision: task.revision + 1,
  incarnation: task.incarnation,
  attempt: patch.attempt ?? task.attempt,
  leaseExpiresAt: patch.leaseExpiresAt === undefined ? task.leaseExpiresAt : patch.leaseExpiresAt,
  resultKind: patch.resultKind ?? task.resultKind,
  originalMethod: patch.originalMethod ?? task.originalMethod,
  statusMessage: patch.statusMessage === undefined ? task.statusMessage : patch.statusMessage,
  meta: patch.meta === undefined ? task.meta : patch.meta,
  originalParams: patch.originalParams === undefined ? task.originalParams : patch.originalParams,
  inputRequests: patch.inputRequests === undefined ? task.inputRequests : patch.inputRequests,
  inputResponses: patch.inputResponses === undefined ? task.inputResponses : patch.inputResponses,
  requestState: patch.requestState === undefined ? task.requestState : patch.requestState,
  inputKeys: patch.inputKeys === undefined ? task.inputKeys : patch.inputKeys,
  principal: patch.principal === undefined ? task.principal : patch.principal,
  steps: patch.steps === undefined ? task.steps : patch.steps,
  result: patch.result ?? task.result
})

/**
 * Completes a patch with what its status implies: a task that ends has no outstanding input requests, and
 * nobody works on it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withStatus = (status: TaskStatus, patch: TaskPatch): TaskPatch =>
  isTerminal(status) ? { ...patch, status, inputRequests: null, leaseExpiresAt: null } : { ...patch, status }
