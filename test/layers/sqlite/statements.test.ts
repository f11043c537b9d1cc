/** That every statement finds its rows by an index, and reads no more of them than it may. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { DatabaseSync } from "node:sqlite"
import { TaskDriverError } from "../../../src/domain/TaskDriver.ts"
import { makeSqlMessages } from "../../../src/layers/sql/makeSqlMessages.ts"
import type { RunStatement } from "../../../src/layers/sql/SqlRunner.ts"
import type { SqlStatement } from "../../../src/layers/sql/SqlStatement.ts"
import { makeTaskStatements } from "../../../src/layers/sql/TaskStatements.ts"
import { taskTables } from "../../../src/layers/sql/TaskTables.ts"
import { sqliteDialect } from "../../../src/layers/sqlite/SqliteDialect.ts"
import { makeSqliteWrites } from "../../../src/layers/sqlite/SqliteWrites.ts"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"
import { storedTask, text } from "../storedTask.ts"
import { anyone, unlimited } from "./database.ts"

const tables = Result.getOrThrow(taskTables())
const statements = makeTaskStatements(tables, sqliteDialect)

/** Gives the statements that a driver sends, each of which finds nothing. */
const recorder = () => {
  const sent: Array<SqlStatement> = []
  const run: RunStatement = (statement, decode) =>
    Effect.try({
      try: () => {
        sent.push(statement)
        return decode([])
      },
      catch: (cause) => new TaskDriverError({ reason: "nothing to read", retryable: false, applied: "no", cause })
    })
  const runner = { read: run, write: run, transaction: <A, E>(effect: Effect.Effect<A, E>) => effect }
  const writes = makeSqliteWrites(tables, runner, () => Effect.succeed(undefined), Effect.void)
  return { sent, runner, writes }
}
const sentBy = (use: (writes: ReturnType<typeof recorder>["writes"]) => Effect.Effect<unknown, TaskDriverError>) => {
  const { sent, writes } = recorder()
  Effect.runSync(Effect.ignore(use(writes)))
  return sent
}

const database = new DatabaseSync(":memory:")
for (const { statements } of Result.getOrThrow(SqliteTaskStorage.migrations())) {
  statements.forEach((sql) => database.exec(sql))
}
for (const sql of Result.getOrThrow(SqliteTaskStorage.limitTriggers())) database.exec(sql)

const plan = ({ params, text }: SqlStatement): string =>
  database.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...params).map(({ detail }) => String(detail)).join("\n")

const scopes = [
  { name: "of all", scope: { now: 5, session: undefined }, index: "creation", statusIndex: "status" },
  { name: "of no session", scope: { now: 5, session: null }, index: "session", statusIndex: "session_status" },
  { name: "of a session", scope: { now: 5, session: "s" }, index: "session", statusIndex: "session_status" }
]
const pages = scopes.flatMap(({ index, name, scope, statusIndex }) =>
  [undefined, "working" as const].flatMap((status) =>
    [undefined, { createdAt: 7, taskId: "t" }].map((after) => ({
      name: `${name}, ${status ?? "any status"}, ${after === undefined ? "the first" : "a later"} page`,
      query: { scope, status, after, limit: 10, maxBytes: 1000 },
      index: `USING INDEX mcp_tasks_by_${status === undefined ? index : statusIndex} (`
    }))
  )
)

describe("pages", () => {
  for (const { index, name, query } of pages) {
    for (const [kind, page] of [["tasks", statements.page], ["summaries", statements.pageSummaries]] as const) {
      it(`${kind} ${name}`, () => {
        const whole = plan(page.whole(query))
        assert.include(whole, index)
        assert.notInclude(whole, "SCAN mcp_")
        assert.notInclude(whole, "TEMP B-TREE")
        const fitting = plan(page.fitting(query))
        assert.include(fitting, index)
        assert.notMatch(fitting, /SCAN (mcp_|task)/)
        assert.include(fitting, "SEARCH task USING INDEX sqlite_autoindex_mcp_tasks_1 (task_id=?)")
      })
    }
  }

  it("read no payload that does not fit", () => {
    const driver = new DatabaseSync(":memory:")
    for (const { statements } of Result.getOrThrow(SqliteTaskStorage.migrations())) {
      statements.forEach((sql) => driver.exec(sql))
    }
    const insert = (taskId: string) => {
      const task = storedTask(taskId, { originalParams: text("x".repeat(98)) })
      const [insert] = sentBy((writes) => writes.insert(task, unlimited, 0))
      if (insert !== undefined) driver.prepare(insert.text).run(...insert.params)
    }
    for (const taskId of ["a", "b", "c"]) insert(taskId)
    const read = ({ params, text: sql }: SqlStatement) => driver.prepare(sql).all(...params)
    const query = { scope: anyone(5), status: undefined, after: undefined, limit: 2 }
    // Each takes 100 bytes and its method 12.
    assert.lengthOf(read(statements.page.whole({ ...query, maxBytes: 336 })), 3)
    assert.lengthOf(read(statements.page.whole({ ...query, maxBytes: 335 })), 0)
    assert.deepStrictEqual(
      read(statements.page.fitting({ ...query, maxBytes: 224 })).map((row) => row["task_id"]),
      ["a", "b", null]
    )
    assert.deepStrictEqual(
      read(statements.page.fitting({ ...query, maxBytes: 1000 })).map((row) => row["task_id"]),
      ["a", "b", null]
    )
    assert.deepStrictEqual(
      read(statements.page.fitting({ ...query, maxBytes: 223 })).map((row) => row["task_id"]),
      ["a", null, null]
    )
    assert.deepStrictEqual(
      read(statements.page.fitting({ ...query, maxBytes: 1 })).map((row) => row["original_params"]?.toString().length),
      [100, undefined, undefined]
    )
    assert.lengthOf(read(statements.pageSummaries.whole({ ...query, maxBytes: 36 })), 3)
    assert.lengthOf(read(statements.pageSummaries.whole({ ...query, maxBytes: 35 })), 0)
    driver.close()
  })
})

describe("single tasks", () => {
  const byKey = "mcp_tasks USING INDEX sqlite_autoindex_mcp_tasks_1 (task_id=?)"
  const guard = {
    statuses: ["working" as const],
    unchanged: { revision: 1, incarnation: "first" },
    result: "absent" as const,
    updatedBefore: 9,
    attempt: 1,
    leaseExpiredBy: 9,
    contentAtMost: 9
  }
  for (const { name, scope } of scopes) {
    it(`by id, ${name}`, () => {
      assert.strictEqual(plan(statements.find("t", scope)), `SEARCH ${byKey}`)
      assert.strictEqual(plan(statements.findSummary("t", scope)), `SEARCH ${byKey}`)
      const patched = sentBy((writes) => writes.patch("t", scope, guard, { lastUpdatedAt: 1 }))
      assert.deepStrictEqual(patched.map(plan), [`SEARCH ${byKey}`, `SEARCH ${byKey}`])
      assert.strictEqual(plan(statements.remove("t", scope)), `SEARCH ${byKey}`)
    })
  }
  it("by id, within an insert", () => {
    const limited = sentBy((writes) =>
      writes.insert(storedTask("t", { sessionId: "s" }), { maxTasks: 1, maxTasksPerSession: 1 }, 1)
    ).map(plan)
    // It tries, looks for the expired one, and, had there been room, would count.
    assert.lengthOf(limited, 3)
    assert.include(limited[0], "SEARCH mcp_task_counts USING PRIMARY KEY (session_id=?)")
    assert.strictEqual(limited[1], `SEARCH ${byKey}`)
    for (const found of limited) assert.notInclude(found, "SCAN mcp_")
    const unbounded = sentBy((writes) => writes.insert(storedTask("t"), unlimited, 1)).map(plan)
    assert.deepStrictEqual(unbounded, ["", `SEARCH ${byKey}`, `SEARCH ${byKey}`, ""])
  })
})

describe("sweeps", () => {
  it("find what nobody touched by its age", () => {
    const search = "SEARCH mcp_tasks USING INDEX mcp_tasks_by_update (status=? AND active_updated_at<?)"
    for (const statuses of [["working"], ["working", "input_required"]] as const) {
      const found = plan(statements.stale({ statuses, updatedBefore: 1, freeSince: 1, now: 1, limit: 10 })).split("\n")
      assert.deepStrictEqual(found.filter((line) => line.includes("mcp_")), statuses.map(() => search))
    }
  })
  it("find free tasks by their lease, those that wait for a worker or not", () => {
    for (const released of [true, false]) {
      assert.strictEqual(
        plan(statements.expiredLeases({ released, expiredBy: 9, now: 9, limit: 10 })),
        "SEARCH mcp_tasks USING INDEX mcp_tasks_by_lease (status=? AND lease_expires_at>? AND lease_expires_at<?)"
      )
    }
  })
  it("find what expired by its expiry", () => {
    const found = plan(statements.removeExpired(1, 10))
    assert.include(found, "SEARCH mcp_tasks USING INDEX mcp_tasks_by_expiry (expires_at<?)")
    assert.notInclude(found, "SCAN mcp_")
    assert.notInclude(found, "ORDER BY")
  })
})

it.effect("messages are found by their queue or their expiry", () =>
  Effect.gen(function*() {
    const { runner, sent, writes } = recorder()
    const messages = makeSqlMessages(tables, sqliteDialect, runner, writes.pushWithin)
    const message = { queue: "q", body: text("m"), expiresAt: 9, now: 1 }
    yield* Effect.ignore(messages.push({ ...message, maxSize: 5 }))
    yield* Effect.ignore(messages.push({ ...message, maxSize: undefined }))
    yield* Effect.ignore(messages.shift("q", 1))
    yield* Effect.ignore(messages.drain("q", 1))
    yield* Effect.ignore(messages.removeExpired(1, 10))
    const plans = [...new Map(sent.map((statement) => [statement.text, statement])).values()].map(plan)
    assert.lengthOf(plans.filter((found) => found.includes("mcp_messages_by_queue (queue=?)")), 4)
    assert.lengthOf(plans.filter((found) => found.includes("mcp_messages_by_expiry (expires_at<?)")), 1)
    for (const found of plans) {
      assert.notInclude(found, "SCAN mcp_")
      assert.notInclude(found, "TEMP B-TREE")
    }
  }))
