/**
 * What can be wrong with a table beside its items: its version, its keys and indexes, and its expiry.
 *
 * @since 0.2.0
 */
import type { TableDescription } from "@aws-sdk/client-dynamodb"
import * as Effect from "effect/Effect"
import { type CheckCode, mended, type StoreFinding } from "../../domain/driver/StoreReport.ts"
import type { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { DynamoDbRequests } from "./DynamoDbRequests.ts"
import type { TableDefinition } from "./TableDefinition.ts"
import {
  addIndexes,
  enableTtl,
  missingIndexes,
  type Settings,
  tooNew,
  ttlAttribute,
  version,
  wrongOf
} from "./TableSchema.ts"

type Findings = Effect.Effect<ReadonlyArray<StoreFinding>, TaskDriverError>

/**
 * Says what is wrong with the version of a table.
 *
 * @since 0.2.0
 * @category checks
 */
export const checkVersion = (
  tableName: string,
  description: TableDescription | undefined,
  settings: Settings | undefined
): ReadonlyArray<StoreFinding> => {
  const finding = (
    code: CheckCode,
    severity: StoreFinding["severity"],
    problem: string,
    advice: string
  ): ReadonlyArray<StoreFinding> => [{ code, severity, subject: tableName, problem, advice, fixable: false }]
  if (description === undefined) {
    return finding(
      "schema",
      "error",
      `There is no table ${tableName} in this region.`,
      "Check the name, the region and the account. A new table is made from what cloudFormation or terraform print, or by opening it " +
        "with schema \"migrate\"."
    )
  }
  if (settings === undefined) {
    return finding(
      "settings",
      "error",
      `The table ${tableName} lacks its settings, which are no part of its definition.`,
      "Open it once with schema \"migrate\", and with the number of shards that it was made with, if it has tasks."
    )
  }
  if (settings.compatibleWith > version) {
    return finding(
      "schema",
      "error",
      sentence(tooNew(settings)),
      "Upgrade mcp-task-storage in every process that uses this table."
    )
  }
  if (settings.version > version) {
    return finding(
      "schema",
      "note",
      `The table is of schema version ${settings.version}, and this library knows version ${version}. It may use it.`,
      "Finish the deploy of the newer version."
    )
  }
  if (settings.version < version) {
    return finding(
      "schema",
      "error",
      `The table is of schema version ${settings.version}, and this library needs version ${version}.`,
      "Open it once with schema \"migrate\". Processes of the older version go on to run beside it."
    )
  }
  return []
}

/**
 * Compares the keys and indexes of a table with its definition. With `fix` it adds what is missing, which takes a while.
 *
 * @since 0.2.0
 * @category checks
 */
export const checkIndexes = (
  requests: DynamoDbRequests,
  definition: TableDefinition,
  description: TableDescription,
  fix: boolean
): Findings =>
  Effect.gen(function*() {
    const { tableName } = definition
    const wrong = wrongOf(description, definition).map((problem): StoreFinding => ({
      code: problem.includes("index") ? "index" : "table",
      severity: "error",
      subject: tableName,
      problem: `The table ${tableName} ${problem}.`,
      advice:
        "An index cannot be changed: delete it and open the table with schema \"migrate\", or wait until it is built. Other keys " +
        "need another table.",
      fixable: false
    }))
    const missing = missingIndexes(description, definition).map(({ name }): StoreFinding => ({
      code: "index",
      severity: "error",
      subject: name,
      problem: `The table ${tableName} lacks the index ${name}.`,
      advice:
        "Add it with fix, or by opening the table with schema \"migrate\". DynamoDB builds it from what is stored, which takes long " +
        "where there are many tasks.",
      fixable: wrong.length === 0
    }))
    const [first, ...others] = missing
    if (first === undefined) return wrong
    const added = yield* mended(
      first,
      fix,
      Effect.map(addIndexes(requests, definition, description), (now) => missingIndexes(now, definition).length === 0)
    )
    const outcome = added.fixed === undefined ? {} : { fixed: added.fixed }
    return [...wrong, added, ...others.map((finding) => ({ ...finding, ...outcome }))]
  })

/**
 * Says whether DynamoDB removes by itself what has expired, if it should.
 *
 * @since 0.2.0
 * @category checks
 */
export const checkExpiry = (
  requests: DynamoDbRequests,
  { tableName, ttlAttribute: needed }: TableDefinition,
  fix: boolean
): Findings =>
  needed === undefined
    ? Effect.succeed([])
    : Effect.flatMap(ttlAttribute(requests), (found) => {
      if (found === needed) return Effect.succeed([])
      const finding: StoreFinding = {
        code: "settings",
        severity: "warning",
        subject: tableName,
        problem: found === undefined
          ? `DynamoDB does not remove expired items of the table ${tableName} by itself.`
          : `DynamoDB removes items of the table ${tableName} by the attribute ${found}, and should do so by ${needed}.`,
        advice: found === undefined
          ? `Turn on the time to live of the table on the attribute ${needed}, or open it with nativeTtl: false. Until then only ` +
            "maintenance removes what has expired."
          : `Turn the time to live of the table off, and on again on the attribute ${needed}.`,
        fixable: found === undefined
      }
      return Effect.map(
        mended(finding, fix, Effect.as(enableTtl(requests, needed), true)),
        (finding) => [finding]
      )
    })

/**
 * Makes a sentence of a reason.
 *
 * @since 0.2.0
 * @category writers
 */
export const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
