/** That each write of a shared statement stands or falls alone. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { heldByWorker } from "../../../src/domain/task/StoredTask.ts"
import { perFile } from "../../support/perFile.ts"
import { storedTask, text } from "../storedTask.ts"
import { anyone, unlimited } from "./database.ts"
import { exits, failureOf, ids, insert, settle, setUp, storedIds, touch, whileHeld } from "./sharing.ts"
import { startPostgres } from "./startPostgres.ts"
import { atOnce, numbers, openTwo } from "./together.ts"

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
            assert.strictEqual((yield* Effect.timeout(Fiber.join(fiber), "30 seconds"))._tag, "Patched")
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
              assert.strictEqual((yield* Effect.timeout(Fiber.join(fiber), "30 seconds"))._tag, "Inserted")
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
