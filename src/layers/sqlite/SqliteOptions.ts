/**
 * The names of the options of SQLite, for code that must not load it.
 *
 * @since 0.2.0
 */
import { optionNames } from "../../domain/options/optionNames.ts"
import type { TaskStorageOptions } from "../../domain/options/TaskStorageOptions.ts"
import type { SqliteDriverOptions } from "./makeSqliteDriver.ts"
import type { SqliteClientOptions } from "./openSqlite.ts"

/**
 * @since 0.2.0
 * @category constants
 */
export const sqliteClientNames = optionNames<Omit<SqliteClientOptions, "filename">>({
  synchronous: true,
  lockTimeout: true,
  fileMode: true
})

/**
 * @since 0.2.0
 * @category constants
 */
export const sqliteDriverNames = optionNames<Omit<SqliteDriverOptions, keyof TaskStorageOptions>>({
  lockTimeout: true,
  tablePrefix: true,
  schema: true
})
