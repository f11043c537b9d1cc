/**
 * What a task that is run again becomes.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import type { StoredTask } from "../task/StoredTask.ts"
import { TaskAlreadyRerun, TaskNotEnded } from "../task/TaskError.ts"
import { isTerminal } from "../task/TaskStatus.ts"

/**
 * How a task is run again.
 *
 * @since 0.2.0
 * @category models
 */
export interface Rerun {
  readonly again: boolean
  readonly steps: boolean
  readonly identity: Pick<StoredTask, "taskId" | "incarnation">
  readonly maxTtl: number | null
}

/**
 * Decides whether a task may be run again, and gives the new task. That has a trace of its own, whose
 * first run is linked to the last one before.
 *
 * @since 0.2.0
 * @category decisions
 */
export const decideRerun = (
  stored: StoredTask,
  { again, identity, maxTtl, steps }: Rerun,
  now: number
): Result.Result<StoredTask, TaskNotEnded | TaskAlreadyRerun> => {
  const { rerunAs, status, taskId, ttl } = stored
  if (!isTerminal(status)) return Result.fail(new TaskNotEnded({ taskId, status }))
  if (rerunAs !== null && !again) return Result.fail(new TaskAlreadyRerun({ taskId, rerunAs }))
  return Result.succeed({
    ...identity,
    sessionId: stored.sessionId,
    status: "working",
    createdAt: now,
    lastUpdatedAt: now,
    ttl: maxTtl === null ? ttl : Math.min(ttl ?? maxTtl, maxTtl),
    pollInterval: stored.pollInterval,
    revision: 1,
    attempt: 0,
    leaseExpiresAt: 0,
    dueAt: null,
    worker: null,
    startedAt: null,
    resultKind: null,
    rerunOf: taskId,
    rerunAs: null,
    name: stored.name,
    traceparent: null,
    tracestate: null,
    runTraceparent: stored.runTraceparent,
    originalMethod: stored.originalMethod,
    statusMessage: null,
    meta: stored.meta,
    failure: null,
    originalParams: stored.originalParams,
    inputRequests: null,
    inputResponses: null,
    requestState: null,
    inputKeys: null,
    principal: stored.principal,
    steps: steps ? stored.steps : null,
    failureStack: null,
    result: null
  })
}
