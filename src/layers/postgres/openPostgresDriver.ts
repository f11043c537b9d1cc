/**
 * Connecting to a database and making its driver.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import {
  type ResolvedOptions,
  resolveOptions,
  type TaskStorageOptions
} from "../../domain/options/TaskStorageOptions.ts"
import type { InvalidInput } from "../../domain/task/TaskError.ts"
import { makePostgresDriver } from "./makePostgresDriver.ts"
import { openPostgres } from "./openPostgres.ts"
import type { PgModules } from "./PgModules.ts"
import type { PostgresClientOptions, PostgresDriverOptions } from "./PostgresOptions.ts"

/**
 * Makes a driver with a client of its own. The scope closes the connections. `asItIs` opens a database that may lack anything.
 *
 * @since 0.2.0
 * @category constructors
 */
export const openPostgresDriver = (
  pg: PgModules,
  options: TaskStorageOptions & PostgresClientOptions & PostgresDriverOptions,
  asItIs = false
): Effect.Effect<TaskDriver, InvalidInput | TaskDriverError, Scope.Scope> =>
  Effect.gen(function*() {
    const sql = yield* openPostgres(pg, options, rowBytes(yield* Effect.fromResult(resolveOptions(options))))
    return yield* makePostgresDriver(pg, sql, options, asItIs)
  })

/**
 * Gives the size of the largest row, ids and keys of input and the like included.
 *
 * @since 0.2.0
 * @category accessors
 */
export const rowBytes = ({ maxContentBytes, maxOutcomeBytes }: ResolvedOptions): number =>
  maxContentBytes + maxOutcomeBytes + 1024 * 1024
