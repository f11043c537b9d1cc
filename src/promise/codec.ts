/**
 * Converts between records with Effect types and tasks as plain data. It is written by hand, because a Schema would cost more
 * than a read from memory.
 *
 * @since 0.1.0
 */
import * as Brand from "effect/Brand"
import type * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { parseIsoTime } from "../domain/options/parseIsoTime.ts"
import type * as Options from "../domain/options/TaskOptions.ts"
import type * as Pauses from "../domain/service/PauseOperations.ts"
import type { SummaryPage, TaskPage } from "../domain/service/TaskOperations.ts"
import type * as Domain from "../domain/service/TaskOperations.ts"
import type * as Workers from "../domain/service/WorkerOperations.ts"
import type { EveryField } from "../domain/task/EveryField.ts"
import { formatTime } from "../domain/task/formatTime.ts"
import { InvalidInput } from "../domain/task/TaskError.ts"
import type { TaskId } from "../domain/task/TaskId.ts"
import type {
  SummaryFields,
  TaskRecord,
  TaskRecordFields,
  TaskSummary as SummaryRecord
} from "../domain/task/TaskRecord.ts"
import type { WorkerRecord as Worker } from "../domain/task/WorkerRecord.ts"
import { requireObject } from "./arguments.ts"
import type {
  ClaimedTask,
  CreateTask,
  FailureReport,
  ListedWorker,
  PausedKind,
  ProvidedInput,
  RenewedWorker,
  Task,
  TaskSummary,
  WorkerRecord
} from "./Task.ts"

/**
 * @since 0.1.0
 * @category encoders
 */
export const encodeTask = (record: TaskRecord): Task => {
  const task: Mutable<Task> = startOf(record)
  encodeRest(task, record)
  void ({
    originalParams: record.originalParams !== undefined && (task.originalParams = record.originalParams),
    result: record.result !== undefined && (task.result = record.result),
    inputRequests: record.inputRequests !== undefined && (task.inputRequests = record.inputRequests),
    inputResponses: record.inputResponses !== undefined && (task.inputResponses = record.inputResponses),
    requestState: record.requestState !== undefined && (task.requestState = record.requestState),
    principal: record.principal !== undefined && (task.principal = record.principal),
    steps: record.steps !== undefined && (task.steps = record.steps)
  } satisfies EveryField<Exclude<keyof TaskRecordFields, keyof SummaryFields>>)
  return task
}

/**
 * @since 0.1.0
 * @category encoders
 */
export const encodeTaskPage = (page: TaskPage<TaskRecord>): TaskPage<Task> => ({
  ...page,
  tasks: page.tasks.map(encodeTask)
})

/**
 * @since 0.1.0
 * @category encoders
 */
export const encodeSummaryOption = (summary: Option.Option<SummaryRecord>): TaskSummary | undefined =>
  Option.isSome(summary) ? encodeSummary(summary.value) : undefined

/**
 * @since 0.2.0
 * @category encoders
 */
export const encodeSummary = (record: SummaryRecord): TaskSummary => {
  const summary: Mutable<TaskSummary> = startOf(record)
  encodeRest(summary, record)
  return summary
}

/**
 * @since 0.1.0
 * @category encoders
 */
export const encodeSummaryPage = (page: SummaryPage<SummaryRecord>): SummaryPage<TaskSummary> => ({
  ...page,
  tasks: page.tasks.map(encodeSummary)
})

/**
 * @since 0.1.0
 * @category encoders
 */
export const encodeTaskOption = (record: Option.Option<TaskRecord>): Task | undefined =>
  Option.isSome(record) ? encodeTask(record.value) : undefined

/**
 * @since 0.1.0
 * @category encoders
 */
export const encodeProvidedInput = ({ complete, record }: Domain.ProvidedInput): ProvidedInput => ({
  record: encodeTask(record),
  complete
})

/**
 * @since 0.2.0
 * @category encoders
 */
export const encodeClaimedTask = ({ abandoned, record }: Domain.ClaimedTask): ClaimedTask => ({
  record: encodeTask(record),
  abandoned
})

/**
 * @since 0.2.0
 * @category encoders
 */
export const encodeWorker = ({ diedAt, leaseExpiresAt, registeredAt, ...about }: Worker): WorkerRecord => ({
  ...about,
  registeredAt: formatTime(registeredAt),
  leaseExpiresAt: formatTime(leaseExpiresAt),
  ...(diedAt === undefined ? {} : { diedAt: formatTime(diedAt) })
})

/**
 * @since 0.2.0
 * @category encoders
 */
export const encodeListedWorker = ({ tasks, worker }: Workers.ListedWorker): ListedWorker => ({
  worker: encodeWorker(worker),
  tasks
})

/**
 * @since 0.2.0
 * @category encoders
 */
export const encodeRenewedWorker = ({ worker, ...rest }: Workers.RenewedWorker): RenewedWorker => ({
  worker: encodeWorker(worker),
  ...rest
})

/**
 * @since 0.2.0
 * @category encoders
 */
export const encodePausedKind = ({ pausedAt, ...kind }: Pauses.PausedKind): PausedKind => ({
  ...kind,
  pausedAt: formatTime(pausedAt)
})

type Mutable<A> = { -readonly [Key in keyof A]: A[Key] }

/** What every task has. */
const startOf = ({
  createdAt,
  lastUpdatedAt,
  originalMethod,
  revision,
  status,
  taskId,
  ttl
}: SummaryFields) => {
  const created = formatTime(createdAt)
  return {
    taskId,
    status,
    createdAt: created,
    lastUpdatedAt: lastUpdatedAt === createdAt ? created : formatTime(lastUpdatedAt),
    ttl,
    originalMethod,
    revision
  }
}

/** Adds what a task may lack, field by field: to spread a record would take as long as to read it from memory. */
const encodeRest = (target: Mutable<TaskSummary>, record: SummaryFields): void => {
  void ({
    sessionId: record.sessionId !== undefined && (target.sessionId = record.sessionId),
    statusMessage: record.statusMessage !== undefined && (target.statusMessage = record.statusMessage),
    pollInterval: record.pollInterval !== undefined && (target.pollInterval = record.pollInterval),
    meta: record.meta !== undefined && (target.meta = record.meta),
    attempt: record.attempt !== undefined && (target.attempt = record.attempt),
    worker: record.worker !== undefined && (target.worker = record.worker),
    startedAt: record.startedAt !== undefined && (target.startedAt = formatTime(record.startedAt)),
    leaseExpiresAt: record.leaseExpiresAt !== undefined && (target.leaseExpiresAt = formatTime(record.leaseExpiresAt)),
    resultKind: record.resultKind !== undefined && (target.resultKind = record.resultKind),
    rerunOf: record.rerunOf !== undefined && (target.rerunOf = record.rerunOf),
    rerunAs: record.rerunAs !== undefined && (target.rerunAs = record.rerunAs),
    name: record.name !== undefined && (target.name = record.name),
    failure: record.failure !== undefined && (target.failure = encodeFailure(record.failure)),
    traceparent: record.traceparent !== undefined && (target.traceparent = record.traceparent),
    tracestate: record.tracestate !== undefined && (target.tracestate = record.tracestate),
    runTraceparent: record.runTraceparent !== undefined && (target.runTraceparent = record.runTraceparent)
  } satisfies EveryField<Exclude<keyof SummaryFields, keyof ReturnType<typeof startOf>>>)
}

const encodeFailure = (failure: NonNullable<SummaryFields["failure"]>): FailureReport => ({
  ...failure,
  at: formatTime(failure.at)
})

const decodeFailure = (failure: Task["failure"]): Pick<TaskRecordFields, "failure"> => {
  if (failure === undefined) return {}
  requireObject("failure", failure)
  return { failure: { ...failure, at: decodeTime("failure.at", failure.at) } }
}

/**
 * Decodes a new task. Throws `InvalidInput` for what plain data can get wrong. The service checks the rest.
 *
 * @since 0.1.0
 * @category decoders
 */
export const decodeCreateTask = (task: CreateTask): Options.CreateTask => {
  requireObject("task", task)
  // Most tasks are as the service takes them, and it copies them itself.
  if (isDecoded(task)) return task
  const { createdAt, failure, lastUpdatedAt, ...rest } = task
  return {
    ...rest,
    ...decodeFailure(failure),
    ...(createdAt === undefined ? {} : { createdAt: decodeTime("createdAt", createdAt) }),
    ...(lastUpdatedAt === undefined ? {} : { lastUpdatedAt: decodeTime("lastUpdatedAt", lastUpdatedAt) })
  }
}

const isDecoded = (task: CreateTask): task is CreateTask & Options.CreateTask =>
  task.createdAt === undefined && task.lastUpdatedAt === undefined && task.failure === undefined

/**
 * Decodes a record that is to replace the stored one. Throws `InvalidInput` as {@link decodeCreateTask} does.
 *
 * @since 0.1.0
 * @category decoders
 */
export const decodeTask = (task: Task): TaskRecordFields => {
  requireObject("record", task)
  requireMillis("ttl", task.ttl)
  requireMillis("pollInterval", task.pollInterval)
  // A replacement does not say who holds a task.
  const { attempt: _, failure, leaseExpiresAt: __, startedAt: ___, worker: ____, ...rest } = task
  return {
    ...rest,
    ...decodeFailure(failure),
    taskId: taken(task.taskId),
    createdAt: decodeTime("createdAt", task.createdAt),
    lastUpdatedAt: decodeTime("lastUpdatedAt", task.lastUpdatedAt)
  }
}

/**
 * Decodes a whole record that is to be taken over. Throws `InvalidInput` as {@link decodeCreateTask} does.
 *
 * @since 0.2.0
 * @category decoders
 */
export const decodeImport = (task: Task): TaskRecordFields => {
  const record = decodeTask(task)
  const { attempt, leaseExpiresAt, startedAt, worker } = task
  return {
    ...record,
    ...(attempt === undefined ? {} : { attempt }),
    ...(leaseExpiresAt === undefined ? {} : { leaseExpiresAt: decodeTime("leaseExpiresAt", leaseExpiresAt) }),
    ...(startedAt === undefined ? {} : { startedAt: decodeTime("startedAt", startedAt) }),
    ...(worker === undefined ? {} : { worker })
  }
}

/**
 * Decodes the times of a filter. Throws `InvalidInput` for what is no time.
 *
 * @since 0.2.0
 * @category decoders
 */
export const decodeFilter = <Filter extends Options.TaskFilter<string>>(filter: Filter | undefined) => {
  if (filter === undefined) return undefined
  const { createdAfter, createdBefore, updatedAfter, updatedBefore, ...rest } = filter
  return {
    ...rest,
    createdAfter: decodeTimeOrAbsent("createdAfter", createdAfter),
    createdBefore: decodeTimeOrAbsent("createdBefore", createdBefore),
    updatedAfter: decodeTimeOrAbsent("updatedAfter", updatedAfter),
    updatedBefore: decodeTimeOrAbsent("updatedBefore", updatedBefore)
  }
}

const decodeTimeOrAbsent = (field: string, text: string | undefined): DateTime.Utc | undefined =>
  text === undefined ? undefined : decodeTime(field, text)

/** A record says exactly what was stored. A duration in another form would be another value. */
const requireMillis = (field: string, value: unknown): void => {
  if (value !== undefined && value !== null && typeof value !== "number") {
    throw new InvalidInput({ field, reason: "must be a number of milliseconds" })
  }
}

/** The service parses ids; here the brand is only handed on. */
const taken = Brand.nominal<TaskId>()

const decodeTime = (field: string, text: unknown): DateTime.Utc => Result.getOrThrow(parseIsoTime(field, text))
