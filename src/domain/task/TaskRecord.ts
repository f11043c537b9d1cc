/**
 * A task as users see it.
 *
 * @since 0.1.0
 */
import * as Brand from "effect/Brand"
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import type { Json, JsonObject } from "effect/Schema"
import { copyJson, type StoredJson } from "../json/StoredJson.ts"
import type { EveryField } from "./EveryField.ts"
import { FailureReport } from "./FailureReport.ts"
import { heldByWorker, type StoredSummary, type StoredTask } from "./StoredTask.ts"
import { TaskId } from "./TaskId.ts"
import { ResultKind, TaskOutcome } from "./TaskOutcome.ts"
import * as TaskProjection from "./TaskProjection.ts"
import { TaskStatus } from "./TaskStatus.ts"

const summaryFields = {
  taskId: TaskId,
  /** The authorization context that the task is bound to. */
  sessionId: Schema.optionalKey(Schema.String),
  status: TaskStatus,
  statusMessage: Schema.optionalKey(Schema.String),
  createdAt: Schema.DateTimeUtcFromString,
  lastUpdatedAt: Schema.DateTimeUtcFromString,
  /** Milliseconds from creation; `null` is unlimited. */
  ttl: Schema.NullOr(Schema.Int),
  /** Milliseconds that a client should wait between polls. */
  pollInterval: Schema.optionalKey(Schema.Int),
  originalMethod: Schema.String,
  meta: Schema.optionalKey(Schema.JsonObject),
  /** 1 on creation, one more with every write. */
  revision: Schema.Int,
  /** How often the task was claimed by a worker; absent when it never was. */
  attempt: Schema.optionalKey(Schema.Int),
  /** The registered worker that has the task, or had it when it ended. */
  worker: Schema.optionalKey(Schema.String),
  /** Since when the one who has the task has it, or had it when it ended. */
  startedAt: Schema.optionalKey(Schema.DateTimeUtcFromString),
  /**
   * Until when nobody may claim the task. The first moment of 1970 when it waits for a worker; absent while a registered worker
   * has it.
   */
  leaseExpiresAt: Schema.optionalKey(Schema.DateTimeUtcFromString),
  resultKind: Schema.optionalKey(ResultKind),
  /** The task that this one does again. */
  rerunOf: Schema.optionalKey(Schema.String),
  /** The latest task that does this one again. */
  rerunAs: Schema.optionalKey(Schema.String),
  /** What the method is applied to: a tool, a prompt. Tasks of earlier versions have none. */
  name: Schema.optionalKey(Schema.String),
  /** What really went wrong, for the operator alone. A summary has it without the stack. */
  failure: Schema.optionalKey(FailureReport),
  /** The W3C trace context of the request that created the task. */
  traceparent: Schema.optionalKey(Schema.String),
  tracestate: Schema.optionalKey(Schema.String),
  /** The W3C trace context of the latest run of the task, as far as it is known: where its spans are. */
  runTraceparent: Schema.optionalKey(Schema.String)
}

const recordFields = {
  ...summaryFields,
  originalParams: Schema.optionalKey(Schema.Json),
  result: Schema.optionalKey(TaskOutcome),
  /** The questions that the client has not answered yet, by key. */
  inputRequests: Schema.optionalKey(Schema.JsonObject),
  /** The answers of the client, by key. */
  inputResponses: Schema.optionalKey(Schema.JsonObject),
  requestState: Schema.optionalKey(Schema.String),
  /** On whose behalf the task runs. */
  principal: Schema.optionalKey(Schema.Json),
  /** The results of its steps, by key. */
  steps: Schema.optionalKey(Schema.JsonObject)
}

/**
 * The plain fields of a {@link TaskRecord}: what a full replacement takes.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskRecordFields extends Schema.Struct.Type<typeof recordFields> {}

/**
 * A task as plain data: what a {@link TaskRecord} is when it is encoded.
 *
 * @since 0.2.0
 * @category models
 */
export interface PlainTask extends Schema.Struct.Encoded<typeof recordFields> {}

/**
 * A summary as plain data: what a {@link TaskSummary} is when it is encoded.
 *
 * @since 0.2.0
 * @category models
 */
export interface PlainSummary extends Schema.Struct.Encoded<typeof summaryFields> {}

/**
 * The plain fields of a {@link TaskSummary}.
 *
 * @since 0.2.0
 * @category models
 */
export interface SummaryFields extends Schema.Struct.Type<typeof summaryFields> {}

/**
 * Everything stored about a task. Encoded, it is plain JSON with ISO 8601 timestamps in UTC.
 *
 * @since 0.1.0
 * @category schemas
 */
export class TaskRecord extends Schema.Class<TaskRecord>("mcp-task-storage/TaskRecord")(recordFields) {
  /**
   * Gives the `Task` of protocol revision 2025-11-25. A tool result with `isError: true` shows as `failed`.
   */
  toTask20251125(): TaskProjection.Task20251125 {
    return TaskProjection.toTask20251125(this)
  }

  /**
   * Gives the `DetailedTask` of the Tasks extension of 2026-07-28, with result, error or input requests by status.
   */
  toDetailedTask(): TaskProjection.DetailedTask {
    return TaskProjection.toDetailedTask(this)
  }

  /**
   * Gives what `tasks/result` answers: the stored outcome; for a task that ended without one, a JSON-RPC error that says
   * so; `undefined` while the task has not ended.
   */
  toFinalOutcome(): TaskOutcome | undefined {
    return TaskProjection.toFinalOutcome(this)
  }
}

/**
 * A task in a list: a {@link TaskRecord} without its large parts.
 *
 * @since 0.1.0
 * @category schemas
 */
export class TaskSummary extends Schema.Class<TaskSummary>("mcp-task-storage/TaskSummary")(summaryFields) {
  /**
   * Gives the `Task` of protocol revision 2025-11-25. A tool result with `isError: true` shows as `failed`.
   */
  toTask20251125(): TaskProjection.Task20251125 {
    return TaskProjection.toTask20251125(this)
  }
}

/**
 * Reads a record from its stored form. Throws when an engine gave back a row that cannot be one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const recordFromStored = (task: StoredTask): TaskRecord => {
  // The class constructor would parse every field again, which costs more than the read itself.
  const record: Mutable<TaskRecord> = Object.create(TaskRecord.prototype)
  readSummary(record, task)
  readLargeParts(record, task)
  return record
}

/**
 * Reads a summary from its stored form. Throws when an engine gave back a row that cannot be one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const summaryFromStored = (task: StoredSummary): TaskSummary => {
  const summary: Mutable<TaskSummary> = Object.create(TaskSummary.prototype)
  readSummary(summary, task)
  return summary
}

/**
 * Reads an outcome from its stored form. Throws when an engine gave back what cannot be one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const outcomeFromStored = (stored: StoredJson): TaskOutcome => {
  const outcome = stored.decode(copyStored)
  return isOutcome(outcome) ? outcome : corrupt("outcome")
}

const isOutcome = (outcome: Json): outcome is JsonObject & TaskOutcome =>
  isObject(outcome) && (outcome["_tag"] === "Success"
    ? outcome["value"] !== undefined
    : outcome["_tag"] === "Error" && typeof outcome["code"] === "number" && typeof outcome["message"] === "string")

const copyStored = (outcome: Json): Json => isOutcome(outcome) ? copyOutcome(outcome) : outcome

/**
 * Copies an outcome. Its parts are known, so that only its payload is walked.
 *
 * @since 0.2.0
 * @category combinators
 */
export const copyOutcome = (outcome: TaskOutcome): TaskOutcome & JsonObject => {
  if (outcome._tag === "Success") return { _tag: outcome._tag, value: copyJson(outcome.value) }
  return outcome.data === undefined ? { ...outcome } : { ...outcome, data: copyJson(outcome.data) }
}

/**
 * Fields that can be written, as while they are read from their stored form.
 *
 * @since 0.2.0
 * @category models
 */
export type Mutable<A> = { -readonly [Key in keyof A]: A[Key] }

const readSummary = (target: Mutable<TaskSummary>, task: StoredSummary): void => {
  void ({
    taskId: target.taskId = trusted(task.taskId),
    status: target.status = task.status,
    createdAt: target.createdAt = timeAt(task.createdAt),
    lastUpdatedAt: target.lastUpdatedAt = timeAt(task.lastUpdatedAt),
    ttl: target.ttl = task.ttl,
    originalMethod: target.originalMethod = readString(task.originalMethod),
    revision: target.revision = task.revision,
    startedAt: task.startedAt !== null && (target.startedAt = timeAt(task.startedAt)),
    leaseExpiresAt: task.leaseExpiresAt !== null && task.leaseExpiresAt !== heldByWorker &&
      (target.leaseExpiresAt = timeAt(task.leaseExpiresAt)),
    failure: task.failure !== null && (target.failure = readFailure(task.failure, timeAt))
  } satisfies EveryField<Exclude<keyof SummaryFields, PlainField>>)
  readPlainFields(target, task)
}

/**
 * A field of a summary that a task may lack, and that is the same in every form of it.
 *
 * @since 0.2.0
 * @category models
 */
export type PlainField =
  | "sessionId"
  | "statusMessage"
  | "pollInterval"
  | "name"
  | "meta"
  | "attempt"
  | "worker"
  | "resultKind"
  | "rerunOf"
  | "rerunAs"
  | "traceparent"
  | "tracestate"
  | "runTraceparent"

/**
 * Reads what tasks may lack, and what is the same in every form of them.
 *
 * @since 0.2.0
 * @category readers
 */
export const readPlainFields = (target: Mutable<Pick<SummaryFields, PlainField>>, task: StoredSummary): void => {
  void ({
    sessionId: task.sessionId !== null && (target.sessionId = task.sessionId),
    statusMessage: task.statusMessage !== null && (target.statusMessage = readString(task.statusMessage)),
    pollInterval: task.pollInterval !== null && (target.pollInterval = task.pollInterval),
    name: task.name !== null && (target.name = readString(task.name)),
    meta: task.meta !== null && (target.meta = readObject(task.meta)),
    attempt: task.attempt > 0 && (target.attempt = task.attempt),
    worker: task.worker !== null && (target.worker = task.worker),
    resultKind: task.resultKind !== null && (target.resultKind = task.resultKind),
    rerunOf: task.rerunOf !== null && (target.rerunOf = task.rerunOf),
    rerunAs: task.rerunAs !== null && (target.rerunAs = task.rerunAs),
    traceparent: task.traceparent !== null && (target.traceparent = readString(task.traceparent)),
    tracestate: task.tracestate !== null && (target.tracestate = readString(task.tracestate)),
    runTraceparent: task.runTraceparent !== null && (target.runTraceparent = readString(task.runTraceparent))
  } satisfies EveryField<PlainField>)
}

type LargeField = Exclude<keyof TaskRecordFields, keyof SummaryFields>

/** What a record has beyond its summary: the large fields, and the stack of a failure, which has been read without it. */
type LargeParts = Mutable<Pick<TaskRecordFields, LargeField>> & { failure?: { readonly stack?: string } }

/**
 * Reads the large parts of a task, which are the same in every form of it, behind its summary.
 *
 * @since 0.2.0
 * @category readers
 */
export const readLargeParts = (target: LargeParts, task: StoredTask): void => {
  void ({
    originalParams: task.originalParams !== null && (target.originalParams = task.originalParams.decode()),
    result: task.result !== null && (target.result = outcomeFromStored(task.result)),
    inputRequests: task.inputRequests !== null && (target.inputRequests = readObject(task.inputRequests)),
    inputResponses: task.inputResponses !== null && (target.inputResponses = readObject(task.inputResponses)),
    requestState: task.requestState !== null && (target.requestState = readString(task.requestState)),
    principal: task.principal !== null && (target.principal = task.principal.decode()),
    steps: task.steps !== null && (target.steps = readObject(task.steps))
  } satisfies EveryField<LargeField>)
  if (target.failure !== undefined && task.failureStack !== null) {
    target.failure = { ...target.failure, stack: readString(task.failureStack) }
  }
}

/**
 * Times by their last bits. Making one costs as much as all else of a read from memory, and the same few are read over
 * and over: those of the tasks that clients poll.
 */
const recentTimes = new Array<DateTime.Utc | undefined>(1024)

const timeAt = (millis: number): DateTime.Utc => {
  const slot = millis & (recentTimes.length - 1)
  const recent = recentTimes[slot]
  if (recent !== undefined && recent.epochMilliseconds === millis) return recent
  const time = DateTime.makeUnsafe(millis)
  recentTimes[slot] = time
  return time
}

const trusted = Brand.nominal<TaskId>()

const corrupt = (what: string): never => {
  throw new TypeError(`the stored ${what} is corrupt`)
}

/**
 * Reads a text from its stored form. Throws when an engine gave back something else.
 *
 * @since 0.2.0
 * @category readers
 */
export const readString = (stored: StoredJson): string => {
  const value = stored.decode()
  return typeof value === "string" ? value : corrupt("text")
}

const isObject = (value: Json): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * Reads an object from its stored form. Throws when an engine gave back something else.
 *
 * @since 0.2.0
 * @category readers
 */
export const readObject = (stored: StoredJson): JsonObject => {
  const value = stored.decode()
  return isObject(value) ? value : corrupt("object")
}

/**
 * Reads a failure without its stack, with its time as `tell` gives it.
 *
 * @since 0.2.0
 * @category readers
 */
export const readFailure = <Time>(
  stored: StoredJson,
  tell: (millis: number) => Time
): { readonly name: string; readonly message: string; readonly at: Time } => {
  const { at, message, name } = readObject(stored)
  return typeof name === "string" && typeof message === "string" && typeof at === "number"
    ? { name, message, at: tell(at) }
    : corrupt("failure")
}
