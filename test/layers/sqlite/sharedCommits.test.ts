/** That writes which come at once share a commit, whoever makes them and however they come. */
import { assert, describe, it, vi } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import { fromDrivers } from "mcp-task-storage/testing"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { realSleep } from "../../../src/layers/realSleep.ts"
import { makeSqliteDriver } from "../../../src/layers/sqlite/makeSqliteDriver.ts"
import { openSqlite } from "../../../src/layers/sqlite/openSqlite.ts"
import { openTaskStorage } from "../../../src/promise/openTaskStorage.ts"
import { checkLinearizability } from "../../../src/testing/linearizability/checkLinearizability.ts"
import { MemoryTracer } from "../../support/MemoryTracer.ts"
import { runsOr } from "../../support/runs.ts"
import { text } from "../storedTask.ts"
import { bare, freshFile } from "./database.ts"
import { anybody, atOnce, counting, fewCommits, idsIn, insert, names, setUp } from "./sharingClient.ts"

/** As programs call it that are not written in Effect. */
const startCall = <A, E>(call: Effect.Effect<A, E>): Fiber.Fiber<A, E> => Effect.runFork(call)

const asPromise = <A, E>(call: Effect.Effect<A, E>): Promise<A> => Effect.runPromise(call)

describe("writes that come at once", () => {
  it.live("share commits, of which none is too large", () =>
    Effect.gen(function*() {
      const { driver, other, sql } = yield* setUp()
      const counted = counting(sql)
      yield* atOnce(names(100).map((id) => insert(driver, id)))
      assert.lengthOf(idsIn(other), 100)
      assert.isAtMost(counted.transactions, fewCommits)
      yield* atOnce(names(1100).slice(100).map((id) => insert(driver, id)))
      assert.lengthOf(idsIn(other), 1100)
      assert.isAtLeast(counted.transactions, 8)
    }))

  it.live("each have their own answer", () =>
    Effect.gen(function*() {
      const { driver, sql } = yield* setUp()
      yield* insert(driver, "old")
      yield* driver.messages.push({ queue: "q", body: text("m"), expiresAt: 9000, maxSize: undefined, now: 1000 })
      const counted = counting(sql)
      const push = driver.messages.push({ queue: "full", body: text("m"), expiresAt: 9000, maxSize: 1, now: 1000 })
      const answers = yield* atOnce<unknown, unknown>([
        insert(driver, "new"),
        insert(driver, "old"),
        driver.patch("old", anybody, { statuses: ["completed"] }, { lastUpdatedAt: 2000 }),
        driver.patch("old", anybody, { statuses: ["working"] }, { lastUpdatedAt: 3000 }, "summary"),
        driver.patch("nowhere", anybody, {}, { lastUpdatedAt: 2000 }),
        driver.messages.shift("q", 1000),
        driver.messages.shift("q", 1000),
        push,
        push,
        driver.remove("nowhere", anybody),
        driver.remove("new", anybody)
      ])
      const tags = answers.map((answer) =>
        Exit.isSuccess(answer) && typeof answer.value === "object" && answer.value !== null && "_tag" in answer.value
          ? answer.value._tag
          : Exit.isSuccess(answer)
          ? answer.value
          : "failed"
      )
      const [first, second, ...rest] = tags
      assert.deepStrictEqual([first, second, rest[2], rest[4], rest[7], rest[8]], [
        "Inserted",
        "Exists",
        "Missing",
        undefined,
        false,
        true
      ])
      assert.deepStrictEqual([rest[0], rest[1]], ["Rejected", "Patched"])
      assert.sameMembers([rest[5], rest[6]], ["Pushed", "Full"])
      assert.isAbove(counted.transactions, 0)
      assert.strictEqual((yield* driver.find("old", anybody))?.lastUpdatedAt, 3000)
      assert.isUndefined(yield* driver.find("new", anybody))
    }))

  it.live("come from the operations of the storage, those of several steps too", () =>
    Effect.gen(function*() {
      const { driver, sql } = yield* setUp()
      const storage = yield* TaskStorage.fromDriver(driver, { maintenance: false })
      const counted = counting(sql)
      const taskIds = names(40)
      yield* Effect.forEach(taskIds, (taskId) =>
        Effect.gen(function*() {
          yield* storage.createTask({ originalMethod: "tools/call", taskId })
          const waiter = yield* Effect.forkChild(storage.awaitTask(taskId), { startImmediately: true })
          yield* storage.requireInput(taskId, { key: {} })
          yield* storage.provideInput(taskId, { key: taskId })
          yield* Effect.flip(storage.provideInput("nowhere", { key: taskId }))
          yield* storage.settleTask(taskId, { _tag: "Success", value: taskId })
          const task = yield* Fiber.join(waiter)
          assert.deepStrictEqual(task.result, { _tag: "Success", value: taskId })
          assert.deepStrictEqual({ ...task.inputResponses }, { key: taskId })
          assert.strictEqual(task.revision, 4)
        }), { concurrency: "unbounded" })
      assert.isBelow(counted.transactions, 60)
    }))

  it.live("are told from those of a caller who is alone, and who never waits", () =>
    Effect.gen(function*() {
      const { driver, sql } = yield* setUp()
      const counted = counting(sql)
      // Whoever waits for the event loop would not be done by then.
      const fiber = startCall(Effect.forEach(names(5), (id) => insert(driver, id)))
      assert.isDefined(fiber.pollUnsafe())
      for (const id of names(10)) yield* Effect.promise(() => asPromise(insert(driver, id)))
      assert.strictEqual(counted.transactions, 0)
    }))

  it.live("are not held up by timers that a test has stopped", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      yield* Effect.promise(async () => {
        await using storage = await openTaskStorage(`sqlite:${filename}`, { maintenance: false })
        vi.useFakeTimers()
        try {
          await Promise.all(names(300).map((taskId) => storage.createTask({ originalMethod: "tools/call", taskId })))
        } finally {
          vi.useRealTimers()
        }
        assert.strictEqual(await storage.taskCount(), 300)
      })
    }))

  it.live("answer concurrent calls as if they came one after the other", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const database = yield* bare(filename)
      const open = Effect.gen(function*() {
        const sql = yield* openSqlite({ filename, synchronous: "off" })
        const driver = yield* makeSqliteDriver(sql, { maxTasks: 1 })
        // Whoever writes has company then, and what is written at random is never alone.
        const counted = counting(sql)
        for (let writers = 0; writers < 2; writers++) {
          yield* Effect.forkScoped(Effect.forever(driver.remove("nowhere", anybody)))
        }
        return { driver, counted }
      })
      const [first, second] = [yield* open, yield* open]
      const makeDrivers = Effect.sync(() => {
        for (const table of ["tasks", "messages", "workers", "worker_news", "paused_kinds"]) {
          database.exec(`DELETE FROM mcp_${table}`)
        }
        return { first: first.driver, second: second.driver }
      })
      const runs = runsOr(300)
      yield* checkLinearizability(fromDrivers({ makeDrivers }), { runs })
      for (const { counted } of [first, second]) assert.isAbove(counted.transactions, runs)
    }).pipe(Random.withSeed(1)), 300_000)
})

it.live("statements have the spans of their callers above them, and none without", () =>
  Effect.gen(function*() {
    const { driver } = yield* setUp()
    const { spans, tracer } = new MemoryTracer()
    yield* atOnce([
      ...names(10).map((id) => Effect.withSpan(insert(driver, id), `caller ${id}`)),
      insert(driver, "without")
    ]).pipe(Effect.withTracer(tracer))
    const parents = spans.filter(({ attributes }) => attributes.has("db.query.text")).map(({ parent }) => {
      const above = Option.getOrUndefined(parent)
      return above?._tag === "Span" ? above.name : undefined
    })
    assert.sameMembers(parents, names(10).map((id) => `caller ${id}`))
  }))

describe("callers that are interrupted", () => {
  it.live("go on when what they have begun is committed", () =>
    Effect.gen(function*() {
      const { driver, other, sql } = yield* setUp()
      const gate = yield* Deferred.make<void>()
      const slow = driver.transaction?.(Effect.andThen(insert(driver, "slow"), Deferred.await(gate))) ?? Effect.void
      const fibers = yield* Effect.forEach(
        [...names(10).map((id) => Effect.asVoid(insert(driver, id))), slow, Effect.asVoid(insert(driver, "later"))],
        (write) => Effect.forkChild(write, { startImmediately: true })
      )
      while (!sql.isTransaction()) yield* realSleep(1)
      // The first ones have their statements behind them, the last one has not begun.
      yield* Fiber.interruptAll(fibers.slice(11))
      const interrupted = yield* Effect.forkChild(Fiber.interruptAll(fibers), { startImmediately: true })
      yield* realSleep(20)
      assert.isUndefined(interrupted.pollUnsafe())
      assert.deepStrictEqual(idsIn(other), ["t0"])
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(interrupted)
      assert.sameMembers(idsIn(other), [...names(10), "slow"])
    }))

  it.live("leave writes that have happened whole or not at all, and hold up nobody", () =>
    Effect.gen(function*() {
      const { driver, other } = yield* setUp()
      const storage = yield* TaskStorage.fromDriver(driver, { maintenance: false })
      for (let round = 0; round < 20; round++) {
        const taskIds = names(30).map((id) => `${round}-${id}`)
        const fibers = yield* Effect.forEach(taskIds, (taskId) =>
          Effect.forkChild(Effect.gen(function*() {
            yield* storage.createTask({ originalMethod: "tools/call", taskId })
            yield* storage.requireInput(taskId, { key: {} })
            yield* storage.provideInput(taskId, { key: 1 })
            return yield* storage.settleTask(taskId, { _tag: "Success", value: taskId })
          })))
        for (const fiber of fibers) {
          if (yield* Random.nextBoolean) yield* Effect.yieldNow
          if (yield* Random.nextBoolean) fiber.interruptUnsafe()
        }
        const exits = yield* Effect.forEach(fibers, Fiber.await)
        for (const [index, taskId] of taskIds.entries()) {
          const exit = exits[index]
          const row = other.prepare("SELECT status, revision, result_kind FROM mcp_tasks WHERE task_id = ?").get(taskId)
          if (exit !== undefined && Exit.isSuccess(exit)) assert.strictEqual(row?.["revision"], 4)
          if (row === undefined) continue
          const settled = row["status"] === "completed"
          assert.strictEqual(row["revision"] === 4, settled)
          assert.strictEqual(row["result_kind"], settled ? "success" : null)
        }
      }
      assert.isAbove(idsIn(other).length, 0)
      yield* insert(driver, "after")
    }).pipe(Random.withSeed(1)))
})

describe("a transaction of the user", () => {
  it.live("is left alone: what others write meanwhile is not rolled back with it, nor committed by it", () =>
    Effect.gen(function*() {
      const { driver, other, sql } = yield* setUp()
      const rolledBack = sql.withTransaction(Effect.gen(function*() {
        yield* atOnce(["inside-1", "inside-2"].map((id) => insert(driver, id)))
        yield* realSleep(30)
        assert.lengthOf(idsIn(other), 0)
        return yield* Effect.fail("enough")
      }))
      const user = yield* Effect.forkChild(Effect.flip(rolledBack), { startImmediately: true })
      const exits = yield* atOnce(names(20).map((id) => insert(driver, id)))
      assert.isTrue(exits.every(Exit.isSuccess))
      assert.strictEqual(yield* Fiber.join(user), "enough")
      assert.sameMembers(idsIn(other), names(20))
    }))
})

it.live("a storage that is closed answers what still waits", () =>
  Effect.gen(function*() {
    const filename = yield* freshFile
    const fibers = yield* Effect.scoped(Effect.gen(function*() {
      const driver = yield* makeSqliteDriver(yield* openSqlite({ filename, synchronous: "off" }), {})
      return names(50).map((id) => startCall(insert(driver, id)))
    }))
    const exits = yield* Effect.forEach(fibers, (fiber) => Effect.timeout(Fiber.await(fiber), "60 seconds"))
    assert.isTrue(exits.every(Exit.isSuccess))
    assert.lengthOf(idsIn(yield* bare(filename)), 50)
  }))
