/**
 * What is PostgreSQL's own in the SQL of tasks.
 *
 * @since 0.1.0
 */
import { longestTimer } from "../../domain/effects/longestTimer.ts"
import type { SqlDialect } from "../sql/SqlDialect.ts"
import { hasEnded, notOutlived, type SqlStatement } from "../sql/SqlStatement.ts"
import { postgresDefinitions } from "./postgresDefinitions.ts"
import { postgresFault, schemaFault } from "./PostgresFault.ts"
import { taskCounters } from "./PostgresLimits.ts"
import { indexedName, isMadeAlone, kindKey, methodKey, migrations, nameIndexes, remake } from "./PostgresSchema.ts"
import { seatCounters, seatsLeftFunction } from "./PostgresSeats.ts"

/**
 * What the dialect of one driver knows: how long a change of the schema waits for each lock that it needs, in milliseconds,
 * and where the server is.
 *
 * @since 0.2.0
 * @category options
 */
export interface PostgresSurroundings {
  readonly statementTimeout?: number
  readonly place?: string
}

/**
 * Makes the dialect, which remembers the texts that it has translated, and whether the server has ever answered.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makePostgresDialect = ({ place, statementTimeout = 10_000 }: PostgresSurroundings = {}): SqlDialect => {
  let hasAnswered = false
  const texts = new Map<string, string>()
  const numbered = (text: string): string => {
    const known = texts.get(text)
    if (known !== undefined) return known
    let count = 0
    const made = text.replaceAll("?", () => `$${++count}`)
    texts.set(text, made)
    return made
  }
  return {
    // As text every value takes the type of its column, so that one statement serves null and numbers of any size.
    native: ({ params, text }): SqlStatement => ({
      text: numbered(text),
      params: params.map((value) => value === null ? null : String(value))
    }),
    forUpdate: " FOR UPDATE",
    skipLocked: " FOR UPDATE SKIP LOCKED",
    // What a query selects would be taken for a good part of the table, which would be read as a whole.
    among: (select) => `= ANY (ARRAY(${select}))`,
    selective: (condition) => condition,
    indexedName,
    nameIndexes,
    groups: (tasks) =>
      nameIndexes.map((condition) =>
        `SELECT original_method, name, status, count(*), min(created_at) FROM ${tasks} ` +
        `WHERE ${hasEnded} AND ${condition} AND ${notOutlived} GROUP BY original_method, name, status`
      ).join(" UNION ALL "),
    endsWith: "right(task_id, ?) = ?",
    idList: "SELECT jsonb_array_elements_text(CAST(? AS jsonb))",
    elements: "jsonb_array_elements(CAST(? AS jsonb)) AS each (value)",
    kindKey,
    methodKey,
    joinEach: (tasks, where, lock) =>
      `CROSS JOIN LATERAL (SELECT * FROM ${tasks} WHERE ${where}${
        lock ? " FOR NO KEY UPDATE SKIP LOCKED" : ""
      }) AS task`,
    seatsLeft: (tables, key) => `${seatsLeftFunction(tables)}(${key}, ?)`,
    atMost: (number) => `greatest(0, least(?, ${number}))`,
    engineTime: "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
    locksWhole: false,
    retriesInTransaction: false,
    // Who waits for the lock of the schema has to see what the one before has made.
    beginTransaction: "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
    schemaLock: ({ schema }) => ({
      take: [
        { text: `SELECT set_config('${savedLockTimeout}', current_setting('lock_timeout'), true)`, params: [] },
        { text: "SELECT set_config('lock_timeout', ?, true)", params: [Math.min(statementTimeout, longestTimer)] },
        { text: "SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", params: [schema] }
      ],
      // The transaction may be the user's, and go on.
      leave: [{ text: `SELECT set_config('lock_timeout', current_setting('${savedLockTimeout}'), true)`, params: [] }]
    }),
    tableExists: "SELECT 1 FROM pg_class WHERE oid = to_regclass(?)",
    definitions: (tables, functions) => ({
      text: postgresDefinitions,
      params: [JSON.stringify(tables), JSON.stringify(functions)]
    }),
    migrations,
    counters: { tasks: taskCounters, seats: seatCounters },
    remake,
    isMadeAlone,
    script: (statements, { schema }) => [
      "BEGIN",
      `SELECT pg_advisory_xact_lock(hashtextextended('${schema}', 0))`,
      ...statements,
      "COMMIT"
    ],
    fault: (error) => postgresFault(error, { place, hasAnswered }),
    noteAnswer: () => {
      hasAnswered = true
    }
  }
}

const savedLockTimeout = "mcp_task_storage.lock_timeout"

/**
 * Makes the dialect in which the schema is changed, where a lock that was waited for in vain is one of the tables.
 *
 * @since 0.2.0
 * @category constructors
 */
export const inSchemaChange = (dialect: SqlDialect, statementTimeout: number): SqlDialect => ({
  ...dialect,
  fault: (error) => schemaFault(error, dialect.fault(error), statementTimeout)
})
