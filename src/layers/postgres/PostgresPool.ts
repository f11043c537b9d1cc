/**
 * A pool of connections to PostgreSQL. It lends no connection that is dead or leads to a standby, and goes on with fewer
 * connections if it cannot get more.
 *
 * @since 0.2.0
 */
import type { PgConnection } from "@effect/sql-pg/PgConnection"
import type * as PgPool from "@effect/sql-pg/PgPool"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { ConnectionError, SqlError } from "effect/sql/SqlError"
import { realSleep } from "../realSleep.ts"
import { noteProgress } from "../sql/StatementProgress.ts"
import { type ConnectionState, makeConnectionHealth } from "./ConnectionHealth.ts"
import { makeConnectionLimit } from "./ConnectionLimit.ts"
import type { PgModules } from "./PgModules.ts"
import { connectionRefusal, isReadOnly, isReport } from "./PostgresFault.ts"
import { makePostgresSockets, type PostgresAddress } from "./PostgresSockets.ts"

/** Milliseconds between two replacements of all connections, so that not each write on a standby causes one. */
const replacementPause = 1_000

/**
 * A connection for somebody to use.
 *
 * @since 0.2.0
 * @category models
 */
export interface LentConnection {
  readonly connection: PgConnection
  /** Runs a statement, and notes what its answer says of the connection. */
  readonly noting: <A>(answer: Effect.Effect<A, SqlError>) => Effect.Effect<A, SqlError>
}

/**
 * The connections of a client.
 *
 * @since 0.2.0
 * @category models
 */
export interface PostgresPool {
  /** Lends a connection to one effect. */
  readonly use: <A, E, R>(use: (lent: LentConnection) => Effect.Effect<A, E, R>) => Effect.Effect<A, E | SqlError, R>
  /** Lends a connection to nobody else until the scope closes. */
  readonly reserve: Effect.Effect<LentConnection, SqlError, Scope.Scope>
}

/** All connections that there are, until others take their place. */
interface Generation {
  readonly pool: PgPool.PgPool
  readonly close: (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void>
}

/** What became of a try to use a connection. */
interface Attempt {
  /** There was a connection. */
  isLent: boolean
  /** It did not answer. */
  isDead: boolean
}

/**
 * Makes a pool. When the scope closes, what is still running has as long as a statement may take; then its connections
 * are dropped.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makePostgresPool = Effect.fnUntraced(function*(
  { make }: PgModules["PgPool"],
  config: PgPool.Config & PostgresAddress,
  statementTimeout: number
): Effect.fn.Return<PostgresPool, SqlError, Scope.Scope> {
  const { maxConnections = 10, multiplex = false, multiplexConcurrency = 32 } = config

  const makeGeneration = Effect.gen(function*() {
    const scope = yield* Scope.make()
    const sockets = yield* Scope.provide(makePostgresSockets(config), scope)
    const pool = yield* Scope.provide(make({ ...config, stream: sockets.connect }), scope)
    const generation: Generation = {
      pool,
      close: (exit) => closeWithin(scope, exit, statementTimeout, sockets.dropAll)
    }
    return generation
  })
  let current = yield* makeGeneration
  yield* Effect.addFinalizer((exit) => current.close(exit))

  let replacedAt = -Infinity
  const replace = (generation: Generation): Effect.Effect<void, SqlError> =>
    Effect.suspend(() => {
      if (generation !== current || performance.now() - replacedAt < replacementPause) return Effect.void
      replacedAt = performance.now()
      return Effect.flatMap(makeGeneration, (made) => {
        current = made
        return Effect.asVoid(Effect.forkDetach(generation.close(Exit.void)))
      })
    }).pipe(Effect.uninterruptible)

  const health = makeConnectionHealth(statementTimeout)
  const states = new WeakMap<PgConnection, ConnectionState>()
  const stateOf = (connection: PgConnection): ConnectionState => {
    const found = states.get(connection)
    if (found !== undefined) return found
    const made = health.makeState()
    states.set(connection, made)
    return made
  }

  const lend = (generation: Generation, connection: PgConnection, state: ConnectionState): LentConnection => ({
    connection,
    noting: (answer) =>
      Effect.matchEffect(answer, {
        onSuccess: (value) => {
          health.noteAnswer(state)
          return Effect.succeed(value)
        },
        onFailure: (error) => {
          if (isReport(error)) health.noteAnswer(state)
          // The others lead to the same server, or to one that was left before it.
          return Effect.andThen(isReadOnly(error) ? replace(generation) : Effect.void, Effect.fail(error))
        }
      })
  })

  /** Uses a connection that is alive. A dead one is thrown away. */
  const ifAlive = <A, E, R>(
    generation: Generation,
    connection: PgConnection,
    use: (lent: LentConnection) => Effect.Effect<A, E, R>,
    attempt: Attempt
  ): Effect.Effect<A, E | SqlError, R> => {
    attempt.isLent = true
    const state = stateOf(connection)
    const isAlive = health.isAlive(connection, state)
    if (isAlive === true) return use(lend(generation, connection, state))
    const dead: Effect.Effect<never, SqlError> = Effect.suspend(() => {
      attempt.isDead = true
      return Effect.andThen(generation.pool.invalidate(connection), Effect.fail(silent))
    })
    if (isAlive === false) return dead
    return Effect.flatMap(
      isAlive,
      (isAlive): Effect.Effect<A, E | SqlError, R> => isAlive ? use(lend(generation, connection, state)) : dead
    )
  }

  /** All that there are may be dead, and then the first new one. */
  const mostTries = maxConnections + 2
  const untilAlive = <A, E, R>(
    lend: (generation: Generation, attempt: Attempt) => Effect.Effect<A, E, R>,
    tries = 1
  ): Effect.Effect<A, E, R> =>
    Effect.suspend(() => {
      const generation = current
      const attempt: Attempt = { isLent: false, isDead: false }
      // The pool interrupts those who wait for one of its connections when others take their place.
      const isReplaced = (cause: Cause.Cause<E>): boolean =>
        !attempt.isLent && generation !== current && Cause.hasInterruptsOnly(cause)
      return Effect.catchCause(
        lend(generation, attempt),
        (cause) =>
          tries < mostTries && (attempt.isDead || isReplaced(cause))
            ? untilAlive(lend, tries + 1)
            : Effect.failCause(cause)
      )
    })

  const within = makeConnectionLimit(
    multiplex ? maxConnections * multiplexConcurrency : maxConnections,
    connectionRefusal,
    (reason) =>
      Effect.logWarning(
        `The task storage goes on with fewer connections than the ${maxConnections} of maxConnections: PostgreSQL ` +
          `refuses further ones (${reason}). Lower maxConnections, or raise what the role, the database or the server allows.`
      )
  )

  return {
    use: (use) =>
      Effect.withFiber((fiber) => {
        noteProgress(fiber, false)
        return within(untilAlive((generation, attempt) =>
          generation.pool.use((connection) => ifAlive(generation, connection, use, attempt))
        ))
      }),
    reserve: Effect.flatMap(Effect.scope, (scope) =>
      within(untilAlive((generation, attempt) =>
        Effect.gen(function*() {
          const lending = yield* Scope.fork(scope)
          const connection = yield* Scope.provide(generation.pool.reserve, lending)
          return yield* Effect.onError(
            ifAlive(generation, connection, Effect.succeed, attempt),
            (cause) => Scope.close(lending, Exit.failCause(cause))
          )
        })
      )))
  }
})

/** Nothing has been sent that matters. */
const silent = new SqlError({
  reason: new ConnectionError({
    cause: new Error("The connection does not answer"),
    message: "The connection does not answer",
    operation: "connect"
  })
})

/** A connection that nobody answers on would be waited for until somebody does. */
const closeWithin = (
  scope: Scope.Closeable,
  exit: Exit.Exit<unknown, unknown>,
  milliseconds: number,
  drop: Effect.Effect<void>
): Effect.Effect<void> =>
  Effect.flatMap(Effect.forkDetach(Scope.close(scope, exit)), (closing) =>
    Effect.andThen(
      Effect.raceFirst(Fiber.await(closing), Effect.andThen(realSleep(milliseconds), drop)),
      Fiber.join(closing)
    ))
