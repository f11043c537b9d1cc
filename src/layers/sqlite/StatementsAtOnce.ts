/**
 * Statements that go straight to the connection.
 *
 * A statement of Effect's client has a span, a scope and a place in the queue for the connection, which together take longer
 * than SQLite takes for a small write. SQLite answers at once. So where nobody traces and nobody else has the connection, a
 * statement needs none of them.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { CurrentTransformer } from "effect/sql/Statement"
import type { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { isTraced } from "../../domain/telemetry/isTraced.ts"
import { driverError, readRows, type SqlRunner } from "../sql/SqlRunner.ts"
import type { SqlStatement } from "../sql/SqlStatement.ts"
import type { Row } from "../sql/TaskTables.ts"
import type { SqliteClient } from "./openSqlite.ts"
import { toSqlError } from "./SqliteConnection.ts"
import { sqliteDialect } from "./SqliteDialect.ts"

/**
 * Tells whether the statements of a fiber may go past Effect's client: nobody traces them, and nobody changes them.
 *
 * @since 0.2.0
 * @category guards
 */
export const mayGoStraight = (fiber: Fiber.Fiber<unknown, unknown>): boolean =>
  !isTraced(fiber) && fiber.getRef(CurrentTransformer) === undefined

/**
 * Runs a statement right now, and gives `undefined` when a lock is in its way.
 *
 * @since 0.2.0
 * @category accessors
 */
export const answerAtOnce = <A>(
  client: SqliteClient,
  { params, text }: SqlStatement,
  decode: (rows: ReadonlyArray<Row>) => A,
  writes: boolean
): Exit.Exit<A, TaskDriverError> | undefined => {
  let rows: ReadonlyArray<Row>
  try {
    rows = client.valuesAtOnce(text, params)
  } catch (cause) {
    const error = toSqlError("execute a statement")(cause)
    if (sqliteDialect.fault(error).locked) return undefined
    return Exit.fail(driverError(sqliteDialect, error, writes, undefined))
  }
  return readRows(rows, decode, writes)
}

/**
 * Runs a statement that writes, and gives `undefined` when it has to wait for a lock or for the connection.
 *
 * @since 0.2.0
 * @category models
 */
export type WriteAtOnce = <A>(
  fiber: Fiber.Fiber<unknown, unknown>,
  statement: SqlStatement,
  decode: (rows: ReadonlyArray<Row>) => A
) => Exit.Exit<A, TaskDriverError> | undefined

/**
 * A runner that can also write without the steps of an effect.
 *
 * @since 0.2.0
 * @category models
 */
export interface StraightRunner extends SqlRunner {
  readonly writeAtOnce: WriteAtOnce
}

/**
 * Makes a runner whose statements go straight to the connection where they may, and else the way of `runner`, which waits
 * for locks and for the connection.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeStraightRunner = (client: SqliteClient, runner: SqlRunner): StraightRunner => {
  const isFreeFor = (fiber: Fiber.Fiber<unknown, unknown>): boolean =>
    mayGoStraight(fiber) &&
    (Context.getOrUndefined(fiber.context, client.transactionService) !== undefined || client.isIdle())
  const writeAtOnce: WriteAtOnce = (fiber, statement, decode) =>
    isFreeFor(fiber) ? answerAtOnce(client, statement, decode, true) : undefined
  return {
    read: (statement, decode) =>
      Effect.withFiber((fiber) =>
        (isFreeFor(fiber) ? answerAtOnce(client, statement, decode, false) : undefined) ??
          runner.read(statement, decode)
      ),
    writeAtOnce,
    write: (statement, decode) =>
      Effect.withFiber((fiber) => writeAtOnce(fiber, statement, decode) ?? runner.write(statement, decode)),
    transaction: runner.transaction
  }
}
