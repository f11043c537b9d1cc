/**
 * The driver of the PostgreSQL backend, on any `PgClient`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import { newsOfSeats } from "../../domain/driver/ActiveBounds.ts"
import { newsOfPauses } from "../../domain/driver/KindDriver.ts"
import type { TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { isNews } from "../../domain/driver/TaskWrite.ts"
import type { StoredTask } from "../../domain/task/StoredTask.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import { isTerminal } from "../../domain/task/TaskStatus.ts"
import { parseSchemaMode } from "../SchemaMode.ts"
import { makeSqlDriver } from "../sql/makeSqlDriver.ts"
import { makeSqlInspector } from "../sql/makeSqlInspector.ts"
import { makeSqlRunner } from "../sql/SqlRunner.ts"
import { makeCounterSetup, neededCounters, prepareSchema } from "../sql/SqlSchema.ts"
import { listenForWrites } from "./listenForWrites.ts"
import { makeNotifier } from "./makeNotifier.ts"
import type { PostgresClient } from "./openPostgres.ts"
import type { PgModules } from "./PgModules.ts"
import { postgresChecks } from "./postgresChecks.ts"
import { inSchemaChange, makePostgresDialect } from "./PostgresDialect.ts"
import type { PostgresDriverOptions } from "./PostgresOptions.ts"
import { postgresTables } from "./postgresTables.ts"
import { parseTimeouts } from "./PostgresTimeouts.ts"
import { makePostgresWrites } from "./PostgresWrites.ts"
import { makeShareStatements } from "./SharedStatements.ts"
import { shareWrites } from "./shareWrites.ts"

/** Milliseconds that a change of the schema may take: counting what is stored already reads all of it. */
const schemaTimeout = 600_000

/**
 * Makes a driver of a client, and prepares the tables; with `asItIs` it takes the database as it finds it, whatever it lacks.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makePostgresDriver = Effect.fnUntraced(function*(
  pg: PgModules,
  sql: PostgresClient,
  options: PostgresDriverOptions,
  asItIs = false
): Effect.fn.Return<TaskDriver, InvalidInput | TaskDriverError, Scope.Scope> {
  const tables = yield* Effect.fromResult(postgresTables(options))
  const mode = yield* Effect.fromResult(parseSchemaMode(asItIs ? "trust" : options.schema))
  const { lockTimeout, statementTimeout } = yield* Effect.fromResult(parseTimeouts(options))
  const { notifications = true } = options
  if (typeof notifications !== "boolean") {
    return yield* new InvalidInput({ field: "notifications", reason: "must be true or false" })
  }

  const { host, maxConnections = 10, port = 5432 } = sql.config
  const dialect = makePostgresDialect({ statementTimeout, ...(host === undefined ? {} : { place: `${host}:${port}` }) })
  const schemaRunner = makeSqlRunner(sql, inSchemaChange(dialect, statementTimeout), {
    lockTimeout,
    statementTimeout: schemaTimeout,
    unanswered: `the tables were not ready after ${schemaTimeout / 60_000} minutes; look at what the database is doing`
  })
  const runner = makeSqlRunner(sql, dialect, { lockTimeout, statementTimeout })
  yield* prepareSchema(runner, dialect, tables, mode, dialect.migrations(tables), schemaRunner)
  const ensureCounters = makeCounterSetup(runner, schemaRunner, dialect, tables, mode)
  const needed = neededCounters(options)
  if (!asItIs) { for (const kind of needed) yield* ensureCounters[kind] }

  const writes = makePostgresWrites(tables, dialect, runner, ensureCounters)
  // Each caller has its own bound, and waits alone for a lock that is in the way.
  const sharingRunner = makeSqlRunner(sql, dialect, { lockTimeout: 0 })
  const sharing = makeShareStatements(sql, maxConnections, statementTimeout)
  const shared = shareWrites(writes, tables, sharingRunner, sharing)
  const driver = makeSqlDriver(sql, dialect, runner, tables, ensureCounters, () => ({ ...writes, ...shared }))
  const channel = `${tables.prefix}tasks`
  const sender = randomUUID().slice(0, 8)
  const listening = listenForWrites(pg.PgConnection, notifications ? sql.config : undefined, channel, sender)
  const told = notifications
    ? telling(driver, sql, yield* makeNotifier(runner, channel, sender), waitsFor(options))
    : driver
  const inspector = makeSqlInspector(
    { runner, patientRunner: schemaRunner, dialect, tables, needed },
    postgresChecks(runner, schemaRunner, tables)
  )
  return { ...told, backendName: "postgres", findsSeats: true, foreignWrites: listening, inspector }
})

/** Whose tasks wait for those that end: of all sessions, of those that are named, or none. */
type Waiting = "all" | "sessions" | "none"

const waitsFor = ({ maxActive, maxActivePerSession, whenMaxActive }: PostgresDriverOptions): Waiting =>
  whenMaxActive !== "wait"
    ? "none"
    : maxActive !== undefined
    ? "all"
    : maxActivePerSession === undefined
    ? "none"
    : "sessions"

/** Tells of what was written once it is committed. A new task is waited for by nobody yet. */
const telling = <Driver extends Pick<TaskDriver, "kinds" | "patch" | "remove" | "removeExpired">>(
  driver: Driver,
  sql: PostgresClient,
  notify: (taskId: string) => void,
  waiting: Waiting
): Driver => {
  const afterCommit = (...ids: ReadonlyArray<string>) => sql.afterCommit(Effect.sync(() => ids.forEach(notify)))
  const leavesSeat = ({ sessionId, status }: StoredTask): boolean =>
    isTerminal(status) && (waiting === "all" || (waiting === "sessions" && sessionId !== null))
  const orSeats = waiting === "none" ? [] : [newsOfSeats]
  return {
    ...driver,
    patch: (taskId, scope, guard, patch, answer) =>
      Effect.tap(
        driver.patch(taskId, scope, guard, patch, answer),
        (result) =>
          result._tag === "Patched" && isNews(patch)
            ? afterCommit(taskId, ...(patch.status !== undefined && leavesSeat(result.task) ? [newsOfSeats] : []))
            : Effect.void
      ),
    remove: (taskId, scope) =>
      Effect.tap(driver.remove(taskId, scope), (removed) => removed ? afterCommit(taskId, ...orSeats) : Effect.void),
    removeExpired: (now, limit) =>
      Effect.tap(
        driver.removeExpired(now, limit),
        (removed) => removed.length > 0 && waiting !== "none" ? afterCommit(newsOfSeats) : Effect.void
      ),
    kinds: {
      ...driver.kinds,
      pause: (pause) => Effect.tap(driver.kinds.pause(pause), () => afterCommit(newsOfPauses)),
      resume: (kinds, now) => Effect.tap(driver.kinds.resume(kinds, now), () => afterCommit(newsOfPauses))
    }
  }
}
