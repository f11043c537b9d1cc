/**
 * Opening a database and making its driver.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { InvalidInput } from "../../domain/task/TaskError.ts"
import { makeSqliteDriver, type SqliteDriverOptions } from "./makeSqliteDriver.ts"
import { openSqlite, type SqliteClientOptions } from "./openSqlite.ts"

/**
 * Makes a driver with a connection of its own. The scope closes it. `asItIs` opens a database that may lack anything.
 *
 * @since 0.2.0
 * @category constructors
 */
export const openSqliteDriver = (
  options: SqliteClientOptions & SqliteDriverOptions,
  asItIs = false
): Effect.Effect<TaskDriver, InvalidInput | TaskDriverError, Scope.Scope> =>
  Effect.suspend(() => {
    // A file without tables is of no use to those who make the tables by other means.
    const mustExist = asItIs || options?.schema === "verify" || options?.schema === "trust"
    return Effect.flatMap(openSqlite(options, mustExist), (sql) => makeSqliteDriver(sql, options, asItIs))
  })
