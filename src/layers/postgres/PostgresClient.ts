/**
 * Effect's client on the pool of this library.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as SqlClient from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import { ConnectionError, SqlError } from "effect/sql/SqlError"
import { giveUpAfter } from "../giveUpAfter.ts"
import { noteProgress } from "../sql/StatementProgress.ts"
import type { PgModules } from "./PgModules.ts"
import type { LentConnection, PostgresPool } from "./PostgresPool.ts"

/**
 * Makes a client. What controls a transaction is answered within `statementTimeout` milliseconds, or the connection is
 * given up.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makePostgresClient = (
  { makeCompiler }: PgModules["PgClient"],
  pool: PostgresPool,
  statementTimeout: number,
  spanAttributes: ReadonlyArray<readonly [string, unknown]>
): Effect.Effect<SqlClient.SqlClient> => {
  const connected = (lent: LentConnection) => new PooledConnection(lent, statementTimeout)
  const reserve = Effect.map(pool.reserve, connected)
  return SqlClient.make({
    acquirer: reserve,
    borrower: (use) => pool.use((lent) => use(connected(lent))),
    compiler: makeCompiler(),
    driver: "sql-pg",
    spanAttributes
  }).pipe(Effect.provide(Reactivity.layer))
}

type Params = ReadonlyArray<unknown>

class PooledConnection implements Connection {
  readonly #lent: LentConnection
  readonly #statementTimeout: number

  constructor(lent: LentConnection, statementTimeout: number) {
    this.#lent = lent
    this.#statementTimeout = statementTimeout
  }

  executeValues(sql: string, params: Params) {
    return this.#sent(this.#lent.connection.queryValues(sql, params))
  }

  executeValuesUnprepared(sql: string, params: Params) {
    return this.#sent(this.#lent.connection.queryValues(sql, params, false))
  }

  executeRaw(sql: string, params: Params) {
    return this.#sent(this.#lent.connection.query(sql, params))
  }

  execute: Connection["execute"] = (sql, params) =>
    Effect.map(this.#sent(this.#lent.connection.query(sql, params)), ({ rows }) => rows)

  /** Begins and ends transactions, which nobody can interrupt. */
  executeUnprepared: Connection["executeUnprepared"] = (sql, params) =>
    giveUpAfter(
      Effect.map(this.#sent(this.#lent.connection.query(sql, params, false)), ({ rows }) => rows),
      this.#statementTimeout,
      () => unanswered
    )

  executeStream: Connection["executeStream"] = (sql, params) => this.#lent.connection.stream(sql, params)

  #sent<A>(answer: Effect.Effect<A, SqlError>): Effect.Effect<A, SqlError> {
    return Effect.withFiber((fiber) => {
      noteProgress(fiber, true)
      return this.#lent.noting(answer)
    })
  }
}

const unanswered = new SqlError({
  reason: new ConnectionError({
    cause: new Error("The connection does not answer"),
    message: "The connection does not answer",
    operation: "query"
  })
})
