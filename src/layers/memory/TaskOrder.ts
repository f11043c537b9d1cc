/**
 * The orders in which the memory backend keeps its indexes.
 *
 * @since 0.1.0
 */
import { KeptTask } from "../../domain/task/KeptTask.ts"
import type { StoredTask } from "../../domain/task/StoredTask.ts"
import { sortKey } from "../../domain/task/TaskId.ts"

/**
 * A place in a list.
 */
export interface Place {
  readonly createdAt: number
  /** The id in a form whose order as a JavaScript string is that of its UTF-8 bytes. */
  readonly key: string
}

/**
 * A stored task and its places in the indexes. It knows itself what tells who sees it, so that a read need not go through the row.
 */
export class TaskEntry extends KeptTask implements Place {
  readonly key: string
  /** The id of its session in the form of `key`; empty without a session. */
  readonly session: string
  readonly sessionId: string | null

  constructor(task: StoredTask) {
    super(task)
    this.key = sortKey(task.taskId)
    this.session = task.sessionId === null ? "" : sortKey(task.sessionId)
    this.sessionId = task.sessionId
  }
}

/**
 * Something that expires at a time, in milliseconds since the epoch.
 */
export interface Expiry {
  readonly at: number
  readonly key: string
}

/**
 * Orders lists: by creation, then by id.
 */
export const byCreation = (left: Place, right: Place): number =>
  left.createdAt - right.createdAt || compare(left.key, right.key)

/**
 * Orders tasks by the time of their last write.
 */
export const byActivity = (left: TaskEntry, right: TaskEntry): number =>
  left.task.lastUpdatedAt - right.task.lastUpdatedAt || compare(left.key, right.key)

/**
 * A place among leases.
 */
export interface LeasePlace {
  readonly task: Pick<StoredTask, "leaseExpiresAt">
  readonly key: string
}

/**
 * Orders tasks by when their lease runs out.
 */
export const byLease = (left: LeasePlace, right: LeasePlace): number =>
  (left.task.leaseExpiresAt ?? 0) - (right.task.leaseExpiresAt ?? 0) || compare(left.key, right.key)

/**
 * A place among the tasks that can be claimed.
 */
export interface FreePlace {
  readonly task: Pick<StoredTask, "originalMethod" | "name" | "leaseExpiresAt">
  readonly session: string
  readonly key: string
}

/**
 * Orders tasks by kind, then by session, then by when they became free.
 */
export const byTurn = (left: FreePlace, right: FreePlace): number =>
  compare(left.task.originalMethod.text, right.task.originalMethod.text) ||
  compare(left.task.name?.text ?? "", right.task.name?.text ?? "") ||
  compare(left.session, right.session) ||
  byLease(left, right)

/**
 * Orders things by their expiry.
 */
export const byExpiry = (left: Expiry, right: Expiry): number => left.at - right.at || compare(left.key, right.key)

const compare = (left: string, right: string): number => left === right ? 0 : left < right ? -1 : 1
