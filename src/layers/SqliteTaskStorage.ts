/**
 * Tasks in SQLite: durable, in one file, for one process or several on the same machine.
 *
 * It uses `node:sqlite`, so there is nothing to install. It waits for locks without blocking the event loop.
 *
 * @since 0.1.0
 * @module
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { SqlClient } from "effect/sql/SqlClient"
import type { TaskDriver, TaskDriverError } from "../domain/driver/TaskDriver.ts"
import { type OptionNames, parseNames } from "../domain/options/optionNames.ts"
import type { InvalidInput, TaskStorageUnavailable } from "../domain/task/TaskError.ts"
import type { TaskStorage } from "../domain/TaskStorage.ts"
import { closed, layerOfDriver, opening } from "./layerOfDriver.ts"
import type { LayerOptions } from "./LayerOptions.ts"
import type { SchemaMode } from "./SchemaMode.ts"
import type { SqlMigration } from "./sql/SqlDialect.ts"
import { taskTables } from "./sql/TaskTables.ts"
import { makeSqliteDriver, type SqliteDriverOptions } from "./sqlite/makeSqliteDriver.ts"
import { openSqlite, type SqliteClientOptions, type Synchronous } from "./sqlite/openSqlite.ts"
import { openSqliteDriver } from "./sqlite/openSqliteDriver.ts"
import { sqliteClientNames, sqliteDriverNames } from "./sqlite/SqliteOptions.ts"
import * as SqliteSchema from "./sqlite/SqliteSchema.ts"

export type { SchemaMode, SqliteClientOptions, SqlMigration, Synchronous }

/**
 * Options of {@link layerClient}: those of every layer, and how the database is used.
 *
 * @since 0.1.0
 * @category options
 */
export interface ClientOptions extends LayerOptions, SqliteDriverOptions {}

/**
 * Options of {@link layer}.
 *
 * @since 0.1.0
 * @category options
 */
export interface Options extends ClientOptions, SqliteClientOptions {}

/**
 * Keeps tasks in a SQLite database, which is made if it is not there. `:memory:` is a database of this layer alone.
 *
 * Fails with `InvalidInput` when an option is wrong, and with `TaskStorageUnavailable` when the database cannot be opened
 * or its tables are not what `schema` asks for.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<TaskStorage, InvalidInput | TaskStorageUnavailable> =>
  layerOfDriver(openSqliteDriver(options), options, ownNames)

/**
 * Keeps tasks in a SQLite database, with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<TaskStorage, InvalidInput | TaskStorageUnavailable | Config.ConfigError> =>
  Layer.unwrap(Effect.map(Config.unwrap(options), layer))

/**
 * Keeps tasks in the database of your `SqlClient`, and takes part in its transactions: inside `sql.withTransaction` a task is
 * committed or rolled back together with your own rows. Waiters wake after the commit.
 *
 * Begin transactions that write with `BEGIN IMMEDIATE`, as the client of {@link layerSqlClient} does. Otherwise SQLite refuses
 * the write of a transaction that has read before another process wrote. Waiters notice the writes of other processes only
 * on clients with one connection.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerClient = (
  options: ClientOptions = {}
): Layer.Layer<TaskStorage, InvalidInput | TaskStorageUnavailable, SqlClient> =>
  layerOfDriver(Effect.flatMap(SqlClient, (sql) => makeSqliteDriver(sql, options)), options, sqliteDriverNames)

/**
 * Provides a `SqlClient` over `node:sqlite`: one connection in WAL mode, transactions that begin with `BEGIN IMMEDIATE`,
 * and no wait for locks inside SQLite.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerSqlClient = (
  options: SqliteClientOptions
): Layer.Layer<SqlClient, InvalidInput | TaskStorageUnavailable> =>
  Layer.effect(
    SqlClient,
    typeof options === "object" && options !== null
      ? Effect.andThen(
        Effect.fromResult(parseNames(options, [...sqliteClientNames, "filename"])),
        opening(openSqlite(options))
      )
      : opening(openSqlite(options))
  )

/**
 * Makes the driver of {@link layer}, for those who wrap drivers. The scope closes the database.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeDriver = (
  options: SqliteClientOptions & SqliteDriverOptions
): Effect.Effect<TaskDriver, InvalidInput | TaskDriverError, Scope.Scope> =>
  closed(options, ownNames, openSqliteDriver(options))

const ownNames: OptionNames<Omit<Options, keyof LayerOptions>> = [
  ...sqliteClientNames,
  ...sqliteDriverNames,
  "filename"
]

/**
 * Gives the steps of the schema, oldest first, for those who run them by other means and open with `schema: "verify"` or
 * `"trust"`. A step that has been released never changes.
 *
 * @since 0.1.0
 * @category schema
 */
export const migrations = (tablePrefix?: string): Result.Result<ReadonlyArray<SqlMigration>, InvalidInput> =>
  Result.map(taskTables(tablePrefix), SqliteSchema.migrations)

/**
 * Gives the statements that `maxTasks` and `maxTasksPerSession` need in addition to {@link migrations}. Run them in one
 * transaction. With `schema: "migrate"` the first layer with limits runs them when it opens the database. Steps 2 and 3 of
 * the migrations make the table anew, and the triggers go with the old one: run these statements again afterwards.
 *
 * @since 0.1.0
 * @category schema
 */
export const limitTriggers = (tablePrefix?: string): Result.Result<ReadonlyArray<string>, InvalidInput> =>
  Result.map(taskTables(tablePrefix), SqliteSchema.makeTriggers)

/**
 * Gives the statements that `maxActive` and `maxActivePerSession` need in addition to {@link migrations}, to be run as
 * {@link limitTriggers} are.
 *
 * @since 0.2.0
 * @category schema
 */
export const activeLimitTriggers = (tablePrefix?: string): Result.Result<ReadonlyArray<string>, InvalidInput> =>
  Result.map(taskTables(tablePrefix), SqliteSchema.makeSeatTriggers)
