/**
 * How a task lies in its item.
 *
 * @since 0.1.0
 */
import type { AttributeValue } from "@aws-sdk/client-dynamodb"
import * as Struct from "effect/Struct"
import type { CountedTask } from "../../domain/driver/TallyCounter.ts"
import { StoredJson } from "../../domain/json/StoredJson.ts"
import {
  type ContentField,
  contentFields,
  expiresAt,
  type JsonField,
  jsonFields,
  type StoredSummary,
  type StoredTask,
  type SummaryJsonField,
  summaryJsonFields
} from "../../domain/task/StoredTask.ts"
import { ResultKind } from "../../domain/task/TaskOutcome.ts"
import { isTerminal, taskStatuses } from "../../domain/task/TaskStatus.ts"
import { lineOf, spotOf, waitingLine } from "./FreeLine.ts"

/**
 * @since 0.1.0
 * @category models
 */
export type Item = Readonly<Record<string, AttributeValue>>

/**
 * An item is not as this library writes it: somebody else wrote to the table.
 *
 * @since 0.1.0
 * @category errors
 */
export class CorruptItem extends Error {
  override readonly name = "CorruptItem"
}

/** The fields of JSON that lie in the item as they are, short as they are, so that conditions can compare them. */
const plainJson = { name: true, traceparent: true, tracestate: true, runTraceparent: true } as const satisfies {
  readonly [Field in JsonField]?: true
}

type PlainJsonField = keyof typeof plainJson

const isPayload = <Field extends JsonField>(field: Field): field is Exclude<Field, PlainJsonField> =>
  !Object.hasOwn(plainJson, field)

/**
 * A field of JSON that may be compressed, or lie in parts.
 *
 * @since 0.1.0
 * @category models
 */
export type PayloadField = Exclude<JsonField, PlainJsonField>

/**
 * The fields of JSON that may be compressed or lie in parts, under the names of their attributes.
 *
 * @since 0.1.0
 * @category constants
 */
export const payloadFields: ReadonlyArray<PayloadField> = jsonFields.filter(isPayload)

/**
 * The payloads that a list reads.
 *
 * @since 0.1.0
 * @category constants
 */
export const summaryPayloads: ReadonlyArray<Exclude<SummaryJsonField, PlainJsonField>> = summaryJsonFields.filter(
  isPayload
)

type PlainField = Exclude<keyof StoredTask, PayloadField>

/** How the fields lie in the item that are never compressed or split: each under its name, if there is a value. */
const plainFields = {
  taskId: (task) => ({ S: task.taskId }),
  sessionId: (task) => optionalText(task.sessionId),
  status: (task) => ({ S: task.status }),
  createdAt: (task) => numeric(task.createdAt),
  lastUpdatedAt: (task) => numeric(task.lastUpdatedAt),
  ttl: (task) => optionalNumber(task.ttl),
  pollInterval: (task) => optionalNumber(task.pollInterval),
  revision: (task) => numeric(task.revision),
  incarnation: (task) => ({ S: task.incarnation }),
  attempt: (task) => numeric(task.attempt),
  // Absent where there is none, so that the indexes of leases have no entry, and no condition on it holds.
  leaseExpiresAt: (task) => optionalNumber(task.leaseExpiresAt),
  dueAt: (task) => optionalNumber(task.dueAt),
  worker: (task) => optionalText(task.worker),
  startedAt: (task) => optionalNumber(task.startedAt),
  rerunOf: (task) => optionalText(task.rerunOf),
  rerunAs: (task) => optionalText(task.rerunAs),
  resultKind: (task) => optionalText(task.resultKind),
  name: (task) => optionalText(task.name?.text),
  traceparent: (task) => optionalText(task.traceparent?.text),
  tracestate: (task) => optionalText(task.tracestate?.text),
  runTraceparent: (task) => optionalText(task.runTraceparent?.text)
} as const satisfies { readonly [Field in PlainField]: (task: StoredTask) => AttributeValue | undefined }

const optionalText = (value: string | null | undefined): AttributeValue | undefined =>
  value === null || value === undefined ? undefined : { S: value }

const optionalNumber = (value: number | null): AttributeValue | undefined => value === null ? undefined : numeric(value)

const plainWriters = Object.entries(plainFields)

/**
 * The attributes that {@link readSummary} reads.
 *
 * @since 0.1.0
 * @category constants
 */
export const summaryAttributes: ReadonlyArray<string> = ["pk", ...Struct.keys(plainFields), ...summaryPayloads]

/**
 * The attributes of the last writes, latest first: a write that arrives again finds its own stamp.
 *
 * @since 0.1.0
 * @category constants
 */
export const stamps = ["w0", "w1", "w2", "w3"] as const

/** No write is stamped so. */
const noStamp: AttributeValue = { S: "-" }

/**
 * Gives the key of a task's item.
 *
 * @since 0.1.0
 * @category keys
 */
export const taskKey = (taskId: string) => ({ pk: { S: `t#${taskId}` }, sk: { S: "task" } })

/**
 * Gives the partition of the indexes in which something is, by the FNV-1a hash of the UTF-8 bytes of its id.
 *
 * @since 0.1.0
 * @category keys
 */
export const partitionOf = (id: string, shards: number): string => {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(id)) hash = Math.imul(hash ^ byte, 0x01000193)
  return String((hash >>> 0) % shards)
}

/**
 * Gives the key of a session in the indexes by session. Tasks of no session are spread over the partitions.
 *
 * @since 0.1.0
 * @category keys
 */
export const sessionKey = (sessionId: string | null, partition: string): string =>
  sessionId === null ? `n#${partition}` : `s#${sessionId}`

/**
 * Gives the attributes with which a new task is stamped.
 *
 * @since 0.1.0
 * @category writers
 */
export const unstamped: Item = { w0: noStamp, w1: noStamp, w2: noStamp, w3: noStamp }

/**
 * Gives the stamps of an item after one more write.
 *
 * @since 0.1.0
 * @category writers
 */
export const stamped = (item: Item, stamp: string): Item => ({
  w0: { S: stamp },
  w1: item["w0"] ?? noStamp,
  w2: item["w1"] ?? noStamp,
  w3: item["w2"] ?? noStamp
})

/**
 * Tells whether one of the last writes has this stamp.
 *
 * @since 0.1.0
 * @category guards
 */
export const hasStamp = (item: Item, stamp: string): boolean => stamps.some((name) => item[name]?.S === stamp)

/**
 * Gives every attribute of a task but its payloads, its stamps and where its parts are.
 *
 * @since 0.1.0
 * @category writers
 */
export const plainAttributes = (
  task: StoredTask,
  shards: number,
  { counted, seat }: CountedAs
): Item => {
  const partition = partitionOf(task.taskId, shards)
  const end = expiresAt(task)
  return {
    ...taskKey(task.taskId),
    ...Object.fromEntries(plainWriters.flatMap(([name, write]) => {
      const value = write(task)
      return value === undefined ? [] : [[name, value] as const]
    })),
    partition: { S: partition },
    session: { S: sessionKey(task.sessionId, partition) },
    ...queueAttributes(task, shards, seat),
    ...(isTerminal(task.status) ? {} : { active: { S: task.status } }),
    ...(end === null ? {} : { expiresAt: numeric(end) }),
    createdSecond: numeric(wholeSeconds(task.createdAt)),
    ...(counted ? { counted: { BOOL: true } } : {}),
    ...(seat ? { seat: { BOOL: true } } : {}),
    ...purgeOf(task, { counted, seat }),
    otherBytes: numeric(bytesOf(otherFields, task)),
    restBytes: numeric(bytesOf(restFields, task))
  }
}

/**
 * For which limits a task counts: those of stored tasks, and those of seats.
 *
 * @since 0.2.0
 * @category models
 */
export interface CountedAs {
  readonly counted: boolean
  readonly seat: boolean
}

/**
 * Gives the attribute by which DynamoDB removes a task, unless it counts for limits: whoever deletes it then has to count it out, and
 * DynamoDB would not.
 *
 * @since 0.2.0
 * @category writers
 */
export const purgeOf = (task: Pick<StoredTask, "createdAt" | "ttl">, { counted, seat }: CountedAs): Item =>
  counted || seat ? {} : purgeAttribute(task)

/** The index of free tasks has fewer partitions, because each look reads all of them, and few tasks are in it. */
const mostQueues = 4

/**
 * Gives the number of partitions of the index of free tasks.
 *
 * @since 0.2.0
 * @category keys
 */
export const queuesOf = (shards: number): number => Math.min(shards, mostQueues)

/**
 * Gives the partition of the index of free tasks in which a task is.
 *
 * @since 0.2.0
 * @category keys
 */
export const queueOf = (taskId: string, shards: number): string => partitionOf(taskId, queuesOf(shards))

/** The keys of the index of free tasks, and the line in which the task queues when it is free. */
const queueAttributes = (task: StoredTask, shards: number, seat: boolean): Item => {
  const line = lineOf(task, seat)
  const spot = spotOf(task.leaseExpiresAt, task.taskId)
  return {
    queue: { S: queueOf(task.taskId, shards) },
    line: { S: line },
    ...(spot === undefined ? {} : { free: { S: spot.isFree ? line : waitingLine }, place: { S: spot.place } })
  }
}

/**
 * Gives the payloads of a task, as they are before they are laid out.
 *
 * @since 0.1.0
 * @category writers
 */
export const payloadsOf = (task: Partial<Pick<StoredTask, PayloadField>>): Item =>
  Object.fromEntries(payloadFields.flatMap((field) => {
    const payload = task[field]
    return payload === undefined || payload === null ? [] : [[field, { S: payload.text }] as const]
  }))

/** Gives the attribute by which DynamoDB removes what expired by itself: never before the millisecond. */
const purgeAttribute = (task: Pick<StoredTask, "createdAt" | "ttl">): Item =>
  task.ttl === null ? {} : { purgeAt: numeric(wholeSeconds(task.createdAt) + wholeSeconds(task.ttl)) }

/**
 * Rounds milliseconds up to seconds.
 *
 * @since 0.1.0
 * @category converting
 */
export const wholeSeconds = (millis: number): number => Math.ceil(millis / 1000)

/**
 * Gives the number as DynamoDB takes it.
 *
 * @since 0.1.0
 * @category converting
 */
export const numeric = (value: number): AttributeValue.NMember => ({ N: String(value) })

/**
 * The fields of which `otherBytes` is the size: what `contentAtMost` counts beside the status message, which is written far
 * more often.
 *
 * @since 0.1.0
 * @category constants
 */
export const otherFields = contentFields.filter((field) => field !== "statusMessage")

/**
 * The fields of which `restBytes` is the size: those without the steps, which are written anew, and longer, with each one.
 *
 * @since 0.1.0
 * @category constants
 */
export const restFields = otherFields.filter((field) => field !== "steps")

/**
 * Adds up the size of some fields of a task or of a patch.
 *
 * @since 0.1.0
 * @category accessors
 */
export const bytesOf = (
  fields: ReadonlyArray<ContentField>,
  task: Partial<Pick<StoredTask, ContentField>>
): number => fields.reduce((bytes, field) => bytes + (task[field]?.bytes ?? 0), 0)

/**
 * Reads an item that has all its payloads in it as text. Throws a {@link CorruptItem}.
 *
 * @since 0.1.0
 * @category readers
 */
export const readTask = (item: Item): StoredTask => ({
  ...readSummary(item),
  originalParams: optional(item, "originalParams", readJson),
  inputRequests: optional(item, "inputRequests", readJson),
  inputResponses: optional(item, "inputResponses", readJson),
  requestState: optional(item, "requestState", readJson),
  inputKeys: optional(item, "inputKeys", readJson),
  principal: optional(item, "principal", readJson),
  steps: optional(item, "steps", readJson),
  failureStack: optional(item, "failureStack", readJson),
  result: optional(item, "result", readJson)
})

/**
 * Reads the {@link summaryAttributes} of an item. Throws a {@link CorruptItem}.
 *
 * @since 0.1.0
 * @category readers
 */
export const readSummary = (item: Item): StoredSummary => ({
  ...readPlain(item),
  originalMethod: readJson(item, "originalMethod"),
  statusMessage: optional(item, "statusMessage", readJson),
  meta: optional(item, "meta", readJson),
  failure: optional(item, "failure", readJson)
})

/**
 * Reads what decides whether a task is there and may go, however little else of its item is sound. Throws a
 * {@link CorruptItem}.
 *
 * @since 0.1.0
 * @category readers
 */
export const readIdentity = (
  item: Item
): Pick<StoredTask, "taskId" | "sessionId" | "createdAt" | "ttl" | "revision" | "incarnation"> => ({
  taskId: readText(item, "taskId"),
  sessionId: optional(item, "sessionId", readText),
  createdAt: readInteger(item, "createdAt"),
  ttl: optional(item, "ttl", readInteger),
  revision: readInteger(item, "revision"),
  incarnation: readText(item, "incarnation")
})

/**
 * The attributes that {@link readIdentity} reads.
 *
 * @since 0.2.0
 * @category constants
 */
export const identityAttributes: ReadonlyArray<string> = [
  "taskId",
  "sessionId",
  "createdAt",
  "ttl",
  "revision",
  "incarnation"
]

/**
 * The attributes that {@link readCounted} reads, and what leads to the parts of a method.
 *
 * @since 0.2.0
 * @category constants
 */
export const countedAttributes: ReadonlyArray<string> = [
  ...identityAttributes,
  "pk",
  "status",
  "originalMethod",
  "name",
  "lastUpdatedAt",
  "resultKind"
]

/**
 * Reads what is counted of a task. Throws a {@link CorruptItem}.
 *
 * @since 0.2.0
 * @category readers
 */
export const readCounted = (item: Item): CountedTask => ({
  taskId: readText(item, "taskId"),
  status: readLiteral(taskStatuses, item, "status"),
  originalMethod: readJson(item, "originalMethod"),
  name: optional(item, "name", readJson),
  createdAt: readInteger(item, "createdAt"),
  lastUpdatedAt: readInteger(item, "lastUpdatedAt"),
  resultKind: readKind(item)
})

/**
 * Reads the fields of an item that are never compressed or split. Throws a {@link CorruptItem}.
 *
 * @since 0.1.0
 * @category readers
 */
export const readPlain = (item: Item): Omit<StoredTask, PayloadField> => ({
  ...readIdentity(item),
  status: readLiteral(taskStatuses, item, "status"),
  lastUpdatedAt: readInteger(item, "lastUpdatedAt"),
  pollInterval: optional(item, "pollInterval", readInteger),
  attempt: readInteger(item, "attempt"),
  leaseExpiresAt: optional(item, "leaseExpiresAt", readInteger),
  dueAt: optional(item, "dueAt", readInteger),
  worker: optional(item, "worker", readText),
  startedAt: optional(item, "startedAt", readInteger),
  rerunOf: optional(item, "rerunOf", readText),
  rerunAs: optional(item, "rerunAs", readText),
  resultKind: readKind(item),
  name: optional(item, "name", readJson),
  traceparent: optional(item, "traceparent", readJson),
  tracestate: optional(item, "tracestate", readJson),
  runTraceparent: optional(item, "runTraceparent", readJson)
})

/**
 * @since 0.1.0
 * @category readers
 */
export const readText = (item: Item, name: string): string => {
  const text = item[name]?.S
  if (text !== undefined) return text
  throw new CorruptItem(`expected text in ${name}`)
}

/**
 * @since 0.1.0
 * @category readers
 */
export const readInteger = (item: Item, name: string): number => {
  const number = Number(item[name]?.N)
  if (Number.isSafeInteger(number)) return number
  throw new CorruptItem(`expected an integer in ${name}`)
}

/**
 * @since 0.1.0
 * @category readers
 */
export const readJson = (item: Item, name: string): StoredJson => StoredJson.fromText(readText(item, name))

/**
 * @since 0.1.0
 * @category readers
 */
export const readKind = (item: Item): ResultKind | null =>
  optional(item, "resultKind", (item, name) => readLiteral(ResultKind.literals, item, name))

const optional = <A>(item: Item, name: string, read: (item: Item, name: string) => A): A | null =>
  item[name] === undefined ? null : read(item, name)

const readLiteral = <A extends string>(literals: ReadonlyArray<A>, item: Item, name: string): A => {
  const text = item[name]?.S
  for (const literal of literals) if (literal === text) return literal
  throw new CorruptItem(`expected one of ${literals.join(", ")} in ${name}`)
}
