/**
 * Refusing a database that does not have the structure that this library needs.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { compareStructure } from "./compareStructure.ts"
import type { SqlDialect, SqlMigration } from "./SqlDialect.ts"
import type { SqlRunner } from "./SqlRunner.ts"
import type { TaskTables } from "./TaskTables.ts"

/** How many differences an error names. */
const named = 10

/**
 * Fails, and names what is missing or different, unless a database has what the steps make.
 *
 * @since 0.2.0
 * @category constructors
 */
export const verifyStructure = Effect.fnUntraced(function*(
  runner: SqlRunner,
  dialect: SqlDialect,
  tables: TaskTables,
  steps: ReadonlyArray<SqlMigration>
): Effect.fn.Return<void, TaskDriverError> {
  const { differences } = yield* compareStructure(runner, dialect, tables, steps)
  if (differences.length === 0) return
  const others = differences.length > named ? `; and ${differences.length - named} more` : ""
  return yield* new TaskDriverError({
    reason: `the tables say that they are of schema version ${steps.at(-1)?.id ?? 0}, and are not: ` +
      `${differences.slice(0, named).map(({ text }) => text).join("; ")}${others}; make them as the statements of ` +
      "migrations and limitTriggers do, or restore them from a backup",
    retryable: false,
    applied: "no"
  })
})
