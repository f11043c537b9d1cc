/**
 * How the reference model removes expired tasks and recovers abandoned ones.
 *
 * @since 0.1.0
 */
import type { Command } from "./Command.ts"
import { releaseDead } from "./modelHold.ts"
import { hasExpired, visible } from "./modelReads.ts"
import { type ModelState, type ModelTask, type Step, without } from "./ModelState.ts"
import { withHint } from "./modelWorkers.ts"
import { endTtl } from "./modelWrites.ts"

/**
 * Removes the tasks that have expired.
 *
 * @since 0.1.0
 * @category sweeps
 */
export const removeExpired = (state: ModelState): Step => {
  const removed = state.tasks.filter((task) => hasExpired(state, task))
  const hinted = removed.reduce(withHint, state)
  return [{ value: removed.map(({ taskId }) => taskId).toSorted() }, without(hinted, removed)]
}

/**
 * Fails the tasks that nobody wrote for longer than they may be left alone.
 *
 * @since 0.1.0
 * @category sweeps
 */
export const recoverTasks = (
  before: ModelState,
  call: Extract<Command, { readonly _tag: "recoverStuckTasks" }>,
  reason: string
): Step => {
  const statuses: ReadonlyArray<string> = call.statuses ?? ["working", "input_required"]
  // Only work is abandoned, so that nothing is looked for in other statuses.
  if (call.leases === "expired" && !statuses.includes("working")) return [{ value: [] }, before]
  const state = releaseDead(before)
  const stuck = visible(state, undefined)
    .filter(({ status }) => statuses.includes(status))
    .filter((task) => isStuck(task, call.leases, state.now - call.maxAge))
  const tasks = state.tasks.map((task) => stuck.includes(task) ? recovered(state, task, call.resultTtl, reason) : task)
  return [{ value: stuck.map(({ taskId }) => taskId).toSorted() }, { ...state, tasks }]
}

/** Neither written nor held since a time, or left by a worker whose lease ran out by then. */
const isStuck = (
  { lastUpdatedAt, leaseExpiresAt, status, waits }: ModelTask,
  leases: "expired" | undefined,
  time: number
): boolean =>
  leases === undefined
    ? lastUpdatedAt < time && (leaseExpiresAt === null || leaseExpiresAt <= time)
    : status === "working" && leaseExpiresAt !== null && leaseExpiresAt !== 0 && leaseExpiresAt <= time && !waits

const recovered = (
  state: ModelState,
  task: ModelTask,
  resultTtl: number | undefined,
  reason: string
): ModelTask => {
  const written = {
    ...task,
    inputRequests: null,
    lastUpdatedAt: state.now,
    leaseExpiresAt: null,
    ttl: endTtl(state, task, resultTtl),
    revision: task.revision + 1
  }
  return task.result === null
    ? {
      ...written,
      status: "failed",
      statusMessage: reason,
      failure: { name: "Interrupted", message: reason, at: state.now },
      result: { _tag: "Error", code: -32603, message: reason }
    }
    : { ...written, status: task.result._tag === "Error" ? "failed" : "completed" }
}
