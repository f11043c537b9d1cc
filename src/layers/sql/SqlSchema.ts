/**
 * Bringing a database to the schema of this library, or checking that it has it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { SchemaMode } from "../SchemaMode.ts"
import type { AllCounters, SqlCounters } from "./SqlCounters.ts"
import type { SqlDialect, SqlMigration } from "./SqlDialect.ts"
import { isSome, type SqlRunner } from "./SqlRunner.ts"
import type { SqlStatement } from "./SqlStatement.ts"
import { structureOf } from "./SqlStructure.ts"
import { readInteger, type TaskTables } from "./TaskTables.ts"
import { verifyStructure } from "./verifyStructure.ts"

/**
 * What a database says of its tables.
 *
 * @since 0.2.0
 * @category models
 */
export interface SchemaVersion {
  readonly version: number
  /** The oldest schema version whose library still runs on this database. */
  readonly compatibleWith: number
}

/**
 * Prepares the schema. Several processes may do so at the same time: each step is made once. Steps may read all that is
 * stored, so they get the time of `patientRunner`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const prepareSchema = Effect.fnUntraced(function*(
  runner: SqlRunner,
  dialect: SqlDialect,
  tables: TaskTables,
  mode: SchemaMode,
  steps: ReadonlyArray<SqlMigration>,
  patientRunner: SqlRunner = runner
): Effect.fn.Return<void, TaskDriverError> {
  if (mode === "trust") return
  const own = steps.at(-1)?.id ?? 0
  const stored = yield* readVersion(runner, dialect, tables)
  if (stored !== undefined && stored.compatibleWith > own) return yield* tooNew(stored, own)
  // Only a newer library knows the tables of a newer version. They say that this library may use them.
  if (stored !== undefined && stored.version > own) return
  if (mode === "verify") {
    return yield* stored?.version === own ? verifyStructure(runner, dialect, tables, steps) : tooOld(stored, own)
  }
  if (stored?.version === own) return

  yield* changeSchema(
    patientRunner,
    dialect,
    tables,
    Effect.gen(function*() {
      // Read again: while this process waited for the lock, another one may have done it.
      const current = yield* readVersion(patientRunner, dialect, tables)
      const kept = current === undefined ? [] : yield* findCounters(patientRunner, dialect, tables)
      for (const statement of pendingStatements(tables, steps, current, kept)) {
        yield* execute(patientRunner, statement)
      }
    })
  )
})

/**
 * Gives the counts of limits that a database keeps.
 *
 * @since 0.2.0
 * @category readers
 */
export const findCounters = (
  runner: SqlRunner,
  { counters }: SqlDialect,
  tables: TaskTables
): Effect.Effect<ReadonlyArray<SqlCounters>, TaskDriverError> =>
  Effect.filter(Object.values(counters), (one) => areKept(runner, one, tables))

const areKept = (
  runner: SqlRunner,
  { triggersExist }: SqlCounters,
  tables: TaskTables
): Effect.Effect<boolean, TaskDriverError> => runner.read({ text: triggersExist(tables), params: [] }, isSome)

/**
 * Gives the statements that bring a database to the last of the steps. The triggers of limits that it keeps go with a table that is
 * made anew, but other processes still rely on them, so they are made again.
 *
 * @since 0.2.0
 * @category schema
 */
export const pendingStatements = (
  tables: TaskTables,
  steps: ReadonlyArray<SqlMigration>,
  stored: SchemaVersion | undefined,
  kept: ReadonlyArray<SqlCounters>
): ReadonlyArray<string> => {
  const { done, left } = stepsOf(steps, stored)
  const again = kept.flatMap(({ makeTriggers }) => {
    const triggers = makeTriggers(tables)
    const { triggers: found } = structureOf([...done, ...triggers, ...left])
    return Array.from(structureOf(triggers).triggers.keys()).every((name) => found.has(name)) ? [] : triggers
  })
  return [...left, ...again]
}

const stepsOf = (steps: ReadonlyArray<SqlMigration>, stored: SchemaVersion | undefined) => {
  const isDone = ({ id }: SqlMigration) => stored !== undefined && id <= stored.version
  const statementsOf = (steps: ReadonlyArray<SqlMigration>) => steps.flatMap(({ statements }) => statements)
  return { done: statementsOf(steps.filter(isDone)), left: statementsOf(steps.filter((step) => !isDone(step))) }
}

/**
 * Makes sure that what limits need is counted.
 *
 * @since 0.2.0
 * @category models
 */
export type CounterSetup = { readonly [Kind in keyof AllCounters]: Effect.Effect<void, TaskDriverError> }

/**
 * The options of a driver from which it knows that it will need the counts of limits.
 *
 * @since 0.2.0
 * @category options
 */
export interface CountedLimits {
  /** With one of the limits the counts start right away, rather than with the first limited task. */
  readonly maxTasks?: number | undefined
  readonly maxTasksPerSession?: number | undefined
  readonly maxActive?: number | undefined
  readonly maxActivePerSession?: number | undefined
}

/**
 * Tells which counts the limits of a driver need.
 *
 * @since 0.2.0
 * @category accessors
 */
export const neededCounters = (limits: CountedLimits): ReadonlyArray<keyof AllCounters> => [
  ...(limits.maxTasks === undefined && limits.maxTasksPerSession === undefined ? [] : ["tasks"] as const),
  ...(limits.maxActive === undefined && limits.maxActivePerSession === undefined ? [] : ["seats"] as const)
]

/**
 * Gives effects that make sure that tasks are counted. They start the counts if `mode` allows it. Once they have found them
 * they do not look again. Starting them reads all that is stored, so it gets more time.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeCounterSetup = (
  runner: SqlRunner,
  patientRunner: SqlRunner,
  dialect: SqlDialect,
  tables: TaskTables,
  mode: SchemaMode
): CounterSetup => ({
  tasks: setUp(runner, patientRunner, dialect, dialect.counters.tasks, tables, mode),
  seats: setUp(runner, patientRunner, dialect, dialect.counters.seats, tables, mode)
})

const setUp = (
  runner: SqlRunner,
  patientRunner: SqlRunner,
  dialect: SqlDialect,
  counters: SqlCounters,
  tables: TaskTables,
  mode: SchemaMode
): Effect.Effect<void, TaskDriverError> => {
  let known = false
  const look = Effect.tap(
    areKept(runner, counters, tables),
    (found) =>
      Effect.sync(() => {
        known = found
      })
  )
  const start = changeSchema(
    patientRunner,
    dialect,
    tables,
    Effect.gen(function*() {
      // A transaction of the user may still roll this back, so only a later look counts.
      if (yield* areKept(patientRunner, counters, tables)) return
      for (const statement of counters.makeTriggers(tables)) yield* execute(patientRunner, statement)
    })
  )
  const missing = new TaskDriverError({
    reason: `${counters.missing}; run the statements of ${counters.statements}, or open it once with schema "migrate"`,
    retryable: false,
    applied: "no"
  })
  return Effect.suspend(() => {
    if (known) return Effect.void
    return Effect.flatMap(look, (found) => {
      if (found) return Effect.void
      return mode === "migrate" ? start : Effect.fail(missing)
    })
  })
}

/**
 * Changes the schema in one transaction, one process at a time.
 *
 * @since 0.2.0
 * @category combinators
 */
export const changeSchema = (
  runner: SqlRunner,
  dialect: SqlDialect,
  tables: TaskTables,
  change: Effect.Effect<void, TaskDriverError>
): Effect.Effect<void, TaskDriverError> => {
  const { leave, take } = dialect.schemaLock(tables)
  const runAll = (statements: ReadonlyArray<SqlStatement>) =>
    Effect.forEach(statements, (statement) => runner.read(statement, isSome), { discard: true })
  return runner.transaction(runAll(take).pipe(Effect.andThen(change), Effect.andThen(runAll(leave))))
}

/**
 * Runs a statement that gives nothing.
 *
 * @since 0.2.0
 * @category combinators
 */
export const execute = (runner: SqlRunner, text: string) => runner.write({ text, params: [] }, isSome)

/**
 * Reads which version the tables have; `undefined` where there are none.
 *
 * @since 0.2.0
 * @category readers
 */
export const readVersion = (
  runner: SqlRunner,
  dialect: SqlDialect,
  tables: TaskTables
): Effect.Effect<SchemaVersion | undefined, TaskDriverError> =>
  Effect.flatMap(
    runner.read({ text: dialect.tableExists, params: [tables.schema] }, isSome),
    (exists) =>
      exists
        ? runner.read(
          { text: `SELECT version, compatible_with FROM ${tables.schema} WHERE id = 1`, params: [] },
          ([row]): SchemaVersion | undefined =>
            row === undefined ? undefined : { version: readInteger(row[0]), compatibleWith: readInteger(row[1]) }
        )
        : Effect.succeed(undefined)
  )

/**
 * Gives the error of a database that is too new for this library.
 *
 * @since 0.2.0
 * @category constructors
 */
export const tooNew = (stored: SchemaVersion, own: number) =>
  new TaskDriverError({
    reason: `the tables are of schema version ${stored.version}, which needs a library of at least version ` +
      `${stored.compatibleWith}, and this one knows version ${own}; upgrade mcp-task-storage`,
    retryable: false,
    applied: "no"
  })

const tooOld = (stored: SchemaVersion | undefined, own: number) =>
  new TaskDriverError({
    reason: `the tables are ${stored === undefined ? "missing" : `of schema version ${stored.version}`}, and this ` +
      `library needs version ${own}; run its migrations, or open the database once with schema "migrate"`,
    retryable: false,
    applied: "no"
  })
