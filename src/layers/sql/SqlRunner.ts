/**
 * Running statements: waiting for locks, and turning whatever a client throws into errors of a driver.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import { CurrentTransformer } from "effect/sql/Statement"
import { nativeTracer, Tracer } from "effect/Tracer"
import { TaskDriverError } from "../../domain/TaskDriver.ts"
import { beginWhenUnlocked, whileLocked } from "./LockWait.ts"
import type { SqlDialect } from "./SqlDialect.ts"
import type { SqlStatement } from "./TaskStatements.ts"
import { CorruptRow, type Row } from "./TaskTables.ts"

/**
 * Runs one statement and reads its rows.
 *
 * @since 0.1.0
 * @category models
 */
export type RunStatement = <A>(
  statement: SqlStatement,
  decode: (rows: ReadonlyArray<Row>) => A
) => Effect.Effect<A, TaskDriverError>

/**
 * Runs statements on a client, within the transaction that its user has open, if any.
 *
 * @since 0.1.0
 * @category models
 */
export interface SqlRunner {
  /** Runs a statement that only reads. */
  readonly read: RunStatement
  /** Runs a statement that writes. */
  readonly write: RunStatement
  /** Runs an effect as one transaction that holds the lock for writing from its start, or within the open one. */
  readonly transaction: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E | TaskDriverError>
}

/**
 * Makes a runner. A lock is waited for up to `lockTimeout` milliseconds.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeSqlRunner = (sql: SqlClient, dialect: SqlDialect, lockTimeout: number): SqlRunner => {
  /**
   * A statement of Effect records a span, which costs as much as a small query does: it is left out where no tracer would
   * see it.
   */
  const execute = ({ params, text }: SqlStatement): Effect.Effect<ReadonlyArray<Row>, SqlError> =>
    Effect.withFiber((fiber) => {
      if (fiber.getRef(Tracer) !== nativeTracer || fiber.getRef(CurrentTransformer) !== undefined) {
        return sql.unsafe(text, params).values
      }
      const ambient = Context.getOrUndefined(fiber.context, sql.transactionService)
      return ambient === undefined
        ? Effect.scoped(Effect.flatMap(sql.reserve, (connection) => connection.executeValues(text, params)))
        : ambient[0].executeValues(text, params)
    })

  const isLocked = (error: unknown): boolean => isSqlError(error) && dialect.fault(error).locked

  const run = (writes: boolean): RunStatement => (statement, decode) =>
    Effect.matchCauseEffect(whileLocked(execute(statement), lockTimeout, isLocked), {
      onSuccess: (rows) => {
        try {
          return Effect.succeed(decode(rows))
        } catch (cause) {
          return Effect.fail(unreadable(cause, writes))
        }
      },
      onFailure: (cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.interrupt
          : Effect.fail(driverError(dialect, Cause.squash(cause), writes, lockTimeout))
    })

  const withTransaction = beginWhenUnlocked(sql.withTransaction, lockTimeout, isLocked)
  const transaction = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E | TaskDriverError> =>
    Effect.withFiber((fiber) => {
      if (Context.getOrUndefined(fiber.context, sql.transactionService) !== undefined) return effect
      return Effect.matchCauseEffect(withTransaction(effect), {
        onSuccess: Effect.succeed,
        onFailure: (cause): Effect.Effect<A, E | TaskDriverError> => {
          const error = Cause.squash(cause)
          return isSqlError(error)
            ? Effect.fail(driverError(dialect, error, true, lockTimeout))
            : Effect.failCause(withoutSqlErrors(cause))
        }
      })
    })

  return { read: run(false), write: run(true), transaction }
}

/**
 * Gives the error of a driver for what a client failed with or died of.
 *
 * @since 0.1.0
 * @category constructors
 */
export const driverError = (
  dialect: SqlDialect,
  cause: unknown,
  writes: boolean,
  lockTimeout: number
): TaskDriverError => {
  if (!isSqlError(cause)) {
    return new TaskDriverError({
      reason: "the SQL client failed in a way that it should not; see the cause",
      retryable: false,
      applied: writes ? "unknown" : "no",
      cause
    })
  }
  const { applied, locked, reason, retryable } = dialect.fault(cause)
  return new TaskDriverError({
    reason: locked
      ? `${reason}, for longer than the lockTimeout of ${lockTimeout} ms; try again, keep the transactions of other ` +
        "writers short, or raise lockTimeout"
      : reason,
    retryable,
    applied: writes ? applied : "no",
    cause
  })
}

const unreadable = (cause: unknown, writes: boolean): TaskDriverError =>
  new TaskDriverError({
    reason: cause instanceof CorruptRow
      ? `a stored row is not as this library writes it (${cause.message}); repair or delete it`
      : "a stored row cannot be read; see the cause",
    retryable: false,
    applied: writes ? "unknown" : "no",
    cause
  })

/** There are none left where this is called, but the type cannot say so. */
const withoutSqlErrors = <E>(cause: Cause.Cause<E | SqlError>): Cause.Cause<E> =>
  Cause.fromReasons(cause.reasons.flatMap((reason): ReadonlyArray<Cause.Reason<E>> => {
    if (!Cause.isFailReason(reason)) return [reason]
    const error = reason.error
    return isSqlError(error) ? [] : [Cause.makeFailReason(error)]
  }))
