/** That databases of the first schema version open with all that is in them, and that processes of it go on to work. */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { SqlClient } from "effect/sql/SqlClient"
import * as PostgresTaskStorage from "mcp-task-storage/postgres"
import { checkEnd, checkWholeTask } from "../earlierTasks.ts"
import { connect, open } from "./database.ts"
import { freshUrl } from "./engine.ts"
import { firstInsert, firstSchema, firstSettle, firstTriggers } from "./firstVersion.ts"

const now = Date.now()
const large = JSON.stringify({ name: "search", text: "x".repeat(100_000) })

/** The values of a row of the first version, in the order of its insert, and the time. */
const row = (taskId: string, incarnation = "old", at = now): Array<string | number | null> => [
  taskId,
  "s",
  "working",
  at,
  at,
  60_000,
  500,
  3,
  null,
  `"tools/call"`,
  `"a \\u0000 message"`,
  `{"b":1,"a":2}`,
  incarnation,
  2,
  at + 60_000,
  large,
  null,
  `{"j":[2]}`,
  `"state"`,
  `["j"]`,
  `{"user":"u"}`,
  `{"step":1}`,
  null,
  at
]

const settle = (sql: SqlClient, taskId: string) =>
  sql.unsafe(firstSettle, [taskId, now, "completed", now + 1, "success", null, null, `{"_tag":"Success","value":1}`])

/** A database as the version before left it, with tasks in it. */
const oldDatabase = Effect.gen(function*() {
  const url = yield* freshUrl
  const sql = yield* connect(url)
  yield* sql.withTransaction(
    Effect.forEach([...firstSchema, ...firstTriggers], (statement) => sql.unsafe(statement))
  )
  for (const taskId of ["one", "two"]) yield* sql.unsafe(firstInsert, row(taskId))
  return { sql, url }
})

const columnsOf = (sql: SqlClient) =>
  sql`SELECT column_name, data_type, collation_name, is_nullable, generation_expression
    FROM information_schema.columns WHERE table_name = 'mcp_tasks' ORDER BY column_name`

const triggersOf = (sql: SqlClient) =>
  sql`SELECT tgname, pg_get_triggerdef(oid) AS definition FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname`

describe("a database of the first schema version", () => {
  it("was made by the very statements of the first step", () => {
    const [first] = Result.getOrThrow(PostgresTaskStorage.migrations())
    assert.deepStrictEqual(first?.statements, firstSchema)
    assert.deepStrictEqual(Result.getOrThrow(PostgresTaskStorage.limitTriggers()), firstTriggers)
  })

  it.live("opens with everything that is in it, and without names, as they were derived at creation", () =>
    Effect.gen(function*() {
      const { sql, url } = yield* oldDatabase
      const storage = yield* open({ url, maxTasks: 2 })
      yield* checkWholeTask(storage, now, 60_000)
      assert.deepEqual(yield* sql`SELECT version, compatible_with FROM mcp_schema`, [{
        version: 3,
        compatible_with: 1
      }])
      const refused = yield* Effect.flip(storage.createTask({ originalMethod: "m" }))
      assert.strictEqual(refused._tag, "MaxTasksReached")
      yield* checkEnd(storage)
    }))

  it.live("ends up as a new one does", () =>
    Effect.gen(function*() {
      const { sql, url } = yield* oldDatabase
      yield* open({ url })
      const fresh = yield* freshUrl
      yield* open({ url: fresh, maxTasks: 5 })
      const other = yield* connect(fresh)
      assert.deepStrictEqual(yield* columnsOf(sql), yield* columnsOf(other))
      assert.deepStrictEqual(yield* triggersOf(sql), yield* triggersOf(other))
    }))
})

describe("a process of the first schema version", () => {
  it.live("goes on to work beside one that has made the second", () =>
    Effect.gen(function*() {
      const { sql, url } = yield* oldDatabase
      const storage = yield* open({ url })
      assert.lengthOf(yield* sql.unsafe(firstInsert, row("of an old process")), 1)
      assert.lengthOf(yield* sql.unsafe(firstInsert, row("of an old process")), 0)
      assert.lengthOf(yield* settle(sql, "of an old process"), 1)
      const settled = yield* Effect.fromOption(yield* storage.getTask("of an old process"))
      assert.deepInclude({ ...settled }, { status: "completed", result: { _tag: "Success", value: 1 }, revision: 4 })

      const named = { name: "search", traceparent: "00-a-b-01", tracestate: "c=d" }
      yield* storage.createTask({ originalMethod: "m", taskId: "new", ...named })
      assert.lengthOf(yield* settle(sql, "new"), 1)
      const kept = yield* Effect.fromOption(yield* storage.getTask("new"))
      assert.deepInclude({ ...kept }, { status: "completed", ...named })
    }))

  it.live("leaves nothing of an expired task in the row that it puts a new one into", () =>
    Effect.gen(function*() {
      const { sql, url } = yield* oldDatabase
      const storage = yield* open({ url })
      const expiring = {
        originalMethod: "m",
        taskId: "again",
        ttl: 1,
        name: "secret",
        traceparent: "00-a-b-01",
        tracestate: "c=d"
      } as const
      const byOld = Effect.gen(function*() {
        yield* Effect.sleep(5)
        assert.lengthOf(yield* sql.unsafe(firstInsert, row("again", "of an old process", Date.now())), 1)
      })
      yield* storage.createTask({
        ...expiring,
        failure: { name: "E", message: "secret", stack: "s", at: yield* DateTime.now }
      })
      yield* byOld
      const task = Option.getOrThrow(yield* storage.getTask("again"))
      assert.notProperty(task, "name")
      assert.notProperty(task, "failure")
      assert.notProperty(task, "traceparent")
      assert.notProperty(task, "tracestate")
      const [columns] = yield* sql`SELECT name, traceparent, tracestate, failure, failure_stack FROM mcp_tasks
        WHERE task_id = 'again'`
      assert.deepStrictEqual(Object.values(columns ?? {}), [null, null, null, null, null])
    }))

  it.live("nor does it lose what a newer one puts into such a row", () =>
    Effect.gen(function*() {
      const { sql, url } = yield* oldDatabase
      const storage = yield* open({ url })
      for (const name of ["first", "second", "second"]) {
        yield* storage.createTask({ originalMethod: "m", taskId: "again", ttl: 60_000, name })
        assert.strictEqual(Option.getOrThrow(yield* storage.getTask("again")).name, name)
        yield* sql`UPDATE mcp_tasks SET created_at = created_at - 60000 WHERE task_id = 'again'`
      }
    }))
})
