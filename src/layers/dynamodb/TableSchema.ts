/**
 * Making the table, or checking that it is there and fits.
 *
 * @since 0.1.0
 */
import type { TableDescription } from "@aws-sdk/client-dynamodb"
import * as Effect from "effect/Effect"
import { TaskDriverError } from "../../domain/TaskDriver.ts"
import { realSleep } from "../realSleep.ts"
import type { SchemaMode } from "../SchemaMode.ts"
import { type DynamoDbRequests, unexpected } from "./DynamoDbRequests.ts"
import type { DynamoDbTable } from "./DynamoDbTable.ts"
import { Expression } from "./Expression.ts"
import { createTableInput, type IndexDefinition, type TableDefinition } from "./TableDefinition.ts"
import { type Item, numeric, readInteger } from "./TaskItem.ts"

/** What a table keeps about itself. */
interface Settings {
  readonly version: number
  /** The oldest version of the library's schema that still runs on this table. */
  readonly compatibleWith: number
  readonly shards: number
}

/** The version that this library writes. */
const version = 1

/** Partitions of a table that nobody asked for others. */
const defaultShards = 8

const settingsKey = { pk: { S: "settings" }, sk: { S: "settings" } }

/** Milliseconds: how often a new table is looked at, and for how long. */
const pause = { first: 10, longest: 1_000 }
const creationTimeout = 180_000

/**
 * Prepares the table as `mode` says; gives the number of its partitions. Processes may do so at the same time.
 *
 * @since 0.1.0
 * @category constructors
 */
export const prepareTable = Effect.fnUntraced(function*(
  requests: DynamoDbRequests,
  table: DynamoDbTable,
  definition: TableDefinition,
  mode: SchemaMode,
  shards: number | undefined
): Effect.fn.Return<number, TaskDriverError> {
  if (mode === "trust") return shards ?? defaultShards
  const found = yield* describe(requests)
  if (found === undefined && mode === "verify") return yield* refuse(`the table ${definition.tableName} is missing`)
  const description = found !== undefined && (mode === "verify" || isUsable(found, definition))
    ? found
    : yield* makeTable(requests, definition, found)
  const problem = problemOf(description, definition)
  if (problem !== undefined) return yield* refuse(problem)

  const stored = yield* readSettings(table)
  if (stored === undefined && mode === "verify") {
    return yield* refuse(`the table ${definition.tableName} lacks its settings, which are no part of its definition`)
  }
  if (stored === undefined && definition.ttlAttribute !== undefined) {
    yield* enableTtl(requests, definition.ttlAttribute)
  }
  const settings = stored ?? (yield* writeSettings(table, shards ?? defaultShards))
  if (settings.compatibleWith > version) {
    return yield* new TaskDriverError({
      reason: `the table is of schema version ${settings.version}, which needs a library of at least version ` +
        `${settings.compatibleWith}, and this one knows version ${version}; upgrade mcp-task-storage`,
      retryable: false,
      applied: "no"
    })
  }
  if (shards !== undefined && shards !== settings.shards) {
    return yield* new TaskDriverError({
      reason: `the table was made with ${settings.shards} shards, and the option shards says ${shards}; leave the ` +
        "option out, or use another table",
      retryable: false,
      applied: "no"
    })
  }
  return settings.shards
})

const refuse = (problem: string) =>
  Effect.fail(
    new TaskDriverError({
      reason: `${problem}; make the table from the definition that cloudFormation or terraform prints, and open it ` +
        "once with schema \"migrate\"",
      retryable: false,
      applied: "no"
    })
  )

const describe = (
  { read, sdk, tableName }: DynamoDbRequests
): Effect.Effect<TableDescription | undefined, TaskDriverError> =>
  read((client, options) =>
    client.send(new sdk.DescribeTableCommand({ TableName: tableName }), options).then(
      ({ Table }) => Table,
      ignoring("ResourceNotFoundException")
    )
  )

/** Makes the table unless somebody else does, and waits until it can be used. */
const makeTable = Effect.fnUntraced(function*(
  requests: DynamoDbRequests,
  definition: TableDefinition,
  found: TableDescription | undefined
): Effect.fn.Return<TableDescription, TaskDriverError> {
  if (found === undefined) {
    yield* Effect.mapError(
      requests.write((client, options) =>
        client.send(new requests.sdk.CreateTableCommand(createTableInput(definition)), options).then(
          () => undefined,
          ignoring("ResourceInUseException")
        )
      ),
      unexpected
    )
  }
  const deadline = performance.now() + creationTimeout
  let wait = pause.first
  while (performance.now() < deadline) {
    const description = yield* describe(requests)
    if (description !== undefined && isUsable(description, definition)) return description
    yield* realSleep(wait)
    wait = Math.min(wait * 2, pause.longest)
  }
  return yield* new TaskDriverError({
    reason: `the table ${definition.tableName} was not ready after ${creationTimeout / 1000} s; look at it in the ` +
      "console of DynamoDB, and try again",
    retryable: true,
    applied: "unknown"
  })
})

/** A table that is being changed can be used, as long as its own indexes can. Those of others do not matter. */
const isUsable = (
  { GlobalSecondaryIndexes = [], TableStatus }: TableDescription,
  { indexes }: TableDefinition
): boolean =>
  (TableStatus === "ACTIVE" || TableStatus === "UPDATING") &&
  GlobalSecondaryIndexes.every(({ IndexName, IndexStatus }) =>
    IndexStatus === "ACTIVE" || IndexStatus === "UPDATING" || indexes.every(({ name }) => name !== IndexName)
  )

/** Says which part of the definition a table lacks. */
const problemOf = (
  { GlobalSecondaryIndexes = [], KeySchema }: TableDescription,
  definition: TableDefinition
): string | undefined => {
  const { hash, indexes, range, tableName } = definition
  if (keysOf(KeySchema) !== keysOf(keySchema({ hash: [hash], range: [range] }))) {
    return `the table ${tableName} has other keys than ${hash} and ${range}`
  }
  const problems = indexes.flatMap((index) => {
    const found = GlobalSecondaryIndexes.find(({ IndexName }) => IndexName === index.name)
    if (found === undefined) return [`lacks the index ${index.name}`]
    if (keysOf(found.KeySchema) !== keysOf(keySchema(index))) return [`has other keys in its index ${index.name}`]
    const { NonKeyAttributes = [], ProjectionType } = found.Projection ?? {}
    return ProjectionType === "ALL" || index.include.every((attribute) => NonKeyAttributes.includes(attribute))
      ? []
      : [`has too few attributes in its index ${index.name}`]
  })
  return problems.length === 0 ? undefined : `the table ${tableName} ${problems.join(", ")}`
}

const keySchema = ({ hash, range }: Pick<IndexDefinition, "hash" | "range">) => [
  ...hash.map((AttributeName) => ({ AttributeName, KeyType: "HASH" })),
  ...range.map((AttributeName) => ({ AttributeName, KeyType: "RANGE" }))
]

type KeyElement = { readonly AttributeName?: string | undefined; readonly KeyType?: string | undefined }

const keysOf = (keys: ReadonlyArray<KeyElement> = []): string =>
  keys.map(({ AttributeName, KeyType }) => `${AttributeName} ${KeyType}`).join()

const enableTtl = Effect.fnUntraced(function*(
  { read, sdk, tableName: TableName, write }: DynamoDbRequests,
  AttributeName: string
): Effect.fn.Return<void, TaskDriverError> {
  const isOn = Effect.map(
    read((client, options) => client.send(new sdk.DescribeTimeToLiveCommand({ TableName }), options)),
    ({ TimeToLiveDescription: ttl }) => ttl?.TimeToLiveStatus === "ENABLED" || ttl?.TimeToLiveStatus === "ENABLING"
  )
  if (yield* isOn) return
  const TimeToLiveSpecification = { AttributeName, Enabled: true }
  yield* write((client, options) =>
    client.send(new sdk.UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }), options)
  ).pipe(
    Effect.asVoid,
    // Another process may have done it meanwhile, and DynamoDB refuses to do it twice.
    Effect.catch((error) => Effect.flatMap(isOn, (isOn) => isOn ? Effect.void : Effect.fail(unexpected(error))))
  )
})

const readSettings = (table: DynamoDbTable): Effect.Effect<Settings | undefined, TaskDriverError> =>
  Effect.flatMap(
    table.get(settingsKey),
    (item) => item === undefined ? Effect.succeed(undefined) : decodeSettings(table, item)
  )

const writeSettings = (table: DynamoDbTable, shards: number): Effect.Effect<Settings, TaskDriverError> => {
  const settings: Settings = { version, compatibleWith: 1, shards }
  const expression = new Expression()
  const Item = {
    ...settingsKey,
    version: numeric(settings.version),
    compatibleWith: numeric(settings.compatibleWith),
    shards: numeric(shards)
  }
  return table.put({ Item, ConditionExpression: expression.isAbsent("pk"), ...expression.maps }).pipe(
    Effect.as(settings),
    Effect.catch((error) =>
      error._tag === "ConditionFailed" && error.item !== undefined
        ? decodeSettings(table, error.item)
        : Effect.fail(unexpected(error))
    )
  )
}

const decodeSettings = (table: DynamoDbTable, item: Item) =>
  table.decode((): Settings => ({
    version: readInteger(item, "version"),
    compatibleWith: readInteger(item, "compatibleWith"),
    shards: readInteger(item, "shards")
  }))

/** Takes an error of this name for an answer. */
const ignoring = (name: string) => (error: unknown): undefined => {
  if (error instanceof Error && error.name === name) return undefined
  throw error
}
