/**
 * The driver of the SQLite backend, on any client of SQLite.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Stream from "effect/Stream"
import type { TaskDriver, TaskDriverError } from "../../domain/TaskDriver.ts"
import { InvalidInput } from "../../domain/TaskError.ts"
import { realSleep } from "../realSleep.ts"
import { parseSchemaMode, type SchemaMode } from "../SchemaMode.ts"
import { whileLocked } from "../sql/LockWait.ts"
import { makeSqlDriver } from "../sql/makeSqlDriver.ts"
import { makeSqlRunner, type SqlRunner } from "../sql/SqlRunner.ts"
import { makeCounterSetup, prepareSchema } from "../sql/SqlSchema.ts"
import { readInteger, type Row, taskTables } from "../sql/TaskTables.ts"
import { parseLockTimeout, sqliteDialect } from "./SqliteDialect.ts"
import { makeSqliteWrites } from "./SqliteWrites.ts"

/**
 * How a driver uses its database.
 *
 * @since 0.1.0
 * @category options
 */
export interface SqliteDriverOptions {
  /** How long a lock that another process holds is waited for: 5 seconds by default. Waiting blocks nothing else. */
  readonly lockTimeout?: Duration.Input | undefined
  /** What the names of tables begin with: `mcp_` by default. */
  readonly tablePrefix?: string | undefined
  /** What to do about the tables when the database is opened: `migrate` by default. */
  readonly schema?: SchemaMode | undefined
  /** With one of the limits the counts they need are started right away, rather than with the first limited task. */
  readonly maxTasks?: number | undefined
  readonly maxTasksPerSession?: number | undefined
}

/** Milliseconds between two looks for writes of other processes. */
const pollInterval = 100

/**
 * Makes a driver of a client, and prepares the tables.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeSqliteDriver = Effect.fnUntraced(function*(
  sql: SqlClient,
  options: SqliteDriverOptions
): Effect.fn.Return<TaskDriver, InvalidInput | TaskDriverError> {
  const dialect = sql.onDialectOrElse({ sqlite: () => "sqlite", orElse: () => undefined })
  if (dialect === undefined) {
    return yield* new InvalidInput({
      field: "SqlClient",
      reason: "must be a client of SQLite, and is one of another engine"
    })
  }
  const tables = yield* Effect.fromResult(taskTables(options.tablePrefix))
  const lockTimeout = yield* Effect.fromResult(parseLockTimeout(options.lockTimeout))
  const mode = yield* Effect.fromResult(parseSchemaMode(options.schema))
  const runner = makeSqlRunner(sql, sqliteDialect, { lockTimeout })
  const prepare = prepareSchema(runner, sqliteDialect, tables, mode, sqliteDialect.migrations(tables))
  yield* mode === "migrate" ? withoutForeignKeys(runner, prepare) : prepare
  const ensureCounters = makeCounterSetup(runner, runner, sqliteDialect, tables, mode)
  if (options.maxTasks !== undefined || options.maxTasksPerSession !== undefined) yield* ensureCounters
  return {
    ...makeSqlDriver(
      sql,
      sqliteDialect,
      runner,
      tables,
      (find) => makeSqliteWrites(tables, runner, find, ensureCounters)
    ),
    backendName: "sqlite",
    transaction: runner.transaction,
    foreignWrites: foreignWrites(sql),
    maintain: maintain(runner, lockTimeout)
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

/**
 * A number that SQLite changes when another connection has written. It costs no query, so that it is asked often; on a
 * client with several connections it says nothing, since each has a number of its own.
 */
const foreignWrites = (sql: SqlClient): Stream.Stream<undefined> => {
  const version: Effect.Effect<number, SqlError> = Effect.scoped(
    Effect.flatMap(sql.reserve, (connection) => connection.executeValues("PRAGMA data_version", []))
  ).pipe(Effect.map((rows) => readInteger(rows[0]?.[0])))
  return Stream.callback<undefined>((queue) => {
    const look = (seen: number | undefined): Effect.Effect<never> =>
      Effect.catchCause(version, () => Effect.succeed(seen)).pipe(
        Effect.flatMap((now) => {
          if (now !== seen) Queue.offerUnsafe(queue, undefined)
          return Effect.andThen(realSleep(pollInterval), look(now))
        })
      )
    return look(undefined)
  })
}

/**
 * Statistics for the query planner; what is in the write-ahead log goes into the file as far as readers let it; and the log
 * is cut once all of it is there. Writers only go back to its start, so that a log which grew under a long reader would keep
 * its size.
 */
const maintain = (runner: SqlRunner, lockTimeout: number): NonNullable<TaskDriver["maintain"]> =>
  Effect.gen(function*() {
    yield* runner.write({ text: "PRAGMA optimize", params: [] }, () => undefined)
    const checkpoint = yield* runner.write({ text: "PRAGMA wal_checkpoint(PASSIVE)", params: [] }, readCheckpoint)
    const { checkpointedPages, walPages } = checkpoint
    // Databases without a log, as those in memory, say -1.
    const isWhole = walPages >= 0 && checkpointedPages === walPages
    const walTruncated = isWhole && (yield* truncateLog(runner, lockTimeout))
    return { walPages, checkpointedPages, walTruncated }
  })

/**
 * Cuts the write-ahead log. Whoever reads from it or writes is waited for as for a lock; gives false when that took too long,
 * since the next time will do.
 */
const truncateLog = (runner: SqlRunner, lockTimeout: number): Effect.Effect<boolean, TaskDriverError> => {
  const inUse = "in use" as const
  const once = Effect.flatMap(
    runner.write({ text: "PRAGMA wal_checkpoint(TRUNCATE)", params: [] }, readCheckpoint),
    ({ isBusy }) => isBusy ? Effect.fail(inUse) : Effect.succeed(true)
  )
  return whileLocked(once, lockTimeout, (error) => error === inUse).pipe(
    Effect.catch((error) => error === inUse ? Effect.succeed(false) : Effect.fail(error))
  )
}

const readCheckpoint = ([row]: ReadonlyArray<Row>) => ({
  isBusy: readInteger(row?.[0]) === 1,
  walPages: readInteger(row?.[1]),
  checkpointedPages: readInteger(row?.[2])
})
