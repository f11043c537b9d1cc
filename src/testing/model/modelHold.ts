/**
 * How tasks of the reference model are held, released and abandoned.
 *
 * @since 0.2.0
 */
import type { ModelHold } from "./Call.ts"
import { tasksWait } from "./modelSeats.ts"
import { type ModelState, type ModelTask, untilDeath } from "./ModelState.ts"

/**
 * What a task says of how it is held.
 *
 * @since 0.2.0
 * @category models
 */
export type HoldFields = Pick<ModelTask, "leaseExpiresAt" | "waits" | "worker" | "startedAt">

/**
 * How a released task is held.
 *
 * @since 0.2.0
 * @category constants
 */
export const released: HoldFields = { leaseExpiresAt: 0, waits: false, worker: null, startedAt: null }

const delayed = (state: ModelState, delay: number): HoldFields =>
  delay === 0 ? released : { ...released, leaseExpiresAt: state.now + delay, waits: true }

/**
 * How a task is held by someone who has it from now on.
 *
 * @since 0.2.0
 * @category accessors
 */
export const heldFrom = (state: ModelState, hold: ModelHold): HoldFields => {
  if ("delay" in hold) return delayed(state, hold.delay)
  if ("worker" in hold) {
    return { leaseExpiresAt: untilDeath, waits: false, worker: hold.worker, startedAt: state.now }
  }
  return hold.lease === 0
    ? released
    : { leaseExpiresAt: state.now + hold.lease, waits: false, worker: null, startedAt: state.now }
}

/**
 * How a task is held from now on by the one who has it, or is released. Where tasks wait for seats it counts as claimed once: who had it
 * without a lease has begun it.
 *
 * @since 0.2.0
 * @category accessors
 */
export const heldOn = (
  state: ModelState,
  { attempt, leaseExpiresAt, startedAt }: ModelTask,
  hold: { readonly lease: number } | { readonly delay: number } | undefined
): Partial<HoldFields & Pick<ModelTask, "attempt">> =>
  hold === undefined ? {} : {
    ...("delay" in hold || hold.lease === 0 ? heldFrom(state, hold) : { ...heldFrom(state, hold), startedAt }),
    ...(tasksWait(state) && leaseExpiresAt === null ? { attempt: Math.max(attempt, 1) } : {})
  }

/**
 * Tells whether somebody had the task and neither ended nor released it.
 *
 * @since 0.2.0
 * @category guards
 */
export const isAbandoned = (task: ModelTask | undefined): boolean =>
  task !== undefined && (task.leaseExpiresAt ?? 0) > 0 && !task.waits

/**
 * Tells whether a task under a lease is free at a time.
 *
 * @since 0.2.0
 * @category guards
 */
export const isFreeAt = (leaseExpiresAt: number | null, time: number): boolean =>
  leaseExpiresAt !== null && leaseExpiresAt <= time

/**
 * Tells whether a worker was declared dead.
 *
 * @since 0.2.0
 * @category guards
 */
export const isHolderDead = (state: ModelState, worker: string | null): boolean =>
  state.workers.some(({ diedAt, workerId }) => workerId === worker && diedAt !== null)

/**
 * Ends the hold on tasks, from now on.
 *
 * @since 0.2.0
 * @category combinators
 */
export const abandon = (state: ModelState, held: ReadonlyArray<ModelTask>): ModelState => ({
  ...state,
  tasks: state.tasks.map((task) =>
    held.includes(task) ? { ...task, leaseExpiresAt: state.now, revision: task.revision + 1 } : task
  )
})

/**
 * Ends the hold of the dead on tasks, or on one of them.
 *
 * @since 0.2.0
 * @category combinators
 */
export const releaseDead = (state: ModelState, taskId?: string): ModelState =>
  abandon(
    state,
    state.tasks.filter((task) =>
      task.leaseExpiresAt === untilDeath && isHolderDead(state, task.worker) &&
      (taskId === undefined || task.taskId === taskId)
    )
  )
