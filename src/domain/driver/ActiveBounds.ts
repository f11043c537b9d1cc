/**
 * Bounds on how many tasks are active at once, whichever process has created them.
 *
 * A task that counts for such a bound has a *seat*. It takes the seat when it is created or begins, and leaves it when it ends or is
 * removed. Nothing in between frees the seat: no sleep, no question, no retry, no change of workers.
 *
 * @since 0.2.0
 */
import type { StoredTask } from "../task/StoredTask.ts"
import { isTerminal } from "../task/TaskStatus.ts"

/**
 * What becomes of a task for which there is no seat: its creation is refused, or it is stored and waits until it may begin.
 *
 * @since 0.2.0
 * @category models
 */
export type WhenMaxActive = "refuse" | "wait"

/**
 * Which bound is reached: that of all tasks, or that of a session.
 *
 * @since 0.2.0
 * @category models
 */
export type ActiveScope = "active" | "activePerSession"

/**
 * Bounds on the seats of a storage, those of expired tasks that were not swept included.
 *
 * @since 0.2.0
 * @category models
 */
export interface ActiveBounds {
  /** With `refuse` each task that has not ended has a seat, with `wait` each of these that has begun. */
  readonly whenMaxActive: WhenMaxActive
  /** `null` is unlimited. */
  readonly maxActive: number | null
  /** For each session; tasks bound to none are not limited by it. `null` is unlimited. */
  readonly maxActivePerSession: number | null
}

/**
 * What a driver signals among foreign writes when another process may have left a seat. No task is called so: ids have no control
 * characters.
 *
 * @since 0.2.0
 * @category constants
 */
export const newsOfSeats = "\u0002"

/**
 * Tells whether a task has not ended.
 *
 * @since 0.2.0
 * @category guards
 */
export const isActive = ({ status }: Pick<StoredTask, "status">): boolean => !isTerminal(status)

/**
 * Tells whether somebody has ever had a task. A task without a lease was begun by the one who created it.
 *
 * @since 0.2.0
 * @category guards
 */
export const hasBegun = ({ attempt, leaseExpiresAt }: Pick<StoredTask, "attempt" | "leaseExpiresAt">): boolean =>
  attempt > 0 || leaseExpiresAt === null

/**
 * Tells whether a task has a seat.
 *
 * @since 0.2.0
 * @category guards
 */
export const hasSeat = (
  task: Pick<StoredTask, "status" | "attempt" | "leaseExpiresAt">,
  whenMaxActive: WhenMaxActive
): boolean => isActive(task) && (whenMaxActive === "refuse" || hasBegun(task))

/**
 * Tells whether a patch may make it look as if nobody had begun a task: one without a lease gets one, and counts no claim. Where tasks
 * wait it would lose its seat.
 *
 * @since 0.2.0
 * @category guards
 */
export const mayHideBegin = (
  active: ActiveBounds | undefined,
  { attempt, leaseExpiresAt }: Partial<Pick<StoredTask, "attempt" | "leaseExpiresAt">>
): boolean => active?.whenMaxActive === "wait" && attempt === undefined && typeof leaseExpiresAt === "number"

/**
 * Gives a patch with which a task keeps its seat: what its creator has begun without a lease counts as claimed once.
 *
 * @since 0.2.0
 * @category combinators
 */
export const asBegun = <Patch extends Partial<Pick<StoredTask, "attempt" | "leaseExpiresAt">>>(
  active: ActiveBounds | undefined,
  stored: Pick<StoredTask, "attempt" | "leaseExpiresAt">,
  patch: Patch
): Patch =>
  mayHideBegin(active, patch) && stored.attempt === 0 && stored.leaseExpiresAt === null
    ? { ...patch, attempt: 1 }
    : patch

/**
 * A bound that leaves no seat for a task.
 *
 * @since 0.2.0
 * @category models
 */
export interface ReachedBound {
  readonly scope: ActiveScope
  readonly limit: number
}

/**
 * Gives the bound that leaves no seat for a task, if one does, where so many seats are taken in all and in its session.
 *
 * @since 0.2.0
 * @category decisions
 */
export const reachedBound = (
  { maxActive, maxActivePerSession }: ActiveBounds,
  sessionId: string | null,
  taken: { readonly all: number; readonly inSession: number }
): ReachedBound | undefined => {
  if (maxActive !== null && taken.all >= maxActive) return { scope: "active", limit: maxActive }
  return maxActivePerSession !== null && sessionId !== null && taken.inSession >= maxActivePerSession
    ? { scope: "activePerSession", limit: maxActivePerSession }
    : undefined
}
