/**
 * The names of the tables in PostgreSQL.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import { type TaskTables, taskTables } from "../sql/TaskTables.ts"
import type { TableOptions } from "./PostgresOptions.ts"

/**
 * Names the tables, those in a schema behind its quoted name.
 *
 * @since 0.1.0
 * @category constructors
 */
export const postgresTables = (options: TableOptions): Result.Result<TaskTables, InvalidInput> => {
  if (typeof options !== "object" || options === null) {
    return Result.fail(new InvalidInput({ field: "options", reason: "must be an object" }))
  }
  const { databaseSchema, tablePrefix } = options
  if (databaseSchema === undefined) return taskTables(tablePrefix)
  return typeof databaseSchema === "string" && /^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(databaseSchema)
    ? taskTables(tablePrefix, `"${databaseSchema}".`)
    : Result.fail(
      new InvalidInput({
        field: "databaseSchema",
        reason: "must be 1 to 63 ASCII letters, digits and underscores, and begin with no digit"
      })
    )
}
