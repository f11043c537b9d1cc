/** That files of the first schema version open with all that is in them, and that processes of it go on to work. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { DatabaseSync, SQLInputValue } from "node:sqlite"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"
import { bare, freshFile, open, schemaOf } from "./database.ts"
import { firstInsert, firstSchema, firstSettle, firstTriggers } from "./firstVersion.ts"

const now = Date.now()
const large = JSON.stringify("x".repeat(100_000))

/** A row of the first version, in the order of its insert. */
const row = (
  taskId: string,
  fields: { readonly sessionId?: string; readonly status?: string; readonly ttl?: number; readonly result?: string } =
    {}
): Array<SQLInputValue> => {
  const { result, sessionId = null, status = "working", ttl = null } = fields
  const kind = result === undefined ? null : "success"
  const [message, meta, requests, responses] = [`"a \\u0000 message"`, `{"b":1,"a":2}`, `{"k":1}`, `{"j":[2]}`]
  return [
    taskId,
    sessionId,
    status,
    now,
    now,
    ttl,
    500,
    3,
    kind,
    `"tools/call"`,
    message,
    meta,
    "incarnation",
    large,
    requests,
    responses,
    `"state"`,
    `["k","j"]`,
    result ?? null
  ]
}

const settle = (database: DatabaseSync, taskId: string, result: string) =>
  database.prepare(firstSettle).all("completed", now + 1, "success", null, result, taskId, now)

/** A file as release 0.1.0 left it, with tasks in it. */
const oldFile = Effect.fnUntraced(function*(isCounted: boolean) {
  const filename = yield* freshFile
  const database = yield* bare(filename)
  database.exec("PRAGMA journal_mode = WAL")
  for (const statement of [...firstSchema, ...(isCounted ? firstTriggers : [])]) database.exec(statement)
  const insert = database.prepare(firstInsert)
  insert.run(...row("one"))
  insert.run(...row("two", { sessionId: "s", ttl: 3_600_000 }))
  insert.run(...row("three", { sessionId: "s", status: "completed", result: `{"_tag":"Success","value":${large}}` }))
  insert.run(...row("gone", { sessionId: "t" }))
  database.exec("DELETE FROM mcp_tasks WHERE task_id = 'gone'")
  return { filename, database }
})

const ids = (database: DatabaseSync) =>
  database.prepare("SELECT task_id FROM mcp_tasks ORDER BY task_id").all().map((found) => found["task_id"])

describe("a file of the first schema version", () => {
  it("was made by the very statements of the first step", () => {
    const [first] = Result.getOrThrow(SqliteTaskStorage.migrations())
    assert.deepStrictEqual(first?.statements, firstSchema)
    assert.deepStrictEqual(Result.getOrThrow(SqliteTaskStorage.limitTriggers()), firstTriggers)
  })

  it.live("keeps the rows of the user that refer to its tasks, and holds them to it from then on", () =>
    Effect.gen(function*() {
      const { database, filename } = yield* oldFile(false)
      database.exec("CREATE TABLE jobs (task TEXT REFERENCES mcp_tasks (task_id) ON DELETE CASCADE)")
      database.exec("INSERT INTO jobs VALUES ('one')")
      const storage = yield* open({ filename })
      const jobs = () => database.prepare("SELECT task FROM jobs").all().map((row) => row["task"])
      assert.deepEqual(jobs(), ["one"])
      yield* storage.deleteTask("one")
      assert.deepEqual(jobs(), [])
    }))

  it.live("opens with everything that is in it", () =>
    Effect.gen(function*() {
      const { database, filename } = yield* oldFile(false)
      const storage = yield* open({ filename })
      const one = yield* Effect.fromOption(yield* storage.getTask("one"))
      const { createdAt, lastUpdatedAt, ...fields } = one
      assert.deepEqual({ ...fields }, {
        taskId: one.taskId,
        status: "working",
        statusMessage: "a \u0000 message",
        ttl: null,
        pollInterval: 500,
        originalMethod: "tools/call",
        originalParams: "x".repeat(100_000),
        meta: { b: 1, a: 2 },
        revision: 3,
        inputRequests: { k: 1 },
        inputResponses: { j: [2] },
        requestState: "state"
      })
      assert.deepStrictEqual([createdAt.epochMilliseconds, lastUpdatedAt.epochMilliseconds], [now, now])
      const outcome = Option.getOrUndefined(yield* storage.getTaskResult("three"))
      assert.deepEqual(outcome, { _tag: "Success", value: "x".repeat(100_000) })
      const listed = yield* storage.listTasks()
      assert.deepStrictEqual(listed.tasks.map(({ taskId }): string => taskId), ["one", "three", "two"])
      const reused = yield* Effect.flip(storage.requireInput("one", { j: 1 }))
      assert.strictEqual(reused._tag, "InputKeyReused")
      assert.deepStrictEqual(yield* storage.claimableTasks(), [])
      const { record } = yield* storage.claimTask("one", { lease: 1 })
      assert.strictEqual(record.attempt, 1)
      assert.deepEqual(
        { ...database.prepare("SELECT version, compatible_with FROM mcp_schema").get() },
        { version: 4, compatible_with: 1 }
      )
      const names = database.prepare(
        "SELECT name FROM sqlite_schema WHERE name LIKE 'mcp\\_tasks%' ESCAPE '\\' ORDER BY name"
      )
      assert.deepStrictEqual(names.all().map((found) => found["name"]), [
        "mcp_tasks",
        "mcp_tasks_by_creation",
        "mcp_tasks_by_due",
        "mcp_tasks_by_expiry",
        "mcp_tasks_by_failure",
        "mcp_tasks_by_free",
        "mcp_tasks_by_lease",
        "mcp_tasks_by_name",
        "mcp_tasks_by_session",
        "mcp_tasks_by_session_status",
        "mcp_tasks_by_status",
        "mcp_tasks_by_update",
        "mcp_tasks_by_worker"
      ])
    }))

  it.live("ends up as a new file does", () =>
    Effect.gen(function*() {
      const { database, filename } = yield* oldFile(true)
      yield* open({ filename })
      const fresh = yield* freshFile
      yield* open({ filename: fresh, maxTasks: 5 })
      assert.deepEqual(schemaOf(database), schemaOf(yield* bare(fresh)))
    }))

  it.live("counts on exactly, though the table was made anew, for whoever knows of its counts", () =>
    Effect.gen(function*() {
      const { database, filename } = yield* oldFile(true)
      // Opened without limits, so that only the step can have seen to it.
      yield* open({ filename })
      assert.deepEqual(
        database.prepare("SELECT * FROM mcp_task_counts ORDER BY session_id").all().map((of) => ({ ...of })),
        [
          { session_id: "", tasks: 3 },
          { session_id: "s", tasks: 2 }
        ]
      )
      const limited = yield* open({ filename, maxTasks: 4, maxTasksPerSession: 2, schema: "verify" })
      const create = (sessionId?: string) => Effect.result(limited.createTask({ originalMethod: "m", sessionId }))
      assert.strictEqual((yield* create("s"))._tag, "Failure")
      assert.strictEqual((yield* create("t"))._tag, "Success")
      assert.strictEqual((yield* create())._tag, "Failure")
      yield* limited.deleteTask("two")
      assert.strictEqual((yield* create("s"))._tag, "Success")
      assert.strictEqual((yield* create("s"))._tag, "Failure")
      database.prepare(firstInsert).run(...row("of an old process", { sessionId: "t" }))
      assert.strictEqual(
        database.prepare("SELECT tasks FROM mcp_task_counts WHERE session_id = ''").get()?.["tasks"],
        5
      )
    }))

  it.live("counts nothing that nobody asked to be counted", () =>
    Effect.gen(function*() {
      const { database, filename } = yield* oldFile(false)
      yield* open({ filename })
      assert.deepStrictEqual(database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'trigger'").all(), [])
      const limited = yield* open({ filename, maxTasks: 3 })
      assert.strictEqual((yield* Effect.flip(limited.createTask({ originalMethod: "m" })))._tag, "MaxTasksReached")
    }))

  it.live("keeps what its user looks at tasks with", () =>
    Effect.gen(function*() {
      const { database, filename } = yield* oldFile(true)
      database.exec("CREATE VIEW at_work AS SELECT task_id FROM mcp_tasks WHERE status = 'working'")
      const storage = yield* open({ filename })
      yield* storage.createTask({ originalMethod: "m", taskId: "new" })
      assert.lengthOf(database.prepare("SELECT * FROM at_work").all(), 3)
    }))

  it.live("stays as it is when the step fails", () =>
    Effect.gen(function*() {
      const { database, filename } = yield* oldFile(true)
      database.exec("CREATE TABLE mcp_tasks_1 (in_the_way)")
      yield* Effect.flip(Effect.scoped(open({ filename })))
      assert.deepStrictEqual(ids(database), ["one", "three", "two"])
      assert.strictEqual(database.prepare("SELECT version FROM mcp_schema").get()?.["version"], 1)
      database.exec("DROP TABLE mcp_tasks_1")
      assert.strictEqual(yield* (yield* open({ filename })).taskCount(), 3)
    }))
})

describe("a process of the first schema version", () => {
  it.live("goes on to work beside one that has made those after it", () =>
    Effect.gen(function*() {
      const { database, filename } = yield* oldFile(true)
      // Prepared before the step, as a process does that runs on.
      const insert = database.prepare(firstInsert)
      const storage = yield* open({ filename })
      assert.lengthOf(insert.all(...row("of an old process")), 1)
      assert.lengthOf(insert.all(...row("of an old process")), 0)
      assert.lengthOf(settle(database, "of an old process", `{"_tag":"Success","value":1}`), 1)
      const settled = yield* Effect.fromOption(yield* storage.getTask("of an old process"))
      assert.deepInclude({ ...settled }, { status: "completed", result: { _tag: "Success", value: 1 }, revision: 4 })
      assert.notProperty(settled, "attempt")

      yield* storage.createTask({ originalMethod: "m", taskId: "new", lease: 60_000, principal: { user: "u" } })
      yield* storage.storeTaskStep("new", "step", 1, { attempt: 1 })
      assert.lengthOf(settle(database, "new", `{"_tag":"Success","value":2}`), 1)
      const kept = yield* Effect.fromOption(yield* storage.getTask("new"))
      assert.deepInclude({ ...kept }, { status: "completed", attempt: 1, principal: { user: "u" }, steps: { step: 1 } })
      assert.deepStrictEqual(yield* storage.claimableTasks(), [])
      assert.strictEqual(
        database.prepare("SELECT tasks FROM mcp_task_counts WHERE session_id = ''").get()?.["tasks"],
        5
      )
    }))
})
