/**
 * Effect's SQL client over `node:sqlite`.
 *
 * It never waits for a lock inside SQLite, whose busy handler would block the event loop. A locked statement fails at once, and
 * the wait is outside.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as SqlClient from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"
import { existsSync } from "node:fs"
import { resolve } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import { beginWhenUnlocked, whileLocked } from "../sql/LockWait.ts"
import { driverError } from "../sql/SqlRunner.ts"
import { createDatabaseFile, databasePath, parseFileMode } from "./createDatabaseFile.ts"
import { DatabaseFiles } from "./DatabaseFiles.ts"
import { makeConnection, type SqliteConnection, toSqlError } from "./SqliteConnection.ts"
import { parseLockTimeout, sqliteDialect } from "./SqliteDialect.ts"

/**
 * What a commit survives: with `full` a power cut, with `normal` and `off` the death of the process.
 *
 * @since 0.1.0
 * @category options
 */
export type Synchronous = "full" | "normal" | "off"

/**
 * @since 0.1.0
 * @category options
 */
export interface SqliteClientOptions {
  /** A path, a `file:` URL, or `:memory:`. */
  readonly filename: string
  /** `full` by default. */
  readonly synchronous?: Synchronous | undefined
  /** How long to wait for a lock of another process: 5 seconds by default. Waiting blocks nothing else. */
  readonly lockTimeout?: Duration.Input | undefined
  /**
   * The permissions of new files: `0o600` by default, so that only their owner reads the tasks. Files that exist keep theirs.
   * Windows has no such permissions.
   */
  readonly fileMode?: number | undefined
}

/** As statements, since a pragma takes no parameters. */
const synchronousPragmas = new Map<string, string>(
  [
    ["full", "PRAGMA synchronous = FULL"],
    ["normal", "PRAGMA synchronous = NORMAL"],
    ["off", "PRAGMA synchronous = OFF"]
  ] satisfies ReadonlyArray<readonly [Synchronous, string]>
)

/**
 * A client that has one connection for as long as it is there.
 *
 * @since 0.2.0
 * @category models
 */
export interface SqliteClient extends SqlClient.SqlClient {
  /** What its database was when it was opened. `undefined` where there are no files. */
  readonly databaseFiles: DatabaseFiles | undefined
  /** Runs a transaction as `withTransaction` does, but fails at once where another process holds the lock. */
  readonly transactAtOnce: SqlClient.SqlClient["withTransaction"]
  /** Whether a transaction is open: some errors make SQLite undo it whole. */
  readonly isTransaction: () => boolean
  /** Runs a statement on the connection right now, whoever has it, without a span. Throws what `node:sqlite` throws. */
  readonly valuesAtOnce: SqliteConnection["valuesAtOnce"]
  /** Whether nobody has the connection, waits for it, or left a transaction open on it. */
  readonly isIdle: () => boolean
}

/**
 * Tells whether a client is one of {@link openSqlite}.
 *
 * @since 0.2.0
 * @category guards
 */
export const isSqliteClient = (sql: SqlClient.SqlClient): sql is SqliteClient => "transactAtOnce" in sql

/**
 * Opens a database in WAL mode, until the scope closes. With `mustExist` it makes no new file.
 *
 * @since 0.1.0
 * @category constructors
 */
export const openSqlite = Effect.fnUntraced(function*(
  options: SqliteClientOptions,
  mustExist = false
): Effect.fn.Return<SqliteClient, InvalidInput | TaskDriverError, Scope.Scope> {
  if (typeof options !== "object" || options === null) {
    return yield* new InvalidInput({ field: "options", reason: "must be an object with a filename" })
  }
  const { filename, synchronous } = options
  if (typeof filename !== "string" || filename === "" || filename.includes("\0")) {
    return yield* new InvalidInput({ field: "filename", reason: "must be a path, a file: URL, or :memory:" })
  }
  const pragma = synchronousPragmas.get(synchronous ?? "full")
  if (pragma === undefined) {
    return yield* new InvalidInput({ field: "synchronous", reason: "must be full, normal or off" })
  }
  const lockTimeout = yield* Effect.fromResult(parseLockTimeout(options.lockTimeout))
  const fileMode = yield* Effect.fromResult(parseFileMode(options.fileMode))
  const path = databasePath(filename)
  const place = path === undefined ? "" : ` (${resolve(path)})`
  if (mustExist && path !== undefined && !existsSync(path)) {
    return yield* new TaskDriverError({
      reason:
        `there is no such database file${place}; check the path, or make the store: with mcp-task-storage migrate, ` +
        "or with schema \"migrate\"",
      retryable: false,
      applied: "no"
    })
  }
  const client = yield* whileLocked(connect(filename, fileMode, pragma), lockTimeout, isLocked).pipe(
    Effect.mapError((error) => {
      const { applied, cause, reason, retryable } = driverError(sqliteDialect, error, false, lockTimeout)
      return new TaskDriverError({ applied, cause, reason: `${reason}${place}`, retryable })
    })
  )
  return Object.assign(client, {
    withTransaction: beginWhenUnlocked(client.withTransaction, lockTimeout, isLocked)
  })
})

const isLocked = (error: unknown): boolean => isSqlError(error) && sqliteDialect.fault(error).locked

/** Going over to WAL needs the file for itself, so that it fails when several processes open a new one at once. */
const connect = Effect.fnUntraced(function*(
  filename: string,
  fileMode: number,
  pragma: string
): Effect.fn.Return<SqliteClient, SqlError, Scope.Scope> {
  const { database, databaseFiles } = yield* Effect.acquireRelease(
    Effect.try({
      try: () => {
        createDatabaseFile(filename, fileMode)
        const database = new DatabaseSync(filename, { timeout: 0 })
        try {
          database.exec("PRAGMA journal_mode = WAL")
          database.exec(pragma)
          return { database, databaseFiles: filesOf(database, filename) }
        } catch (error) {
          database.close()
          throw error
        }
      },
      catch: toSqlError("open the database")
    }),
    ({ database }) => Effect.sync(() => database.close())
  )
  const connection = makeConnection(database)
  const { acquirer, borrower, ...cleanup } = SqlClient.makeSqliteAcquirers({
    connection: Effect.succeed(connection),
    semaphore: yield* Semaphore.make(1),
    isTransaction: (connection) => connection.isTransaction()
  })
  let users = 0
  const enter = Effect.sync(() => void users++)
  const leave = () => Effect.sync(() => void users--)
  const counted = Effect.andThen(Effect.acquireRelease(enter, leave), acquirer)
  const client = yield* SqlClient.make({
    ...cleanup,
    acquirer: counted,
    transactionAcquirer: counted,
    borrower: (use) => Effect.acquireUseRelease(enter, () => borrower(use), leave),
    driver: "sqlite-node",
    compiler: Statement.makeCompilerSqlite(),
    beginTransaction: "BEGIN IMMEDIATE",
    releaseSavepoint: (name) => `RELEASE SAVEPOINT ${name}`,
    prepareTransactionControls: true,
    spanAttributes: [["db.system.name", "sqlite"]]
  }).pipe(Effect.provide(Reactivity.layer))
  return Object.assign(client, {
    databaseFiles,
    transactAtOnce: client.withTransaction,
    isTransaction: connection.isTransaction,
    valuesAtOnce: connection.valuesAtOnce,
    isIdle: () => users === 0 && !(database.isOpen && database.isTransaction)
  })
})

const filesOf = (database: DatabaseSync, filename: string): DatabaseFiles | undefined => {
  const path = database.location()
  if (path === null) return undefined
  const given = databasePath(filename)
  return new DatabaseFiles(path, { given: given === undefined ? undefined : resolve(given), companions: true })
}
