/**
 * Bringing a database to the schema of this library, or checking that it has it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { TaskDriverError } from "../../domain/TaskDriver.ts"
import type { SchemaMode } from "../SchemaMode.ts"
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
      const areCounted = current !== undefined &&
        (yield* patientRunner.read({ text: dialect.triggersExist(tables), params: [] }, isSome))
      for (const statement of pendingStatements(dialect, tables, steps, current, areCounted)) {
        yield* execute(patientRunner, statement)
      }
    })
  )
})

/**
 * Gives the statements that bring a database to the last of the steps. The triggers of limits go with a table that is made anew,
 * but other processes still rely on them, so they are made again.
 *
 * @since 0.2.0
 * @category schema
 */
export const pendingStatements = (
  dialect: SqlDialect,
  tables: TaskTables,
  steps: ReadonlyArray<SqlMigration>,
  stored: SchemaVersion | undefined,
  areCounted: boolean
): ReadonlyArray<string> => {
  const { done, left } = stepsOf(steps, stored)
  if (!areCounted) return left
  const triggers = dialect.makeTriggers(tables)
  const { triggers: kept } = structureOf([...done, ...triggers, ...left])
  return Array.from(structureOf(triggers).triggers.keys()).every((name) => kept.has(name))
    ? left
    : [...left, ...triggers]
}

const stepsOf = (steps: ReadonlyArray<SqlMigration>, stored: SchemaVersion | undefined) => {
  const isDone = ({ id }: SqlMigration) => stored !== undefined && id <= stored.version
  const statementsOf = (steps: ReadonlyArray<SqlMigration>) => steps.flatMap(({ statements }) => statements)
  return { done: statementsOf(steps.filter(isDone)), left: statementsOf(steps.filter((step) => !isDone(step))) }
}

/**
 * Gives an effect that makes sure that tasks are counted. It starts the counts if `mode` allows it. Once it has found them it
 * does not look again. Starting them reads all that is stored, so it gets more time.
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
): Effect.Effect<void, TaskDriverError> => {
  let known = false
  const look = Effect.tap(
    runner.read({ text: dialect.triggersExist(tables), params: [] }, isSome),
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
      if (yield* patientRunner.read({ text: dialect.triggersExist(tables), params: [] }, isSome)) return
      for (const statement of dialect.makeTriggers(tables)) yield* execute(patientRunner, statement)
    })
  )
  const missing = new TaskDriverError({
    reason: "maxTasks and maxTasksPerSession need triggers that this database does not have; run the statements of " +
      "limitTriggers, or open it once with schema \"migrate\"",
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
