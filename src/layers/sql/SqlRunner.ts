/**
 * Running statements: waiting for locks, and turning anything that a client throws into errors of a driver.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as References from "effect/References"
import type { SqlClient } from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { hasTracer, isTraced } from "../../domain/telemetry/isTraced.ts"
import { giveUpAfter } from "../giveUpAfter.ts"
import { beginWhenUnlocked, whileLocked } from "./LockWait.ts"
import type { SqlDialect } from "./SqlDialect.ts"
import type { SqlStatement } from "./SqlStatement.ts"
import { CurrentStatement, type StatementProgress } from "./StatementProgress.ts"
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
 * How long a runner waits, in milliseconds: for a lock, and for the answer to a statement, because an engine may not answer
 * at all.
 *
 * @since 0.1.0
 * @category options
 */
export interface SqlTimeouts {
  readonly lockTimeout: number
  readonly statementTimeout?: number
  /** What to say when that is over, if it is not the `statementTimeout` that the user knows. */
  readonly unanswered?: string
}

/**
 * Makes a runner.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeSqlRunner = (
  sql: SqlClient,
  dialect: SqlDialect,
  { lockTimeout, statementTimeout, unanswered }: SqlTimeouts
): SqlRunner => {
  const isLocked = (error: unknown): boolean => isSqlError(error) && dialect.fault(error).locked

  /** If an error ends the open transaction, nothing can be retried within it. */
  const mayTryAgain = (fiber: Fiber.Fiber<unknown, unknown>): boolean =>
    dialect.retriesInTransaction || Context.getOrUndefined(fiber.context, sql.transactionService) === undefined

  const bounded = <A, E>(
    effect: Effect.Effect<A, E | TaskDriverError>,
    writes: boolean,
    progress: StatementProgress = { isSent: true }
  ): Effect.Effect<A, E | TaskDriverError> => {
    if (statementTimeout === undefined) return effect
    return giveUpAfter(
      Effect.provideService(effect, CurrentStatement, progress),
      statementTimeout,
      () => timedOut(statementTimeout, writes, progress, unanswered)
    )
  }

  const run = (writes: boolean): RunStatement => (statement, decode) =>
    Effect.withFiber((fiber) => {
      const { params, text } = dialect.native(statement)
      const sent = sql.unsafe(text, params).values
      // A statement of Effect records a span, which costs as much as a small query. If nobody asked for it, it records none.
      const rows = isTraced(fiber) || isLinked(fiber) ? sent : Effect.withTracerEnabled(sent, false)
      const waits = mayTryAgain(fiber)
      const answer = Effect.matchCauseEffect(waits ? whileLocked(rows, lockTimeout, isLocked) : rows, {
        onSuccess: (rows) => {
          dialect.noteAnswer()
          return readRows(rows, decode, writes)
        },
        onFailure: (cause) =>
          Cause.hasInterruptsOnly(cause)
            ? Effect.interrupt
            : Effect.fail(driverError(dialect, Cause.squash(cause), writes, waits ? lockTimeout : undefined))
      })
      // A caller that waits for the statement from outside knows too how far it is.
      return bounded(answer, writes, waits ? fiber.getRef(CurrentStatement) : undefined)
    })

  const { beginTransaction } = dialect
  const begun = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E | TaskDriverError> =>
    beginTransaction === undefined
      ? effect
      : Effect.andThen(run(true)({ text: beginTransaction, params: [] }, () => undefined), effect)

  const withTransaction = beginWhenUnlocked(sql.withTransaction, lockTimeout, isLocked)
  const transaction = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E | TaskDriverError> =>
    Effect.withFiber((fiber) => {
      if (Context.getOrUndefined(fiber.context, sql.transactionService) !== undefined) return effect
      let hasBegun = false
      const body = Effect.suspend(() => {
        hasBegun = true
        return begun(effect)
      })
      // Only what it begins with is waited for.
      const transacted = withDriverErrors(dialect, withTransaction(body), () => hasBegun ? undefined : lockTimeout)
      return bounded(transacted, true)
    })

  return { read: run(false), write: run(true), transaction }
}

/** Whether a statement is sent for several callers that are traced, whose spans its own is linked to. */
const isLinked = (fiber: Fiber.Fiber<unknown, unknown>): boolean =>
  fiber.getRef(References.TracerSpanLinks).length > 0 && hasTracer(fiber.context)

/**
 * Reads the rows of an answer, and fails for rows that cannot be read.
 *
 * @since 0.2.0
 * @category readers
 */
export const readRows = <A>(
  rows: ReadonlyArray<Row>,
  decode: (rows: ReadonlyArray<Row>) => A,
  writes: boolean
): Exit.Exit<A, TaskDriverError> => {
  try {
    return Exit.succeed(decode(rows))
  } catch (cause) {
    return Exit.fail(unreadable(cause, writes))
  }
}

/**
 * Tells whether a statement gave a row.
 *
 * @since 0.1.0
 * @category readers
 */
export const isSome = (rows: ReadonlyArray<Row>): boolean => rows.length > 0

/**
 * Gives the error of a driver for a failure or defect of a client. `lockTimeout` is how long it waited for a lock; `undefined`
 * if it could not wait.
 *
 * @since 0.1.0
 * @category constructors
 */
export const driverError = (
  dialect: SqlDialect,
  cause: unknown,
  writes: boolean,
  lockTimeout: number | undefined
): TaskDriverError => {
  if (!isSqlError(cause)) {
    return new TaskDriverError({
      reason: "the SQL client failed in a way that it should not; see the cause",
      retryable: false,
      applied: writes ? "unknown" : "no",
      cause
    })
  }
  const { applied, cause: shown = cause, locked, reason, ...fault } = dialect.fault(cause)
  return new TaskDriverError({
    reason: locked && lockTimeout === undefined
      ? `${reason}; run the whole transaction again`
      : locked
      ? `${reason}, for longer than the lockTimeout of ${lockTimeout} ms; try again, keep the transactions of other ` +
        "writers short, or raise lockTimeout"
      : reason,
    ...fault,
    applied: writes ? applied : "no",
    cause: shown
  })
}

/**
 * Turns what a transaction failed with into errors of a driver. `waited` tells, once it has failed, how long a lock was
 * waited for.
 *
 * @since 0.2.0
 * @category combinators
 */
export const withDriverErrors = <A, E>(
  dialect: SqlDialect,
  transaction: Effect.Effect<A, E | SqlError>,
  waited: () => number | undefined
): Effect.Effect<A, E | TaskDriverError> =>
  Effect.matchCauseEffect(transaction, {
    onSuccess: Effect.succeed,
    onFailure: (cause): Effect.Effect<A, E | TaskDriverError> => {
      const error = Cause.squash(cause)
      return isSqlError(error)
        ? Effect.fail(driverError(dialect, error, true, waited()))
        : Effect.failCause(withoutSqlErrors(cause))
    }
  })

/**
 * Gives the error of a driver for a statement that was not answered in time. `unanswered` says so otherwise than a user who
 * knows `statementTimeout` needs it.
 *
 * @since 0.2.0
 * @category constructors
 */
export const timedOut = (
  statementTimeout: number,
  writes: boolean,
  { isSent }: StatementProgress,
  unanswered?: string
): TaskDriverError =>
  new TaskDriverError({
    reason: unanswered ?? (isSent
      ? `there was no answer within the statementTimeout of ${statementTimeout} ms; look for who holds a lock, check the ` +
        "network and the load of the database, or raise statementTimeout"
      : `no connection was free or could be made within the statementTimeout of ${statementTimeout} ms; check the ` +
        "network, raise maxConnections, or make fewer calls at once"),
    retryable: true,
    applied: writes && isSent ? "unknown" : "no"
  })

/**
 * Gives the error of a driver for a row that cannot be read.
 *
 * @since 0.2.0
 * @category constructors
 */
export const unreadable = (cause: unknown, writes: boolean): TaskDriverError =>
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
