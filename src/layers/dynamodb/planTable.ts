/**
 * What would bring a table to the schema of this library, as commands of the AWS command line.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { StoreInspector } from "../../domain/driver/StoreInspector.ts"
import { sentence } from "./checkTable.ts"
import type { DynamoDbRequests } from "./DynamoDbRequests.ts"
import type { DynamoDbTable } from "./DynamoDbTable.ts"
import { addIndexInput, createTableInput, type TableDefinition } from "./TableDefinition.ts"
import {
  describe,
  missingIndexes,
  readSettings,
  settingsItem,
  settingsKey,
  tooNew,
  ttlAttribute,
  version,
  wrongOf
} from "./TableSchema.ts"

/**
 * Plans the migration of a table. `shards` is the number of partitions of a table that does not say it.
 *
 * @since 0.2.0
 * @category constructors
 */
export const planTable = (
  requests: DynamoDbRequests,
  table: DynamoDbTable,
  definition: TableDefinition,
  shards: number
): StoreInspector["plan"] =>
  Effect.gen(function*() {
    const { tableName: TableName, ttlAttribute: neededTtl } = definition
    const description = yield* describe(requests)
    const wait = `aws dynamodb wait table-exists --table-name ${TableName}`
    // A table is active again before its new index is.
    const waitForIndex = `until aws dynamodb describe-table --table-name ${TableName} --output text ` +
      "--query \"length(Table.GlobalSecondaryIndexes[?IndexStatus!='ACTIVE'])\" | grep -qx 0; do sleep 10; done"
    const made = description === undefined ? [command("create-table", createTableInput(definition)), wait] : []
    const stored = description === undefined ? undefined : yield* readSettings(table)
    const known = { version, ...(stored === undefined ? {} : { storedVersion: stored.version }) }
    const wrong = description === undefined ? [] : wrongOf(description, definition)
    const problem = stored !== undefined && stored.compatibleWith > version
      ? tooNew(stored)
      : wrong.length > 0
      ? `the table ${TableName} ${wrong.join(", ")}`
      : undefined
    if (problem !== undefined) return { ...known, isUpToDate: false, statements: [], problem: sentence(problem) }

    const indexes = description === undefined ? [] : missingIndexes(description, definition)
    const added = indexes.flatMap((index) => [command("update-table", addIndexInput(definition, index)), waitForIndex])
    // Only where there are no settings yet: whoever turned it off later meant it.
    const lacksTtl = stored === undefined && neededTtl !== undefined &&
      (description === undefined || (yield* ttlAttribute(requests)) === undefined)
    const ttl = lacksTtl
      ? [command("update-time-to-live", {
        TableName,
        TimeToLiveSpecification: { AttributeName: neededTtl, Enabled: true }
      })]
      : []
    const settings = stored === undefined
      ? [command("put-item", {
        TableName,
        Item: settingsItem({ version, compatibleWith: 1, shards }),
        ConditionExpression: "attribute_not_exists(pk)"
      })]
      : stored.version < version
      ? [command("update-item", {
        TableName,
        Key: settingsKey,
        UpdateExpression: "SET #version = :version",
        ConditionExpression: "#version < :version",
        ExpressionAttributeNames: { "#version": "version" },
        ExpressionAttributeValues: { ":version": { N: String(version) } }
      })]
      : []
    const statements = [...made, ...added, ...ttl, ...settings]
    return { ...known, isUpToDate: statements.length === 0, statements }
  })

/** No name in it has a quote. */
const command = (name: string, input: object): string =>
  `aws dynamodb ${name} --cli-input-json '${JSON.stringify(input)}'`
