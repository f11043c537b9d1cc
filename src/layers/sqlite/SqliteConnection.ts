/**
 * One connection of `node:sqlite`, as Effect's SQL client wants it.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import { SafeIntegers } from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import { classifySqliteError, SqlError } from "effect/sql/SqlError"
import * as Stream from "effect/Stream"
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite"

/**
 * A connection whose transaction state can be asked, and which runs statements without the steps of an effect.
 *
 * @since 0.1.0
 * @category models
 */
export interface SqliteConnection extends Connection {
  readonly isTransaction: () => boolean
  /** Runs a statement right now and gives its rows as arrays. Throws what `node:sqlite` throws. */
  readonly valuesAtOnce: (sql: string, params: ReadonlyArray<unknown>) => ReadonlyArray<ReadonlyArray<unknown>>
}

/** What `node:sqlite` threw, with its extended code under the name that Effect looks for. */
class SqliteFault extends Error {
  override readonly name = "SqliteFault"
  readonly errno: unknown
  /** Tells errors of Node from those of SQLite, which have no names here. */
  readonly code: unknown

  constructor(cause: unknown) {
    const error = cause instanceof Error ? cause : new Error(String(cause))
    super(error.message, { cause })
    this.errno = "errcode" in error ? error.errcode : undefined
    this.code = "code" in error ? error.code : undefined
  }
}

/**
 * Classifies what `node:sqlite` threw.
 *
 * @since 0.1.0
 * @category constructors
 */
export const toSqlError = (operation: string) => (cause: unknown): SqlError =>
  new SqlError({
    reason: classifySqliteError(new SqliteFault(cause), { message: `SQLite failed to ${operation}`, operation })
  })

/** How many statements of each kind stay prepared; the one that was prepared first goes first. */
const cacheSize = 256

/** How many rows of a stream are read in one go, before others get their turn. */
const streamChunk = 128

/**
 * Makes the connection of an open database. It does not close it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeConnection = (database: DatabaseSync): SqliteConnection => {
  const objects = makeCache(database, { arrays: false, bigints: false })
  const arrays = makeCache(database, { arrays: true, bigints: false })
  const objectsSafe = makeCache(database, { arrays: false, bigints: true })
  const arraysSafe = makeCache(database, { arrays: true, bigints: true })

  const use = <A>(operation: string, run: (safeIntegers: boolean) => A) =>
    Effect.withFiber<A, SqlError>((fiber) => {
      try {
        return Effect.succeed(run(Context.get(fiber.context, SafeIntegers)))
      } catch (cause) {
        return Effect.fail(toSqlError(operation)(cause))
      }
    })

  const execute: Connection["execute"] = (sql, params, transformRows) => {
    const rows = use("execute a statement", (safe) => (safe ? objectsSafe : objects)(sql).all(...inputs(params)))
    return transformRows === undefined ? rows : Effect.map(rows, transformRows)
  }
  const executeUnprepared: Connection["executeUnprepared"] = (sql, params, transformRows) => {
    const rows = use(
      "execute a statement",
      (safe) => prepare(database, sql, { arrays: false, bigints: safe }).all(...inputs(params))
    )
    return transformRows === undefined ? rows : Effect.map(rows, transformRows)
  }

  return {
    isTransaction: () => database.isTransaction,
    valuesAtOnce: (sql, params) => valuesOf(arrays(sql), params),
    execute,
    executeUnprepared,
    executeValues: (sql, params) =>
      use("execute a statement", (safe) => valuesOf((safe ? arraysSafe : arrays)(sql), params)),
    executeValuesUnprepared: (sql, params) =>
      use("execute a statement", (safe) => valuesOf(prepare(database, sql, { arrays: true, bigints: safe }), params)),
    executeRaw: (sql, params) =>
      use("execute a statement", (safe) => (safe ? objectsSafe : objects)(sql).run(...inputs(params))),
    // A statement of its own: the same text may be executed while the stream is read.
    executeStream: (sql, params, transformRows) =>
      Stream.unwrap(Effect.map(
        use(
          "open a stream",
          (safe) => prepare(database, sql, { arrays: false, bigints: safe }).iterate(...inputs(params))
        ),
        (iterator) => streamOf(iterator, transformRows)
      ))
  }
}

interface Mode {
  readonly arrays: boolean
  readonly bigints: boolean
}

const prepare = (database: DatabaseSync, sql: string, mode: Mode): StatementSync => {
  const statement = database.prepare(sql)
  statement.setReturnArrays(mode.arrays)
  statement.setReadBigInts(mode.bigints)
  return statement
}

const makeCache = (database: DatabaseSync, mode: Mode) => {
  const prepared = new Map<string, StatementSync>()
  return (sql: string): StatementSync => {
    const known = prepared.get(sql)
    if (known !== undefined) return known
    const statement = prepare(database, sql, mode)
    for (const oldest of prepared.keys()) {
      if (prepared.size < cacheSize) break
      prepared.delete(oldest)
    }
    prepared.set(sql, statement)
    return statement
  }
}

const isInput = (value: unknown): value is SQLInputValue =>
  value === null || typeof value === "string" || typeof value === "number" || typeof value === "bigint" ||
  ArrayBuffer.isView(value)

const areInputs = (params: ReadonlyArray<unknown>): params is ReadonlyArray<SQLInputValue> => params.every(isInput)

const inputs = (params: ReadonlyArray<unknown>): ReadonlyArray<SQLInputValue> => {
  if (areInputs(params)) return params
  throw new TypeError("a parameter is neither null, number, bigint, string nor binary")
}

const areArrays = (rows: ReadonlyArray<unknown>): rows is ReadonlyArray<ReadonlyArray<unknown>> =>
  rows.every(Array.isArray)

const valuesOf = (
  statement: StatementSync,
  params: ReadonlyArray<unknown>
): ReadonlyArray<ReadonlyArray<unknown>> => {
  const rows: ReadonlyArray<unknown> = statement.all(...inputs(params))
  if (areArrays(rows)) return rows
  throw new TypeError("the statement does not give its rows as arrays")
}

const streamOf = (
  iterator: NodeJS.Iterator<object>,
  transformRows: (<A extends object>(rows: ReadonlyArray<A>) => ReadonlyArray<A>) | undefined
): Stream.Stream<object, SqlError> => {
  const pull = Effect.suspend((): Pull.Pull<readonly [object, ...Array<object>], SqlError> => {
    const rows: Array<object> = []
    try {
      while (rows.length < streamChunk) {
        const next = iterator.next()
        if (next.done === true) break
        rows.push(next.value)
      }
    } catch (cause) {
      return Effect.fail(toSqlError("read a stream")(cause))
    }
    const [first, ...rest] = transformRows === undefined ? rows : transformRows(rows)
    return first === undefined ? Cause.done() : Effect.succeed([first, ...rest] as const)
  })
  return Stream.ensuring(
    Stream.fromPull(Effect.succeed(pull)),
    Effect.sync(() => iterator.return?.())
  )
}
