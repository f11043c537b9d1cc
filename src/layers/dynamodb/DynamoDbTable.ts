/**
 * The operations on one table that the backend is made of.
 *
 * @since 0.1.0
 */
import type {
  DeleteItemCommandInput,
  PutItemCommandInput,
  QueryCommandInput,
  QueryCommandOutput,
  ScanCommandOutput,
  TransactWriteItem,
  UpdateItemCommandInput
} from "@aws-sdk/client-dynamodb"
import * as Effect from "effect/Effect"
import { randomInt } from "node:crypto"
import { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { realSleep } from "../realSleep.ts"
import { type DynamoDbRequests, ignoring, type RequestError } from "./DynamoDbRequests.ts"
import { Expression } from "./Expression.ts"
import { CorruptItem, type Item } from "./TaskItem.ts"

type OfTable<Input extends { TableName: string | undefined }> = Omit<
  Input,
  "TableName" | "ReturnValues" | "ReturnValuesOnConditionCheckFailure"
>

/**
 * What one write of a transaction does.
 *
 * @since 0.1.0
 * @category models
 */
export type TransactionWrite =
  | { readonly Put: OfTable<PutItemCommandInput> }
  | { readonly Delete: OfTable<DeleteItemCommandInput> }
  | { readonly Update: OfTable<UpdateItemCommandInput> & { readonly UpdateExpression: string } }
  | { readonly ConditionCheck: OfTable<DeleteItemCommandInput> & { readonly ConditionExpression: string } }

/** How items are read. */
interface ReadOptions {
  /** All attributes unless some are named. */
  readonly attributes?: ReadonlyArray<string> | undefined
  /** Whether the read sees every write before it: `true` by default. */
  readonly isConsistent?: boolean | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface DynamoDbTable {
  readonly get: (key: Item, options?: ReadOptions) => Effect.Effect<Item | undefined, TaskDriverError>
  /** Gives the items that are there, in any order. */
  readonly getAll: (
    keys: ReadonlyArray<Item>,
    options?: ReadOptions
  ) => Effect.Effect<ReadonlyArray<Item>, TaskDriverError>
  readonly query: (input: Omit<QueryCommandInput, "TableName">) => Effect.Effect<QueryCommandOutput, TaskDriverError>
  /** Reads some items of the whole table behind a key, or its first ones. No operation on tasks does so. */
  readonly scan: (behind: Item | undefined) => Effect.Effect<ScanCommandOutput, TaskDriverError>
  /** Gives the time at which DynamoDB answered, if it says so. */
  readonly engineTime: Effect.Effect<number | undefined, TaskDriverError>
  readonly put: (input: OfTable<PutItemCommandInput>) => Effect.Effect<void, RequestError>
  /** Gives the item as it is then. */
  readonly update: (input: OfTable<UpdateItemCommandInput>) => Effect.Effect<Item, RequestError>
  /** The same, with the time at which DynamoDB answered. */
  readonly updateTimed: (
    input: OfTable<UpdateItemCommandInput>
  ) => Effect.Effect<{ readonly item: Item; readonly engineTime: number | undefined }, RequestError>
  readonly remove: (input: OfTable<DeleteItemCommandInput>) => Effect.Effect<void, RequestError>
  /** Makes all writes or none. It is made once under a token, however often it is sent. */
  readonly transact: (writes: ReadonlyArray<TransactionWrite>, token: string) => Effect.Effect<void, RequestError>
  /** Reads what an item holds, where a mistake throws a {@link CorruptItem}. */
  readonly decode: <A>(read: () => A) => Effect.Effect<A, TaskDriverError>
  /** Runs an effect again as long as it loses races, which it says by `undefined`. */
  readonly untilSettled: <A extends object>(
    effect: Effect.Effect<A | undefined, TaskDriverError>
  ) => Effect.Effect<A, TaskDriverError>
}

/** As many as one request takes. */
const keysPerRequest = 100

/** Milliseconds: what pauses after a lost race are at most. */
const longestPause = 100

/**
 * Makes the operations on the table of these requests.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeTable = (requests: DynamoDbRequests): DynamoDbTable => {
  const { read, retryTimeout, sdk, tableName: TableName, write } = requests
  const refusedItem = { ReturnValuesOnConditionCheckFailure: "ALL_OLD" } as const

  const projected = ({ attributes, isConsistent = true }: ReadOptions = {}) => {
    const expression = new Expression()
    return {
      ConsistentRead: isConsistent,
      ...(attributes === undefined ? {} : { ProjectionExpression: expression.projection(attributes) }),
      ...expression.maps
    }
  }

  const getChunk = (keys: ReadonlyArray<Item>, options: ReadOptions | undefined) =>
    Effect.gen(function*() {
      const found: Array<Item> = []
      const settings = projected(options)
      const deadline = performance.now() + retryTimeout
      let left: Array<Item> = [...keys]
      while (left.length > 0) {
        const request = { [TableName]: { ...settings, Keys: left } }
        const { Responses, UnprocessedKeys } = yield* read((client, options) =>
          client.send(new sdk.BatchGetItemCommand({ RequestItems: request }), options)
        )
        const items = Responses?.[TableName] ?? []
        found.push(...items)
        left = UnprocessedKeys?.[TableName]?.Keys ?? []
        if (left.length === 0 || items.length > 0) continue
        if (performance.now() > deadline) {
          return yield* new TaskDriverError({
            reason: `DynamoDB throttled a read for longer than the retryTimeout of ${retryTimeout} ms; try again`,
            retryable: true,
            applied: "no"
          })
        }
        yield* realSleep(randomInt(longestPause))
      }
      return found
    })

  const ofTable = (operation: TransactionWrite): TransactWriteItem => {
    if ("Put" in operation) return { Put: { ...operation.Put, TableName, ...refusedItem } }
    if ("Delete" in operation) return { Delete: { ...operation.Delete, TableName, ...refusedItem } }
    if ("Update" in operation) return { Update: { ...operation.Update, TableName, ...refusedItem } }
    return { ConditionCheck: { ...operation.ConditionCheck, TableName, ...refusedItem } }
  }

  const updateCommand = (input: OfTable<UpdateItemCommandInput>) =>
    new sdk.UpdateItemCommand({ ...input, TableName, ReturnValues: "ALL_NEW", ...refusedItem })

  return {
    get: (Key, options) =>
      Effect.map(
        read((client, sending) =>
          client.send(new sdk.GetItemCommand({ TableName, Key, ...projected(options) }), sending)
        ),
        ({ Item }) => Item
      ),

    getAll: (keys, options) => {
      const chunks: Array<ReadonlyArray<Item>> = []
      for (let start = 0; start < keys.length; start += keysPerRequest) {
        chunks.push(keys.slice(start, start + keysPerRequest))
      }
      return Effect.map(
        Effect.forEach(chunks, (chunk) => getChunk(chunk, options), { concurrency: 4 }),
        (found) => found.flat()
      )
    },

    query: (input) => read((client, options) => client.send(new sdk.QueryCommand({ ...input, TableName }), options)),

    scan: (behind) =>
      read((client, options) =>
        client.send(new sdk.ScanCommand({ TableName, ConsistentRead: true, ExclusiveStartKey: behind }), options)
      ),

    // Any answer tells the time, that to a key without an item as well.
    engineTime: read(async (client, options) => {
      const command = new sdk.GetItemCommand({ TableName, Key: { pk: { S: "time" }, sk: { S: "time" } } })
      const engineTime = timed(command)
      await client.send(command, options).catch(ignoring("ResourceNotFoundException"))
      return engineTime()
    }),

    put: (input) =>
      Effect.asVoid(
        write((client, options) =>
          client.send(new sdk.PutItemCommand({ ...input, TableName, ...refusedItem }), options)
        )
      ),

    update: (input) =>
      Effect.map(
        write((client, options) => client.send(updateCommand(input), options)),
        ({ Attributes }) => Attributes ?? {}
      ),

    updateTimed: (input) =>
      write(async (client, options) => {
        const command = updateCommand(input)
        const engineTime = timed(command)
        const { Attributes = {} } = await client.send(command, options)
        return { item: Attributes, engineTime: engineTime() }
      }),

    remove: (input) =>
      Effect.asVoid(
        write((client, options) =>
          client.send(new sdk.DeleteItemCommand({ ...input, TableName, ...refusedItem }), options)
        )
      ),

    transact: (writes, token) => {
      const TransactItems = writes.map(ofTable)
      return Effect.asVoid(
        write((client, options) =>
          client.send(new sdk.TransactWriteItemsCommand({ TransactItems, ClientRequestToken: token }), options)
        )
      )
    },

    decode: (read) =>
      Effect.try({
        try: read,
        catch: (cause) =>
          new TaskDriverError({
            reason: cause instanceof CorruptItem
              ? `a stored item is not as this library writes it (${cause.message}); repair or delete it`
              : "a stored item cannot be read; see the cause",
            retryable: false,
            applied: "unknown",
            cause
          })
      }),

    untilSettled: (effect) => untilSettled(effect, retryTimeout)
  }
}

type Handler<Args> = (args: Args) => Promise<{ readonly response: unknown }>

/** What is used of a command of any kind. */
interface TimedCommand<Args> {
  readonly middlewareStack: {
    add(
      middleware: (next: Handler<Args>) => Handler<Args>,
      options: { readonly step: "deserialize"; readonly priority: "high"; readonly name: string }
    ): void
  }
}

/** Gives what tells, once a command was answered, when that was. */
const timed = <Args>(command: TimedCommand<Args>): () => number | undefined => {
  let time: number | undefined
  command.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args)
      time = timeOf(answer.response)
      return answer
    },
    { step: "deserialize", priority: "high", name: "timed" }
  )
  return () => time
}

/** Reads when an HTTP response was made, which it says in whole seconds: on average it was half a second later. */
const timeOf = (response: unknown): number | undefined => {
  if (typeof response !== "object" || response === null || !("headers" in response)) return undefined
  const { headers } = response
  if (typeof headers !== "object" || headers === null || !("date" in headers)) return undefined
  const time = Date.parse(String(headers.date))
  return Number.isNaN(time) ? undefined : time + 500
}

const untilSettled = <A extends object>(
  effect: Effect.Effect<A | undefined, TaskDriverError>,
  retryTimeout: number
): Effect.Effect<A, TaskDriverError> =>
  Effect.suspend(() => {
    const deadline = performance.now() + retryTimeout
    let pause = 2
    const again: Effect.Effect<A, TaskDriverError> = Effect.flatMap(effect, (answer) => {
      if (answer !== undefined) return Effect.succeed(answer)
      if (performance.now() > deadline) return Effect.fail(outrun(retryTimeout))
      pause = Math.min(pause * 2, longestPause)
      return Effect.andThen(realSleep(randomInt(pause)), again)
    })
    return again
  })

const outrun = (retryTimeout: number) =>
  new TaskDriverError({
    reason: `other writers were faster for longer than the retryTimeout of ${retryTimeout} ms; try again`,
    retryable: true,
    applied: "no"
  })
