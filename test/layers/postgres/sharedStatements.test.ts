/** That writes which wait together share statements, and that each of them stands or falls alone. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { SqlClient } from "effect/sql/SqlClient"
import * as Tracer from "effect/Tracer"
import { StoredJson } from "../../../src/domain/StoredJson.ts"
import { heldByWorker, type StoredTask } from "../../../src/domain/StoredTask.ts"
import type { TaskDriver, TaskDriverError } from "../../../src/domain/TaskDriver.ts"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { makeDriver } from "../../../src/layers/PostgresTaskStorage.ts"
import { realSleep } from "../../../src/layers/realSleep.ts"
import { perFile } from "../../support/perFile.ts"
import { storedTask, text } from "../storedTask.ts"
import { anyone, connect, driverOver, open, unlimited } from "./database.ts"
import { freshUrl } from "./engine.ts"
import { eventually } from "./eventually.ts"
import { startPostgres } from "./startPostgres.ts"
import { recording } from "./statements.ts"
import { atOnce, numbers, openTwo } from "./together.ts"

/** A driver, the statements that it sends from now on, and a client beside it. */
const setUp = ({ maxConnections = 10, statementTimeout = 10_000 } = {}) =>
  Effect.gen(function*() {
    const url = yield* freshUrl
    const sql = yield* connect(url, { maxConnections })
    const driver = yield* driverOver(sql, { notifications: false, statementTimeout })
    return { driver, other: yield* connect(url, { maxConnections: 4 }), sent: recording(sql), sql }
  })

const ids = (count: number) => numbers(count).map((index) => `t${index}`)

const insert = (driver: TaskDriver, taskId: string) => driver.insert(storedTask(taskId), unlimited, 1000)

const touch = (driver: TaskDriver, taskId: string, message = taskId) =>
  driver.patch(
    taskId,
    anyone(1000),
    { statuses: ["working", "input_required"] },
    { lastUpdatedAt: 2000, statusMessage: text(message) }
  )

const settle = (driver: TaskDriver, taskId: string) =>
  driver.patch(taskId, anyone(1000), { statuses: ["working"] }, {
    status: "completed",
    lastUpdatedAt: 2000,
    result: text(taskId),
    resultKind: "success"
  })

/** A task with the texts of its JSON. */
const plainOf = (task: StoredTask | undefined): unknown =>
  JSON.parse(JSON.stringify(task ?? null, (_, value) => value instanceof StoredJson ? value.text : value))

const exits = <A>(effects: ReadonlyArray<Effect.Effect<A, TaskDriverError>>) => atOnce(effects.map(Effect.exit))

const failureOf = <A>(exit: Exit.Exit<A, TaskDriverError> | undefined) =>
  exit === undefined ? assert.fail("there is none") : Effect.flip(exit)

const storedIds = (sql: SqlClient) =>
  Effect.map(sql`SELECT task_id FROM mcp_tasks`, (rows) => rows.map((row) => String(row["task_id"])))

/** Holds a lock from another connection while an effect runs. */
const whileHeld = <A, E>(sql: SqlClient, statement: string, effect: Effect.Effect<A, E>) =>
  sql.withTransaction(Effect.andThen(sql.unsafe(statement), effect))

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
      yield* atOnce(ids(4).map((id) => touch(driver, id)))
      assert.lengthOf(sent, 24)
      assert.isTrue(sent.every((statement) => !statement.includes("unnest")))
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

describe("each write of a shared statement", () => {
  it.live("is decided by its own task: done, refused by the state that it names, or missing", () =>
    Effect.gen(function*() {
      const { driver, sent } = yield* setUp({ maxConnections: 1 })
      yield* atOnce(ids(30).map((id) => insert(driver, id)))
      yield* Effect.forEach(
        ids(30).filter((_, index) => index % 3 === 1),
        (id) => driver.patch(id, anyone(1000), {}, { status: "cancelled", lastUpdatedAt: 1500 })
      )
      sent.length = 0
      const results = yield* atOnce(ids(40).map((id) => settle(driver, id)))
      assert.isTrue(sent.some((statement) => statement.includes("unnest")))
      for (const [index, result] of results.entries()) {
        if (index >= 30) assert.deepStrictEqual(result, { _tag: "Missing" })
        else if (index % 3 === 1) {
          assert.deepInclude(result, { _tag: "Rejected" })
          assert.deepInclude("task" in result ? result.task : {}, {
            taskId: `t${index}`,
            status: "cancelled",
            revision: 2
          })
        } else {
          assert.deepInclude(result, { _tag: "Patched" })
          assert.deepInclude("task" in result ? result.task : {}, {
            taskId: `t${index}`,
            status: "completed",
            revision: 2
          })
        }
      }
    }))

  it.live("sees its own session and its own time", () =>
    Effect.gen(function*() {
      const { driver } = yield* setUp({ maxConnections: 1 })
      yield* atOnce(
        ids(40).map((id, index) =>
          driver.insert(storedTask(id, { sessionId: `s${index % 2}`, ttl: 100 + index }), unlimited, 1000)
        )
      )
      const results = yield* atOnce(
        ids(40).map((id, index) =>
          driver.patch(id, { session: "s0", now: index % 4 === 0 ? 1099 : 1100 + index }, {}, { lastUpdatedAt: 1001 })
        )
      )
      assert.deepStrictEqual(
        results.map(({ _tag }) => _tag),
        numbers(40).map((index) => index % 4 === 0 ? "Patched" : "Missing")
      )
    }))

  it.live("finds its id taken or expired, whatever the others find", () =>
    Effect.gen(function*() {
      const { driver, other } = yield* setUp({ maxConnections: 1 })
      const expired = storedTask("t0", { ttl: 5, meta: text("old") })
      yield* atOnce(
        ids(20).map((id, index) =>
          driver.insert({ ...expired, taskId: id, ttl: index % 2 === 0 ? 5 : null }, unlimited, 1000)
        )
      )
      yield* other`INSERT INTO mcp_messages (queue, expires_at, body) VALUES ('t2', 9999999, '1'), ('new', 9999999, '2')`
      const results = yield* atOnce(
        [...ids(20), "new"].map((id) => driver.insert(storedTask(id), unlimited, 1005))
      )
      assert.deepStrictEqual(
        results.map(({ _tag }) => _tag),
        [...numbers(20).map((index) => index % 2 === 0 ? "Inserted" : "Exists"), "Inserted"]
      )
      assert.isNull((yield* driver.find("t2", anyone(1005)))?.meta)
      assert.strictEqual((yield* driver.find("t1", anyone(1005)))?.meta?.text, text("old").text)
      // Messages of what was replaced are gone, those that came before their task are not.
      assert.deepStrictEqual(yield* other`SELECT queue FROM mcp_messages`, [{ queue: "new" }])
    }))

  it.live("that PostgreSQL refuses takes no other write along", () =>
    Effect.gen(function*() {
      const { driver, other } = yield* setUp({ maxConnections: 1 })
      yield* other.unsafe("ALTER TABLE mcp_tasks ADD CHECK (meta <> '\"bad\"')")
      const results = yield* exits(
        ids(20).map((id, index) =>
          driver.insert(storedTask(id, index === 7 ? { meta: text("bad") } : {}), unlimited, 1000)
        )
      )
      assert.deepStrictEqual(results.flatMap((exit, index) => Exit.isSuccess(exit) ? [] : [index]), [7])
      assert.deepInclude(yield* failureOf(results[7]), { _tag: "TaskDriverError", retryable: false, applied: "no" })
      const good = ids(20).filter((id) => id !== "t7")
      assert.sameMembers(yield* storedIds(other), good)
      const patched = yield* exits(good.map((id) =>
        driver.patch(id, anyone(1000), {}, { meta: text(id === "t3" ? "bad" : "good"), lastUpdatedAt: 1001 })
      ))
      assert.deepStrictEqual(
        patched.flatMap((exit, index) =>
          Exit.isSuccess(exit) ? [] : [good[index]]
        ),
        ["t3"]
      )
      assert.deepInclude(yield* failureOf(patched[3]), { retryable: false, applied: "no" })
    }))

  it.live("that meets a damaged row is the only one that fails", () =>
    Effect.gen(function*() {
      const { driver, other } = yield* setUp({ maxConnections: 1 })
      yield* atOnce(ids(20).map((id) => insert(driver, id)))
      yield* other`UPDATE mcp_tasks SET created_at = 9007199254740993 WHERE task_id = 't7'`
      const results = yield* exits(ids(20).map((id) => touch(driver, id)))
      assert.deepStrictEqual(results.flatMap((exit, index) => Exit.isSuccess(exit) ? [] : [index]), [7])
      const error = yield* failureOf(results[7])
      assert.deepInclude(error, { retryable: false, applied: "unknown" })
      assert.include(error.reason, "a stored row is not as this library writes it")
    }))

  it.live("leaves news for the worker that holds its task, and for no other", () =>
    Effect.gen(function*() {
      const { driver, sent } = yield* setUp({ maxConnections: 1 })
      for (const workerId of ["w0", "w1"]) {
        yield* driver.workers.insert({
          workerId,
          registeredAt: 1000,
          leaseExpiresAt: 9000,
          diedAt: null,
          about: text("about")
        })
      }
      yield* atOnce(
        ids(30).map((id, index) =>
          driver.insert(
            storedTask(
              id,
              index % 3 === 2 ? {} : { worker: `w${index % 3}`, leaseExpiresAt: heldByWorker, attempt: 1 }
            ),
            unlimited,
            1000
          )
        )
      )
      yield* driver.patch("t0", anyone(1000), {}, { status: "cancelled", leaseExpiresAt: null, lastUpdatedAt: 1500 })
      yield* driver.workers.takeNews("w0")
      sent.length = 0
      yield* atOnce(ids(30).map((id) => settle(driver, id)))
      assert.isTrue(sent.some((statement) => statement.includes("unnest")))
      const heldBy = (worker: number) => ids(30).filter((id, index) => index % 3 === worker && id !== "t0")
      assert.sameMembers([...(yield* driver.workers.takeNews("w0"))], heldBy(0))
      assert.sameMembers([...(yield* driver.workers.takeNews("w1"))], heldBy(1))
    }))
})

describe("a task that somebody else has locked", () => {
  it.live("is waited for by its own write alone", () =>
    Effect.gen(function*() {
      const { driver, other } = yield* setUp({ maxConnections: 4 })
      yield* atOnce(ids(30).map((id) => insert(driver, id)))
      const late = yield* whileHeld(
        other,
        "UPDATE mcp_tasks SET poll_interval = 5 WHERE task_id = 't20'",
        Effect.gen(function*() {
          const fibers = yield* Effect.forEach(ids(30), (id) => Effect.forkChild(touch(driver, id)))
          const [late, ...others] = [fibers[20], ...fibers.filter((_, index) => index !== 20)]
          for (const fiber of others) {
            if (fiber === undefined) continue
            assert.strictEqual((yield* Effect.timeout(Fiber.join(fiber), "3 seconds"))._tag, "Patched")
          }
          assert.isUndefined(late?.pollUnsafe())
          return late
        })
      )
      const result = late === undefined ? assert.fail("no fiber") : yield* Fiber.join(late)
      assert.deepInclude("task" in result ? result.task : {}, { pollInterval: 5, revision: 2 })
    }))

  it.live("is waited for by the creation of its id alone", () =>
    Effect.gen(function*() {
      const { driver, other } = yield* setUp({ maxConnections: 4 })
      const late = yield* whileHeld(
        other,
        "INSERT INTO mcp_tasks (task_id, status, created_at, last_updated_at, revision, incarnation, attempt, " +
          "original_method) VALUES ('t20', 'working', 1, 1, 1, 'theirs', 0, '\"m\"')",
        Effect.gen(function*() {
          const fibers = yield* Effect.forEach(ids(30), (id) => Effect.forkChild(insert(driver, id)))
          for (const [index, fiber] of fibers.entries()) {
            if (index !== 20) {
              assert.strictEqual((yield* Effect.timeout(Fiber.join(fiber), "3 seconds"))._tag, "Inserted")
            }
          }
          assert.isUndefined(fibers[20]?.pollUnsafe())
          return fibers[20]
        })
      )
      assert.strictEqual((late === undefined ? assert.fail("no fiber") : yield* Fiber.join(late))._tag, "Exists")
    }))
})

describe("hundreds of callers", () => {
  it.live("of few tasks lose no write, and of those that may win but once one wins", () =>
    Effect.gen(function*() {
      const { driverOf, first } = yield* openTwo()
      yield* atOnce(ids(5).map((id) => insert(first, id)))
      const touched = yield* atOnce(numbers(400).map((index) => touch(driverOf(index), `t${index % 5}`, `m${index}`)))
      const revisions = touched.map((result) =>
        result._tag === "Patched" ? `${result.task.taskId} ${result.task.revision}` : result._tag
      )
      // Each saw the task as it was right after its own write.
      assert.sameMembers(revisions, ids(5).flatMap((id) => numbers(80).map((count) => `${id} ${count + 2}`)))
      const settled = yield* atOnce(numbers(300).map((index) => settle(driverOf(index), `t${index % 5}`)))
      assert.lengthOf(settled.filter(({ _tag }) => _tag === "Patched"), 5)
      for (const result of settled) {
        assert.deepInclude("task" in result ? result.task : {}, { status: "completed", revision: 82 })
      }
    }))

  it.live("that create the same tasks meet no deadlock, and each task is created once", () =>
    Effect.gen(function*() {
      const { database, log, url } = yield* ownServer
      const { driverOf, sql } = yield* openTwo({}, Effect.map(database, (name) => url(name)))
      const orders = numbers(6).map((lane) => lane % 2 === 0 ? ids(60) : ids(60).reverse())
      const created = (yield* atOnce(orders.map((order, lane) =>
        atOnce(order.map((id) => insert(driverOf(lane), id)))
      ))).flat()
      assert.lengthOf(created.filter(({ _tag }) => _tag === "Inserted"), 60)
      assert.lengthOf(yield* storedIds(sql), 60)
      yield* atOnce(orders.map((order, lane) => atOnce(order.map((id) => touch(driverOf(lane), id)))))
      const rows = yield* sql`SELECT DISTINCT revision::int AS revision FROM mcp_tasks`
      assert.deepStrictEqual(rows, [{ revision: 7 }])
      // A lock that is waited for in vain would end a deadlock before it is found.
      assert.deepStrictEqual(log.filter((line) => /deadlock|lock timeout/.test(line)), [])
    }))
})

/** Of one server it is known whose deadlocks are in its log. */
const ownServer = perFile(startPostgres)

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
          const began = performance.now()
          yield* Fiber.interruptAll(fibers.filter((_, index) => index % 2 === 1))
          assert.isBelow(performance.now() - began, 1000)
          return fibers
        })
      )
      yield* Fiber.joinAll(fibers.filter((_, index) => index % 2 === 0))
      assert.sameMembers(yield* storedIds(other), ids(40).filter((_, index) => index % 2 === 0))
    }))

  /** Each statement that writes tasks takes a while. */
  const dawdling = (seconds: number) =>
    Effect.gen(function*() {
      const world = yield* setUp({ maxConnections: 1 })
      yield* atOnce(ids(20).map((id) => insert(world.driver, id)))
      yield* world.other.unsafe(
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS " +
          `'BEGIN PERFORM pg_sleep(${seconds}); RETURN NEW; END'`
      )
      yield* world.other.unsafe(
        "CREATE TRIGGER dawdle BEFORE UPDATE ON mcp_tasks FOR EACH STATEMENT EXECUTE FUNCTION dawdle()"
      )
      world.sent.length = 0
      return world
    })
  const touched = (sql: SqlClient) =>
    Effect.map(sql`SELECT task_id FROM mcp_tasks WHERE revision > 1`, (rows) => rows.map((row) => row["task_id"]))

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
      const { driver, other, sent } = yield* dawdling(0.4)
      const fibers = yield* Effect.forEach(ids(20), (id) => Effect.forkChild(touch(driver, id)))
      yield* eventually("the shared one is sent", Effect.sync(() => sent.length === 2))
      yield* other.unsafe(
        "CREATE OR REPLACE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
      )
      yield* Fiber.interruptAll(fibers)
      assert.strictEqual((yield* Effect.timeout(touch(driver, "t1"), "300 millis"))._tag, "Patched")
      assert.sameMembers(yield* touched(other), ["t0", "t1"])
    }))

  it.live("because there was no answer know whether they have written", () =>
    Effect.gen(function*() {
      const { driver, other } = yield* setUp({ maxConnections: 1, statementTimeout: 400 })
      const results = yield* whileHeld(
        other,
        "LOCK TABLE mcp_tasks IN EXCLUSIVE MODE",
        exits(ids(20).map((id) => insert(driver, id)))
      )
      const [sent, ...waiting] = yield* Effect.forEach(results, failureOf)
      assert.deepInclude(sent, { retryable: true, applied: "unknown" })
      for (const error of waiting) {
        assert.isTrue(error.retryable)
        assert.include(error.reason, "within the statementTimeout of 400 ms")
      }
      yield* insert(driver, "after")
      const stored = yield* storedIds(other)
      for (const [index, { applied }] of waiting.entries()) {
        if (applied === "no") assert.notInclude(stored, `t${index + 1}`)
      }
    }))

  it.live("are answered when their statement has no answer either", () =>
    Effect.gen(function*() {
      const { driver, other } = yield* setUp({ maxConnections: 1, statementTimeout: 700 })
      yield* atOnce(ids(20).map((id) => insert(driver, id)))
      yield* other.unsafe(
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS " +
          "'BEGIN PERFORM pg_sleep(CASE WHEN (SELECT count(*) FROM written) > 1 THEN 9 ELSE 0.2 END); RETURN NULL; END'"
      )
      yield* other.unsafe(
        "CREATE TRIGGER dawdle AFTER UPDATE ON mcp_tasks REFERENCING NEW TABLE AS written " +
          "FOR EACH STATEMENT EXECUTE FUNCTION dawdle()"
      )
      const results = yield* exits(ids(20).map((id) => touch(driver, id)))
      assert.isTrue(results[0] !== undefined && Exit.isSuccess(results[0]))
      for (const error of yield* Effect.forEach(results.slice(1), failureOf)) {
        assert.deepInclude(error, { retryable: true, applied: "unknown" })
        assert.include(error.reason, "there was no answer within the statementTimeout of 700 ms")
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
    const results = yield* Effect.timeout(Effect.forEach(fibers, Fiber.join), "5 seconds")
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
    const spans: Array<Tracer.NativeSpan> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
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
    const settled = yield* Effect.timeout(Fiber.joinAll(fibers), "2 seconds")
    assert.deepStrictEqual(settled.map(({ taskId }) => taskId), ids(30))
  }))
