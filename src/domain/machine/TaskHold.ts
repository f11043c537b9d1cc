/**
 * Who has a task, and until when nobody may claim it.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import { type ActiveBounds, hasBegun } from "../driver/ActiveBounds.ts"
import { isAbandoned, type TaskPatch } from "../driver/TaskWrite.ts"
import { heldByWorker, holderOf, type StoredTask } from "../task/StoredTask.ts"
import { LeaseHeld, TerminalState } from "../task/TaskError.ts"
import { isTerminal } from "../task/TaskStatus.ts"

/**
 * What a write changes of the hold on a task.
 *
 * @since 0.2.0
 * @category models
 */
export type HoldPatch = Pick<TaskPatch, "leaseExpiresAt" | "dueAt" | "worker" | "startedAt">

/**
 * A way to hold a task: by a lease of its own, in milliseconds, or as a registered worker.
 *
 * @since 0.2.0
 * @category models
 */
export type Hold = { readonly lease: number } | { readonly worker: string }

/**
 * Gives what a task is held with from now on.
 *
 * @since 0.2.0
 * @category constructors
 */
export const holdFrom = (now: number, hold: Hold): Required<HoldPatch> =>
  "worker" in hold
    ? { leaseExpiresAt: heldByWorker, dueAt: null, worker: hold.worker, startedAt: now }
    : { leaseExpiresAt: momentAfter(now, hold.lease), dueAt: null, worker: null, startedAt: now }

/**
 * Gives what a task is extended with by the one who has it. It is under a lease of its own from then on.
 *
 * @since 0.2.0
 * @category constructors
 */
export const extendedFrom = (now: number, lease: number): HoldPatch => ({
  leaseExpiresAt: momentAfter(now, lease),
  dueAt: null,
  worker: null
})

/**
 * Gives what a task is released with: it waits for a worker, from now on or after so many milliseconds.
 *
 * @since 0.2.0
 * @category constructors
 */
export const releasedFrom = (now: number, delay: number): Required<HoldPatch> => {
  const leaseExpiresAt = delay === 0 ? 0 : momentAfter(now, delay)
  return { leaseExpiresAt, dueAt: delay === 0 ? null : leaseExpiresAt, worker: null, startedAt: null }
}

/**
 * Gives the moment so many milliseconds later. The last one before {@link heldByWorker} is late enough.
 *
 * @since 0.2.0
 * @category constructors
 */
export const momentAfter = (now: number, millis: number): number => Math.min(now + millis, heldByWorker - 1)

/**
 * The effect of a claim. `abandoned` says that somebody had the task and neither ended nor released it.
 *
 * @since 0.2.0
 * @category models
 */
export interface Claim {
  readonly patch: TaskPatch
  /** The bounds on the seat that the task takes, if it takes one. */
  readonly seats: ActiveBounds | undefined
  readonly abandoned: boolean
}

/**
 * Decides on a claim. `isHolderDead` tells of the registered worker that holds the task, if one does.
 *
 * @since 0.2.0
 * @category decisions
 */
export const decideClaim = (
  stored: StoredTask,
  hold: Hold,
  isHolderDead: boolean,
  now: number,
  active?: ActiveBounds
): Result.Result<Claim, TerminalState | LeaseHeld> => {
  const { leaseExpiresAt, status, taskId } = stored
  if (isTerminal(status)) return Result.fail(new TerminalState({ taskId, status }))
  const holder = holderOf(stored)
  if (holder !== null && !isHolderDead) return Result.fail(new LeaseHeld({ taskId, worker: holder }))
  if (holder === null && leaseExpiresAt !== null && leaseExpiresAt > now) {
    return Result.fail(new LeaseHeld({ taskId, remaining: leaseExpiresAt - now }))
  }
  return Result.succeed({
    patch: { lastUpdatedAt: now, attempt: stored.attempt + 1, ...holdFrom(now, hold) },
    seats: active?.whenMaxActive === "wait" && !hasBegun(stored) ? active : undefined,
    abandoned: isAbandoned(stored)
  })
}
