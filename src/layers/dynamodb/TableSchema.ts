/**
 * Making the table, or checking that it is there and fits.
 *
 * @since 0.1.0
 */
import type { TableDescription } from "@aws-sdk/client-dynamodb"
import * as Effect from "effect/Effect"
import { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { realSleep } from "../realSleep.ts"
import type { SchemaMode } from "../SchemaMode.ts"
import { type DynamoDbRequests, ignoring, unexpected } from "./DynamoDbRequests.ts"
import type { DynamoDbTable } from "./DynamoDbTable.ts"
import { Expression } from "./Expression.ts"
import { addIndexInput, createTableInput, type IndexDefinition, type TableDefinition } from "./TableDefinition.ts"
import { type Item, numeric, readInteger } from "./TaskItem.ts"

/**
 * What a table keeps about itself.
 *
 * @since 0.2.0
 * @category models
 */
export interface Settings {
  readonly version: number
  /** The oldest version of the library's schema that still runs on this table. */
  readonly compatibleWith: number
  readonly shards: number
}

/**
 * The version that this library writes.
 *
 * The second one has the indexes of free tasks and of workers. Processes that know the first
 * one go on beside it: they keep what the older indexes need, and so does this one.
 *
 * @since 0.2.0
 * @category constants
 */
export const version = 2

/** Partitions of a table that nobody asked for others. */
const defaultShards = 8

/**
 * The key of the item of the settings.
 *
 * @since 0.2.0
 * @category keys
 */
export const settingsKey = { pk: { S: "settings" }, sk: { S: "settings" } }

/** Milliseconds: how often a new table is looked at, and for how long. */
const pause = { first: 10, longest: 1_000 }
const creationTimeout = 180_000

/** Errors that say that the table is being changed already. */
const beingChanged = ["ResourceInUseException", "LimitExceededException"]

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
  const made = found !== undefined && (mode === "verify" || isUsable(found, definition))
    ? found
    : yield* makeTable(requests, definition, found)
  const description = mode === "verify" ? made : yield* addIndexes(requests, definition, made)
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
      reason: `${tooNew(settings)}; upgrade mcp-task-storage`,
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
  if (mode === "migrate" && settings.version < version) yield* raiseVersion(table)
  return settings.shards
})

/**
 * Finds the number of partitions of a table, whatever else it lacks. One that does not say it would be made with those given.
 *
 * @since 0.2.0
 * @category constructors
 */
export const findShards = (
  requests: DynamoDbRequests,
  table: DynamoDbTable,
  shards: number | undefined
): Effect.Effect<number, TaskDriverError> =>
  Effect.gen(function*() {
    const found = yield* describe(requests)
    const settings = found === undefined ? undefined : yield* readSettings(table)
    return settings?.shards ?? shards ?? defaultShards
  })

/**
 * Says of a table that it is too new for this library.
 *
 * @since 0.2.0
 * @category writers
 */
export const tooNew = ({ compatibleWith, version: stored }: Settings): string =>
  `the table is of schema version ${stored}, which needs a library of at least version ${compatibleWith}, and this one knows ` +
  `version ${version}`

const refuse = (problem: string) =>
  Effect.fail(
    new TaskDriverError({
      reason: `${problem}; make the table from the definition that cloudFormation or terraform prints, and open it ` +
        "once with schema \"migrate\"",
      retryable: false,
      applied: "no"
    })
  )

/**
 * Describes the table; `undefined` where there is none.
 *
 * @since 0.2.0
 * @category readers
 */
export const describe = (
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
  return yield* whenTable(
    requests,
    (description) => Effect.succeed(isUsable(description, definition)),
    `the table ${definition.tableName} was not ready after ${creationTimeout / 1000} s; look at it in the console of ` +
      "DynamoDB, and try again"
  )
})

/** Waits until the table is as it should be, and gives its description then. */
const whenTable = Effect.fnUntraced(function*(
  requests: DynamoDbRequests,
  isReady: (description: TableDescription) => Effect.Effect<boolean, TaskDriverError>,
  late: string
): Effect.fn.Return<TableDescription, TaskDriverError> {
  const deadline = performance.now() + creationTimeout
  let wait = pause.first
  while (performance.now() < deadline) {
    const description = yield* describe(requests)
    if (description !== undefined && (yield* isReady(description))) return description
    yield* realSleep(wait)
    wait = Math.min(wait * 2, pause.longest)
  }
  return yield* new TaskDriverError({ reason: late, retryable: true, applied: "unknown" })
})

/**
 * Adds the indexes that a table of an earlier version lacks, one by one, as DynamoDB demands, unless somebody else does. A table
 * that has something else of its own stays as it is.
 *
 * @since 0.2.0
 * @category constructors
 */
export const addIndexes = (
  requests: DynamoDbRequests,
  definition: TableDefinition,
  made: TableDescription
): Effect.Effect<TableDescription, TaskDriverError> => {
  if (missingIndexes(made, definition).length === 0 || wrongOf(made, definition).length > 0) return Effect.succeed(made)
  return whenTable(
    requests,
    (description) => {
      const [missing] = missingIndexes(description, definition)
      if (missing === undefined) return Effect.succeed(isUsable(description, definition))
      return Effect.as(isAtRest(description) ? addIndex(requests, definition, missing) : Effect.void, false)
    },
    `the table ${definition.tableName} was still building an index after ${
      creationTimeout / 1000
    } s, which takes long ` +
      "where there are many tasks; wait until DynamoDB has done so, and try again"
  )
}

const addIndex = (
  requests: DynamoDbRequests,
  definition: TableDefinition,
  index: IndexDefinition
): Effect.Effect<void, TaskDriverError> =>
  requests.write((client, options) =>
    client.send(new requests.sdk.UpdateTableCommand(addIndexInput(definition, index)), options).then(
      () => undefined,
      ignoring(...beingChanged)
    )
  ).pipe(
    // DynamoDB refuses to make an index twice.
    Effect.catch((error) =>
      Effect.flatMap(
        describe(requests),
        (description = {}) =>
          error._tag === "RequestInvalid" && !missingIndexes(description, definition).includes(index)
            ? Effect.void
            : Effect.fail(unexpected(error))
      )
    )
  )

/** Nothing of the table is being changed, so that an index can be added. */
const isAtRest = ({ GlobalSecondaryIndexes = [], TableStatus }: TableDescription): boolean =>
  TableStatus === "ACTIVE" && GlobalSecondaryIndexes.every(({ IndexStatus }) => IndexStatus === "ACTIVE")

/**
 * Lists the indexes that a table lacks.
 *
 * @since 0.2.0
 * @category readers
 */
export const missingIndexes = (
  { GlobalSecondaryIndexes = [] }: TableDescription,
  { indexes }: TableDefinition
): ReadonlyArray<IndexDefinition> =>
  indexes.filter(({ name }) => GlobalSecondaryIndexes.every(({ IndexName }) => IndexName !== name))

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
const problemOf = (description: TableDescription, definition: TableDefinition): string | undefined => {
  const problems = [
    ...missingIndexes(description, definition).map(({ name }) => `lacks the index ${name}`),
    ...wrongOf(description, definition)
  ]
  return problems.length === 0 ? undefined : `the table ${definition.tableName} ${problems.join(", ")}`
}

/**
 * Says what of a table is not as in the definition.
 *
 * @since 0.2.0
 * @category readers
 */
export const wrongOf = (
  { GlobalSecondaryIndexes = [], KeySchema }: TableDescription,
  { hash, indexes, range }: TableDefinition
): ReadonlyArray<string> => {
  if (keysOf(KeySchema) !== keysOf(keySchema({ hash: [hash], range: [range] }))) {
    return [`has other keys than ${hash} and ${range}`]
  }
  return indexes.flatMap((index) => {
    const found = GlobalSecondaryIndexes.find(({ IndexName }) => IndexName === index.name)
    if (found === undefined) return []
    if (found.IndexStatus === "CREATING") return [`is still building its index ${index.name}`]
    if (keysOf(found.KeySchema) !== keysOf(keySchema(index))) return [`has other keys in its index ${index.name}`]
    const { NonKeyAttributes = [], ProjectionType } = found.Projection ?? {}
    return ProjectionType === "ALL" || index.include.every((attribute) => NonKeyAttributes.includes(attribute))
      ? []
      : [`has too few attributes in its index ${index.name}`]
  })
}

const keySchema = ({ hash, range }: Pick<IndexDefinition, "hash" | "range">) => [
  ...hash.map((AttributeName) => ({ AttributeName, KeyType: "HASH" })),
  ...range.map((AttributeName) => ({ AttributeName, KeyType: "RANGE" }))
]

type KeyElement = { readonly AttributeName?: string | undefined; readonly KeyType?: string | undefined }

const keysOf = (keys: ReadonlyArray<KeyElement> = []): string =>
  keys.map(({ AttributeName, KeyType }) => `${AttributeName} ${KeyType}`).join()

/**
 * Turns the expiry of DynamoDB on, unless it is.
 *
 * @since 0.2.0
 * @category constructors
 */
export const enableTtl = Effect.fnUntraced(function*(
  requests: DynamoDbRequests,
  AttributeName: string
): Effect.fn.Return<void, TaskDriverError> {
  const isOn = Effect.map(ttlAttribute(requests), (attribute) => attribute !== undefined)
  if (yield* isOn) return
  const { sdk, tableName: TableName, write } = requests
  const TimeToLiveSpecification = { AttributeName, Enabled: true }
  yield* write((client, options) =>
    client.send(new sdk.UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }), options)
  ).pipe(
    Effect.asVoid,
    // Another process may have done it meanwhile, and DynamoDB refuses to do it twice.
    Effect.catch((error) => Effect.flatMap(isOn, (isOn) => isOn ? Effect.void : Effect.fail(unexpected(error))))
  )
})

/**
 * Gives the attribute by which DynamoDB removes items by itself; `undefined` where it does not.
 *
 * @since 0.2.0
 * @category readers
 */
export const ttlAttribute = (
  { read, sdk, tableName: TableName }: DynamoDbRequests
): Effect.Effect<string | undefined, TaskDriverError> =>
  Effect.map(
    read((client, options) => client.send(new sdk.DescribeTimeToLiveCommand({ TableName }), options)),
    ({ TimeToLiveDescription: ttl }) =>
      ttl?.TimeToLiveStatus === "ENABLED" || ttl?.TimeToLiveStatus === "ENABLING" ? ttl.AttributeName : undefined
  )

/**
 * Reads what the table keeps about itself.
 *
 * @since 0.2.0
 * @category readers
 */
export const readSettings = (table: DynamoDbTable): Effect.Effect<Settings | undefined, TaskDriverError> =>
  Effect.flatMap(
    table.get(settingsKey),
    (item) => item === undefined ? Effect.succeed(undefined) : decodeSettings(table, item)
  )

/**
 * Gives the item of the settings of a new table.
 *
 * @since 0.2.0
 * @category writers
 */
export const settingsItem = ({ compatibleWith, shards, version }: Settings): Item => ({
  ...settingsKey,
  version: numeric(version),
  compatibleWith: numeric(compatibleWith),
  shards: numeric(shards)
})

const writeSettings = (table: DynamoDbTable, shards: number): Effect.Effect<Settings, TaskDriverError> => {
  const settings: Settings = { version, compatibleWith: 1, shards }
  const expression = new Expression()
  const Item = settingsItem(settings)
  return table.put({ Item, ConditionExpression: expression.isAbsent("pk"), ...expression.maps }).pipe(
    Effect.as(settings),
    Effect.catch((error) =>
      error._tag === "ConditionFailed" && error.item !== undefined
        ? decodeSettings(table, error.item)
        : Effect.fail(unexpected(error))
    )
  )
}

/** Says that processes of this version have used the table, unless one of a later version has. */
const raiseVersion = (table: DynamoDbTable): Effect.Effect<void, TaskDriverError> => {
  const expression = new Expression()
  const UpdateExpression = `SET ${expression.name("version")} = ${expression.number(version)}`
  const ConditionExpression = expression.compare("version", "<", version)
  return table.update({ Key: settingsKey, UpdateExpression, ConditionExpression, ...expression.maps }).pipe(
    Effect.asVoid,
    Effect.catchTag("ConditionFailed", () => Effect.void),
    Effect.mapError(unexpected)
  )
}

const decodeSettings = (table: DynamoDbTable, item: Item) =>
  table.decode((): Settings => ({
    version: readInteger(item, "version"),
    compatibleWith: readInteger(item, "compatibleWith"),
    shards: readInteger(item, "shards")
  }))
