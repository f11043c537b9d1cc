/**
 * The driver of the SQLite backend, on any client of SQLite.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Stream from "effect/Stream"
import type { TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import { realBackgroundSleep } from "../realSleep.ts"
import { parseSchemaMode, type SchemaMode } from "../SchemaMode.ts"
import { makeSqlDriver } from "../sql/makeSqlDriver.ts"
import { makeSqlInspector } from "../sql/makeSqlInspector.ts"
import { makeSqlRunner, type SqlRunner } from "../sql/SqlRunner.ts"
import { type CountedLimits, makeCounterSetup, neededCounters, prepareSchema } from "../sql/SqlSchema.ts"
import { readInteger, taskTables } from "../sql/TaskTables.ts"
import { isSqliteClient } from "./openSqlite.ts"
import { shareCommits } from "./shareCommits.ts"
import { sqliteChecks } from "./sqliteChecks.ts"
import { parseLockTimeout, sqliteDialect } from "./SqliteDialect.ts"
import { maintain } from "./SqliteMaintenance.ts"
import { makeSqliteWrites } from "./SqliteWrites.ts"
import { makeStraightRunner } from "./StatementsAtOnce.ts"
import { watchFiles } from "./watchFiles.ts"

/**
 * How a driver uses its database.
 *
 * @since 0.1.0
 * @category options
 */
export interface SqliteDriverOptions extends CountedLimits {
  /** How long to wait for a lock of another process: 5 seconds by default. Waiting blocks nothing else. */
  readonly lockTimeout?: Duration.Input | undefined
  /** What the names of tables begin with: `mcp_` by default. */
  readonly tablePrefix?: string | undefined
  /** What to do about the tables when the database is opened: `migrate` by default. */
  readonly schema?: SchemaMode | undefined
}

/** Milliseconds between two looks for writes of other processes. */
const pollInterval = 100

/**
 * Makes a driver of a client, and prepares the tables; with `asItIs` it takes the database as it finds it, whatever it lacks.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeSqliteDriver = Effect.fnUntraced(function*(
  sql: SqlClient,
  options: SqliteDriverOptions,
  asItIs = false
): Effect.fn.Return<TaskDriver, InvalidInput | TaskDriverError, Scope.Scope> {
  const dialect = sql.onDialectOrElse({ sqlite: () => "sqlite", orElse: () => undefined })
  if (dialect === undefined) {
    return yield* new InvalidInput({
      field: "SqlClient",
      reason: "must be a client of SQLite, and is one of another engine"
    })
  }
  const tables = yield* Effect.fromResult(taskTables(options.tablePrefix))
  const lockTimeout = yield* Effect.fromResult(parseLockTimeout(options.lockTimeout))
  const mode = yield* Effect.fromResult(parseSchemaMode(asItIs ? "trust" : options.schema))
  const waiting = makeSqlRunner(sql, sqliteDialect, { lockTimeout })
  const plain = isSqliteClient(sql) ? makeStraightRunner(sql, waiting) : { ...waiting, writeAtOnce: () => undefined }
  const files = yield* watchFiles(sql, plain, lockTimeout)
  const { runner } = files
  const prepare = prepareSchema(runner, sqliteDialect, tables, mode, sqliteDialect.migrations(tables))
  yield* mode === "migrate" ? withoutForeignKeys(runner, prepare) : prepare
  const ensureCounters = makeCounterSetup(runner, runner, sqliteDialect, tables, mode)
  const needed = neededCounters(options)
  if (!asItIs) { for (const kind of needed) yield* ensureCounters[kind] }
  // Whatever else there is here changes the database itself, which is nothing to do in a transaction of others. A database
  // in memory has no commits that take long.
  const shared = isSqliteClient(sql) && sql.databaseFiles !== undefined
    ? yield* shareCommits(sql, plain, files, lockTimeout)
    : { ...runner, transactionOnce: runner.transaction }
  const driver = makeSqlDriver(
    sql,
    sqliteDialect,
    shared,
    tables,
    ensureCounters,
    (find) => makeSqliteWrites(tables, shared, find, ensureCounters)
  )
  return {
    ...driver,
    backendName: "sqlite",
    findsSeats: true,
    // Waiters are told that their tasks are gone. They look for themselves, and hear what happened.
    findRevisions: (taskIds) =>
      files.areLost() ? Effect.succeed(new Map<string, never>()) : driver.findRevisions(taskIds),
    transaction: shared.transactionOnce,
    foreignWrites: foreignWrites(sql, files.areLost),
    maintain: maintain(runner, lockTimeout),
    inspector: makeSqlInspector(
      { runner, patientRunner: runner, dialect: sqliteDialect, tables, needed },
      sqliteChecks(runner, lockTimeout, tables)
    )
  }
})

/** A step that makes a table anew drops the old one, and rows of the user that refer to its rows would go with them. */
const withoutForeignKeys = <A, E>(
  runner: SqlRunner,
  effect: Effect.Effect<A, E>
): Effect.Effect<A, E | TaskDriverError> => {
  const set = (value: "ON" | "OFF") =>
    runner.write({ text: `PRAGMA foreign_keys = ${value}`, params: [] }, () => undefined)
  return Effect.flatMap(
    runner.read({ text: "PRAGMA foreign_keys", params: [] }, ([row]) => readInteger(row?.[0]) === 1),
    (areOn) => areOn ? Effect.acquireUseRelease(set("OFF"), () => effect, () => set("ON")) : effect
  )
}

/** No version of a database: those are positive. */
const lostVersion = -1

/**
 * A number that SQLite changes when another connection has written. It costs no query, so that it is asked often; on a
 * client with several connections it says nothing, since each has a number of its own.
 */
const foreignWrites = (sql: SqlClient, areLost: () => boolean): Stream.Stream<undefined> => {
  const version: Effect.Effect<number, SqlError> = Effect.scoped(
    Effect.flatMap(sql.reserve, (connection) => connection.executeValues("PRAGMA data_version", []))
  ).pipe(Effect.map((rows) => areLost() ? lostVersion : readInteger(rows[0]?.[0])))
  return Stream.callback<undefined>((queue) => {
    const look = (seen: number | undefined): Effect.Effect<never> =>
      Effect.catchCause(version, () => Effect.succeed(seen)).pipe(
        Effect.flatMap((now) => {
          if (now !== seen) Queue.offerUnsafe(queue, undefined)
          return Effect.andThen(realBackgroundSleep(pollInterval), look(now))
        })
      )
    return look(undefined)
  })
}
