/**
 * How a stored task looks on the wire, in either protocol revision.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import type { JsonObject } from "effect/Schema"
import type { ResultKind, TaskOutcome } from "./TaskOutcome.ts"
import { isTerminal, type TaskStatus } from "./TaskStatus.ts"

/**
 * What every projection reads of a task.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProjectableSummary {
  readonly taskId: string
  readonly status: TaskStatus
  readonly statusMessage?: string
  readonly createdAt: DateTime.Utc
  readonly lastUpdatedAt: DateTime.Utc
  readonly ttl: number | null
  readonly pollInterval?: number
  readonly resultKind?: ResultKind
}

/**
 * What a detailed projection reads of a task.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProjectableTask extends ProjectableSummary {
  readonly result?: TaskOutcome
  readonly inputRequests?: JsonObject
}

/**
 * `Task` of protocol revision 2025-11-25. Times are ISO 8601, `ttl` and `pollInterval` milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Task20251125 {
  taskId: string
  status: TaskStatus
  statusMessage?: string
  createdAt: string
  lastUpdatedAt: string
  ttl: number | null
  pollInterval?: number
}

/**
 * The fields that every `DetailedTask` has.
 *
 * @since 0.1.0
 * @category models
 */
export interface DetailedTaskBase {
  taskId: string
  statusMessage?: string
  createdAt: string
  lastUpdatedAt: string
  ttlMs: number | null
  pollIntervalMs?: number
}

/**
 * A JSON-RPC error as it goes to the wire.
 *
 * @since 0.1.0
 * @category models
 */
export interface JsonRpcError {
  code: number
  message: string
  data?: unknown
}

/**
 * `DetailedTask` of the Tasks extension of 2026-07-28. Times are ISO 8601, `ttlMs` and `pollIntervalMs` milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export type DetailedTask =
  & DetailedTaskBase
  & (
    | { status: "working" }
    | { status: "cancelled" }
    | { status: "input_required"; inputRequests: JsonObject }
    | { status: "completed"; result: unknown }
    | { status: "failed"; error: JsonRpcError }
  )

/**
 * The answer of the Tasks extension of 2026-07-28 to the request that created a task.
 *
 * @since 0.2.0
 * @category models
 */
export interface CreatedTask extends DetailedTaskBase {
  resultType: "task"
  status: TaskStatus
}

/**
 * Gives a task as the answer to the request that created it: however far it has come since, its client reads that later.
 *
 * @since 0.2.0
 * @category projections
 */
export const toCreatedTask = (task: DetailedTask): CreatedTask => {
  const { createdAt, lastUpdatedAt, pollIntervalMs, status, statusMessage, taskId, ttlMs } = task
  return {
    resultType: "task",
    taskId,
    status,
    ...(statusMessage === undefined ? {} : { statusMessage }),
    createdAt,
    lastUpdatedAt,
    ttlMs,
    ...(pollIntervalMs === undefined ? {} : { pollIntervalMs })
  }
}

/**
 * Gives what `tasks/result` answers: the stored outcome; for a task that ended without one, a JSON-RPC error that says
 * so; `undefined` while the task has not ended.
 *
 * @since 0.1.0
 * @category projections
 */
export const toFinalOutcome = (task: ProjectableTask): TaskOutcome | undefined => {
  if (!isTerminal(task.status)) return undefined
  return task.result ?? withoutResult(task)
}

const withoutResult = (task: ProjectableSummary): Extract<TaskOutcome, { readonly _tag: "Error" }> => ({
  _tag: "Error",
  code: -32603,
  message: `Task ${task.status} without a result${task.statusMessage === undefined ? "" : `: ${task.statusMessage}`}`
})

/**
 * Gives the `Task` of protocol revision 2025-11-25, where a tool result with `isError: true` shows as `failed`.
 *
 * @since 0.1.0
 * @category projections
 */
export const toTask20251125 = (task: ProjectableSummary): Task20251125 => ({
  taskId: task.taskId,
  status: task.status === "completed" && task.resultKind !== undefined && task.resultKind !== "success"
    ? "failed"
    : task.status,
  ...(task.statusMessage === undefined ? {} : { statusMessage: task.statusMessage }),
  createdAt: DateTime.formatIso(task.createdAt),
  lastUpdatedAt: DateTime.formatIso(task.lastUpdatedAt),
  ttl: task.ttl,
  ...(task.pollInterval === undefined ? {} : { pollInterval: task.pollInterval })
})

/**
 * Gives the `DetailedTask` of 2026-07-28. Here the outcome decides. A result is `completed`, also one with
 * `isError: true`, and only a JSON-RPC error, or the lack of an outcome, is `failed`.
 *
 * @since 0.1.0
 * @category projections
 */
export const toDetailedTask = (task: ProjectableTask): DetailedTask => {
  const base: DetailedTaskBase = {
    taskId: task.taskId,
    ...(task.statusMessage === undefined ? {} : { statusMessage: task.statusMessage }),
    createdAt: DateTime.formatIso(task.createdAt),
    lastUpdatedAt: DateTime.formatIso(task.lastUpdatedAt),
    ttlMs: task.ttl,
    ...(task.pollInterval === undefined ? {} : { pollIntervalMs: task.pollInterval })
  }
  if (task.status === "working" || task.status === "cancelled") return { ...base, status: task.status }
  if (task.status === "input_required") return { ...base, status: task.status, inputRequests: task.inputRequests ?? {} }
  const outcome = task.result ?? withoutResult(task)
  if (outcome._tag === "Success") return { ...base, status: "completed", result: outcome.value }
  const { code, data, message } = outcome
  return { ...base, status: "failed", error: data === undefined ? { code, message } : { code, message, data } }
}
