/**
 * Message queues in DynamoDB.
 *
 * A message has a number, and the {@link QueueHead} of its queue says which of them wait.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { MessageDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { StoredJson } from "../../domain/json/StoredJson.ts"
import { unexpected } from "./DynamoDbRequests.ts"
import type { DynamoDbTable, TransactionWrite } from "./DynamoDbTable.ts"
import { allOf, Expression } from "./Expression.ts"
import { layOut, partKeys, withPayloads } from "./Payloads.ts"
import {
  deleteTaken,
  findHead,
  headKey,
  headSort,
  isEmpty,
  keyOf,
  messageKey,
  messagesBetween,
  moveHead,
  type QueueHead,
  seqPrefix,
  takeAll,
  unmoved
} from "./QueueHead.ts"
import { sweepExpired } from "./sweepExpired.ts"
import { unexpiredAt } from "./TaskConditions.ts"
import { type Item, numeric, partitionOf, readJson, readText, wholeSeconds } from "./TaskItem.ts"

type PushResult = Effect.Success<ReturnType<MessageDriver["push"]>>

interface Message {
  readonly seq: number
  readonly body: StoredJson
  readonly keys: ReadonlyArray<Item>
}

/** Numbers of a new head begin so far apart for each millisecond that those of an earlier one are never used again. */
const numbersPerMillisecond = 1_000

/** How many messages are looked at for the first one that is not expired. */
const lookahead = 10

/**
 * Makes the messages of a driver.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeDynamoDbMessages = (
  table: DynamoDbTable,
  shards: number,
  nextToken: () => string
): MessageDriver => {
  /** An answer that holds if the head is still the one that was read, while its messages were looked at. */
  const ifStillThere = <A extends object>(queue: string, head: QueueHead, answer: A) =>
    Effect.map(
      findHead(table, queue),
      (now) => now?.first === head.first && now.next === head.next ? answer : undefined
    )

  /** Makes the writes if the head is still the one that was read; gives nothing if it is not. */
  const ifUnmoved = <A extends object>(answer: A, writes: ReadonlyArray<TransactionWrite>) =>
    Effect.suspend(() => table.transact(writes, nextToken())).pipe(
      Effect.as<A | undefined>(answer),
      Effect.catch((error) =>
        error._tag === "TransactionRefused" ? Effect.succeed(undefined) : Effect.fail(unexpected(error))
      )
    )

  /** Reads unexpired messages of the head's range in order, all or the first; nothing if one has changed meanwhile. */
  const readMessages = Effect.fnUntraced(function*(queue: string, head: QueueHead, now: number, onlyFirst: boolean) {
    const messages: Array<Message> = []
    let from: Item | undefined
    do {
      const { Items = [], LastEvaluatedKey } = yield* table.query({
        ...waiting(queue, head, now),
        ConsistentRead: true,
        ...(onlyFirst ? { Limit: lookahead } : {}),
        ExclusiveStartKey: from
      })
      for (const item of onlyFirst ? Items.slice(0, 1) : Items) {
        const whole = yield* withPayloads(table, item, ["body"])
        if (whole === undefined) return undefined
        messages.push(
          yield* table.decode(() => ({
            seq: Number(readText(item, "sk").slice(seqPrefix.length)),
            body: readJson(whole, "body"),
            keys: [keyOf(item), ...partKeys(item)]
          }))
        )
      }
      from = LastEvaluatedKey
    } while (from !== undefined && !(onlyFirst && messages.length > 0))
    return messages
  })

  const sizeOf = Effect.fnUntraced(function*(queue: string, head: QueueHead, now: number) {
    if (isEmpty(head)) return 0
    let size = 0
    let from: Item | undefined
    do {
      const { Count = 0, LastEvaluatedKey } = yield* table.query({
        ...waiting(queue, head, now),
        ConsistentRead: true,
        Select: "COUNT",
        ExclusiveStartKey: from
      })
      size += Count
      from = LastEvaluatedKey
    } while (from !== undefined)
    return size
  })

  return {
    push: ({ body, expiresAt, maxSize, now, queue }) => {
      const once = Effect.gen(function*() {
        const head = yield* findHead(table, queue)
        if (maxSize !== undefined) {
          const size = head === undefined ? 0 : yield* sizeOf(queue, head, now)
          if (size >= maxSize) {
            const full: PushResult = { _tag: "Full", size }
            return head === undefined ? full : yield* ifStillThere(queue, head, full)
          }
        }
        const start = Math.max(0, now) * numbersPerMillisecond
        const { first, next } = head ?? { first: start, next: start }
        const key = messageKey(queue, next)
        const { attributes, parts } = yield* layOut(key.pk.S, { body: { S: body.text } }, nextToken())
        const expiry = expiryOf(queue, expiresAt, shards)
        const purge = { purgeAt: numeric(wholeSeconds(expiresAt)) }
        return yield* ifUnmoved<PushResult>({ _tag: "Pushed" }, [
          {
            Put: {
              Item: {
                ...headKey(queue),
                first: numeric(first),
                next: numeric(next + 1),
                ...expiryOf(queue, Math.max(expiresAt, head?.expiresAt ?? expiresAt), shards)
              },
              ...unmoved(head)
            }
          },
          { Put: { Item: { ...key, ...attributes, ...expiry } } },
          ...parts.map((part): TransactionWrite => ({ Put: { Item: { ...part, ...purge } } }))
        ])
      })
      return table.untilSettled<PushResult>(once)
    },

    shift: (queue, now) => {
      const once = Effect.gen(function*(): Effect.fn.Return<
        { readonly body: StoredJson | undefined } | undefined,
        TaskDriverError
      > {
        const head = yield* findHead(table, queue)
        if (head === undefined || isEmpty(head)) return { body: undefined }
        const messages = yield* readMessages(queue, head, now, true)
        const [message] = messages ?? []
        if (messages === undefined) return undefined
        if (message === undefined) return yield* ifStillThere(queue, head, { body: undefined })
        return yield* ifUnmoved({ body: message.body }, [
          // What is pushed meanwhile comes behind it.
          moveHead(queue, head, message.seq + 1, ["first"]),
          ...message.keys.map((Key): TransactionWrite => ({ Delete: { Key } }))
        ])
      })
      return Effect.map(table.untilSettled(once), ({ body }) => body)
    },

    drain: (queue, now) => {
      const once = Effect.gen(function*() {
        const head = yield* findHead(table, queue)
        if (head === undefined || isEmpty(head)) return []
        const messages = yield* readMessages(queue, head, now, false)
        return messages === undefined ? undefined : yield* ifUnmoved(messages, [
          takeAll(queue, head)
        ])
      })
      return Effect.flatMap(
        table.untilSettled(once),
        (messages) =>
          deleteTaken(table, messages.flatMap(({ keys }) => keys)).pipe(Effect.as(messages.map(({ body }) => body)))
      )
    },

    removeExpired: (now, limit) => {
      const partitions = Array.from({ length: shards }, (_, index) => `m${index}`)
      const remove = (key: Item) => removeIfExpired(table, keyOf(key), now, nextToken)
      return Effect.map(sweepExpired(table, partitions, now, limit, remove), (removed) => removed.length)
    }
  }
}

/** Removes an expired message or head; gives the key of a message, since heads are none. */
const removeIfExpired = (
  table: DynamoDbTable,
  key: Item,
  now: number,
  nextToken: () => string
): Effect.Effect<Item | undefined, TaskDriverError> => {
  const removal = (condition: (expression: Expression) => ReadonlyArray<string>) => {
    const expression = new Expression()
    const conditions = allOf(expression.compare("expiresAt", "<=", now), ...condition(expression))
    return { Key: key, ConditionExpression: conditions, ...expression.maps }
  }
  const alone = table.remove(removal((expression) => [expression.isAbsent("parts")]))
  const message = key["sk"]?.S === headSort ? undefined : key
  return Effect.as(alone, message).pipe(
    Effect.catch((error) =>
      Effect.gen(function*() {
        if (error._tag !== "ConditionFailed") return yield* unexpected(error)
        const { item } = error
        const keys = item === undefined ? [] : yield* table.decode(() => partKeys(item))
        // It is gone, or was no message that has expired.
        if (keys.length === 0) return undefined
        const parts = keys.map((Key): TransactionWrite => ({ Delete: { Key } }))
        return yield* Effect.as(table.transact([{ Delete: removal(() => []) }, ...parts], nextToken()), message)
      })
    ),
    Effect.catch((error) =>
      error._tag === "TransactionRefused" ? Effect.succeed(undefined) : Effect.fail(unexpected(error))
    )
  )
}

const expiryOf = (queue: string, expiresAt: number, shards: number): Item => ({
  partition: { S: `m${partitionOf(queue, shards)}` },
  expiresAt: numeric(expiresAt),
  purgeAt: numeric(wholeSeconds(expiresAt))
})

/** Asks for the messages of a queue that have not expired. */
const waiting = (queue: string, head: QueueHead, now: number) =>
  messagesBetween(queue, head, (expression) => unexpiredAt(expression, now))
