/** That calls which meet in the database neither overrun a limit nor do anything twice. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import type { SqlClient } from "effect/sql/SqlClient"
import type { InsertResult, TaskDriver, TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import { wholeRange } from "../../../src/domain/driver/TaskRange.ts"
import { perFile } from "../../support/perFile.ts"
import { storedTask, text } from "../storedTask.ts"
import { anyone, connect, driverOver, open, unlimited } from "./database.ts"
import { freshUrl } from "./engine.ts"
import { startPostgres } from "./startPostgres.ts"
import { atOnce, numbers, openTwo } from "./together.ts"

/** Of one server it is known whose deadlocks are in its log. */
const ownServer = perFile(startPostgres)

const answers = (results: ReadonlyArray<InsertResult>) =>
  Object.groupBy(results, (result) => result._tag === "LimitReached" ? result.scope : result._tag)

/** That what triggers count is what is stored. */
const requireCounted = (sql: SqlClient) =>
  Effect.gen(function*() {
    const counted = yield* sql`SELECT session_id, tasks::int AS tasks FROM mcp_task_counts ORDER BY session_id`
    const stored = yield* sql`SELECT session_id, count(*)::int AS tasks FROM mcp_tasks WHERE session_id IS NOT NULL
      GROUP BY session_id UNION ALL SELECT '', count(*)::int FROM mcp_tasks ORDER BY session_id`
    assert.deepStrictEqual(counted, stored)
  })

describe("limits", () => {
  it.live("are exact for sixty creations at once", () =>
    Effect.gen(function*() {
      const { driverOf, sql } = yield* openTwo({ maxTasks: 1 })
      const create = (prefix: string, maxTasks: number | null) =>
        atOnce(
          numbers(60).map((index) =>
            driverOf(index).insert(
              storedTask(`${prefix}${index}`, { sessionId: `${prefix}${index % 4}` }),
              { maxTasks, maxTasksPerSession: 7 },
              1000
            )
          )
        )
      const bySession = answers(yield* create("a", null))
      assert.lengthOf(bySession["Inserted"] ?? [], 28)
      assert.lengthOf(bySession["session"] ?? [], 32)
      const altogether = answers(yield* create("b", 48))
      assert.lengthOf(altogether["Inserted"] ?? [], 20)
      yield* requireCounted(sql)
    }))

  it.live("are never overrun while tasks are deleted and expire, and let in as many as there is room for", () =>
    Effect.gen(function*() {
      const { driverOf, sql } = yield* openTwo({ maxTasks: 1 })
      const bounds = { maxTasks: 15, maxTasksPerSession: 6 }
      let ended = false
      const most = { all: 0, session: 0 }
      const watch = Effect.gen(function*() {
        while (!ended) {
          const rows = yield* sql`SELECT sum(n)::int AS all, max(n)::int AS session
            FROM (SELECT count(*) AS n FROM mcp_tasks GROUP BY session_id) AS counts`
          most.all = Math.max(most.all, Number(rows[0]?.["all"] ?? 0))
          most.session = Math.max(most.session, Number(rows[0]?.["session"] ?? 0))
          yield* Effect.sleep(2)
        }
      })
      const worker = (lane: number) =>
        Effect.forEach(numbers(25), (count) =>
          Effect.gen(function*() {
            const taskId = `${lane}-${count}`
            const task = storedTask(taskId, { sessionId: `s${lane % 3}`, ttl: count % 2 === 0 ? 5 : null })
            yield* driverOf(lane).insert(task, bounds, 1000)
            // Every other one gives way by itself.
            if (count % 2 === 0) yield* driverOf(lane + 1).removeExpired(1005, 3)
            else yield* driverOf(lane + 1).remove(taskId, anyone(1000))
          }))
      yield* Effect.all([
        watch,
        Effect.andThen(atOnce(numbers(8).map(worker)), Effect.sync(() => (ended = true)))
      ], { concurrency: 2 })
      assert.isAtLeast(most.all, 1)
      assert.isAtMost(most.all, bounds.maxTasks)
      assert.isAtMost(most.session, bounds.maxTasksPerSession)
      yield* requireCounted(sql)
      const left = yield* driverOf(0).count(anyone(1000))
      const filled = answers(
        yield* atOnce(numbers(30).map((index) => driverOf(index).insert(storedTask(`fill-${index}`), bounds, 1000)))
      )
      assert.lengthOf(filled["Inserted"] ?? [], bounds.maxTasks - left)
    }))

  it.live("count what a process without limits writes, and nobody meets a deadlock", () =>
    Effect.gen(function*() {
      const { database, log, url } = yield* ownServer
      const { driverOf, first, second, sql } = yield* openTwo({}, Effect.map(database, (name) => url(name)))
      yield* first.insert(storedTask("starts the counting"), { maxTasks: 9, maxTasksPerSession: 9 }, 1000)
      const lane = (lane: number) =>
        Effect.forEach(numbers(20), (count) =>
          Effect.gen(function*() {
            const task = storedTask(`${lane}-${count}`, { sessionId: `s${(lane + count) % 5}`, ttl: 5 })
            const bounds = lane % 2 === 0 ? unlimited : { maxTasks: 1000, maxTasksPerSession: 1000 }
            yield* driverOf(lane).insert(task, bounds, 1000)
            // The same ids come from all sides, replace what expired, and go by themselves and with others.
            const shared = storedTask(`shared-${count % 3}`, { sessionId: `s${lane}`, ttl: 5 })
            yield* driverOf(lane).insert(shared, bounds, 1005)
            yield* driverOf(lane + 1).remove(shared.taskId, anyone(1000))
            yield* driverOf(lane).insert(shared, bounds, 1005)
            yield* driverOf(lane + 1).removeExpired(1005, 4)
          }))
      yield* atOnce(numbers(8).map(lane))
      yield* requireCounted(sql)
      // They would be tried again, after a second each.
      assert.deepStrictEqual(log.filter((line) => line.includes("deadlock")), [])
      const stored = yield* second.count(anyone(0))
      assert.deepStrictEqual(
        yield* second.insert(storedTask("one more"), { maxTasks: stored, maxTasksPerSession: null }, 1000),
        { _tag: "LimitReached", scope: "storage", limit: stored }
      )
      const last = yield* second.insert(
        storedTask("the last"),
        { maxTasks: stored + 1, maxTasksPerSession: null },
        1000
      )
      assert.strictEqual(last._tag, "Inserted")
    }))

  it.live.each(
    [
      ["without", unlimited],
      ["within", { maxTasks: 9, maxTasksPerSession: 9 }]
    ] as const
  )(
    "a rerun %s limits and a deletion that meet wait for each other, and not both",
    ([, bounds]) =>
      Effect.gen(function*() {
        const { database, log, url } = yield* ownServer
        const { first, second, sql } = yield* openTwo({ maxTasks: 1 }, Effect.map(database, (name) => url(name)))
        const source = storedTask("ended", { status: "failed" })
        yield* first.insert(source, unlimited, 1000)
        yield* first.insert(storedTask("other"), unlimited, 1000)
        const waiting = (count: number) =>
          sql`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`.pipe(
            Effect.repeat({ until: (rows) => rows.length === count, schedule: Schedule.spaced(5) })
          )
        const [removed, rerun] = yield* sql.withTransaction(Effect.gen(function*() {
          // Whoever creates or deletes a task waits for this.
          yield* sql`SELECT FROM mcp_task_counts WHERE session_id = '' FOR UPDATE`
          const removing = yield* Effect.forkChild(second.remove("ended", anyone(1000)))
          yield* waiting(1)
          const rerunning = yield* Effect.forkChild(first.rerun(storedTask("again"), bounds, 1000, source))
          yield* waiting(2)
          return [removing, rerunning] as const
        }))
        assert.isTrue(yield* Fiber.join(removed))
        assert.deepStrictEqual(yield* Fiber.join(rerun), { _tag: "Changed" })
        assert.deepStrictEqual(log.filter((line) => line.includes("deadlock")), [])
        yield* requireCounted(sql)
      })
  )
})

describe("sweeps", () => {
  const insertMany = (driver: TaskDriver, count: number, ttl: number | null) =>
    Effect.forEach(numbers(count), (index) => driver.insert(storedTask(`t${index}`, { ttl }), unlimited, 1000), {
      concurrency: 6
    })

  it.live("of several processes expire and recover each task once", () =>
    Effect.gen(function*() {
      const { driverOf, first, url } = yield* openTwo()
      yield* insertMany(first, 300, 5)
      const sweep = (index: number): Effect.Effect<ReadonlyArray<string>, TaskDriverError> =>
        Effect.flatMap(driverOf(index).removeExpired(1005, 20), (removed) =>
          removed.length === 0 ? Effect.succeed(removed) : Effect.map(sweep(index), (more) => [...removed, ...more]))
      const swept = (yield* atOnce(numbers(6).map(sweep))).flat()
      assert.lengthOf(swept, 300)
      assert.strictEqual(new Set(swept).size, 300)

      yield* insertMany(first, 300, null)
      const storages = yield* Effect.forEach(numbers(3), () =>
        open({ url }))
      const recovered = (yield* atOnce(storages.map((storage) =>
        storage.recoverStuckTasks(0)
      ))).flat()
      assert.lengthOf(recovered, 300)
      assert.strictEqual(new Set(recovered).size, 300)
      const { tasks } = yield* first.page({
        ...wholeRange,
        scope: anyone(1000),
        statuses: ["failed"],
        after: undefined,
        limit: 1000,
        maxBytes: 1e9
      })
      assert.deepStrictEqual(tasks.map(({ revision }) => revision), numbers(300).map(() => 2))
    }))

  /** Sweeps tasks while they are given a longer life, and tells whether some were swept and others kept. */
  const prolongWhileSwept = Effect.gen(function*() {
    const { first, second } = yield* openTwo()
    yield* insertMany(first, 100, 5)
    const [patched, swept] = yield* Effect.all([
      // All at once would be one statement, before any sweep or behind all of them.
      Effect.forEach(
        numbers(100),
        (index) =>
          Effect.map(
            first.patch(`t${index}`, anyone(1004), {}, { ttl: 1_000_000, lastUpdatedAt: 1004 }),
            (result) => result._tag === "Patched" ? [`t${index}`] : []
          ),
        { concurrency: 4 }
      ),
      Effect.forEach(numbers(40), () => second.removeExpired(1005, 5))
    ], { concurrency: 2 })
    const kept = patched.flat()
    assert.sameMembers([...kept, ...swept.flat()], numbers(100).map((index) => `t${index}`))
    assert.strictEqual(yield* first.count(anyone(1005)), kept.length)
    return kept.length > 0 && kept.length < 100
  })

  it.live("never take a task that was given a longer life before", () =>
    Effect.gen(function*() {
      // On a busy machine one of the two may be done before the other begins.
      for (let round = 0; round < 10; round++) if (yield* prolongWhileSwept) return
      assert.fail("the two never met")
    }))

  it.live("leave out what a transaction of somebody else has locked, and take it later", () =>
    Effect.gen(function*() {
      const { first, sql } = yield* openTwo({ statementTimeout: "30 seconds" })
      yield* insertMany(first, 5, 5)
      yield* first.messages.push({ queue: "q", body: text("m"), expiresAt: 1005, maxSize: undefined, now: 1000 })
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`SELECT 1 FROM mcp_tasks WHERE task_id IN ('t1', 't3') FOR UPDATE`
        yield* sql`SELECT 1 FROM mcp_messages FOR UPDATE`
        assert.sameMembers([...(yield* first.removeExpired(1005, 10))], ["t0", "t2", "t4"])
        assert.strictEqual(yield* first.messages.removeExpired(1005, 10), 0)
      }))
      assert.sameMembers([...(yield* first.removeExpired(1005, 10))], ["t1", "t3"])
      assert.strictEqual(yield* first.messages.removeExpired(1005, 10), 1)
    }))
})

it.live("the first limited creation waits no longer than statementTimeout either", () =>
  Effect.gen(function*() {
    const sql = yield* connect(yield* freshUrl, { maxConnections: 1 })
    const driver = yield* driverOver(sql, { statementTimeout: 1_000, notifications: false })
    const insert = driver.insert(storedTask("t"), { maxTasks: 5, maxTasksPerSession: null }, 1000)
    const refused = yield* Effect.scoped(
      Effect.andThen(sql.reserve, Effect.timeout(Effect.flip(insert), "30 seconds"))
    )
    assert.deepInclude(refused, { _tag: "TaskDriverError", retryable: true })
    assert.deepStrictEqual(yield* insert, { _tag: "Inserted" })
  }))

describe("a task that somebody else has locked", () => {
  it.live("is an error after statementTimeout, and the connection is free again", () =>
    Effect.gen(function*() {
      const { first, sql, url } = yield* openTwo()
      yield* first.insert(storedTask("t"), unlimited, 1000)
      const storage = yield* open({ url, maxConnections: 1, statementTimeout: 1_000, notifications: false })
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`UPDATE mcp_tasks SET poll_interval = 5`
        const error = yield* Effect.timeout(Effect.flip(storage.touchTask("t")), "30 seconds")
        assert.deepInclude(error, { _tag: "TaskStorageUnavailable", retryable: true, applied: "unknown" })
        assert.include(error.message, "touchTask failed: there was no answer within the statementTimeout of 1000 ms")
        assert.strictEqual(yield* storage.taskCount(), 1)
      }))
      const task = yield* storage.touchTask("t")
      assert.strictEqual(task.revision, 2)
      const connections = yield* sql`SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`
      assert.lengthOf(connections, 0)
    }))
})

/** As a frozen container does, and a laptop with a closed lid. Of all that waits, timers come first after that. */
const standStill = (milliseconds: number) =>
  Effect.callback<void>((resume) => {
    setImmediate(() => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
      resume(Effect.void)
    })
  })

describe("the time for an answer", () => {
  it.live("is not over for a process that slept while the answer came", () =>
    Effect.gen(function*() {
      const { sql, url } = yield* openTwo()
      const storage = yield* open({ url, statementTimeout: 3_500, notifications: false })
      yield* sql`CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_sleep(1); RETURN NEW; END'`
      yield* sql`CREATE TRIGGER dawdle BEFORE INSERT ON mcp_tasks FOR EACH ROW EXECUTE FUNCTION dawdle()`
      const create = storage.createTask({ originalMethod: "tools/call" })
      // As many as go at once, each in a statement of its own.
      const createFour = Effect.forEach(numbers(4), () => Effect.forkChild(create))
      yield* Effect.forEach(yield* createFour, Fiber.join)
      const calls = yield* createFour
      yield* Effect.sleep(100)
      yield* standStill(4_000)
      assert.isTrue(calls.every((call) => call.pollUnsafe() === undefined))
      yield* Effect.forEach(calls, Fiber.join)
    }))

  it.live("may be over before a statement is sent, which has then not happened", () =>
    Effect.gen(function*() {
      const { first, sql, url } = yield* openTwo()
      yield* first.insert(storedTask("t"), unlimited, 1000)
      const storage = yield* open({ url, maxConnections: 1, statementTimeout: 1_000, notifications: false })
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`UPDATE mcp_tasks SET poll_interval = 5`
        const [sent, waiting] = yield* atOnce([storage.touchTask("t"), storage.touchTask("t")].map(Effect.flip))
        assert.deepInclude(sent, { _tag: "TaskStorageUnavailable", retryable: true, applied: "unknown" })
        assert.deepInclude(waiting, { _tag: "TaskStorageUnavailable", retryable: true, applied: "no" })
        assert.include(
          waiting?.message,
          "no connection was free or could be made within the statementTimeout of 1000 ms"
        )
      }))
    }))
})
