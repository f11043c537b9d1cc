/** Databases for the tests of PostgreSQL: storages and drivers on them, and a client beside them. */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as PgConnection from "@effect/sql-pg/PgConnection"
import * as PgPool from "@effect/sql-pg/PgPool"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as Redacted from "effect/Redacted"
import type { SqlError } from "effect/sql/SqlError"
import * as PostgresTaskStorage from "mcp-task-storage/postgres"
import type { DriverPair } from "mcp-task-storage/testing"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { makePostgresDriver } from "../../../src/layers/postgres/makePostgresDriver.ts"
import type { PostgresDriverOptions } from "../../../src/layers/postgres/PostgresOptions.ts"
import type { Postgres } from "./engine.ts"

/** A client of the test's own. */
export const connect = (url: string, options: PgClient.PgPoolConfig = {}) =>
  Effect.provide(PgClient.make({ url: Redacted.make(url), maxConnections: 2, ...options }), Reactivity.layer)

/** A storage with a pool of its own, as another process has it. */
export const open = (options: PostgresTaskStorage.Options) =>
  Effect.map(
    Layer.build(Layer.fresh(PostgresTaskStorage.layer({ maintenance: false, ...options }))),
    (built) => Context.get(built, TaskStorage)
  )

/** A driver over a client of the test. */
export const driverOver = (sql: PgClient.PgClient, options: PostgresDriverOptions) =>
  makePostgresDriver({ PgClient, PgConnection, PgPool }, sql, options)

export const anyone = (now: number) => ({ now, session: undefined })

export const unlimited = { maxTasks: null, maxTasksPerSession: null }

/** Two drivers on one database, emptied for each case: to make it anew would take longer than the case. */
export const openPair = (postgres: Postgres, database?: string, notifications = true) =>
  Effect.gen(function*() {
    const url = postgres.url(database ?? (yield* postgres.database))
    const sql = yield* connect(url)
    const options = { url, maxConnections: 10, notifications }
    const first = yield* PostgresTaskStorage.makeDriver(options)
    const second = yield* PostgresTaskStorage.makeDriver(options)
    return { sql, first, second }
  })

const tables = ["tasks", "task_counts", "seat_counts", "messages", "workers", "worker_news", "paused_kinds"]

/**
 * Also where tasks are counted: the counts of all tasks are rows that are always there. Few rows are deleted in a fraction of the time
 * that TRUNCATE takes, which makes new files; the lock waits, as TRUNCATE does, for what an earlier case has under way.
 */
export const emptied = (
  { first, prefix = "mcp_", second, sql }: Effect.Success<ReturnType<typeof openPair>> & { readonly prefix?: string }
): Effect.Effect<DriverPair, SqlError> => {
  const names = tables.map((table) => prefix + table)
  const deletions = names.map((name) => `DELETE FROM ${name};`).join(" ")
  return Effect.as(
    sql.unsafe(
      `DO $$ BEGIN LOCK TABLE ${names.join()}; ${deletions} ` +
        `INSERT INTO ${prefix}task_counts (session_id, tasks) VALUES ('', 0); ` +
        `INSERT INTO ${prefix}seat_counts (session_id, tasks, begun) VALUES ('', 0, 0); END $$`
    ),
    { first, second }
  )
}
