/** That writes which wait together share statements, and what that means for those who wait. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { SqlClient } from "effect/sql/SqlClient"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { makeDriver } from "../../../src/layers/PostgresTaskStorage.ts"
import { realSleep } from "../../../src/layers/realSleep.ts"
import { MemoryTracer } from "../../support/MemoryTracer.ts"
import { storedTask, text } from "../storedTask.ts"
import { anyone, connect, open, unlimited } from "./database.ts"
import { freshUrl } from "./engine.ts"
import { eventually } from "./eventually.ts"
import { exits, failureOf, ids, insert, plainOf, setUp, storedIds, touch, whileHeld } from "./sharing.ts"
import { atOnce, numbers } from "./together.ts"

describe("writes that wait together", () => {
  it.live("go in few statements, and each is answered with its own task", () =>
    Effect.gen(function*() {
      const { driver, sent } = yield* setUp()
      const nasty = [
        "",
        "NULL",
        "null",
        "{}",
        "{a,b}",
        "a\"b",
        "a\\b",
        "\\\\\"",
        "'",
        ",",
        "?",
        "$1",
        "é",
        "\ud83d\ude00"
      ]
      const tasks = numbers(100).map((index) =>
        storedTask(`t${index}${nasty[index % nasty.length]}`, {
          sessionId: index % 2 === 0 ? null : `s${nasty[index % nasty.length]}`,
          ttl: index % 3 === 0 ? 1_000_000 + index : null,
          leaseExpiresAt: index % 5 === 0 ? 0 : null,
          originalParams: index % 4 === 0 ? null : text(nasty.join("\u0000")),
          meta: text(nasty[index % nasty.length] ?? "")
        })
      )
      const inserted = yield* atOnce(tasks.map((task) => driver.insert(task, unlimited, 1000)))
      assert.isTrue(inserted.every(({ _tag }) => _tag === "Inserted"))
      assert.isAtMost(sent.length, 15)
      for (const task of tasks) {
        const found = yield* driver.find(task.taskId, anyone(1000))
        assert.deepStrictEqual(plainOf(found), plainOf(task))
      }
      sent.length = 0
      const patched = yield* atOnce(tasks.map(({ taskId }) => touch(driver, taskId, `of ${taskId}`)))
      assert.isAtMost(sent.length, 15)
      for (const [index, result] of patched.entries()) {
        const task = result._tag === "Patched" ? result.task : assert.fail(result._tag)
        assert.strictEqual(task.taskId, tasks[index]?.taskId)
        assert.strictEqual(task.statusMessage?.text, text(`of ${task.taskId}`).text)
        assert.strictEqual(task.revision, 2)
        assert.deepStrictEqual(plainOf(yield* driver.find(task.taskId, anyone(1000))), plainOf(task))
      }
    }))

  it.live("do not wait for company when there is none", () =>
    Effect.gen(function*() {
      const { driver, sent } = yield* setUp()
      for (const id of ids(10)) yield* insert(driver, id)
      for (const id of ids(10)) yield* touch(driver, id)
      assert.lengthOf(sent, 20)
      assert.isTrue(sent.every((statement) => !statement.includes("unnest")))
    }))

  it.live("go together behind the first of them, though there are connections for all", () =>
    Effect.gen(function*() {
      const { driver, sent } = yield* setUp()
      yield* atOnce(ids(4).map((id) => insert(driver, id)))
      assert.deepStrictEqual(sent.map((statement) => statement.includes("unnest")), [false, true])
    }))

  it.live("are no more, and no larger together, than a statement should be", () =>
    Effect.gen(function*() {
      const { driver, sql } = yield* setUp({ maxConnections: 2 })
      const sizes: Array<readonly [writes: number, bytes: number]> = []
      const { unsafe } = sql
      Object.assign(sql, {
        unsafe: (statement: string, params: ReadonlyArray<unknown> = []) => {
          if (statement.includes("unnest")) {
            sizes.push([
              String(params[0]).split(",").length,
              params.reduce<number>((sum, it) => sum + String(it).length, 0)
            ])
          }
          return unsafe(statement, params)
        }
      })
      yield* atOnce(ids(100).map((id) => insert(driver, id)))
      assert.isAbove(sizes.length, 0)
      assert.isTrue(sizes.every(([writes]) => writes > 1 && writes <= 32))
      sizes.length = 0
      const large = { originalParams: text("x".repeat(300_000)) }
      yield* atOnce(numbers(20).map((index) => driver.insert(storedTask(`large-${index}`, large), unlimited, 1000)))
      assert.isAbove(sizes.length, 4)
      assert.isTrue(sizes.every(([, bytes]) => bytes < 1_100_000))
      // One alone may be as large as it is.
      const huge = { originalParams: text("x".repeat(3_000_000)) }
      yield* atOnce(numbers(5).map((index) => driver.insert(storedTask(`huge-${index}`, huge), unlimited, 1000)))
    }))

  it.live("of a transaction of the user stay in it", () =>
    Effect.gen(function*() {
      const { driver, other, sent, sql } = yield* setUp()
      yield* insert(driver, "t")
      const rolledBack = sql.withTransaction(Effect.gen(function*() {
        yield* atOnce(ids(20).map((id) => insert(driver, `inside-${id}`)))
        yield* realSleep(30)
        return yield* Effect.fail("enough")
      }))
      const user = yield* Effect.forkChild(Effect.flip(rolledBack), { startImmediately: true })
      yield* atOnce(ids(50).map((id) => insert(driver, `outside-${id}`)))
      assert.strictEqual(yield* Fiber.join(user), "enough")
      assert.sameMembers(yield* storedIds(other), ["t", ...ids(50).map((id) => `outside-${id}`)])
      assert.isTrue(sent.some((statement) => statement.includes("unnest")))
    }))
})

describe("callers that give up", () => {
  it.live("before their turn have not written, and the others have", () =>
    Effect.gen(function*() {
      const { driver, other } = yield* setUp({ maxConnections: 1 })
      const fibers = yield* whileHeld(
        other,
        "LOCK TABLE mcp_tasks IN EXCLUSIVE MODE",
        Effect.gen(function*() {
          const fibers = yield* Effect.forEach(ids(40), (id) => Effect.forkChild(insert(driver, id)))
          yield* realSleep(50)
          // While the lock is held, so that they would wait for ever for an answer.
          yield* Effect.timeout(Fiber.interruptAll(fibers.filter((_, index) => index % 2 === 1)), "8 seconds")
          return fibers
        })
      )
      yield* Fiber.joinAll(fibers.filter((_, index) => index % 2 === 0))
      assert.sameMembers(yield* storedIds(other), ids(40).filter((_, index) => index % 2 === 0))
    }))

  /** A statement that writes many tasks takes so many seconds, and one that writes a single task takes a moment. */
  const dawdling = (seconds: number, statementTimeout = 10_000) =>
    Effect.gen(function*() {
      const world = yield* setUp({ maxConnections: 1, statementTimeout })
      yield* atOnce(ids(20).map((id) => insert(world.driver, id)))
      yield* world.other.unsafe(
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN " +
          `PERFORM pg_sleep(CASE WHEN (SELECT count(*) FROM written) > 1 THEN ${seconds} ELSE 0.2 END); RETURN NULL; END'`
      )
      yield* world.other.unsafe(
        "CREATE TRIGGER dawdle AFTER UPDATE ON mcp_tasks REFERENCING NEW TABLE AS written " +
          "FOR EACH STATEMENT EXECUTE FUNCTION dawdle()"
      )
      world.sent.length = 0
      return world
    })
  const touched = (sql: SqlClient) =>
    Effect.map(sql`SELECT task_id FROM mcp_tasks WHERE revision > 1`, (rows) => rows.map((row) => row["task_id"]))

  const isSleeping = (sql: SqlClient) =>
    Effect.map(
      sql`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`,
      (rows) => rows.length > 0
    )

  it.live("later leave a statement that goes on for the others", () =>
    Effect.gen(function*() {
      const { driver, other, sent } = yield* dawdling(0.4)
      const fibers = yield* Effect.forEach(ids(20), (id) => Effect.forkChild(touch(driver, id)))
      yield* eventually("the shared one is sent", Effect.sync(() => sent.length === 2))
      yield* Fiber.interruptAll(fibers.slice(10))
      yield* Fiber.joinAll(fibers.slice(0, 10))
      assert.lengthOf(sent, 2)
      assert.lengthOf(yield* touched(other), 20)
    }))

  it.live("later, all of them, give the connection back", () =>
    Effect.gen(function*() {
      const { driver, other, sent } = yield* dawdling(9)
      const fibers = yield* Effect.forEach(ids(20), (id) => Effect.forkChild(touch(driver, id)))
      yield* eventually("the shared one is sent", Effect.sync(() => sent.length === 2))
      // PostgreSQL cancels nothing that it has not begun.
      yield* eventually("it has begun", isSleeping(other))
      yield* other.unsafe(
        "CREATE OR REPLACE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
      )
      yield* Fiber.interruptAll(fibers)
      assert.strictEqual((yield* Effect.timeout(touch(driver, "t1"), "6 seconds"))._tag, "Patched")
      assert.sameMembers(yield* touched(other), ["t0", "t1"])
    }))

  it.live("because there was no answer know whether they have written", () =>
    Effect.gen(function*() {
      const { driver, other } = yield* setUp({ maxConnections: 1, statementTimeout: 1_000 })
      const results = yield* whileHeld(
        other,
        "LOCK TABLE mcp_tasks IN EXCLUSIVE MODE",
        exits(ids(20).map((id) => insert(driver, id)))
      )
      const [sent, ...waiting] = yield* Effect.forEach(results, failureOf)
      assert.deepInclude(sent, { retryable: true, applied: "unknown" })
      for (const error of waiting) {
        assert.isTrue(error.retryable)
        assert.include(error.reason, "within the statementTimeout of 1000 ms")
      }
      yield* insert(driver, "after")
      const stored = yield* storedIds(other)
      for (const [index, { applied }] of waiting.entries()) {
        if (applied === "no") assert.notInclude(stored, `t${index + 1}`)
      }
    }))

  it.live("are answered when their statement has no answer either", () =>
    Effect.gen(function*() {
      const { driver, other } = yield* dawdling(9, 1_500)
      const results = yield* exits(ids(20).map((id) => touch(driver, id)))
      assert.isTrue(results[0] !== undefined && Exit.isSuccess(results[0]))
      for (const error of yield* Effect.forEach(results.slice(1), failureOf)) {
        assert.deepInclude(error, { retryable: true, applied: "unknown" })
        assert.include(error.reason, "there was no answer within the statementTimeout of 1500 ms")
      }
      assert.sameMembers(yield* touched(other), ["t0"])
    }))
})

it.live("a storage that is closed answers what still waits", () =>
  Effect.gen(function*() {
    const url = yield* freshUrl
    const scope = yield* Scope.make()
    const driver = yield* Scope.provide(makeDriver({ url, maxConnections: 1, notifications: false }), scope)
    const fibers = yield* Effect.forEach(ids(100), (id) => Effect.forkChild(Effect.exit(insert(driver, id))))
    yield* Effect.yieldNow
    yield* Scope.close(scope, Exit.void)
    const other = yield* connect(url)
    const results = yield* Effect.timeout(Effect.forEach(fibers, Fiber.join), "60 seconds")
    const stored = yield* storedIds(other)
    for (const [index, exit] of results.entries()) {
      if (Exit.isSuccess(exit)) assert.include(stored, `t${index}`)
      else if (!Cause.hasInterruptsOnly(exit.cause)) {
        if ((yield* failureOf(exit)).applied === "no") assert.notInclude(stored, `t${index}`)
      }
    }
  }))

it.live("operations have spans of their own, and a shared statement is linked to them", () =>
  Effect.gen(function*() {
    const { driver } = yield* setUp({ maxConnections: 1 })
    const storage = yield* TaskStorage.fromDriver(driver, { maintenance: false })
    const { spans, tracer } = new MemoryTracer()
    const create = (taskId: string) => storage.createTask({ originalMethod: "tools/call", taskId })
    yield* Effect.withTracer(atOnce(ids(20).map((id) => Effect.withSpan(create(id), "caller"))), tracer)
    const operations = spans.filter(({ name }) => name === "TaskStorage.createTask")
    assert.lengthOf(operations, 20)
    const statements = spans.filter(({ attributes }) => attributes.has("db.query.text"))
    const shared = statements.filter(({ attributes }) => String(attributes.get("db.query.text")).includes("unnest"))
    assert.lengthOf(shared, 1)
    assert.isTrue(Option.isNone(shared[0]?.parent ?? Option.none()))
    const linked = shared.flatMap(({ links }) => links.map(({ span }) => span.spanId))
    const parents = statements.flatMap(({ parent }) => Option.toArray(parent)).map(({ spanId }) => spanId)
    assert.sameMembers([...linked, ...parents], operations.map(({ spanId }) => spanId))
  }))

it.live("whoever waits in another process hears of each", () =>
  Effect.gen(function*() {
    const url = yield* freshUrl
    const [writing, waiting] = [yield* open({ url }), yield* open({ url })]
    yield* atOnce(ids(30).map((taskId) => writing.createTask({ originalMethod: "tools/call", taskId })))
    const fibers = yield* Effect.forEach(ids(30), (taskId) => Effect.forkChild(waiting.awaitTask(taskId)))
    yield* realSleep(300)
    yield* atOnce(ids(30).map((taskId) => writing.settleTask(taskId, { _tag: "Success", value: taskId })))
    // Without a notification it would be up to five seconds.
    const settled = yield* Effect.timeout(Fiber.joinAll(fibers), "4 seconds")
    assert.deepStrictEqual(settled.map(({ taskId }) => taskId), ids(30))
  }))
