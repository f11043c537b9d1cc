/**
 * Tasks in PostgreSQL: durable, for any number of processes on any number of machines.
 *
 * It uses `@effect/sql-pg`, which you install beside this library. Every operation is one statement and one round trip;
 * operations that merge with the stored task (`updateTask`, `requireInput`, `provideInput`) take two.
 *
 * @since 0.1.0
 * @module
 */
import * as PgClientModule from "@effect/sql-pg/PgClient"
import * as PgConnection from "@effect/sql-pg/PgConnection"
import * as PgPool from "@effect/sql-pg/PgPool"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type { TaskDriver, TaskDriverError } from "../domain/driver/TaskDriver.ts"
import { type OptionNames, parseNames } from "../domain/options/optionNames.ts"
import { resolveOptions } from "../domain/options/TaskStorageOptions.ts"
import { InvalidInput, type TaskStorageUnavailable } from "../domain/task/TaskError.ts"
import type { TaskStorage } from "../domain/TaskStorage.ts"
import { closed, layerOfDriver } from "./layerOfDriver.ts"
import type { LayerOptions } from "./LayerOptions.ts"
import { makePostgresDriver } from "./postgres/makePostgresDriver.ts"
import { openPostgresDriver, rowBytes } from "./postgres/openPostgresDriver.ts"
import type { PgModules } from "./postgres/PgModules.ts"
import * as PostgresLimits from "./postgres/PostgresLimits.ts"
import {
  type Password,
  postgresClientNames,
  type PostgresClientOptions,
  postgresDriverNames,
  type PostgresDriverOptions,
  postgresTableNames,
  type TableOptions,
  type TlsOptions
} from "./postgres/PostgresOptions.ts"
import * as PostgresSchema from "./postgres/PostgresSchema.ts"
import { makeSeatTriggers } from "./postgres/PostgresSeats.ts"
import { postgresTables } from "./postgres/postgresTables.ts"
import type { SchemaMode } from "./SchemaMode.ts"
import type { SqlMigration } from "./sql/SqlDialect.ts"

const pg: PgModules = { PgClient: PgClientModule, PgConnection, PgPool }

export type { Password, PostgresClientOptions, SchemaMode, SqlMigration, TableOptions, TlsOptions }

/**
 * Options of {@link layerClient}: those of every layer, and how the database is used.
 *
 * @since 0.1.0
 * @category options
 */
export interface ClientOptions extends LayerOptions, PostgresDriverOptions {}

/**
 * Options of {@link layer}.
 *
 * @since 0.1.0
 * @category options
 */
export interface Options extends ClientOptions, PostgresClientOptions {}

/**
 * Keeps tasks in a PostgreSQL database, whose tables are made if they are not there.
 *
 * Behind a pooler in transaction mode set `notifications: false`, and `prepare: false` if it does not follow prepared
 * statements.
 *
 * Fails with `InvalidInput` when an option is wrong, and with `TaskStorageUnavailable` when the database cannot be reached
 * or its tables are not what `schema` asks for.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<TaskStorage, InvalidInput | TaskStorageUnavailable> =>
  layerOfDriver(openDriver(options), options, ownNames)

/**
 * Keeps tasks in a PostgreSQL database, with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<TaskStorage, InvalidInput | TaskStorageUnavailable | Config.ConfigError> =>
  Layer.unwrap(Effect.map(Config.unwrap(options), layer))

/**
 * Keeps tasks in the database of your `PgClient`, and takes part in its transactions: inside `sql.withTransaction` a task is
 * committed or rolled back together with your own rows. Waiters wake after the commit.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerClient = (
  options: ClientOptions = {}
): Layer.Layer<TaskStorage, InvalidInput | TaskStorageUnavailable, PgClientModule.PgClient> =>
  layerOfDriver(
    Effect.gen(function*() {
      const sql = yield* PgClientModule.PgClient
      const { maxMessageSize = 16 * 1024 * 1024 } = sql.config
      const needed = rowBytes(yield* Effect.fromResult(resolveOptions(options)))
      if (needed > maxMessageSize) {
        return yield* new InvalidInput({
          field: "maxPayloadBytes",
          reason:
            `lets tasks grow beyond what the client can read: raise its maxMessageSize to ${needed}, or lower this`
        })
      }
      return yield* makePostgresDriver(pg, sql, options)
    }),
    options,
    postgresDriverNames
  )

/**
 * Makes the driver of {@link layer}, for those who wrap drivers. The scope closes the connections.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeDriver = (
  options: Omit<Options, "encryption">
): Effect.Effect<TaskDriver, InvalidInput | TaskDriverError, Scope.Scope> =>
  closed(options, ownNames, openDriver(options))

const openDriver = (options: Options) => openPostgresDriver(pg, options)

const ownNames: OptionNames<Omit<Options, keyof LayerOptions>> = [
  ...postgresClientNames,
  ...postgresDriverNames,
  "url"
]

/**
 * Gives the steps of the schema, oldest first, for those who run them by other means and open with `schema: "verify"` or
 * `"trust"`. Each is to be run in one transaction. A step that has been released never changes.
 *
 * @since 0.1.0
 * @category schema
 */
export const migrations = (options: TableOptions = {}): Result.Result<ReadonlyArray<SqlMigration>, InvalidInput> =>
  Result.map(namedTables(options), PostgresSchema.migrations)

/**
 * Gives the statements that `maxTasks` and `maxTasksPerSession` need in addition to {@link migrations}. Run them in one
 * transaction. With `schema: "migrate"` the first layer with limits runs them when it opens the database.
 *
 * @since 0.1.0
 * @category schema
 */
export const limitTriggers = (options: TableOptions = {}): Result.Result<ReadonlyArray<string>, InvalidInput> =>
  Result.map(namedTables(options), PostgresLimits.makeTriggers)

/**
 * Gives the statements that `maxActive` and `maxActivePerSession` need in addition to {@link migrations}, to be run as
 * {@link limitTriggers} are.
 *
 * @since 0.2.0
 * @category schema
 */
export const activeLimitTriggers = (options: TableOptions = {}): Result.Result<ReadonlyArray<string>, InvalidInput> =>
  Result.map(namedTables(options), makeSeatTriggers)

const namedTables = (options: TableOptions) =>
  Result.flatMap(
    postgresTables(options),
    (tables) => Result.map(parseNames(options, postgresTableNames), () => tables)
  )
