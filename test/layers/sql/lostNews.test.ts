/** News of a worker that were taken, where the answer of the engine is lost on its way. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import { makePostgresDialect } from "../../../src/layers/postgres/PostgresDialect.ts"
import { makeSqlWorkers } from "../../../src/layers/sql/makeSqlWorkers.ts"
import { makeSqlRunner, type SqlRunner } from "../../../src/layers/sql/SqlRunner.ts"
import { taskTables } from "../../../src/layers/sql/TaskTables.ts"
import { openSqlite } from "../../../src/layers/sqlite/openSqlite.ts"
import { sqliteDialect } from "../../../src/layers/sqlite/SqliteDialect.ts"
import { connect, open as openPostgres } from "../postgres/database.ts"
import { freshUrl } from "../postgres/engine.ts"
import { freshFile, open as openSqliteStorage } from "../sqlite/database.ts"

const engines = {
  sqlite: Effect.gen(function*() {
    const filename = yield* freshFile
    yield* Effect.scoped(openSqliteStorage({ filename }))
    return { sql: yield* openSqlite({ filename }), dialect: sqliteDialect }
  }),
  postgres: Effect.gen(function*() {
    const url = yield* freshUrl
    yield* Effect.scoped(openPostgres({ url }))
    return { sql: yield* connect(url), dialect: makePostgresDialect() }
  })
}

const lost = new TaskDriverError({ reason: "the connection was lost", retryable: true, applied: "unknown" })

it.live.each(["sqlite", "postgres"] as const)("are told all the same: %s", (name) =>
  Effect.gen(function*() {
    const { dialect, sql } = yield* engines[name]
    const tables = yield* Effect.fromResult(taskTables())
    const runner = makeSqlRunner(sql, dialect, { lockTimeout: 1_000 })
    const losing: SqlRunner = {
      ...runner,
      write: (statement, decode) => Effect.andThen(runner.write(statement, decode), Effect.fail(lost))
    }
    const workersOn = (runner: SqlRunner) => makeSqlWorkers(tables, dialect, runner, () => Effect.succeed([]))
    for (const taskId of ["a", "b"]) {
      yield* sql.unsafe(`INSERT INTO ${tables.news} (worker_id, task_id) VALUES ('w', '${taskId}')`)
    }
    assert.deepEqual([...(yield* workersOn(losing).takeNews("w"))].sort(), ["a", "b"])
    assert.deepEqual(yield* workersOn(runner).takeNews("w"), [])
  }))
