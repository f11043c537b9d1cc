/**
 * What one SQL engine does in its own way.
 *
 * @since 0.1.0
 */
import type { SqlError } from "effect/sql/SqlError"
import type { TaskTables } from "./TaskTables.ts"

/**
 * A step of the schema: statements that bring a database from the version before to `id`, and write that down in the one
 * row of the schema table: `version`, and `compatible_with`, the oldest version whose library still runs on it.
 *
 * @since 0.1.0
 * @category models
 */
export interface SqlMigration {
  readonly id: number
  readonly name: string
  readonly statements: ReadonlyArray<string>
}

/**
 * What an engine's error means. `locked` is worth waiting for; `applied` is what became of a write that met it.
 *
 * @since 0.1.0
 * @category models
 */
export interface SqlFault {
  readonly locked: boolean
  readonly reason: string
  readonly retryable: boolean
  readonly applied: "no" | "unknown"
}

/**
 * The differences between SQL engines; everything else is shared.
 *
 * @since 0.1.0
 * @category models
 */
export interface SqlDialect {
  /** Selects one row when the table, named by the one parameter, exists. */
  readonly tableExists: string
  /** The schema, oldest step first. */
  readonly migrations: (tables: TaskTables) => ReadonlyArray<SqlMigration>
  /** Selects one row when the triggers are there. */
  readonly triggersExist: (tables: TaskTables) => string
  /** Makes the triggers that keep the counts of limits, and counts what is stored. */
  readonly makeTriggers: (tables: TaskTables) => ReadonlyArray<string>
  readonly fault: (error: SqlError) => SqlFault
}
