/** That files of the second schema version open with all that is in them, and that processes of it go on to work. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { DatabaseSync, SQLInputValue } from "node:sqlite"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"
import { checkEnd, checkWholeTask } from "../earlierTasks.ts"
import { bare, freshFile, open, schemaOf } from "./database.ts"
import { firstSchema, firstTriggers } from "./firstVersion.ts"
import { secondInsert, secondSettle, secondStep } from "./secondVersion.ts"

const now = Date.now()
const large = JSON.stringify({ name: "search", text: "x".repeat(100_000) })

/** A row of the second version, in the order of its insert. */
const row = (taskId: string, ttl: number | null = null): Array<SQLInputValue> => [
  taskId,
  "s",
  "working",
  now,
  now,
  ttl,
  500,
  3,
  null,
  `"tools/call"`,
  `"a \\u0000 message"`,
  `{"b":1,"a":2}`,
  "incarnation",
  2,
  now + 60_000,
  large,
  null,
  `{"j":[2]}`,
  `"state"`,
  `["j"]`,
  `{"user":"u"}`,
  `{"step":1}`,
  null
]

const settle = (database: DatabaseSync, taskId: string) =>
  database.prepare(secondSettle)
    .all("completed", now + 1, "success", null, null, `{"_tag":"Success","value":1}`, taskId, now)

/** A file as the version before left it, with tasks in it. */
const oldFile = Effect.gen(function*() {
  const filename = yield* freshFile
  const database = yield* bare(filename)
  database.exec("PRAGMA journal_mode = WAL")
  for (const statement of [...firstSchema, ...secondStep, ...firstTriggers]) database.exec(statement)
  const insert = database.prepare(secondInsert)
  insert.run(...row("one"))
  insert.run(...row("two", 3_600_000))
  return { filename, database }
})

describe("a file of the second schema version", () => {
  it("was made by the very statements of the second step", () => {
    const [, second] = Result.getOrThrow(SqliteTaskStorage.migrations())
    assert.deepStrictEqual(second?.statements, secondStep)
  })

  it.live("opens with everything that is in it, and without names, as they were derived at creation", () =>
    Effect.gen(function*() {
      const { database, filename } = yield* oldFile
      const storage = yield* open({ filename })
      yield* checkWholeTask(storage, now, null)
      const summaries = yield* storage.listTaskSummaries()
      assert.deepStrictEqual(summaries.tasks.map(({ name, taskId }) => [String(taskId), name]), [
        ["one", undefined],
        ["two", undefined]
      ])
      const version = database.prepare("SELECT version, compatible_with FROM mcp_schema").get()
      assert.deepEqual({ ...version }, { version: 4, compatible_with: 1 })
      yield* checkEnd(storage)
    }))

  it.live("ends up as a new file does", () =>
    Effect.gen(function*() {
      const { database, filename } = yield* oldFile
      yield* open({ filename })
      const fresh = yield* freshFile
      yield* open({ filename: fresh, maxTasks: 5 })
      assert.deepEqual(schemaOf(database), schemaOf(yield* bare(fresh)))
    }))

  it.live("keeps lists from reading large columns for the new ones", () =>
    Effect.gen(function*() {
      const { database, filename } = yield* oldFile
      yield* open({ filename })
      const names = database.prepare("SELECT name FROM pragma_table_xinfo('mcp_tasks')").all().map((of) => of["name"])
      for (const small of ["name", "traceparent", "tracestate", "failure"]) {
        assert.isBelow(names.indexOf(small), names.indexOf("original_params"))
      }
      assert.isAbove(names.indexOf("failure_stack"), names.indexOf("original_params"))
    }))
})

describe("a process of the second schema version", () => {
  it.live("goes on to work beside one that has made the third", () =>
    Effect.gen(function*() {
      const { database, filename } = yield* oldFile
      // Prepared before the step, as a process does that runs on.
      const insert = database.prepare(secondInsert)
      const storage = yield* open({ filename, maxTasks: 10 })
      assert.lengthOf(insert.all(...row("of an old process")), 1)
      assert.lengthOf(insert.all(...row("of an old process")), 0)
      assert.lengthOf(settle(database, "of an old process"), 1)
      const settled = yield* Effect.fromOption(yield* storage.getTask("of an old process"))
      assert.deepInclude({ ...settled }, { status: "completed", result: { _tag: "Success", value: 1 }, revision: 4 })
      assert.notProperty(settled, "name")

      const named = { name: "search", traceparent: "00-a-b-01", tracestate: "c=d" }
      yield* storage.createTask({ originalMethod: "m", taskId: "new", ...named })
      assert.lengthOf(settle(database, "new"), 1)
      const kept = yield* Effect.fromOption(yield* storage.getTask("new"))
      assert.deepInclude({ ...kept }, { status: "completed", ...named })
      assert.deepEqual(
        { ...database.prepare("SELECT tasks FROM mcp_task_counts WHERE session_id = ''").get() },
        { tasks: 4 }
      )
    }))
})
