/**
 * Comparing a database with the structure that this library needs.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { SqlCounters } from "./SqlCounters.ts"
import type { DatabasePart, SqlDialect, SqlMigration } from "./SqlDialect.ts"
import type { SqlRunner } from "./SqlRunner.ts"
import { type SqlStructure, structureOf, type TableStructure } from "./SqlStructure.ts"
import { readText, type TaskTables } from "./TaskTables.ts"

/**
 * A part that is missing, or is not as it should be.
 *
 * @since 0.2.0
 * @category models
 */
export interface Difference {
  readonly part: DatabasePart
  readonly text: string
  /** The counts of limits that it keeps, if it is for those. */
  readonly counters: SqlCounters | undefined
}

/**
 * What a comparison gives.
 *
 * @since 0.2.0
 * @category models
 */
export interface Comparison {
  readonly differences: ReadonlyArray<Difference>
  /** The counts of limits that are kept: there are triggers of theirs. */
  readonly kept: ReadonlyArray<SqlCounters>
}

/**
 * Compares a database with what the steps make. Anything else belongs to its owner, unless it refuses rows. The triggers of limits
 * are compared if there is one of them.
 *
 * @since 0.2.0
 * @category constructors
 */
export const compareStructure = Effect.fnUntraced(function*(
  runner: SqlRunner,
  dialect: SqlDialect,
  tables: TaskTables,
  steps: ReadonlyArray<SqlMigration>
): Effect.fn.Return<Comparison, TaskDriverError> {
  const needed = structureOf(steps.flatMap(({ statements }) => statements))
  const limits = Object.values(dialect.counters).map((counters) => ({
    counters,
    structure: structureOf(counters.makeTriggers(tables))
  }))
  const names = (structures: ReadonlyArray<ReadonlyMap<string, unknown>>) =>
    structures.flatMap((structure) => [...structure.keys()]).map((name) => `${tables.qualifier}${name}`)
  const found = structureOf(
    yield* runner.read(
      dialect.definitions(
        names([needed.tables, needed.views]),
        names([needed.functions, ...limits.map(({ structure }) => structure.functions)])
      ),
      (rows) => rows.map((row) => readText(row[0]))
    )
  )
  const kept = limits.filter(({ structure }) => [...structure.triggers.keys()].some((name) => found.triggers.has(name)))
  return {
    kept: kept.map(({ counters }) => counters),
    differences: [
      ...differencesOf(needed, found).map((difference) => ({ ...difference, counters: undefined })),
      ...kept.flatMap(({ counters, structure }) =>
        differencesOf(structure, found).map((difference) => ({ ...difference, counters }))
      )
    ]
  }
})

type Found = Omit<Difference, "counters">

const differencesOf = (needed: SqlStructure, found: SqlStructure): ReadonlyArray<Found> => [
  ...Array.from(needed.tables).flatMap(([name, table]) => {
    const other = found.tables.get(name)
    const part = (kind: "table" | "column" | "constraint", within = name): DatabasePart => ({
      kind,
      name: within,
      table: name,
      statement: undefined
    })
    if (other === undefined) return [{ part: part("table"), text: `the table ${name} is missing` }]
    const { options, primaryKey } = table
    return [
      ...different(part("table"), `the table ${name}`, options, other.options),
      ...different(part("constraint"), `the primary key of ${name}`, primaryKey, other.primaryKey),
      ...Array.from(columnsOf(table)).flatMap(([column, shape]) =>
        different(
          part("column", `${name}.${column}`),
          `the column ${name}.${column}`,
          shape,
          columnsOf(other).get(column)
        )
      ),
      ...refusalsOf(name, needed, found).map((text) => ({ part: part("constraint"), text }))
    ]
  }),
  ...Array.from(needed.indexes).flatMap(([name, { shape, statement, table }]) =>
    different({ kind: "index", name, table, statement }, `the index ${name}`, shape, found.indexes.get(name)?.shape)
  ),
  ...(["trigger", "function", "view"] as const).flatMap((kind) =>
    Array.from(needed[`${kind}s`]).flatMap(([name, { shape, statement, table }]) =>
      different(
        { kind, name, table, statement },
        `the ${kind} ${name}`,
        shape,
        found[`${kind}s`].get(name)?.shape,
        tellOfProgram
      )
    )
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

/** What of another hand refuses rows that this library writes, or may refuse them. */
const refusalsOf = (name: string, needed: SqlStructure, found: SqlStructure): ReadonlyArray<string> => {
  const [own, other] = [needed.tables.get(name), found.tables.get(name)]
  if (own === undefined || other === undefined) return []
  return [
    ...Array.from(other.constraints).filter((constraint) => !own.constraints.has(constraint))
      .map((constraint) => `the table ${name} has a constraint of another hand: ${constraint}`),
    ...Array.from(other.columns).filter(([column, { isRequired }]) => isRequired && !own.columns.has(column))
      .map(([column]) => `the column ${name}.${column} is of another hand, and may neither be null nor left out`),
    ...Array.from(found.indexes)
      .filter(([index, { shape, table }]) =>
        table === name && shape.startsWith("unique ") && !needed.indexes.has(index)
      )
      .map(([index]) => `the index ${index} is of another hand, and lets values into ${name} only once`)
  ]
}

/** Finds a part that is missing, or not as it is needed; `tell` says how it differs. */
const different = (
  part: DatabasePart,
  what: string,
  needed: string,
  found: string | undefined,
  tell = (found: string) => `is "${found}" and should be "${needed}"`
): ReadonlyArray<Found> =>
  found === needed ? [] : [{ part, text: `${what} ${found === undefined ? "is missing" : tell(found)}` }]

/** An error does not show whole programs. */
const tellOfProgram = () => "is another one"
