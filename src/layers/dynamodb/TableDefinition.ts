/**
 * The table as data: its keys and indexes, as they are created, verified and printed.
 *
 * @since 0.1.0
 */
import type { CreateTableCommandInput, UpdateTableCommandInput } from "@aws-sdk/client-dynamodb"
import * as Result from "effect/Result"
import { parseCount } from "../../domain/options/ArgumentParsers.ts"
import { parseNames } from "../../domain/options/optionNames.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import { dynamodbTableNames, type TableOptions, throughputNames } from "./DynamoDbOptions.ts"

/**
 * An index, or the table itself: the attributes of its keys, and what else it holds.
 *
 * @since 0.1.0
 * @category models
 */
export interface IndexDefinition {
  readonly name: string
  readonly hash: ReadonlyArray<string>
  readonly range: ReadonlyArray<string>
  readonly include: ReadonlyArray<string>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface TableDefinition {
  readonly tableName: string
  readonly attributes: ReadonlyArray<readonly [name: string, type: "S" | "N"]>
  readonly hash: string
  readonly range: string
  readonly indexes: ReadonlyArray<IndexDefinition>
  readonly throughput: { readonly read: number; readonly write: number } | undefined
  /** The attribute of DynamoDB's own expiry, unless that is off. */
  readonly ttlAttribute: string | undefined
}

/**
 * Lists pages by session and status, stale tasks, leases, expired items, free tasks and what workers hold. None of them is touched by a write that changes
 * nothing of it, which is why they hold so little.
 *
 * @since 0.1.0
 * @category constants
 */
export const indexes = {
  all: { name: "all", hash: ["partition"], range: ["createdAt", "taskId"], include: ["expiresAt"] },
  byStatus: { name: "byStatus", hash: ["partition", "status"], range: ["createdAt", "taskId"], include: ["expiresAt"] },
  bySession: { name: "bySession", hash: ["session"], range: ["createdAt", "taskId"], include: ["expiresAt"] },
  bySessionStatus: {
    name: "bySessionStatus",
    hash: ["session", "status"],
    range: ["createdAt", "taskId"],
    include: ["expiresAt"]
  },
  active: {
    name: "active",
    hash: ["partition", "active"],
    range: ["lastUpdatedAt", "taskId"],
    include: ["expiresAt", "resultKind"]
  },
  // Everything under a lease, for what versions without the index of free tasks have left, and for the lists of what nobody holds.
  // Tasks that wait for input are under another key, so that a query for those at work does not read them.
  leases: {
    name: "leases",
    hash: ["partition", "active"],
    range: ["leaseExpiresAt", "taskId"],
    include: ["expiresAt", "resultKind"]
  },
  expiry: { name: "expiry", hash: ["partition"], range: ["expiresAt"], include: [] },
  free: {
    name: "free",
    hash: ["queue", "active"],
    range: ["free", "place"],
    include: ["incarnation", "sessionId", "attempt", "leaseExpiresAt", "dueAt", "expiresAt"]
  },
  byWorker: { name: "byWorker", hash: ["worker"], range: ["leaseExpiresAt"], include: [] }
} as const satisfies { readonly [name: string]: IndexDefinition }

/**
 * Gives the definition of the table, or says which option is wrong.
 *
 * @since 0.1.0
 * @category constructors
 */
export const tableDefinition = (options: TableOptions): Result.Result<TableDefinition, InvalidInput> =>
  Result.gen(function*() {
    if (typeof options !== "object" || options === null) {
      return yield* Result.fail(new InvalidInput({ field: "options", reason: "must be an object with a tableName" }))
    }
    const { nativeTtl = true, tableName, throughput = "on-demand" } = options
    yield* parseNames(options, [...dynamodbTableNames, "tableName"])
    if (typeof throughput === "object" && throughput !== null) {
      yield* parseNames(throughput, throughputNames, "throughput.")
    }
    if (typeof nativeTtl !== "boolean") {
      return yield* Result.fail(new InvalidInput({ field: "nativeTtl", reason: "must be true or false" }))
    }
    return {
      tableName: yield* parseTableName(tableName),
      attributes: [
        ["pk", "S"],
        ["sk", "S"],
        ["partition", "S"],
        ["session", "S"],
        ["status", "S"],
        ["active", "S"],
        ["createdAt", "N"],
        ["lastUpdatedAt", "N"],
        ["leaseExpiresAt", "N"],
        ["expiresAt", "N"],
        ["taskId", "S"],
        ["queue", "S"],
        ["free", "S"],
        ["place", "S"],
        ["worker", "S"]
      ],
      hash: "pk",
      range: "sk",
      indexes: Object.values(indexes),
      throughput: throughput === "on-demand" ? undefined : {
        read: yield* parseCount("throughput.read", throughput?.read),
        write: yield* parseCount("throughput.write", throughput?.write)
      },
      ttlAttribute: nativeTtl ? "purgeAt" : undefined
    }
  })

const parseTableName = (tableName: unknown): Result.Result<string, InvalidInput> =>
  typeof tableName === "string" && /^[A-Za-z0-9_.-]{3,255}$/.test(tableName)
    ? Result.succeed(tableName)
    : Result.fail(
      new InvalidInput({
        field: "tableName",
        reason: "must be 3 to 255 ASCII letters, digits, underscores, hyphens and dots"
      })
    )

/**
 * Gives what the AWS SDK creates the table from.
 *
 * @since 0.1.0
 * @category converting
 */
export const createTableInput = (definition: TableDefinition): CreateTableCommandInput => {
  const { hash, indexes, range, tableName, throughput } = definition
  const capacity = capacityOf(definition)
  return {
    TableName: tableName,
    BillingMode: throughput === undefined ? "PAY_PER_REQUEST" : "PROVISIONED",
    AttributeDefinitions: attributeDefinitions(definition),
    KeySchema: keySchema([hash], [range]),
    GlobalSecondaryIndexes: indexes.map((index) => ({ ...createIndexInput(index), ...capacity })),
    ...capacity
  }
}

/**
 * Gives what the AWS SDK adds an index to a table from.
 *
 * @since 0.2.0
 * @category converting
 */
export const addIndexInput = (definition: TableDefinition, index: IndexDefinition): UpdateTableCommandInput => ({
  TableName: definition.tableName,
  AttributeDefinitions: attributeDefinitions(definition),
  GlobalSecondaryIndexUpdates: [{ Create: { ...createIndexInput(index), ...capacityOf(definition) } }]
})

const attributeDefinitions = ({ attributes }: TableDefinition) =>
  attributes.map(([AttributeName, AttributeType]) => ({ AttributeName, AttributeType }))

const capacityOf = ({ throughput }: TableDefinition) =>
  throughput === undefined ? {} : {
    ProvisionedThroughput: { ReadCapacityUnits: throughput.read, WriteCapacityUnits: throughput.write }
  }

const createIndexInput = ({ hash, include, name, range }: IndexDefinition) => ({
  IndexName: name,
  KeySchema: keySchema(hash, range),
  Projection: include.length === 0
    ? { ProjectionType: "KEYS_ONLY" as const }
    : { ProjectionType: "INCLUDE" as const, NonKeyAttributes: [...include] }
})

const keySchema = (hash: ReadonlyArray<string>, range: ReadonlyArray<string>) => [
  ...hash.map((AttributeName) => ({ AttributeName, KeyType: "HASH" as const })),
  ...range.map((AttributeName) => ({ AttributeName, KeyType: "RANGE" as const }))
]
