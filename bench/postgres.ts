/**
 * PostgreSQL: the Effect API against the same statements through bare `@effect/sql-pg` and through `pg`, by one caller and
 * by many. All work on one table, through pools of the same size.
 */
import type { PgClient } from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import type { TaskStorageShape } from "mcp-task-storage"
import type { Pool } from "pg"
import { connect, open } from "../test/layers/postgres/database.ts"
import { startPostgres } from "../test/layers/postgres/startPostgres.ts"
import { learnStatements, type Statements, throughPg, throughSqlPg } from "./barePostgres.ts"
import { fibers, promises, subjectOf } from "./callers.ts"
import { fillPostgres, settlePostgres } from "./fillPostgres.ts"
import { newId } from "./ids.ts"
import { type Contender, measure } from "./measure.ts"
import { openPool } from "./openPool.ts"
import { type ByOperation, call, type Operation, operations } from "./operations.ts"
import { type Comparison, printThroughput } from "./report.ts"
import { settings } from "./settings.ts"

const { callerCounts, pages, postgresStored, serverOperations, serverRounds, serverWarmUp } = settings

/** Connections of each pool. */
const maxConnections = 10

/** Everything that reaches the table, and the ids of tasks that are only read. */
interface Ways {
  readonly statements: Statements
  readonly sqlPg: PgClient
  readonly pool: Pool
  readonly silent: TaskStorageShape
  readonly notifying: TaskStorageShape
  readonly admin: Pool
  readonly template: string
  readonly stored: ReadonlyArray<string>
}

const openWays = Effect.gen(function*() {
  const server = yield* startPostgres
  const url = server.url(yield* server.database)
  const sqlPg = yield* connect(url, { maxConnections })
  const statements = yield* learnStatements(sqlPg)
  const silent = yield* open({ url, maxConnections, notifications: false })
  const notifying = yield* open({ url, maxConnections })
  const pool = yield* openPool(url, maxConnections)
  const admin = yield* openPool(url, 1)

  // Somebody waits, as in a server, so that there is a connection to which each notification is sent.
  const awaited = yield* notifying.createTask(call)
  yield* Effect.forkScoped(Effect.ignore(notifying.awaitTask(awaited.taskId)))

  const template = (yield* silent.createTask(call)).taskId
  const stored = yield* Effect.promise(async () => {
    const ids = await fillPostgres(admin, template, postgresStored)
    await settlePostgres(admin)
    return ids
  })
  return { statements, sqlPg, pool, silent, notifying, admin, template, stored } satisfies Ways
})

/** The contenders of one operation. */
const contendersOf = (ways: Ways, name: keyof ByOperation<unknown>, callers: number) => {
  const operation: Operation = operations[name]
  const { admin, pool, sqlPg, statements, stored, template } = ways
  const count = name === "page" ? pages : serverOperations
  const prepare = {
    new: async () => Array.from({ length: count }, newId),
    fresh: () => fillPostgres(admin, template, count),
    stored: async () => stored
  }
  const load = { callers, operations: count, prepare: prepare[operation.ids] }
  const sent = statements[name]
  const bare = throughSqlPg(sqlPg, sent)
  return {
    effect: fibers(load, (id) => operation.operate(ways.silent, id)),
    notifying: fibers(load, (id) => operation.operate(ways.notifying, id)),
    sqlPg: fibers(load, bare),
    untraced: fibers(load, (id) => Effect.withTracerEnabled(bare(id), false)),
    pg: promises(load, throughPg(pool, operation, sent))
  }
}

const compareBare = async (ways: Ways) => {
  const againstSqlPg: Array<Comparison> = []
  const againstUntraced: Array<Comparison> = []
  const againstPg: Array<Comparison> = []
  for (const callers of callerCounts) {
    for (const name of ["create", "get", "transition", "settle", "page"] as const) {
      const { effect, pg, sqlPg, untraced } = contendersOf(ways, name, callers)
      const micros = await measure([effect, sqlPg, untraced, pg], serverRounds, serverWarmUp)
      const subject = subjectOf(operations[name].subject, callers)
      const against = (baseline: Contender) => ({ subject, micros: micros(effect), baseline: micros(baseline) })
      // Many writes share statements, which bare ones do not.
      againstSqlPg.push({ ...against(sqlPg), target: callers === 1 || name === "get" || name === "page" ? 0.9 : 1 })
      againstUntraced.push(against(untraced))
      againstPg.push(against(pg))
    }
  }
  const title =
    `PostgreSQL without notifications, ${postgresStored.toLocaleString("en")} tasks stored: the Effect API ` +
    "against the same statements through"
  printThroughput(`${title} @effect/sql-pg`, ["Effect", "sql-pg"], againstSqlPg)
  printThroughput(`${title} @effect/sql-pg with its tracing turned off`, ["Effect", "untraced"], againstUntraced)
  printThroughput(`${title} pg`, ["Effect", "pg"], againstPg)
}

const compareNotifying = async (ways: Ways) => {
  const againstBare: Array<Comparison> = []
  const againstSilent: Array<Comparison> = []
  for (const callers of callerCounts) {
    for (const name of ["create", "transition", "settle"] as const) {
      const { effect, notifying, sqlPg } = contendersOf(ways, name, callers)
      const micros = await measure([notifying, effect, sqlPg], serverRounds, serverWarmUp)
      const subject = subjectOf(operations[name].subject, callers)
      againstBare.push({ subject, micros: micros(notifying), baseline: micros(sqlPg), target: 0.6 })
      againstSilent.push({ subject, micros: micros(notifying), baseline: micros(effect) })
    }
  }
  const title = "PostgreSQL with notifications, and somebody who listens"
  printThroughput(`${title}: writes against the same statements through @effect/sql-pg`, ["on", "sql-pg"], againstBare)
  printThroughput(`${title}: writes against those without`, ["on", "off"], againstSilent)
}

/** Measures and prints. */
export const benchPostgres = (): Promise<void> =>
  Effect.runPromise(Effect.scoped(Effect.flatMap(openWays, (ways) =>
    Effect.promise(async () => {
      await compareBare(ways)
      await compareNotifying(ways)
    }))))
