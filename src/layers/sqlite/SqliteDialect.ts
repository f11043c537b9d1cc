/**
 * What is SQLite's own in the SQL of tasks, and what its errors mean.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type * as Result from "effect/Result"
import type { SqlError } from "effect/sql/SqlError"
import { parseMillis } from "../../domain/options/ArgumentParsers.ts"
import type { InvalidInput } from "../../domain/task/TaskError.ts"
import type { SqlDialect, SqlFault } from "../sql/SqlDialect.ts"
import { hasEnded, notOutlived } from "../sql/SqlStatement.ts"
import { counters, kindKey, migrations, remake } from "./SqliteSchema.ts"

/**
 * @since 0.1.0
 * @category instances
 */
export const sqliteDialect: SqlDialect = {
  native: (statement) => statement,
  // A write locks the whole database.
  forUpdate: "",
  skipLocked: "",
  among: (select) => `IN (${select})`,
  // Of a range with two ends SQLite thinks so much that it would read all tasks of a session.
  selective: (condition) => `unlikely(${condition})`,
  indexedName: "name",
  nameIndexes: [hasEnded],
  // It sorts for what no index has in order, which takes several times as long. Hardly any name is of two methods. Without statistics it
  // would rather read the tasks of each status, and sort them.
  groups: (tasks) =>
    "WITH named AS MATERIALIZED (SELECT name, status, count(*) AS number, min(created_at) AS oldest, " +
    "min(original_method) AS first_method, max(original_method) AS last_method " +
    `FROM ${tasks} INDEXED BY ${tasks}_by_name WHERE ${hasEnded} AND ${notOutlived} GROUP BY name, status) ` +
    "SELECT first_method, name, status, number, oldest FROM named WHERE first_method = last_method UNION ALL " +
    "SELECT task.original_method, task.name, task.status, count(*), min(task.created_at) " +
    `FROM named CROSS JOIN ${tasks} AS task INDEXED BY ${tasks}_by_name ON task.name IS named.name AND task.status = named.status ` +
    `WHERE first_method <> last_method AND task.${hasEnded} AND ${notOutlived} GROUP BY task.original_method, task.name, task.status`,
  endsWith: "substr(task_id, -?) = ?",
  idList: "SELECT value FROM json_each(?)",
  elements: "json_each(?)",
  kindKey,
  methodKey: kindKey,
  // A function that gives rows may depend on the row before it, and a query may not.
  joinEach: (tasks, where) =>
    `CROSS JOIN json_each((SELECT json_group_array(task_id) FROM (SELECT task_id FROM ${tasks} WHERE ${where}))) AS each ` +
    `CROSS JOIN ${tasks} AS task ON task.task_id = each.value`,
  seatsLeft: ({ seats }, key) => `(? - coalesce((SELECT begun FROM ${seats} WHERE session_id = ${key}), 0))`,
  // A negative number would be no limit.
  atMost: (number) => `max(0, min(?, ${number}))`,
  engineTime: undefined,
  locksWhole: true,
  retriesInTransaction: true,
  beginTransaction: undefined,
  schemaLock: () => ({ take: [], leave: [] }),
  tableExists: "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?",
  definitions: (tables) => ({
    text: "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND lower(tbl_name) IN (SELECT value FROM json_each(?))",
    params: [JSON.stringify(tables)]
  }),
  migrations,
  counters,
  remake,
  isMadeAlone: () => false,
  // Rows of the user that refer to tasks would go with a table that is made anew.
  script: (statements) => ["PRAGMA foreign_keys = OFF", "BEGIN IMMEDIATE", ...statements, "COMMIT"],
  fault: (error) => faultOf(resultCode(error)),
  noteAnswer: () => undefined
}

/**
 * Parses the timeout of locks.
 *
 * @since 0.1.0
 * @category parsers
 */
export const parseLockTimeout = (
  lockTimeout: Duration.Input = Duration.seconds(5)
): Result.Result<number, InvalidInput> => parseMillis("lockTimeout", lockTimeout, 0)

/** The extended result code, under whatever name a client of SQLite gives it. */
const resultCode = (error: SqlError): number | undefined => {
  const cause: unknown = error.reason.cause
  if (typeof cause !== "object" || cause === null) return undefined
  for (const property of ["errcode", "errno", "rawCode", "code"]) {
    const value: unknown = Reflect.get(cause, property)
    if (typeof value === "number") return value
    if (typeof value !== "string") continue
    const known = namedCodes.find(([name]) => value === name || value.startsWith(`${name}_`))
    if (known !== undefined) return known[1]
  }
  return undefined
}

/** Errors of Node, as numbers that SQLite does not use. */
const closed = -1
const outOfRange = -2

/** Those with more to them come first. */
const namedCodes: ReadonlyArray<readonly [name: string, code: number]> = [
  ["SQLITE_BUSY_SNAPSHOT", 517],
  ["SQLITE_BUSY", 5],
  ["SQLITE_LOCKED", 6],
  ["SQLITE_NOMEM", 7],
  ["SQLITE_READONLY", 8],
  ["SQLITE_IOERR", 10],
  ["SQLITE_CORRUPT", 11],
  ["SQLITE_FULL", 13],
  ["SQLITE_CANTOPEN", 14],
  ["SQLITE_PROTOCOL", 15],
  ["SQLITE_TOOBIG", 18],
  ["SQLITE_PERM", 3],
  ["SQLITE_NOTADB", 26],
  ["SQLITE_ERROR", 1],
  ["ERR_INVALID_STATE", closed],
  ["ERR_OUT_OF_RANGE", outOfRange]
]

const busySnapshot = 517

const faultOf = (code: number | undefined): SqlFault => {
  if (code === busySnapshot) {
    return {
      ...unfixable(
        "another writer committed after this transaction began to read, so it can never write; " +
          "begin transactions that write with BEGIN IMMEDIATE, and run this one again"
      ),
      retryable: true
    }
  }
  switch (code === undefined || code < 0 ? code : code & 0xff) {
    case 5:
    case 6:
    case 15:
      return { locked: true, reason: "the database is locked by another writer", retryable: true, applied: "no" }
    case 3:
    case 8:
      return ofStore(
        "the database is read-only; check the permissions of the file and of its folder, in which SQLite makes files too"
      )
    case 7:
      return { ...unfixable("SQLite ran out of memory"), retryable: true }
    case 10:
      return {
        locked: false,
        reason: "reading or writing the database file failed; check the disk and the file system",
        retryable: true,
        applied: "unknown"
      }
    case 11:
      return ofStore("the database file is corrupt; restore it from a backup, or recover it with sqlite3 .recover")
    case 13:
      return { ...unfixable("the disk, or the size that the database may have, is full; make room"), retryable: true }
    case 14:
      return ofStore("the database file cannot be opened; check that its folder exists and may be written")
    case 18:
      return unfixable("the task is larger than SQLite stores; lower maxPayloadBytes")
    case 26:
      return ofStore("the file is not a SQLite database; check the path")
    case 1:
      return ofStore(
        "SQLite refused a statement, so the tables are missing or are not those of this library; run the migrations"
      )
    case outOfRange:
      return {
        locked: false,
        reason: "a stored row has a number that this library does not write; repair or delete it",
        retryable: false,
        applied: "unknown"
      }
    case closed:
      return ofStore("the database is closed; use the storage only while its layer is in use")
    default:
      return {
        locked: false,
        reason: "SQLite failed unexpectedly; see the cause",
        retryable: false,
        applied: "unknown"
      }
  }
}

/** It failed before anything was written, and fails again until a person has done something. */
const unfixable = (reason: string): SqlFault => ({ locked: false, reason, retryable: false, applied: "no" })

/** The same for whatever is written. */
const ofStore = (reason: string): SqlFault => ({ ...unfixable(reason), concerns: "store" })
