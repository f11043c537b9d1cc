/**
 * Tasks as plain data: what the promise facade takes and gives.
 *
 * @since 0.1.0
 */
import type * as Options from "../domain/options/TaskOptions.ts"
import type { ResultKind } from "../domain/task/TaskOutcome.ts"
import type { TaskStatus } from "../domain/task/TaskStatus.ts"

/**
 * A value that JSON can carry.
 *
 * @since 0.1.0
 * @category models
 */
export type Json = null | number | boolean | string | ReadonlyArray<Json> | JsonObject

/**
 * An object that JSON can carry.
 *
 * @since 0.1.0
 * @category models
 */
export interface JsonObject {
  readonly [key: string]: Json
}

/**
 * The outcome of the request behind a task: its result, or the JSON-RPC error that answered it.
 *
 * @since 0.1.0
 * @category models
 */
export type TaskOutcome =
  | { readonly _tag: "Success"; readonly value: Json }
  | { readonly _tag: "Error"; readonly code: number; readonly message: string; readonly data?: Json }

/**
 * What really went wrong with a task. No client ever sees it.
 *
 * @since 0.2.0
 * @category models
 */
export interface FailureReport {
  readonly name: string
  readonly message: string
  readonly stack?: string
  /** ISO 8601 in UTC, with milliseconds. */
  readonly at: string
}

/**
 * A task in a list: a {@link Task} without its large parts.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskSummary {
  readonly taskId: string
  /** The authorization context that the task is bound to. */
  readonly sessionId?: string
  readonly status: TaskStatus
  readonly statusMessage?: string
  /** ISO 8601 in UTC, with milliseconds. */
  readonly createdAt: string
  /** ISO 8601 in UTC, with milliseconds. */
  readonly lastUpdatedAt: string
  /** Milliseconds from creation; `null` is unlimited. */
  readonly ttl: number | null
  /** Milliseconds that a client should wait between polls. */
  readonly pollInterval?: number
  readonly originalMethod: string
  readonly meta?: JsonObject
  /** 1 on creation, one more with every write. */
  readonly revision: number
  /** How often the task was claimed by a worker; absent when it never was. */
  readonly attempt?: number
  /** The registered worker that has the task, or had it when it ended. */
  readonly worker?: string
  /** Since when the one who has the task has it, or had it when it ended, in ISO 8601. */
  readonly startedAt?: string
  /** The task that this one does again, and the latest one that does this one again. */
  readonly rerunOf?: string
  readonly rerunAs?: string
  /**
   * Until when nobody may claim the task, in ISO 8601. The first moment of 1970 when it waits for a worker; absent while a
   * registered worker has it.
   */
  readonly leaseExpiresAt?: string
  readonly resultKind?: ResultKind
  /** What the method is applied to: a tool, a prompt. Tasks of earlier versions have none. */
  readonly name?: string
  /** What really went wrong, for the operator alone. A summary has it without the stack. */
  readonly failure?: FailureReport
  /** The W3C trace context of the request that created the task. */
  readonly traceparent?: string
  readonly tracestate?: string
  /** The W3C trace context of the latest run of the task, as far as it is known: where its spans are. */
  readonly runTraceparent?: string
}

/**
 * Everything stored about a task. An absent value is a missing property.
 *
 * @since 0.1.0
 * @category models
 */
export interface Task extends TaskSummary {
  readonly originalParams?: Json
  readonly result?: TaskOutcome
  /** The questions that the client has not answered yet, by key. */
  readonly inputRequests?: JsonObject
  /** The answers of the client, by key. */
  readonly inputResponses?: JsonObject
  readonly requestState?: string
  /** On whose behalf the task runs. */
  readonly principal?: Json
  /** The results of its steps, by key. */
  readonly steps?: JsonObject
}

/**
 * A new task. What is left out gets its default: a generated id, `working`, the present time, the storage's
 * `defaultTtl`. Payloads may be any value that JSON can carry. Times serve imports and tests.
 *
 * @since 0.1.0
 * @category models
 */
export interface CreateTask extends Omit<Options.CreateTask, "createdAt" | "lastUpdatedAt" | "failure"> {
  /** ISO 8601 in UTC, such as `2026-01-02T03:04:05.678Z`. */
  readonly createdAt?: string | undefined
  /** ISO 8601 in UTC, such as `2026-01-02T03:04:05.678Z`. */
  readonly lastUpdatedAt?: string | undefined
  readonly failure?: FailureReport | undefined
}

/**
 * A task that a worker has claimed.
 *
 * @since 0.2.0
 * @category models
 */
export interface ClaimedTask {
  readonly record: Task
  /** Whether a worker had it before and neither ended nor released it, so that its work may be half done. */
  readonly abandoned: boolean
}

/**
 * A process that runs tasks, registered as a worker.
 *
 * @since 0.2.0
 * @category models
 */
export interface WorkerRecord {
  readonly workerId: string
  /** The name of its machine. */
  readonly host?: string
  /** The number of its process there. */
  readonly pid?: number
  /** The name of its program, and the version of that. */
  readonly name?: string
  readonly version?: string
  /** ISO 8601 in UTC, with milliseconds. */
  readonly registeredAt: string
  /** Until when nobody may declare it dead, in ISO 8601. */
  readonly leaseExpiresAt: string
  /** When it was declared dead, in ISO 8601; absent while it lives. */
  readonly diedAt?: string
}

/**
 * A worker, and how many tasks it holds.
 *
 * @since 0.2.0
 * @category models
 */
export interface ListedWorker {
  readonly worker: WorkerRecord
  readonly tasks: number
}

/**
 * A worker that was renewed.
 *
 * @since 0.2.0
 * @category models
 */
export interface RenewedWorker {
  readonly worker: WorkerRecord
  /**
   * Milliseconds by which the clock of the engine is ahead of the clock of this process at the least, if the engine tells its time.
   */
  readonly clockSkew?: number
}

/**
 * A kind of tasks that is paused. Without a `name` all names of the method are; `null` means tasks without a name.
 *
 * @since 0.2.0
 * @category models
 */
export interface PausedKind extends Options.TaskKind {
  /** Since when, in ISO 8601. */
  readonly pausedAt: string
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ProvidedInput {
  readonly record: Task
  /** `true` for exactly the caller whose answer was the last one outstanding. */
  readonly complete: boolean
}
