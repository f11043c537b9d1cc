/**
 * Tasks as plain data.
 *
 * @since 0.2.0
 */
import { copyJson } from "../json/StoredJson.ts"
import type { EveryField } from "./EveryField.ts"
import { formatMillis } from "./formatTime.ts"
import { heldByWorker, type StoredSummary, type StoredTask } from "./StoredTask.ts"
import {
  copyOutcome,
  type Mutable,
  type PlainField,
  type PlainSummary,
  type PlainTask,
  readFailure,
  readLargeParts,
  readPlainFields,
  readString,
  type SummaryFields
} from "./TaskRecord.ts"

/**
 * Reads a task from its stored form as plain data. Throws when an engine gave back a row that cannot be one.
 *
 * @since 0.2.0
 * @category constructors
 */
export const plainFromStored = (task: StoredTask): PlainTask => {
  const plain: Mutable<PlainTask> = startOf(task)
  readRest(plain, task)
  readLargeParts(plain, task)
  return plain
}

/**
 * Reads a summary from its stored form as plain data. Throws when an engine gave back a row that cannot be one.
 *
 * @since 0.2.0
 * @category constructors
 */
export const plainSummaryFromStored = (task: StoredSummary): PlainSummary => {
  const plain: Mutable<PlainSummary> = startOf(task)
  readRest(plain, task)
  return plain
}

const readRest = (plain: Mutable<PlainSummary>, task: StoredSummary): void => {
  readPlainFields(plain, task)
  void ({
    startedAt: task.startedAt !== null && (plain.startedAt = formatMillis(task.startedAt)),
    leaseExpiresAt: task.leaseExpiresAt !== null && task.leaseExpiresAt !== heldByWorker &&
      (plain.leaseExpiresAt = formatMillis(task.leaseExpiresAt)),
    failure: task.failure !== null && (plain.failure = readFailure(task.failure, formatMillis))
  } satisfies EveryField<Exclude<keyof SummaryFields, PlainField | keyof ReturnType<typeof startOf>>>)
}

/** What every task has. */
const startOf = (task: StoredSummary) => {
  const createdAt = formatMillis(task.createdAt)
  return {
    taskId: task.taskId,
    status: task.status,
    createdAt,
    lastUpdatedAt: task.lastUpdatedAt === task.createdAt ? createdAt : formatMillis(task.lastUpdatedAt),
    ttl: task.ttl,
    originalMethod: readString(task.originalMethod),
    revision: task.revision
  }
}

/** The fields that may hold what can be changed. */
type ObjectField = {
  [Field in keyof PlainTask]-?: Extract<PlainTask[Field], object> extends never ? never : Field
}[keyof PlainTask]

/**
 * Gives a copy that shares nothing that can be changed.
 *
 * @since 0.2.0
 * @category combinators
 */
export const copyPlainTask = (task: PlainTask): PlainTask => {
  const copy: Mutable<PlainTask> = { ...task }
  void ({
    meta: copy.meta !== undefined && (copy.meta = copyJson(copy.meta)),
    failure: copy.failure !== undefined && (copy.failure = { ...copy.failure }),
    originalParams: copy.originalParams !== undefined && (copy.originalParams = copyJson(copy.originalParams)),
    result: copy.result !== undefined && (copy.result = copyOutcome(copy.result)),
    inputRequests: copy.inputRequests !== undefined && (copy.inputRequests = copyJson(copy.inputRequests)),
    inputResponses: copy.inputResponses !== undefined && (copy.inputResponses = copyJson(copy.inputResponses)),
    principal: copy.principal !== undefined && (copy.principal = copyJson(copy.principal)),
    steps: copy.steps !== undefined && (copy.steps = copyJson(copy.steps))
  } satisfies EveryField<ObjectField>)
  return copy
}
