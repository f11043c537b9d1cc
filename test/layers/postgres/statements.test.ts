/** That an operation is one statement, and that every statement finds its rows by an index. */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { TaskDriver, TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../../src/domain/task/TaskError.ts"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { perFile } from "../../support/perFile.ts"
import { text } from "../storedTask.ts"
import { connect, driverOver } from "./database.ts"
import { freshUrl } from "./engine.ts"
import { recording } from "./statements.ts"

/** Storages on one client whose statements are noted. It has one connection, which knows what it did. */
const setUp = Effect.gen(function*() {
  const url = yield* freshUrl
  const sql = yield* connect(url, { maxConnections: 1 })
  const sent = recording(sql)
  const driver = yield* driverOver(sql, { notifications: false, maxTasks: 1 })
  const storage = yield* TaskStorage.fromDriver(driver, { maintenance: false })
  const limited = yield* TaskStorage.fromDriver(driver, {
    maintenance: false,
    maxTasks: 1_000_000,
    maxTasksPerSession: 101
  })
  /** Gives the statements that an effect sends, however it ends. */
  const sentBy = (effect: Effect.Effect<unknown, TaskStorageError>) =>
    Effect.suspend(() => {
      sent.length = 0
      return Effect.map(Effect.exit(effect), () => [...sent])
    })
  yield* limited.createTask({ originalMethod: "tools/call", taskId: "first of all" })
  yield* storage.createTask({ originalMethod: "tools/call", taskId: "free-1", lease: 0 })
  return { driver, limited, sentBy, sql, storage }
})

type Storages = { readonly storage: TaskStorageShape; readonly limited: TaskStorageShape }
type Operation = (storages: Storages) => Effect.Effect<unknown, TaskStorageError>

const call = { originalMethod: "tools/call" }
const success = { _tag: "Success", value: {} } as const

const lastHour = () => ({
  createdAfter: DateTime.makeUnsafe(Date.now() - 3_600_000),
  createdBefore: DateTime.makeUnsafe(Date.now() + 1_000)
})

/** In this order, on tasks that are there. */
const operations: ReadonlyArray<readonly [name: string, statements: number, operation: Operation]> = [
  ["a creation", 1, ({ storage }) => storage.createTask({ ...call, taskId: "t", sessionId: "s5", ttl: 3_600_000 })],
  ["a creation whose id is taken", 1, ({ storage }) => storage.createTask({ ...call, taskId: "t" })],
  ["a limited creation", 1, ({ limited }) => limited.createTask({ ...call, taskId: "l", sessionId: "s5" })],
  ["a limited creation whose id is taken", 1, ({ limited }) => limited.createTask({ ...call, taskId: "l" })],
  ["a limited creation that is refused", 1, ({ limited }) => limited.createTask({ ...call, sessionId: "s5" })],
  ["a read", 1, ({ storage }) => storage.getTask("t")],
  ["a read within a session", 1, ({ storage }) => storage.forSession("s5").getTask("t")],
  ["a read of nothing", 1, ({ storage }) => storage.getTask("nowhere")],
  ["a summary", 1, ({ storage }) => storage.getTaskSummary("t")],
  ["a result", 1, ({ storage }) => storage.getTaskResult("t")],
  ["a touch", 1, ({ storage }) => storage.touchTask("t", { statusMessage: "here", ttl: 7_200_000 })],
  ["a transition", 1, ({ storage }) => storage.updateTaskStatus("t", "input_required")],
  ["a transition within a session", 1, ({ storage }) => storage.forSession("s5").updateTaskStatus("t", "working")],
  ["a transition that is refused", 1, ({ storage }) => storage.updateTaskStatus("t", "working")],
  ["a transition of nothing", 1, ({ storage }) => storage.updateTaskStatus("nowhere", "completed")],
  ["asking for input", 2, ({ storage }) => storage.requireInput("t", { key: {} })],
  ["giving input", 2, ({ storage }) => storage.provideInput("t", { key: 1 })],
  [
    "an update of a record",
    2,
    ({ storage }) =>
      Effect.flatMap(
        storage.getTask("t"),
        (found) => storage.updateTask(Effect.runSync(Effect.fromOption(found).pipe(Effect.orDie)))
      )
  ],
  ["storing a result", 1, ({ storage }) => storage.storeTaskResult("l", success)],
  ["a settlement", 1, ({ storage }) => storage.settleTask("t", success)],
  ["a settlement that is refused", 1, ({ storage }) => storage.settleTask("t", success)],
  // It reads the task that has ended. The next statement locks it, stores the new one and ties the two.
  ["a rerun", 2, ({ storage }) => storage.rerunTask("t", { taskId: "t again" })],
  ["a rerun that is refused", 1, ({ storage }) => storage.rerunTask("t", { taskId: "t third" })],
  ["a rerun whose id is taken", 2, ({ storage }) => storage.rerunTask("t", { again: true, taskId: "t again" })],
  ["a limited rerun", 2, ({ limited }) => limited.rerunTask("t", { again: true, taskId: "t third" })],
  ["a page", 1, ({ storage }) => storage.listTasks()],
  ["a page of summaries", 1, ({ storage }) => storage.listTaskSummaries()],
  ["a page of a status", 1, ({ storage }) => storage.listTaskSummaries({ status: "working" })],
  ["a page of a session", 1, ({ storage }) => storage.listTasksForSession("s5")],
  ["a page of no session", 1, ({ storage }) => storage.forSession(null).listTasks()],
  [
    "a page of a status of a session",
    1,
    ({ storage }) => storage.listTaskSummaries({ sessionId: "s5", status: "completed" })
  ],
  ["the newest page", 1, ({ storage }) => storage.listTaskSummaries({ order: "newest" })],
  [
    "the newest page of a status of a session in some time",
    1,
    ({ storage }) => storage.listTaskSummaries({ ...lastHour(), order: "newest", sessionId: "s5", status: "completed" })
  ],
  [
    "a page of several statuses in some time",
    1,
    ({ storage }) => storage.listTaskSummaries({ ...lastHour(), status: ["completed", "failed"] })
  ],
  [
    "the newest page of several statuses of a session",
    1,
    ({ storage }) => storage.listTaskSummaries({ order: "newest", sessionId: "s5", status: ["completed", "failed"] })
  ],
  ["a page of a name", 1, ({ storage }) => storage.listTaskSummaries({ name: "report" })],
  [
    "the newest page of a status and no name",
    1,
    ({ storage }) => storage.listTaskSummaries({ order: "newest", status: "working", name: null })
  ],
  ["the statistics", 4, ({ storage }) => storage.taskStats()],
  ["the statistics of a session", 4, ({ storage }) => storage.taskStats({ sessionId: "s5" })],
  ["a look for an ending", 1, ({ storage }) => storage.findTaskIds({ ending: "sk-5" })],
  ["a search", 2, ({ storage }) => storage.listTaskSummaries({ status: "working", resultKind: "error" })],
  ["a page of nothing", 2, ({ storage }) => storage.listTasksForSession("nobody")],
  ["a count", 1, ({ storage }) => storage.taskCount()],
  ["a count of a session", 1, ({ storage }) => storage.forSession("s5").taskCount()],
  ["a batch of expired tasks", 1, ({ storage }) => storage.expireTasks({ limit: 100 })],
  ["a claim", 2, ({ storage }) => storage.claimTask("free-1", { lease: 3_600_000 })],
  ["a step", 2, ({ storage }) => storage.storeTaskStep("free-1", "step", 1, { attempt: 1 })],
  [
    "a heartbeat",
    1,
    ({ storage }) => storage.touchTask("free-1", { attempt: 1, lease: 3_600_000, statusMessage: "here" })
  ],
  ["a settlement of a worker", 1, ({ storage }) => storage.settleTask("free-1", success, { attempt: 1 })],
  // Each begins with the tasks of dead workers.
  ["a look for free tasks", 3, ({ storage }) => storage.claimableTasks({ limit: 1 })],
  [
    "a look for free tasks behind a session",
    3,
    ({ storage }) => storage.claimableTasks({ limit: 1, behindSession: "s1" })
  ],
  [
    "a look for free tasks of another kind",
    2,
    ({ storage }) => storage.claimableTasks({ kinds: [{ method: "other" }] })
  ],
  ["a claim of free tasks", 3, ({ storage }) => storage.claimTasks({ limit: 1, lease: 3_600_000 })],
  ["a look for expired leases", 2, ({ storage }) => storage.recoverStuckTasks(3_600_000, { leases: "expired" })],
  ["a look for stuck tasks", 2, ({ storage }) => storage.recoverStuckTasks(3_600_000)],
  // Its tasks are released before it goes.
  [
    "the life of a worker",
    4,
    ({ storage }) =>
      Effect.flatMap(
        storage.registerWorker({ lease: 60_000 }),
        ({ workerId }) => Effect.andThen(storage.renewWorker(workerId, { lease: 60_000 }), storage.endWorker(workerId))
      )
  ],
  ["a declaration of deaths", 1, ({ storage }) => storage.declareDeadWorkers()],
  ["a list of workers", 1, ({ storage }) => storage.listWorkers()],
  ["a deletion", 1, ({ storage }) => storage.deleteTask("t")],
  ["a deletion of nothing", 1, ({ storage }) => storage.deleteTask("t")],
  ["a message", 1, ({ storage }) => storage.messages.enqueue("q5", 1)],
  ["a message within a bound", 1, ({ storage }) => storage.messages.enqueue("q5", 1, { maxSize: 1000 })],
  ["a message beyond a bound", 1, ({ storage }) => storage.messages.enqueue("q5", 1, { maxSize: 1 })],
  ["taking a message", 1, ({ storage }) => storage.messages.dequeue("q5")],
  ["taking all messages", 1, ({ storage }) => storage.messages.dequeueAll("q5")],
  ["maintenance", 4, ({ storage }) => storage.maintenance()]
]

/** What reads an index from its start to its end, or the table if that is smaller. */
const ofAll = ["a count", "the statistics", "a look for an ending"]

/** A table of many tasks, of which few are anybody's, and few are at work. */
const filled = perFile(Effect.gen(function*() {
  const world = yield* setUp
  const { sql } = world
  const now = Date.now()
  yield* sql`INSERT INTO mcp_tasks (task_id, session_id, status, created_at, last_updated_at, ttl, revision, incarnation, attempt, lease_expires_at, ready, original_method)
    SELECT 'task-' || n, CASE WHEN n % 200 = 0 THEN NULL ELSE 's' || n % 200 END,
      CASE WHEN n % 400 IN (5, 6) THEN 'working' ELSE (ARRAY['completed', 'failed', 'cancelled'])[n % 3 + 1] END,
      ${now - 20_001}::bigint + n, ${now - 20_001}::bigint + n, CASE WHEN n % 2 = 0 THEN 3600000 END, 1, 'i', 0,
      CASE WHEN n % 400 IN (5, 7) THEN 0 WHEN n % 400 = 6 THEN ${now - 30_000}::bigint + n END,
      CASE WHEN n % 400 IN (5, 6) THEN 1 END, '"m"'
    FROM generate_series(1, 20000) AS n`
  yield* sql`INSERT INTO mcp_messages (queue, expires_at, body)
    SELECT 'q' || n % 200, ${now}::bigint + 3600000 + n, '1' FROM generate_series(1, 20000) AS n`
  yield* sql`ANALYZE`
  // By a function, since a statement that is explained has parameters that nobody gives.
  yield* sql`CREATE FUNCTION plan_of(statement text) RETURNS json LANGUAGE plpgsql AS $$
    DECLARE plan json;
    BEGIN EXECUTE 'EXPLAIN (GENERIC_PLAN, FORMAT JSON) ' || statement INTO plan; RETURN plan; END $$`
  const seen = new Map<string, ReadonlyArray<string>>()
  for (const [name, , operation] of operations) seen.set(name, yield* world.sentBy(operation(world)))
  yield* world.sentBy(Effect.void)
  return { ...world, seen }
}))

it.live.each(operations)("%s takes %i", ([name, statements]) =>
  Effect.gen(function*() {
    const { seen } = yield* filled
    // The record is read before it is updated.
    const expected = name === "an update of a record" ? statements + 1 : statements
    assert.lengthOf(seen.get(name) ?? [], expected)
  }))

interface Plan {
  readonly "Node Type": string
  readonly "Relation Name"?: string
  readonly "Index Name"?: string
  readonly Plans?: ReadonlyArray<Plan>
}

const nodesOf = (plan: Plan): ReadonlyArray<Plan> => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]

const isPlan = (value: unknown): value is Plan => typeof value === "object" && value !== null && "Node Type" in value

/** The nodes of the plan that serves whatever values come. */
const genericPlan = (sql: SqlClient, text: string) =>
  Effect.map(sql`SELECT plan_of(${text})::text AS plans`, ([row]) => {
    const plans: unknown = JSON.parse(String(row?.["plans"]))
    const plan: unknown = Array.isArray(plans) ? plans[0]?.Plan : undefined
    return isPlan(plan) ? nodesOf(plan) : assert.fail("no plan")
  })

const pages = [
  ["a page", "mcp_tasks_by_creation"],
  ["a page of summaries", "mcp_tasks_by_creation"],
  ["a page of a status", "mcp_tasks_by_status"],
  ["a page of a session", "mcp_tasks_by_session"],
  ["a page of a status of a session", "mcp_tasks_by_session_status"],
  ["the newest page", "mcp_tasks_by_creation"],
  ["the newest page of a status of a session in some time", "mcp_tasks_by_session_status"]
] as const

const mergedPages = [
  // Of statuses that many tasks have.
  ["a page of several statuses in some time", "mcp_tasks_by_creation"],
  ["the newest page of several statuses of a session", "mcp_tasks_by_session_status"]
] as const

describe("among many tasks and messages", () => {
  it.live("every statement finds its rows by an index, however it is planned", () =>
    Effect.gen(function*() {
      const { driver, seen, sentBy, sql, storage } = yield* filled
      const others = yield* sentBy(
        Effect.andThen(
          driver.findRevisions?.(["t", "u"]) ?? Effect.void,
          Effect.andThen(driver.workers.find("w"), driver.workers.takeNews("w"))
        ).pipe(Effect.orDie)
      )
      const together = (change: (taskId: string) => Effect.Effect<unknown, TaskStorageError>) =>
        Effect.all(Array.from({ length: 8 }, (_, index) => Effect.exit(change(`shared-${index}`))), {
          concurrency: "unbounded"
        })
      const shared = yield* sentBy(Effect.all([
        together((taskId) => storage.createTask({ ...call, taskId })),
        together((taskId) => storage.touchTask(taskId, { statusMessage: "here" })),
        together((taskId) => storage.forSession("s5").touchTask(taskId)),
        together((taskId) => storage.settleTask(taskId, success))
      ]))
      assert.lengthOf(shared.filter((text) => text.includes("unnest")), 4)
      const expected = new Set([...[...seen].flatMap(([, texts]) => texts), ...shared])
      const texts = [...expected, ...others]
      assert.isAbove(texts.length, 30)
      for (const text of texts) {
        if (text.startsWith("SET TRANSACTION")) continue
        // Whoever counts all tasks reads all of them.
        if (ofAll.some((name) => seen.get(name)?.includes(text))) continue
        const nodes = yield* genericPlan(sql, text)
        const scanned = nodes.flatMap((node) => node["Node Type"].endsWith("Seq Scan") ? [node["Relation Name"]] : [])
        for (const table of ["mcp_tasks", "mcp_messages"]) assert.notInclude(scanned, table, text)
      }
    }))

  it.live("pages come in the order of an index", () =>
    Effect.gen(function*() {
      const { seen, sql } = yield* filled
      for (const [name, index] of pages) {
        const [text = ""] = seen.get(name) ?? []
        const nodes = yield* genericPlan(sql, text)
        const types = nodes.map((node) => node["Node Type"])
        for (const type of ["Sort", "Incremental Sort", "Bitmap Heap Scan"]) assert.notInclude(types, type, text)
        const used = nodes.flatMap((node) => node["Index Name"] ?? [])
        // Once for the sizes, and once for the tasks.
        assert.deepStrictEqual(used, [index, index], name)
      }
    }))

  it.live("pages of several statuses come in the order of the index of each", () =>
    Effect.gen(function*() {
      const { seen, sql } = yield* filled
      for (const [name, index] of mergedPages) {
        const [text = ""] = seen.get(name) ?? []
        const nodes = yield* genericPlan(sql, text)
        assert.notInclude(nodes.map((node) => node["Node Type"]), "Bitmap Heap Scan", text)
        // A sort below would read all tasks of a status. The ones above have no more than a page to sort.
        const appended = nodes.slice(nodes.findIndex((node) => node["Node Type"].endsWith("Append")))
        const sources = appended.filter((node) => node["Index Name"] === index)
        assert.lengthOf(sources, 2, name)
        for (const type of ["Sort", "Incremental Sort"]) {
          assert.notInclude(appended.slice(0, 5).map((node) => node["Node Type"]), type, text)
        }
      }
    }))

  it.live("abandoned tasks come in the order of the index of leases", () =>
    Effect.gen(function*() {
      const { seen, sql } = yield* filled
      const text = seen.get("a look for expired leases")?.at(-1) ?? ""
      const nodes = yield* genericPlan(sql, text)
      assert.deepStrictEqual(nodes.map((node) => node["Node Type"]), ["Limit", "Index Scan"], text)
      assert.deepStrictEqual(nodes.flatMap((node) => node["Index Name"] ?? []), ["mcp_tasks_by_lease"])
    }))

  it.live("free tasks and those of workers come by the indexes that are made for them", () =>
    Effect.gen(function*() {
      const { seen, sql } = yield* filled
      const indexesOf = (text: string) =>
        Effect.map(genericPlan(sql, text), (nodes) =>
          [...new Set(nodes.flatMap((node) => node["Index Name"] ?? []))].sort())
      const [released = "", kinds = "", free = ""] = seen.get("a look for free tasks") ?? []
      const [, , claimed = ""] = seen.get("a claim of free tasks") ?? []
      assert.include(yield* indexesOf(released), "mcp_tasks_by_worker")
      assert.deepStrictEqual(yield* indexesOf(kinds), ["mcp_tasks_by_due", "mcp_tasks_by_free"])
      assert.deepStrictEqual(yield* indexesOf(free), ["mcp_tasks_by_due", "mcp_tasks_by_free"])
      assert.deepStrictEqual(yield* indexesOf(claimed), ["mcp_tasks_by_due", "mcp_tasks_by_free", "mcp_tasks_pkey"])
    }))

  it.live("functions and triggers do so too: nothing that was done has read a whole table", () =>
    Effect.gen(function*() {
      const { driver, limited, sql, storage } = yield* filled
      const scans = Effect.gen(function*() {
        yield* sql`SELECT pg_stat_force_next_flush()`
        const rows = yield* sql`SELECT relname, seq_scan::int AS scans FROM pg_stat_user_tables
          WHERE relname IN ('mcp_tasks', 'mcp_messages') ORDER BY relname`
        return rows.map((row) => [row["relname"], row["scans"]])
      })
      yield* sql`INSERT INTO mcp_messages (queue, expires_at, body)
        SELECT 'q5', ${Date.now()}::bigint + 3600000, '1' FROM generate_series(1, 100)`
      const before = yield* scans
      // Often enough for PostgreSQL to plan them for any value.
      for (let round = 0; round < 12; round++) {
        yield* driver.findRevisions?.(["task-1", "task-2"]) ?? Effect.void
        for (const [name, , operation] of operations) {
          if (!ofAll.includes(name)) yield* Effect.exit(operation({ limited, storage }))
        }
      }
      assert.deepStrictEqual(yield* scans, before)
    }))
})

/** A table of 100 000 tasks that are held, wait, or are of other kinds, and some more. */
const crowded = perFile(Effect.gen(function*() {
  const world = yield* setUp
  const { sql } = world
  // Of each ten, four are held by a worker, two by a lease, two wait for a time, and two are free and of other kinds.
  yield* sql`INSERT INTO mcp_tasks (task_id, session_id, status, created_at, last_updated_at, revision, incarnation, attempt,
      lease_expires_at, due_at, worker, ready, original_method, name)
    SELECT 't' || n, 's' || n % 1000, 'working', 1, 1, 1, 'i', 0,
      CASE WHEN n % 10 < 4 THEN 8640000000000000 WHEN n % 10 < 8 THEN 1000000 + n ELSE 0 END,
      CASE WHEN n % 10 IN (6, 7) THEN 1000000 + n END,
      CASE WHEN n % 10 < 4 THEN 'w' || n % 3 END,
      CASE WHEN n % 10 > 7 THEN 1 END,
      '"m"', CASE WHEN n % 10 < 8 THEN '"n"' ELSE '"other' || n % 4 || '"' END
    FROM generate_series(0, 99999) AS n`
  // One session has many tasks of the kind that is asked for, and ten have a few.
  yield* sql`INSERT INTO mcp_tasks (task_id, session_id, status, created_at, last_updated_at, revision, incarnation, attempt,
      lease_expires_at, ready, original_method, name)
    SELECT 'f' || n, CASE WHEN n < 30 THEN 'few' || n % 10 ELSE 'big' END, 'working', 1, 1, 1, 'i', 0, 0, 1, '"m"', '"n"'
    FROM generate_series(0, 9999) AS n`
  // Nobody has asked for most kinds.
  yield* sql`INSERT INTO mcp_tasks (task_id, status, created_at, last_updated_at, revision, incarnation, attempt, lease_expires_at,
      ready, original_method, name)
    SELECT 'k' || n, 'working', 1, 1, 1, 'i', 0, 0, 1, '"many"', '"kind-' || n || '"' FROM generate_series(1000, 5999) AS n`
  yield* sql`VACUUM ANALYZE mcp_tasks`
  /** Gives how many pages of the table and its indexes an effect reads. */
  const pagesOf = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.gen(function*() {
      const pages = Effect.gen(function*() {
        yield* sql`SELECT pg_stat_force_next_flush()`
        const [row] = yield* sql`SELECT (heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read)::int AS pages
          FROM pg_statio_user_tables WHERE relname = 'mcp_tasks'`
        return Number(row?.["pages"])
      })
      const before = yield* pages
      const answer = yield* effect
      return { answer, pages: (yield* pages) - before }
    })
  return { ...world, pagesOf }
}))

const wanted = {
  kind: { originalMethod: text("m"), name: text("n") },
  freeBy: 9,
  now: 9,
  behind: undefined,
  except: ["big"],
  perSession: 1,
  limit: 10
}
/** They stay free. */
const claim = { lastUpdatedAt: 9, leaseExpiresAt: 0 }

const kindNamed = (name: string | undefined, method = "m") => ({
  originalMethod: text(method),
  name: name === undefined ? name : text(name)
})
const handled = [
  kindNamed(undefined, "a"),
  kindNamed("n"),
  kindNamed("other1"),
  kindNamed("kind-2500", "many"),
  kindNamed("none", "many"),
  kindNamed(undefined, "z")
]

type Look = (driver: TaskDriver) => Effect.Effect<unknown, TaskDriverError>

/** A scan of any of the groups reads more than a thousand pages. */
const looks: ReadonlyArray<readonly [name: string, found: number, pages: number, look: Look]> = [
  ["kinds", 6, 120, (driver) => driver.freeKinds({ freeBy: 9, now: 9, limit: 6 })],
  ["kinds of some handlers", 3, 80, (driver) => driver.freeKinds({ freeBy: 9, now: 9, kinds: handled, limit: 100 })],
  ["a task of each session", 10, 160, (driver) => driver.free(wanted)],
  ["more of few sessions", 30, 200, (driver) => driver.free({ ...wanted, perSession: 3, limit: 500 })],
  ["an unknown kind", 0, 20, (driver) => driver.free({ ...wanted, kind: { ...wanted.kind, name: text("none") } })],
  ["what is abandoned", 0, 20, (driver) => driver.abandoned({ expiredBy: 9, now: 9, limit: 100 })],
  [
    "what dead workers hold",
    0,
    20,
    (driver) => driver.workers.release({ workerId: undefined, leaseExpiresAt: 9, limit: 500 })
  ],
  ["news", 0, 0, (driver) => driver.workers.takeNews("w0")],
  ["a claim", 10, 400, (driver) => driver.take?.(wanted, claim) ?? Effect.void]
]

describe("among 100 000 tasks that are held, wait, or are of other kinds", () => {
  it.live.each(looks)("%s: finds %i and reads at most %i pages", ([, found, most, look]) =>
    Effect.gen(function*() {
      const { driver, pagesOf } = yield* crowded
      // Often enough for PostgreSQL to plan it for any value.
      for (let round = 0; round < 7; round++) yield* look(driver)
      const { answer, pages } = yield* pagesOf(look(driver))
      assert.strictEqual(Array.isArray(answer) ? answer.length : answer, found)
      assert.isAtMost(pages, most)
    }))
})
