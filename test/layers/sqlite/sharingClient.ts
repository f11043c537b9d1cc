/** A file of SQLite, the client that writes to it, and calls that come at once. */
import * as Effect from "effect/Effect"
import type { DatabaseSync } from "node:sqlite"
import type { TaskDriver } from "../../../src/domain/driver/TaskDriver.ts"
import { makeSqliteDriver } from "../../../src/layers/sqlite/makeSqliteDriver.ts"
import { openSqlite, type SqliteClient } from "../../../src/layers/sqlite/openSqlite.ts"
import { storedTask } from "../storedTask.ts"
import { anyone, bare, freshFile, unlimited } from "./database.ts"

export const anybody = anyone(1000)

/** Far fewer than there are writes: on a busy machine the time of a commit may be over when few of them have joined it. */
export const fewCommits = 10

/** Counts the shared transactions of a client. Those within them are savepoints. */
export const counting = (sql: SqliteClient) => {
  const counted = { transactions: 0 }
  const { transactAtOnce } = sql
  Object.assign(sql, {
    transactAtOnce: <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.suspend(() => {
        if (sql.isTransaction()) return transactAtOnce(effect)
        return transactAtOnce(Effect.andThen(Effect.sync(() => counted.transactions++), effect))
      })
  })
  return counted
}

export const setUp = Effect.fnUntraced(function*(options: { readonly lockTimeout?: number } = {}) {
  const filename = yield* freshFile
  const sql = yield* openSqlite({ filename, synchronous: "off", ...options })
  const driver = yield* makeSqliteDriver(sql, options)
  const other = yield* bare(filename)
  return { filename, sql, driver, other }
})

export const insert = (driver: TaskDriver, taskId: string) => driver.insert(storedTask(taskId), unlimited, 1000)

export const names = (count: number) => Array.from({ length: count }, (_, index) => `t${index}`)

export const atOnce = <A, E>(effects: Iterable<Effect.Effect<A, E>>) =>
  Effect.all([...effects].map(Effect.exit), { concurrency: "unbounded" })

export const idsIn = (database: DatabaseSync) =>
  database.prepare("SELECT task_id FROM mcp_tasks ORDER BY task_id").all().map((row) => String(row["task_id"]))
