/**
 * The head of a message queue in DynamoDB.
 *
 * It has the first and the next number of the messages in the queue. Adding or taking a message moves the head in the same
 * transaction, on condition that nobody else has moved it. Messages outside of that range are rubbish, which expires.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { DynamoDbTable, TransactionWrite } from "./DynamoDbTable.ts"
import { allOf, Expression } from "./Expression.ts"
import { partKeys } from "./Payloads.ts"
import { type Item, readInteger } from "./TaskItem.ts"

/**
 * The messages of a queue are those from `first` on, before `next`.
 *
 * @since 0.1.0
 * @category models
 */
export interface QueueHead {
  readonly first: number
  readonly next: number
  /** No message of the queue lives longer. */
  readonly expiresAt: number
}

/**
 * @since 0.1.0
 * @category keys
 */
export const headSort = "head"

/**
 * What the sort keys of messages begin with.
 *
 * @since 0.1.0
 * @category keys
 */
export const seqPrefix = "m#"

const queueKey = (queue: string) => `m#${queue}`

/**
 * @since 0.1.0
 * @category keys
 */
export const headKey = (queue: string) => ({ pk: { S: queueKey(queue) }, sk: { S: headSort } })

/**
 * @since 0.1.0
 * @category keys
 */
export const messageKey = (queue: string, seq: number) => ({ pk: { S: queueKey(queue) }, sk: sortOf(seq) })

const sortOf = (seq: number) => ({ S: `${seqPrefix}${String(seq).padStart(16, "0")}` })

/**
 * Gives the key of an item.
 *
 * @since 0.1.0
 * @category keys
 */
export const keyOf = (item: Item): Item => {
  const { pk, sk } = item
  return pk === undefined || sk === undefined ? {} : { pk, sk }
}

/**
 * Reads the head of a queue, if it has one.
 *
 * @since 0.1.0
 * @category readers
 */
export const findHead = (
  table: DynamoDbTable,
  queue: string
): Effect.Effect<QueueHead | undefined, TaskDriverError> =>
  Effect.flatMap(
    table.get(headKey(queue)),
    (item) =>
      item === undefined ? Effect.succeed(undefined) : table.decode((): QueueHead => ({
        first: readInteger(item, "first"),
        next: readInteger(item, "next"),
        expiresAt: readInteger(item, "expiresAt")
      }))
  )

/**
 * @since 0.1.0
 * @category guards
 */
export const isEmpty = (head: QueueHead): boolean => head.first >= head.next

/**
 * Gives the condition that a head is the one that was read, or that there is none.
 *
 * @since 0.1.0
 * @category conditions
 */
export const unmoved = (head: QueueHead | undefined) => {
  const expression = new Expression()
  const ConditionExpression = head === undefined
    ? expression.isAbsent("pk")
    : allOf(expression.compare("first", "=", head.first), expression.compare("next", "=", head.next))
  return { ConditionExpression, ...expression.maps }
}

/**
 * Takes what is before `first`, on condition that these bounds of the head are those that were read.
 *
 * @since 0.1.0
 * @category writers
 */
export const moveHead = (
  queue: string,
  head: QueueHead,
  first: number,
  unmoved: ReadonlyArray<"first" | "next">
): TransactionWrite => {
  const expression = new Expression()
  const UpdateExpression = `SET ${expression.name("first")} = ${expression.number(first)}`
  const ConditionExpression = allOf(...unmoved.map((bound) => expression.compare(bound, "=", head[bound])))
  return { Update: { Key: headKey(queue), UpdateExpression, ConditionExpression, ...expression.maps } }
}

/**
 * Takes all messages, on condition that the head is the one that was read, or that there is none.
 *
 * @since 0.1.0
 * @category writers
 */
export const takeAll = (queue: string, head: QueueHead | undefined): TransactionWrite =>
  head === undefined
    ? { ConditionCheck: { Key: headKey(queue), ...unmoved(undefined) } }
    : moveHead(queue, head, head.next, ["first", "next"])

/**
 * Asks for the messages from a number on, before another one.
 *
 * @since 0.1.0
 * @category queries
 */
export const messagesBetween = (
  queue: string,
  { first, next }: Pick<QueueHead, "first" | "next">,
  filter?: (expression: Expression) => string
) => {
  const expression = new Expression()
  const isOfQueue = expression.compare("pk", "=", queueKey(queue))
  const from = expression.value(sortOf(first))
  const to = expression.value(sortOf(next - 1))
  return {
    KeyConditionExpression: `${isOfQueue} AND ${expression.name("sk")} BETWEEN ${from} AND ${to}`,
    ...(filter === undefined ? {} : { FilterExpression: filter(expression) }),
    ...expression.maps
  }
}

/**
 * Deletes messages that were taken. Those that it cannot delete expire.
 *
 * @since 0.1.0
 * @category writers
 */
export const deleteTaken = (table: DynamoDbTable, keys: ReadonlyArray<Item>): Effect.Effect<void> =>
  Effect.forEach(keys, (Key) => Effect.ignore(table.remove({ Key })), { concurrency: 8, discard: true })

/**
 * Deletes everything that lies in a queue of which all was taken, and its head if nobody has used the queue since. What it
 * cannot delete expires.
 *
 * @since 0.1.0
 * @category writers
 */
export const clearTaken = (table: DynamoDbTable, queue: string, head: QueueHead): Effect.Effect<void> =>
  Effect.gen(function*() {
    let from: Item | undefined
    do {
      const { Items = [], LastEvaluatedKey } = yield* table.query({
        ...messagesBetween(queue, { first: 0, next: head.next }),
        ConsistentRead: true,
        ExclusiveStartKey: from
      })
      const keys = yield* table.decode(() => Items.flatMap((item) => [keyOf(item), ...partKeys(item)]))
      yield* deleteTaken(table, keys)
      from = LastEvaluatedKey
    } while (from !== undefined)
    yield* table.remove({ Key: headKey(queue), ...unmoved({ ...head, first: head.next }) })
  }).pipe(Effect.ignore)
