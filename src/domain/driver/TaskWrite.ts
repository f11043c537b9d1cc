/**
 * A write as data: which task, on what condition, and what changes.
 *
 * A backend turns these into one atomic conditional statement. {@link isVisible}, {@link permits} and {@link applyPatch}
 * say in plain code what that statement must mean.
 *
 * @since 0.1.0
 */
import type { StoredJson } from "../json/StoredJson.ts"
import {
  contentBytes,
  isExpired,
  isSameVersion,
  type JsonField,
  type StoredTask,
  type TaskVersion
} from "../task/StoredTask.ts"
import type { ResultKind } from "../task/TaskOutcome.ts"
import { isTerminal, type TaskStatus } from "../task/TaskStatus.ts"
import type { ActiveBounds } from "./ActiveBounds.ts"

/**
 * Which tasks an operation can see at all. A task that is out of scope is reported as missing.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskScope {
  /** Milliseconds since the epoch: tasks expired at this moment are absent. */
  readonly now: number
  /** Tasks of this session; for `null`, tasks that are bound to none; for `undefined`, all tasks. */
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
  /** The task was claimed this often, so its last worker still holds it. */
  readonly attempt?: number
  /**
   * The lease of the task has run out by this time, in milliseconds since the epoch. Nobody released the task, and it did not
   * wait on purpose.
   */
  readonly leaseExpiredBy?: number
  /** No lease of the task ends after this time, in milliseconds since the epoch. */
  readonly freeSince?: number
  /** If the patch begins a task that has not begun, there is a seat for it. {@link permits} knows nothing of other tasks. */
  readonly seats?: ActiveBounds | undefined
  /** After the patch, everything but the outcome takes at most this many bytes together. */
  readonly contentAtMost?: number
}

/**
 * A time to live that does not count from the creation. It ends at least a millisecond after the creation.
 *
 * @since 0.2.0
 * @category models
 */
export interface Expiry {
  /** When the task expires, in milliseconds since the epoch. */
  readonly at: number
  /** The longest ttl, in milliseconds from creation. */
  readonly maxTtl: number
}

/** Fields that no write changes, or that follow from others. */
type KeptField = "taskId" | "sessionId" | "createdAt" | "incarnation" | "revision" | "rerunOf" | "rerunAs"

/**
 * What a write changes. Absent fields stay as they are; `revision` goes up by one with every patch.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskPatch extends Partial<Omit<StoredTask, KeptField | "result" | "resultKind">> {
  /** Stands in the place of a `ttl`. */
  readonly expiry?: Expiry
  readonly result?: StoredJson
  readonly resultKind?: ResultKind
}

/**
 * Tells whether watchers should hear of a patch. A longer lease changes nothing for them.
 *
 * @since 0.2.0
 * @category guards
 */
export const isNews = ({ lastUpdatedAt }: TaskPatch): boolean => lastUpdatedAt !== undefined

/**
 * Tells whether the worker that holds a task has to hear of a write: somebody else made it, and it is news.
 *
 * @since 0.2.0
 * @category guards
 */
export const isNewsForWorker = (guard: TaskGuard, patch: TaskPatch): boolean =>
  isNews(patch) && guard.attempt === undefined && patch.attempt === undefined

/**
 * A field that a patch can write.
 *
 * @since 0.2.0
 * @category models
 */
export type PatchField = Exclude<keyof TaskPatch, "expiry">

/**
 * A field of a patch that holds no JSON text.
 *
 * @since 0.2.0
 * @category models
 */
export type PlainPatchField = Exclude<PatchField, JsonField>

/**
 * A patch that writes no JSON text, so that it is the same for any task.
 *
 * @since 0.2.0
 * @category models
 */
export type PlainPatch = Pick<TaskPatch, PlainPatchField>

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
  (guard.freeSince === undefined || isFree(task, guard.freeSince)) &&
  (guard.contentAtMost === undefined || fits(guard.contentAtMost, task, patch))

const isLeaseExpired = (task: StoredTask, now: number): boolean =>
  isAbandoned(task) && task.leaseExpiresAt !== null && task.leaseExpiresAt <= now

/**
 * Tells whether a lease that has run out was the lease of somebody who neither ended nor released the task.
 *
 * @since 0.2.0
 * @category guards
 */
export const isAbandoned = ({ dueAt, leaseExpiresAt }: Pick<StoredTask, "dueAt" | "leaseExpiresAt">): boolean =>
  leaseExpiresAt !== null && leaseExpiresAt > 0 && leaseExpiresAt !== dueAt

/**
 * Tells whether nobody has held a task since a time: it was under no lease, or under one that had run out by then.
 *
 * @since 0.2.0
 * @category guards
 */
export const isFree = ({ leaseExpiresAt }: Pick<StoredTask, "leaseExpiresAt">, since: number): boolean =>
  leaseExpiresAt === null || leaseExpiresAt <= since

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
  lastUpdatedAt: patch.lastUpdatedAt ?? task.lastUpdatedAt,
  ttl: patch.expiry === undefined ? patch.ttl === undefined ? task.ttl : patch.ttl : ttlOf(task, patch.expiry),
  pollInterval: patch.pollInterval === undefined ? task.pollInterval : patch.pollInterval,
  revision: task.revision + 1,
  incarnation: task.incarnation,
  attempt: patch.attempt ?? task.attempt,
  leaseExpiresAt: patch.leaseExpiresAt === undefined ? task.leaseExpiresAt : patch.leaseExpiresAt,
  dueAt: patch.dueAt === undefined ? task.dueAt : patch.dueAt,
  worker: patch.worker === undefined ? task.worker : patch.worker,
  startedAt: patch.startedAt === undefined ? task.startedAt : patch.startedAt,
  resultKind: patch.resultKind ?? task.resultKind,
  rerunOf: task.rerunOf,
  rerunAs: task.rerunAs,
  name: patch.name === undefined ? task.name : patch.name,
  traceparent: patch.traceparent === undefined ? task.traceparent : patch.traceparent,
  tracestate: patch.tracestate === undefined ? task.tracestate : patch.tracestate,
  runTraceparent: patch.runTraceparent === undefined ? task.runTraceparent : patch.runTraceparent,
  originalMethod: patch.originalMethod ?? task.originalMethod,
  statusMessage: patch.statusMessage === undefined ? task.statusMessage : patch.statusMessage,
  meta: patch.meta === undefined ? task.meta : patch.meta,
  failure: patch.failure === undefined ? task.failure : patch.failure,
  originalParams: patch.originalParams === undefined ? task.originalParams : patch.originalParams,
  inputRequests: patch.inputRequests === undefined ? task.inputRequests : patch.inputRequests,
  inputResponses: patch.inputResponses === undefined ? task.inputResponses : patch.inputResponses,
  requestState: patch.requestState === undefined ? task.requestState : patch.requestState,
  inputKeys: patch.inputKeys === undefined ? task.inputKeys : patch.inputKeys,
  principal: patch.principal === undefined ? task.principal : patch.principal,
  steps: patch.steps === undefined ? task.steps : patch.steps,
  failureStack: patch.failureStack === undefined ? task.failureStack : patch.failureStack,
  result: patch.result ?? task.result
})

/** Gives the ttl with which a task expires when it should. */
const ttlOf = ({ createdAt }: Pick<StoredTask, "createdAt">, { at, maxTtl }: Expiry): number =>
  Math.max(1, Math.min(at - createdAt, maxTtl))

/**
 * Completes a patch with what its status implies: a task that ends has no outstanding input requests, and
 * nobody works on it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withStatus = (status: TaskStatus, patch: TaskPatch): TaskPatch =>
  isTerminal(status) ? { ...patch, status, inputRequests: null, leaseExpiresAt: null } : { ...patch, status }

/**
 * Gives the patch that ends a task with its outcome, as {@link withStatus} would complete it. It is written at once, because each
 * spread takes a tenth of what settling a task in memory does.
 *
 * @since 0.2.0
 * @category constructors
 */
export const settledPatch = (
  status: "completed" | "failed",
  result: StoredJson,
  resultKind: ResultKind,
  now: number
): TaskPatch => ({ status, lastUpdatedAt: now, inputRequests: null, leaseExpiresAt: null, result, resultKind })

/**
 * Adds more to what a write has, and makes nothing new where there is no more.
 *
 * @since 0.2.0
 * @category combinators
 */
export const withMore = <A extends TaskPatch | TaskGuard>(fields: A, more: A): A => {
  for (const _ in more) return { ...fields, ...more }
  return fields
}
