/** That every statement finds its rows by an index, and reads no more of them than it may. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { DatabaseSync } from "node:sqlite"
import { byKind } from "../../../src/domain/driver/KindDriver.ts"
import { TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import { wholeRange } from "../../../src/domain/driver/TaskRange.ts"
import { makeFreeStatements, type Moved } from "../../../src/layers/sql/FreeStatements.ts"
import { makeSqlMessages } from "../../../src/layers/sql/makeSqlMessages.ts"
import { makeSqlWorkers } from "../../../src/layers/sql/makeSqlWorkers.ts"
import type { RunStatement } from "../../../src/layers/sql/SqlRunner.ts"
import type { SqlStatement } from "../../../src/layers/sql/SqlStatement.ts"
import { makeTaskStatements } from "../../../src/layers/sql/TaskStatements.ts"
import { type Row, taskTables } from "../../../src/layers/sql/TaskTables.ts"
import { sqliteDialect } from "../../../src/layers/sqlite/SqliteDialect.ts"
import { makeSqliteWrites } from "../../../src/layers/sqlite/SqliteWrites.ts"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"
import { storedTask, text } from "../storedTask.ts"
import { anyone, unlimited } from "./database.ts"

const tables = Result.getOrThrow(taskTables())
const statements = makeTaskStatements(tables, sqliteDialect)
const freeStatements = makeFreeStatements(tables, sqliteDialect)

/** Gives the statements that a driver sends, each of which finds these rows. */
const recorder = (rows: ReadonlyArray<Row> = []) => {
  const sent: Array<SqlStatement> = []
  const run: RunStatement = (statement, decode) =>
    Effect.try({
      try: () => {
        sent.push(statement)
        return decode(rows)
      },
      catch: (cause) => new TaskDriverError({ reason: "nothing to read", retryable: false, applied: "no", cause })
    })
  const runner = { read: run, write: run, transaction: <A, E>(effect: Effect.Effect<A, E>) => effect }
  const writes = makeSqliteWrites(tables, runner, () => Effect.succeed(undefined), {
    tasks: Effect.void,
    seats: Effect.void
  })
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
for (const triggers of [SqliteTaskStorage.limitTriggers(), SqliteTaskStorage.activeLimitTriggers()]) {
  for (const sql of Result.getOrThrow(triggers)) database.exec(sql)
}

const plan = ({ params, text }: SqlStatement): string =>
  database.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...params).map(({ detail }) => String(detail)).join("\n")

const scopes = [
  { name: "of all", scope: { now: 5, session: undefined }, index: "creation", statusIndex: "status" },
  { name: "of no session", scope: { now: 5, session: null }, index: "session", statusIndex: "session_status" },
  { name: "of a session", scope: { now: 5, session: "s" }, index: "session", statusIndex: "session_status" }
]
const ranges = [
  { name: "the oldest", range: wholeRange, bounds: "(created_at,task_id)>(?,?)" },
  { name: "the newest", range: { ...wholeRange, order: "newest" as const }, bounds: "(created_at,task_id)<(?,?)" },
  {
    name: "the oldest of some time",
    range: { ...wholeRange, createdAfter: 1, createdBefore: 9 },
    bounds: "(created_at,task_id)>(?,?) AND created_at<?"
  },
  {
    name: "the newest of some time",
    range: { ...wholeRange, order: "newest" as const, createdAfter: 1, createdBefore: 9 },
    bounds: "created_at>? AND (created_at,task_id)<(?,?)"
  }
]
const pages = scopes.flatMap(({ index, name, scope, statusIndex }) =>
  [undefined, ["working" as const], ["working" as const, "failed" as const]].flatMap((statuses) =>
    ranges.flatMap(({ bounds, name: rangeName, range }) =>
      [undefined, { createdAt: 7, taskId: "t" }].map((after) => ({
        name: `${name}, ${statuses?.join(" or ") ?? "any status"}, ${rangeName}, ${
          after === undefined ? "the first" : "a later"
        } page`,
        query: { ...range, scope, statuses, after, limit: 10, maxBytes: 1000 },
        index: `USING INDEX mcp_tasks_by_${statuses === undefined ? index : statusIndex} (`,
        bounds
      }))
    )
  )
)

describe("pages", () => {
  for (const { bounds, index, name, query } of pages) {
    for (const [kind, page] of [["tasks", statements.page], ["summaries", statements.pageSummaries]] as const) {
      it(`${kind} ${name}`, () => {
        if (query.statuses === undefined || query.statuses.length === 1) {
          const whole = plan(page.whole(query))
          assert.include(whole, index)
          assert.include(whole, bounds)
          assert.notInclude(whole, "SCAN mcp_")
          assert.notInclude(whole, "TEMP B-TREE")
        }
        const fitting = plan(page.fitting(query))
        assert.strictEqual(fitting.split(index).length - 1, query.statuses?.length ?? 1)
        assert.include(fitting, bounds)
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
    const query = { ...wholeRange, scope: anyone(5), after: undefined, limit: 2 }
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
  it("find what is abandoned by its lease", () => {
    assert.strictEqual(
      plan(statements.abandoned({ expiredBy: 9, now: 9, limit: 10 })),
      "SEARCH mcp_tasks USING INDEX mcp_tasks_by_lease (status=? AND lease_expires_at>? AND lease_expires_at<?)"
    )
  })
  it("find what expired by its expiry", () => {
    const found = plan(statements.removeExpired(1, 10))
    assert.include(found, "SEARCH mcp_tasks USING INDEX mcp_tasks_by_expiry (expires_at<?)")
    assert.notInclude(found, "SCAN mcp_")
    assert.notInclude(found, "ORDER BY")
  })
})

/** The searches of a plan in the table of tasks. */
const searches = (statement: SqlStatement): ReadonlyArray<string> =>
  plan(statement).split("\n").flatMap((line) => line.match(/^(?:SEARCH|SCAN) (?:mcp_tasks|task) .*/) ?? [])

const query = {
  kind: { originalMethod: text("m"), name: text("n") },
  freeBy: 100,
  now: 100,
  behind: undefined,
  except: [],
  perSession: 1,
  limit: 10
}
const due = "SEARCH mcp_tasks USING INDEX mcp_tasks_by_due (ready=? AND lease_expires_at<?)"
const ofId = "SEARCH task USING INDEX sqlite_autoindex_mcp_tasks_1 (task_id=?)"
const free = (terms: string) => `SEARCH mcp_tasks USING INDEX mcp_tasks_by_free (${terms})`
const kindAndLater = free("ready=? AND <expr>=? AND <expr>>?")
const ofSession = free("ready=? AND <expr>=? AND <expr>=? AND lease_expires_at<?")

describe("free tasks", () => {
  it("are found by what is due, then kind by kind", () => {
    assert.deepStrictEqual(
      searches(freeStatements.kinds({ freeBy: 100, now: 100, limit: 10 }, "unsure")),
      [due, free("ready=? AND <expr>>?"), free("ready=? AND <expr>>?"), free("ready=? AND <expr>=?"), ofId]
    )
  })
  it("of some kinds are found from one that is meant to the next", () => {
    const kinds = [{ originalMethod: text("m"), name: null }, { originalMethod: text("n"), name: undefined }]
    assert.deepStrictEqual(
      searches(freeStatements.kinds({ freeBy: 100, now: 100, kinds, limit: 10 }, "unsure")),
      [due, free("ready=? AND <expr>>?"), free("ready=? AND <expr>>?"), free("ready=? AND <expr>=?"), ofId]
    )
  })
  it("are found by what is due, then session by session", () => {
    assert.deepStrictEqual(
      searches(freeStatements.free(query, "unsure")),
      [due, free("ready=? AND <expr>=?"), kindAndLater, ofSession, ofId]
    )
    assert.deepStrictEqual(
      searches(freeStatements.free({ ...query, behind: "s" }, "unsure")),
      [due, kindAndLater, kindAndLater, ofSession, ofId]
    )
  })
  it("are moved by when they are due, and claimed by their ids", () => {
    const byKey = "SEARCH mcp_tasks USING COVERING INDEX sqlite_autoindex_mcp_tasks_1 (task_id=?)"
    assert.deepStrictEqual(searches(freeStatements.move(9, 10)), [byKey, due])
    const { sent, writes } = recorder([[0, "t", null, 0, 0, null]])
    Effect.runSync(Effect.ignore(writes.take(query, { lastUpdatedAt: 1, leaseExpiresAt: 9 }, "unsure")))
    assert.deepStrictEqual(sent.slice(1).map((statement) => searches(statement)), [[byKey]])
  })
})

/** That a look for kinds leaps over those that it is not for. */
describe("among 5 000 kinds that nobody can run", () => {
  const crowd = new DatabaseSync(":memory:")
  for (const { statements } of Result.getOrThrow(SqliteTaskStorage.migrations())) {
    statements.forEach((sql) => crowd.exec(sql))
  }
  crowd.exec(`WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 4999)
    INSERT INTO mcp_tasks (task_id, status, created_at, last_updated_at, revision, incarnation, lease_expires_at, ready,
      original_method, name)
    SELECT 't' || n, 'working', 1, 1, 1, 'i', 0, 1, '"m"', '"' || substr('000' || n, -4) || '"' FROM n`)
  const kindNamed = (name: string | null | undefined, method = "m") => ({
    originalMethod: text(method),
    name: typeof name === "string" ? text(name) : name
  })
  const few = [kindNamed("1000"), kindNamed("3000")]
  const many = Array.from({ length: 400 }, (_, index) => kindNamed(`x${1_000 + index}`, index % 2 === 0 ? "a" : "z"))

  /** Gives which names are found, and how many kinds were looked at for that. */
  const look = (kinds: Array<ReturnType<typeof kindNamed>>, limit = 100) => {
    const { params, text: sql } = freeStatements.kinds({
      freeBy: 9,
      now: 9,
      kinds: kinds.toSorted(byKind),
      limit
    }, "moved")
    const names = crowd.prepare(sql).all(...params).map(({ name }) => name)
    const counting = sql.replace(/SELECT is_some, original_method, name FROM .*$/, "SELECT count(*) AS seen FROM kinds")
    return { names, seen: crowd.prepare(counting).get(...params)?.["seen"] }
  }

  it.each([
    ["two are found", few, ["\"1000\"", "\"3000\""]],
    ["two of which there is one", [kindNamed("1000"), kindNamed("none")], ["\"1000\""]],
    ["what there is not", [kindNamed("none"), kindNamed(null)], [null]],
    ["the last of them", [kindNamed("4999")], ["\"4999\""]],
    ["another method", [kindNamed(undefined, "l"), kindNamed(undefined, "n")], [null]]
  ])("%s at the cost of few looks", (_, kinds, expected) => {
    const { names, seen } = look(kinds)
    assert.deepStrictEqual(names, expected)
    assert.isAtMost(Number(seen), 5)
  })
  it("and few are found at no more looks by those who want many", () => {
    const { names, seen } = look([...many, ...few])
    assert.deepStrictEqual(names, ["\"1000\"", "\"3000\""])
    // Two leaps, two kinds, one more leap, and the end.
    assert.isAtMost(Number(seen), 6)
  })
})

describe("what workers hold", () => {
  const held = "SEARCH mcp_tasks USING COVERING INDEX mcp_tasks_by_worker (worker=?)"
  const byKey = "SEARCH mcp_tasks USING INDEX sqlite_autoindex_mcp_tasks_1 (task_id=?)"
  const covered = "SEARCH task USING COVERING INDEX sqlite_autoindex_mcp_tasks_1 (task_id=?)"
  const { runner, sent, writes } = recorder([["w"]])
  const workers = makeSqlWorkers(tables, sqliteDialect, runner, writes.removeWorkers)
  const release = { leaseExpiresAt: 5, limit: 10 }
  const operations: ReadonlyArray<readonly [string, Effect.Effect<unknown, TaskDriverError>, ReadonlyArray<string>]> = [
    ["released by a worker", workers.release({ ...release, workerId: "w" }), [held, byKey, held]],
    ["released by dead ones", workers.release({ ...release, workerId: undefined }), [
      held,
      covered,
      byKey,
      held,
      covered
    ]],
    ["counted", workers.list({ behind: undefined, limit: 10 }), [held]],
    ["not looked for when one ends", workers.end("w", 5), []],
    ["looked for before dead ones go", workers.removeDead(5, 10), [held, held]],
    ["not looked for when news are taken", workers.takeNews("w"), []]
  ]
  it.each(operations)("is %s by its worker", (_, operation, expected) => {
    sent.length = 0
    Effect.runSync(Effect.ignore(operation))
    assert.deepStrictEqual(sent.flatMap(searches), expected)
  })
  it("news are found by their worker", () => {
    sent.length = 0
    Effect.runSync(Effect.ignore(workers.takeNews("w")))
    for (const found of sent.map(plan)) {
      assert.include(found, "SEARCH mcp_worker_news USING PRIMARY KEY (worker_id=?")
      assert.notInclude(found, "SCAN mcp_")
    }
  })
})

/** That of many tasks only those are read which are given. */
describe("among 100 000 tasks that are held, wait, or are of other kinds", () => {
  const crowd = new DatabaseSync(":memory:")
  let rows = 0
  crowd.function("seen", (value) => {
    rows++
    return value
  })
  for (const { statements } of Result.getOrThrow(SqliteTaskStorage.migrations())) {
    statements.forEach((sql) => crowd.exec(sql))
  }
  // Of each ten, four are held by a worker, two by a lease, two wait for a time, and two are free and of other kinds.
  crowd.exec(`WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 99999)
    INSERT INTO mcp_tasks (task_id, session_id, status, created_at, last_updated_at, revision, incarnation, lease_expires_at,
      due_at, worker, ready, original_method, name)
    SELECT 't' || n, 's' || (n % 1000), 'working', 1, 1, 1, 'i',
      CASE WHEN n % 10 < 4 THEN 8640000000000000 WHEN n % 10 < 8 THEN 1000000 + n ELSE 0 END,
      CASE WHEN n % 10 IN (6, 7) THEN 1000000 + n END,
      CASE WHEN n % 10 < 4 THEN 'w' || (n % 3) END,
      CASE WHEN n % 10 > 7 THEN 1 END,
      '"m"', CASE WHEN n % 10 < 8 THEN '"n"' ELSE '"other' || (n % 4) || '"' END
    FROM n`)
  // One session has many tasks of the kind that is asked for, and ten have a few.
  crowd.exec(`WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 9999)
    INSERT INTO mcp_tasks (task_id, session_id, status, created_at, last_updated_at, revision, incarnation, lease_expires_at,
      ready, original_method, name)
    SELECT 'f' || n, CASE WHEN n < 30 THEN 'few' || (n % 10) ELSE 'big' END, 'working', 1, 1, 1, 'i', 0, 1, '"m"', '"n"' FROM n`)
  crowd.exec(
    "INSERT INTO mcp_tasks (task_id, status, created_at, last_updated_at, revision, incarnation, lease_expires_at, " +
      "original_method) VALUES ('left', 'working', 1, 1, 1, 'i', 5, '\"m\"')"
  )

  // One of that session has begun, and has a seat.
  for (const sql of Result.getOrThrow(SqliteTaskStorage.activeLimitTriggers())) crowd.exec(sql)
  crowd.exec("UPDATE mcp_tasks SET attempt = 1 WHERE task_id = 'f9999'")
  const seats = { whenMaxActive: "wait", maxActive: null, maxActivePerSession: 1 } as const

  /** Gives what a statement finds, and of how many tasks the expiry was asked. */
  const read = ({ params, text: sql }: SqlStatement) => {
    rows = 0
    const found = crowd.prepare(sql.replaceAll("(expires_at IS NULL", "(seen(expires_at) IS NULL")).all(...params)
    return { found: found.length, rows }
  }
  const moved: Moved = "moved"
  const looks: ReadonlyArray<readonly [string, SqlStatement, { readonly found: number; readonly rows: number }]> = [
    ["kinds", freeStatements.kinds({ freeBy: 9, now: 9, limit: 100 }, moved), { found: 5, rows: 5 }],
    ["a task of each session", freeStatements.free({ ...query, freeBy: 9 }, moved), { found: 10, rows: 10 }],
    [
      "more of few sessions",
      freeStatements.free({ ...query, freeBy: 9, perSession: 3, except: ["big"], limit: 500 }, moved),
      {
        found: 30,
        rows: 30
      }
    ],
    ["sessions behind", freeStatements.free({ ...query, freeBy: 9, behind: "few5" }, moved), { found: 4, rows: 4 }],
    ["an unknown kind", freeStatements.free({ ...query, freeBy: 9, kind: { ...query.kind, name: null } }, moved), {
      found: 1,
      rows: 0
    }],
    ["one that has begun", freeStatements.free({ ...query, freeBy: 9, seats: "taken" }, moved), { found: 1, rows: 1 }],
    ["a task of each session with a seat", freeStatements.free({ ...query, freeBy: 9, limit: 50, seats }, moved), {
      found: 10,
      rows: 10
    }],
    [
      "no task where no seat is left",
      freeStatements.free({ ...query, freeBy: 9, seats: { ...seats, maxActive: 1 } }, moved),
      {
        found: 1,
        rows: 0
      }
    ],
    ["what is abandoned", statements.abandoned({ expiredBy: 9, now: 9, limit: 100 }), { found: 1, rows: 1 }]
  ]
  for (const analyzed of [false, true]) {
    it.each(looks)(`%s, ${analyzed ? "with" : "without"} statistics`, (_, statement, expected) => {
      if (analyzed) crowd.exec("ANALYZE")
      assert.deepStrictEqual(read(statement), expected)
    })
  }
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
