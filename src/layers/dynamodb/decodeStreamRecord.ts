/**
 * Reading tasks from records of DynamoDB Streams.
 *
 * @since 0.2.0
 */
import type { AttributeValue } from "@aws-sdk/client-dynamodb"
import * as Option from "effect/Option"
import { recordFromStored, summaryFromStored, type TaskRecord, type TaskSummary } from "../../domain/task/TaskRecord.ts"
import { placeOf, waitingLine } from "./FreeLine.ts"
import { type Item, readSummary, readTask, taskKey } from "./TaskItem.ts"

/**
 * A record as DynamoDB Streams gives it, to Lambda or to its own client. `NewImage` is there if the stream has it.
 *
 * @since 0.2.0
 * @category models
 */
export interface StreamRecord {
  readonly eventName?: string | undefined
  readonly dynamodb?: {
    readonly Keys?: object | undefined
    readonly NewImage?: object | undefined
  } | undefined
}

/**
 * A task as it was written.
 *
 * @since 0.2.0
 * @category models
 */
export interface StreamedTask {
  readonly taskId: string
  /** Whether the task is gone: it was deleted, or had expired. */
  readonly isRemoved: boolean
  /**
   * Whether it waits for a worker, so that `runTask` would take it: it is new, was answered, or was given back. A task that waited
   * for a time, or whose worker died, waits once a process has looked for such tasks, as each runner does.
   */
  readonly isWaiting: boolean
  /** The whole task. `undefined` if it is gone, or has large payloads that are compressed or in items of their own. */
  readonly record: TaskRecord | undefined
  /** The task without its large parts. `undefined` if it is gone, or if even its small parts are compressed or elsewhere. */
  readonly summary: TaskSummary | undefined
}

/**
 * Decodes a record of the stream of a table of tasks. The view of the stream must have the new images. Gives none for an item
 * that is no task: messages, counters, settings and parts of large payloads are in the same table.
 *
 * A stream tells the past: the task may have changed since. Use `getTask` to read what is not decoded here.
 *
 * @since 0.2.0
 * @category decoders
 */
export const decodeStreamRecord = (record: StreamRecord): Option.Option<StreamedTask> => {
  const { Keys, NewImage } = record.dynamodb ?? {}
  const taskId = taskIdOf(Keys ?? NewImage ?? {})
  if (taskId === undefined) return Option.none()
  const isRemoved = record.eventName === "REMOVE"
  const item = isRemoved || NewImage === undefined ? undefined : itemOf(NewImage)
  return Option.some({
    taskId,
    isRemoved,
    isWaiting: item !== undefined && isWaiting(item, taskId),
    record: decode(item, (item) => recordFromStored(readTask(item))),
    summary: decode(item, (item) => summaryFromStored(readSummary(item)))
  })
}

/** In its line the task stands where its lease was when it came there. A process of a version before may have claimed it since. */
const isWaiting = ({ active, free, leaseExpiresAt, place }: Item, taskId: string): boolean =>
  active?.S === "working" &&
  (leaseExpiresAt?.N === "0" ||
    (free !== undefined && free.S !== waitingLine && place?.S === placeOf(Number(leaseExpiresAt?.N), taskId)))

const taskIdOf = (attributes: object): string | undefined => {
  const { pk, sk } = itemOf(attributes)
  const key = taskKey("")
  return pk?.S?.startsWith(key.pk.S) === true && sk?.S === key.sk.S ? pk.S.slice(key.pk.S.length) : undefined
}

/** Reads an item, if all that is read of it is there as text. */
const decode = <A>(item: Item | undefined, read: (item: Item) => A): A | undefined => {
  if (item === undefined) return undefined
  try {
    return read(item)
  } catch {
    return undefined
  }
}

/**
 * What is neither text nor number is only noted to be there, which no reader takes: Lambda gives bytes as text, and parts of
 * payloads lie elsewhere.
 */
const itemOf = (attributes: object): Item =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]: [string, unknown]) => [name, attributeOf(value)])
  )

const attributeOf = (value: unknown): AttributeValue => {
  if (typeof value === "object" && value !== null) {
    if ("S" in value && typeof value.S === "string") return { S: value.S }
    if ("N" in value && typeof value.N === "string") return { N: value.N }
  }
  return { NULL: true }
}
