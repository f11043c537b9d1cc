/**
 * Comparing a database with the structure that this library needs.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { TaskDriverError } from "../../domain/TaskDriver.ts"
import type { SqlDialect, SqlMigration } from "./SqlDialect.ts"
import type { SqlRunner } from "./SqlRunner.ts"
import { type SqlStructure, structureOf, type TableStructure } from "./SqlStructure.ts"
import { readText, type TaskTables } from "./TaskTables.ts"

/** How many differences an error names. */
const named = 10

/**
 * Fails, and names what is missing or different, unless a database has what the steps make. Anything else belongs to its owner.
 * The triggers of limits are compared if there is one of them.
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
  const needed = structureOf(steps.flatMap(({ statements }) => statements))
  const limits = structureOf(dialect.makeTriggers(tables))
  const names = (structures: ReadonlyArray<ReadonlyMap<string, unknown>>) =>
    structures.flatMap((structure) => [...structure.keys()]).map((name) => `${tables.qualifier}${name}`)
  const found = structureOf(
    yield* runner.read(
      dialect.definitions(names([needed.tables]), names([needed.functions, limits.functions])),
      (rows) => rows.map((row) => readText(row[0]))
    )
  )
  const areCounted = [...limits.triggers.keys()].some((name) => found.triggers.has(name))
  const differences = [...differencesOf(needed, found), ...(areCounted ? differencesOf(limits, found) : [])]
  if (differences.length === 0) return
  const others = differences.length > named ? `; and ${differences.length - named} more` : ""
  return yield* new TaskDriverError({
    reason: `the tables say that they are of schema version ${steps.at(-1)?.id ?? 0}, and are not: ` +
      `${differences.slice(0, named).join("; ")}${others}; make them as the statements of ` +
      "migrations and limitTriggers do, or restore them from a backup",
    retryable: false,
    applied: "no"
  })
})

const differencesOf = (needed: SqlStructure, found: SqlStructure): ReadonlyArray<string> => [
  ...Array.from(needed.tables).flatMap(([name, table]) => {
    const other = found.tables.get(name)
    if (other === undefined) return [`the table ${name} is missing`]
    const { options, primaryKey } = table
    return [
      ...different(`the table ${name}`, options, other.options),
      ...different(`the primary key of ${name}`, primaryKey, other.primaryKey),
      ...Array.from(columnsOf(table)).flatMap(([column, shape]) =>
        different(`the column ${name}.${column}`, shape, columnsOf(other).get(column))
      )
    ]
  }),
  ...Array.from(needed.indexes).flatMap(([name, { shape }]) =>
    different(`the index ${name}`, shape, found.indexes.get(name)?.shape)
  ),
  ...Array.from(needed.triggers).flatMap(([name, { shape }]) =>
    replaced(`the trigger ${name}`, shape, found.triggers.get(name)?.shape)
  ),
  ...Array.from(needed.functions).flatMap(([name, { shape }]) =>
    replaced(`the function ${name}`, shape, found.functions.get(name)?.shape)
  )
]

/** Columns of the primary key are never null, so that is not compared twice. */
const columnsOf = ({ columns, primaryKey }: TableStructure): ReadonlyMap<string, string> => {
  const keys = primaryKey.split(", ")
  return new Map(
    Array.from(columns, ([name, { isNotNull, shape }]) => [
      name,
      isNotNull && !keys.includes(name) ? `${shape} not null` : shape
    ])
  )
}

const different = (what: string, needed: string, found: string | undefined): ReadonlyArray<string> => {
  if (found === needed) return []
  return [found === undefined ? `${what} is missing` : `${what} is "${found}" and should be "${needed}"`]
}

/** The error does not show whole programs. */
const replaced = (what: string, needed: string, found: string | undefined): ReadonlyArray<string> => {
  if (found === needed) return []
  return [found === undefined ? `${what} is missing` : `${what} is another one`]
}
