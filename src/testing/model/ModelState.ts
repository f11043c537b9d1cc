/**
 * The state of the reference model: plain values, written down independently of how the library does it.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import type { Json } from "effect/Schema"
import type { Sizing } from "../../domain/task/StoredTask.ts"
import { TaskId } from "../../domain/task/TaskId.ts"
import type { ResultKind, TaskOutcome } from "../../domain/task/TaskOutcome.ts"
import type { TaskRecordFields } from "../../domain/task/TaskRecord.ts"
import type { TaskStatus } from "../../domain/task/TaskStatus.ts"
import type { Answer } from "./Answer.ts"

/**
 * A task of the model. Times are milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface ModelTask {
  readonly taskId: string
  readonly sessionId: string | null
  readonly status: TaskStatus
  readonly statusMessage: string | null
  readonly createdAt: number
  readonly lastUpdatedAt: number
  readonly ttl: number | null
  readonly pollInterval: number | null
  readonly originalMethod: string
  readonly result: TaskOutcome | null
  readonly revision: number
  readonly inputRequests: { readonly [key: string]: Json } | null
  readonly inputResponses: { readonly [key: string]: Json } | null
  readonly requestState: string | null
  readonly usedKeys: ReadonlyArray<string>
  /** How often it was claimed. */
  readonly attempt: number
  /** Null when it has no lease, 0 when it waits for a worker, and `untilDeath` when a registered worker holds it. */
  readonly leaseExpiresAt: number | null
  /** Whether it waits for that time on purpose, and nobody holds it. */
  readonly waits: boolean
  readonly worker: string | null
  readonly startedAt: number | null
  readonly name: string | null
  readonly traceparent: string | null
  readonly failure: ModelFailure | null
  readonly principal: string | null
  readonly steps: { readonly [key: string]: Json } | null
  readonly rerunOf: string | null
  readonly rerunAs: string | null
}

/**
 * When the lease of a task ends that a registered worker holds: later than any time.
 *
 * @since 0.2.0
 * @category constants
 */
export const untilDeath = Number.MAX_SAFE_INTEGER

/**
 * A registered worker of the model.
 *
 * @since 0.2.0
 * @category models
 */
export interface ModelWorker {
  readonly workerId: string
  readonly pid: number | null
  readonly registeredAt: number
  readonly leaseExpiresAt: number
  readonly diedAt: number | null
  /** The tasks of which it has news. */
  readonly news: ReadonlyArray<string>
  /** The tasks of which it may have news or not. */
  readonly hints: ReadonlyArray<string>
}

/** What went wrong with a task. */
interface ModelFailure {
  readonly name: string
  readonly message: string
  readonly stack?: string
  readonly at: number
}

/**
 * A message of the model.
 *
 * @since 0.1.0
 * @category models
 */
export interface ModelMessage {
  readonly queue: string
  readonly body: string
  readonly expiresAt: number
}

/**
 * A list that may be read.
 *
 * @since 0.2.0
 * @category models
 */
export interface ModelList {
  readonly session: string | null | undefined
  readonly summaries: boolean
  readonly order: "oldest" | "newest"
  readonly statuses: ReadonlyArray<TaskStatus> | undefined
  readonly createdAfter?: number | undefined
  readonly createdBefore?: number | undefined
  readonly name?: string | null | undefined
  readonly resultKinds?: ReadonlyArray<ResultKind> | undefined
  readonly updatedAfter?: number | undefined
  readonly updatedBefore?: number | undefined
}

/**
 * A list that was read up to a place: what `next` goes on with.
 *
 * @since 0.1.0
 * @category models
 */
export interface ModelCursor {
  readonly list: ModelList
  readonly after: { readonly createdAt: number; readonly taskId: string }
}

/**
 * Options of the storage under test, in milliseconds and bytes.
 *
 * @since 0.1.0
 * @category models
 */
export interface ModelOptions {
  readonly maxTasks?: number
  readonly maxTasksPerSession?: number
  readonly maxActive?: number
  readonly maxActivePerSession?: number
  readonly whenMaxActive?: "wait"
  readonly maxTtl?: number
  readonly defaultTtl?: number
  readonly contentBytes?: number
}

/** A kind of tasks that is paused, and since when. */
interface ModelPause {
  readonly kind: "named" | "nameless" | "of any name"
  readonly pausedAt: number
}

/**
 * Everything the model knows. Expired tasks stay until they are swept or replaced.
 *
 * @since 0.1.0
 * @category models
 */
export interface ModelState {
  readonly now: number
  readonly payloadBytes: Sizing
  readonly options: ModelOptions
  readonly tasks: ReadonlyArray<ModelTask>
  readonly messages: ReadonlyArray<ModelMessage>
  readonly workers: ReadonlyArray<ModelWorker>
  /** The latest worker that was registered under each name. */
  readonly names: { readonly [name: string]: string }
  readonly pauses: ReadonlyArray<ModelPause>
  readonly cursor: ModelCursor | undefined
}

/**
 * What a step of the model gives: the answer, and the state afterwards.
 *
 * @since 0.1.0
 * @category models
 */
export type Step = readonly [answer: Answer, next: ModelState]

/**
 * Gives the state without tasks, and without the messages of their queues.
 *
 * @since 0.1.0
 * @category converting
 */
export const without = (state: ModelState, removed: ReadonlyArray<ModelTask>): ModelState => ({
  ...state,
  tasks: state.tasks.filter((task) => !removed.includes(task)),
  messages: state.messages.filter(({ queue }) => removed.every(({ taskId }) => taskId !== queue))
})

/**
 * Gives the record that the library should show for a task of the model.
 *
 * @since 0.1.0
 * @category converting
 */
export const recordOf = (task: ModelTask): TaskRecordFields => ({
  taskId: TaskId.make(task.taskId),
  ...(task.sessionId === null ? {} : { sessionId: task.sessionId }),
  status: task.status,
  ...(task.statusMessage === null ? {} : { statusMessage: task.statusMessage }),
  createdAt: DateTime.makeUnsafe(task.createdAt),
  lastUpdatedAt: DateTime.makeUnsafe(task.lastUpdatedAt),
  ttl: task.ttl,
  ...(task.pollInterval === null ? {} : { pollInterval: task.pollInterval }),
  originalMethod: task.originalMethod,
  ...(task.result === null ? {} : { result: task.result, resultKind: kindOf(task.result) }),
  revision: task.revision,
  ...(task.inputRequests === null ? {} : { inputRequests: task.inputRequests }),
  ...(task.inputResponses === null ? {} : { inputResponses: task.inputResponses }),
  ...(task.requestState === null ? {} : { requestState: task.requestState }),
  ...(task.attempt === 0 ? {} : { attempt: task.attempt }),
  ...(task.worker === null ? {} : { worker: task.worker }),
  ...(task.startedAt === null ? {} : { startedAt: DateTime.makeUnsafe(task.startedAt) }),
  ...(task.leaseExpiresAt === null || task.leaseExpiresAt === untilDeath
    ? {}
    : { leaseExpiresAt: DateTime.makeUnsafe(task.leaseExpiresAt) }),
  ...(task.name === null ? {} : { name: task.name }),
  ...(task.traceparent === null ? {} : { traceparent: task.traceparent }),
  ...(task.failure === null
    ? {}
    : { failure: { ...task.failure, at: DateTime.makeUnsafe(task.failure.at) } }),
  ...(task.principal === null ? {} : { principal: task.principal }),
  ...(task.steps === null ? {} : { steps: task.steps }),
  ...(task.rerunOf === null ? {} : { rerunOf: task.rerunOf }),
  ...(task.rerunAs === null ? {} : { rerunAs: task.rerunAs })
})

/**
 * Gives the kind of an outcome.
 *
 * @since 0.2.0
 * @category accessors
 */
export const kindOf = (result: TaskOutcome): ResultKind => {
  if (result._tag === "Error") return "error"
  const { value } = result
  const isError = typeof value === "object" && value !== null && "isError" in value && value["isError"] === true
  return isError ? "tool_error" : "success"
}

/**
 * Gives the bytes of everything but the outcome, as JSON text in which all that is not ASCII is escaped.
 *
 * @since 0.1.0
 * @category accessors
 */
export const contentBytesOf = (task: ModelTask, payloadBytes: Sizing): number => {
  const payloads = [
    task.statusMessage,
    task.inputRequests,
    task.inputResponses,
    task.requestState,
    task.principal,
    task.steps
  ]
  return payloads.reduce<number>(
    (bytes, payload) => bytes + (payload === null ? 0 : payloadBytes(textBytes(payload))),
    textBytes(task.originalMethod)
  )
}

/**
 * Gives the limit on content of a model.
 *
 * @since 0.2.0
 * @category accessors
 */
export const contentLimitOf = ({ options, payloadBytes }: ModelState): number =>
  options.contentBytes === undefined ? Infinity : payloadBytes(options.contentBytes)

/**
 * Gives the bytes of a value as JSON text in which all that is not ASCII is escaped.
 *
 * @since 0.1.0
 * @category accessors
 */
export const textBytes = (value: unknown): number =>
  Array.from(JSON.stringify(value)).reduce((bytes, char) => bytes + (char <= "~" ? 1 : 6 * char.length), 0)
