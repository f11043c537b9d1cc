/** That the view of the tasks shows them readably, alike in SQLite and PostgreSQL, and stands in no one's way. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import type { InvalidInput, TaskStorageUnavailable } from "../../../src/domain/task/TaskError.ts"
import { openSqlite } from "../../../src/layers/sqlite/openSqlite.ts"
import { connect, open as openPostgres } from "../postgres/database.ts"
import { freshUrl } from "../postgres/engine.ts"
import { freshFile, open as openSqliteStorage } from "../sqlite/database.ts"

type Failure = SqlError | TaskDriverError | InvalidInput | TaskStorageUnavailable

interface Store {
  readonly sql: SqlClient
  readonly open: Effect.Effect<TaskStorageShape, Failure, Scope.Scope>
  /** What a later step drops of the table of tasks. */
  readonly column: string
}

const sqlite = Effect.gen(function*() {
  const filename = yield* freshFile
  const storage = yield* openSqliteStorage({ filename })
  const store: Store = {
    sql: yield* openSqlite({ filename }),
    open: Effect.succeed(storage),
    column: "ALTER TABLE mcp_tasks DROP COLUMN rerun_as"
  }
  return store
})

const postgres = Effect.gen(function*() {
  const url = yield* freshUrl
  const storage = yield* openPostgres({ url })
  const store: Store = {
    sql: yield* connect(url),
    open: Effect.succeed(storage),
    column: "ALTER TABLE mcp_tasks ALTER COLUMN attempt TYPE numeric"
  }
  return store
})

const call = (taskId: string) => ({ originalMethod: "tools/call", originalParams: { name: "report" }, taskId })

const internal = { _tag: "Error", code: -32603, message: "Internal error" } as const

/** Names and messages, and how the view shows them: as they are stored, in one line. */
const failures = [
  ["TypeError", "no paper", "TypeError: no paper"],
  ["", "", ": "],
  ["Quoted", "\",\"at\":1,\"message\":\"x", "Quoted: \\\",\\\"at\\\":1,\\\"message\\\":\\\"x"],
  ["\",\"message\":\"", "é\n\\", "\\\",\\\"message\\\":\\\": \\u00e9\\n\\\\"]
] as const

/** Times as texts, whatever the client makes of them. */
const shown = (row: { readonly [column: string]: unknown }) =>
  Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      value instanceof Date ? value.toISOString() : typeof value === "bigint" ? Number(value) : value
    ])
  )

for (const [name, fresh] of [["sqlite", sqlite], ["postgres", postgres]] as const) {
  describe(`the view of the tasks in ${name}`, () => {
    it.live("shows times, names and workers, and no payload", () =>
      Effect.gen(function*() {
        const { open, sql } = yield* fresh
        const storage = yield* open
        const { workerId } = yield* storage.registerWorker({ lease: 60_000 })
        yield* storage.createTask({ ...call("one"), sessionId: "ann", ttl: 3_600_000, worker: workerId })
        yield* storage.createTask({ originalMethod: "é", taskId: "two" })
        yield* storage.updateTaskStatus("two", "cancelled", { statusMessage: "enough \"said\"" })
        yield* storage.rerunTask("two", { taskId: "three" })
        const rows = yield* sql.unsafe<{ readonly [column: string]: unknown }>(
          "SELECT * FROM mcp_task_overview ORDER BY created_at, task_id"
        )
        const found = new Map(rows.map((row) => [row["task_id"], shown(row)]))
        const one = yield* Effect.fromOption(yield* storage.getTask("one"))
        const iso = (millis: number | undefined) => new Date(millis ?? NaN).toISOString()
        assert.deepStrictEqual(found.get("one"), {
          task_id: "one",
          session_id: "ann",
          status: "working",
          method: "tools/call",
          name: "report",
          created_at: iso(one.createdAt.epochMilliseconds),
          last_updated_at: iso(one.lastUpdatedAt.epochMilliseconds),
          expires_at: iso(one.createdAt.epochMilliseconds + 3_600_000),
          attempt: name === "sqlite" ? 1 : found.get("one")?.["attempt"],
          worker: workerId,
          started_at: iso(one.startedAt?.epochMilliseconds),
          result_kind: null,
          reason: null,
          rerun_of: null,
          rerun_as: null
        })
        assert.strictEqual(Number(found.get("one")?.["attempt"]), 1)
        assert.deepInclude(found.get("two"), {
          method: "\\u00e9",
          name: null,
          expires_at: null,
          reason: "enough \\\"said\\\"",
          rerun_as: "three"
        })
        assert.deepInclude(found.get("three"), { rerun_of: "two", reason: null })
      }))

    it.live("shows why tasks failed, whatever is in the text", () =>
      Effect.gen(function*() {
        const { open, sql } = yield* fresh
        const storage = yield* open
        for (const [index, [name, message]] of failures.entries()) {
          yield* storage.createTask(call(`task-${index}`))
          const failure = { name, message, stack: "at secret.ts" }
          yield* storage.settleTask(`task-${index}`, internal, { failure, statusMessage: "told" })
        }
        const rows = yield* sql.unsafe<{ readonly reason: string }>(
          "SELECT reason FROM mcp_task_overview ORDER BY task_id"
        )
        assert.deepStrictEqual(rows.map(({ reason }) => reason), failures.map(([, , reason]) => reason))
      }))

    it.live("leaves out expired tasks, and fails for no row that another hand wrote", () =>
      Effect.gen(function*() {
        const { open, sql } = yield* fresh
        const storage = yield* open
        yield* storage.createTask({ ...call("expired"), ttl: 1 })
        yield* storage.createTask({ ...call("long"), ttl: Number.MAX_SAFE_INTEGER - Date.now() - 60_000 })
        yield* storage.createTask(call("broken"))
        yield* Effect.sleep(5)
        yield* sql.unsafe(
          "UPDATE mcp_tasks SET original_method = '', failure = '\",\"at\":\",\"message\":\"', name = '\"', created_at = -9000000000000000 " +
            "WHERE task_id = 'broken'"
        )
        const rows = yield* sql.unsafe<{ readonly task_id: string }>("SELECT * FROM mcp_task_overview ORDER BY task_id")
        assert.deepStrictEqual(rows.map((row) => row.task_id), ["broken", "long"])
      }))

    it.live("does not stand in the way of a later step, which drops it and makes it again", () =>
      Effect.gen(function*() {
        const { column, open, sql } = yield* fresh
        const storage = yield* open
        yield* storage.createTask(call("one"))
        assert.strictEqual((yield* Effect.exit(sql.withTransaction(sql.unsafe(column))))._tag, "Failure")
        yield* sql.withTransaction(Effect.gen(function*() {
          yield* sql.unsafe("DROP VIEW mcp_task_overview")
          yield* sql.unsafe(column)
          yield* sql.unsafe("CREATE VIEW mcp_task_overview AS SELECT task_id FROM mcp_tasks")
        }))
        assert.lengthOf(yield* sql.unsafe("SELECT * FROM mcp_task_overview"), 1)
      }))
  })
}
