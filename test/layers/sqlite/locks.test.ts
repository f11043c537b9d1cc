/** That locks of other processes are waited for in time that anybody else can use, and no longer than allowed. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as SqlClient from "effect/sql/SqlClient"
import { LockTimeoutError, SqlError } from "effect/sql/SqlError"
import type { TaskDriver, TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import * as Layers from "../../../src/layers/realSleep.ts"
import { makeSqliteDriver } from "../../../src/layers/sqlite/makeSqliteDriver.ts"
import { openSqlite } from "../../../src/layers/sqlite/openSqlite.ts"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"
import { storedTask } from "../storedTask.ts"
import { anyone, bare, freshFile, open, unlimited } from "./database.ts"

const real = <A>(work: () => Promise<A>) => Effect.promise(work)
const realSleep = (milliseconds: number) =>
  real(() => new Promise<void>((resolve) => setTimeout(resolve, milliseconds)))

const setUp = (options: { readonly lockTimeout?: number } = {}) =>
  Effect.gen(function*() {
    const filename = yield* freshFile
    const driver = yield* SqliteTaskStorage.makeDriver({ filename, ...options })
    const other = yield* bare(filename)
    return { filename, driver, other }
  })

const writes: ReadonlyArray<
  readonly [name: string, write: (driver: TaskDriver) => Effect.Effect<void, TaskDriverError>]
> = [
  ["an insert", (driver) => Effect.asVoid(driver.insert(storedTask("t"), unlimited, 1000))],
  ["a refused patch", (driver) => Effect.asVoid(driver.patch("t", anyone(1000), {}, { lastUpdatedAt: 2 }))],
  ["a transaction", (driver) => Effect.asVoid(driver.transaction?.(driver.remove("t", anyone(1000))) ?? Effect.void)],
  [
    "a declaration of nobody",
    (driver) => Effect.asVoid(driver.workers.declareDead({ expiredBy: 0, at: 1000, except: undefined, limit: 9 }))
  ],
  [
    "a message",
    (driver) =>
      Effect.asVoid(
        driver.messages.push({ queue: "q", body: storedTask("t").originalMethod, expiresAt: 9, maxSize: 0, now: 1 })
      )
  ]
]

describe("locks", () => {
  for (const [name, write] of writes) {
    // Under the clock of tests, which stands still: the waits are real all the same.
    it.effect(`${name} waits for another writer, and blocks nobody meanwhile`, () =>
      Effect.gen(function*() {
        const { driver, other } = yield* setUp()
        other.exec("BEGIN IMMEDIATE")
        const fiber = yield* Effect.forkChild(write(driver))
        const turns: Array<number> = []
        let last = performance.now()
        for (let turn = 0; turn < 30; turn++) {
          yield* realSleep(2)
          // Reads are not in the way of a writer.
          assert.isUndefined(yield* driver.find("nowhere", anyone(1000)))
          turns.push(performance.now() - last)
          last = performance.now()
        }
        assert.isUndefined(fiber.pollUnsafe())
        // The typical turn: a single one may be long for other reasons, on a machine with much to do.
        assert.isBelow(turns.sort((left, right) => left - right)[15] ?? Infinity, 250)
        other.exec("COMMIT")
        yield* Fiber.join(fiber)
      }))

    it.live(`${name} gives up after lockTimeout, and says what to do`, () =>
      Effect.gen(function*() {
        const { driver, other } = yield* setUp({ lockTimeout: 60 })
        other.exec("BEGIN IMMEDIATE")
        const start = performance.now()
        const error = yield* Effect.flip(write(driver))
        assert.isAtLeast(performance.now() - start, 60)
        assert.deepInclude(error, { _tag: "TaskDriverError", retryable: true, applied: "no" })
        assert.include(error.reason, "the lockTimeout of 60 ms; try again")
        other.exec("COMMIT")
        yield* write(driver)
      }))

    it.live(`${name} can be interrupted while it waits, and has not happened then`, () =>
      Effect.gen(function*() {
        const { driver, other } = yield* setUp()
        other.exec("BEGIN IMMEDIATE")
        const fiber = yield* Effect.forkChild(write(driver))
        yield* Effect.sleep(30)
        const start = performance.now()
        yield* Fiber.interrupt(fiber)
        assert.isBelow(performance.now() - start, 3000)
        other.exec("COMMIT")
        yield* Effect.sleep(60)
        assert.strictEqual(yield* driver.count(anyone(1000)), 0)
        yield* write(driver)
      }))
  }

  it.live("opening waits too, where another process is writing the tables", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const other = yield* bare(filename)
      other.exec("BEGIN EXCLUSIVE; CREATE TABLE unrelated (id INTEGER)")
      const fiber = yield* Effect.forkChild(open({ filename }))
      yield* Effect.sleep(50)
      assert.isUndefined(fiber.pollUnsafe())
      other.exec("COMMIT")
      yield* Fiber.join(fiber)
      const error = yield* Effect.flip(Effect.gen(function*() {
        const second = yield* bare(filename)
        second.exec("BEGIN IMMEDIATE")
        return yield* open({ filename, maxTasks: 1, lockTimeout: 30 })
      }))
      assert.include(error.message, "open failed: the database is locked by another writer")
    }))

  it.live("a transaction of the user that read before another writer committed fails at once", () =>
    Effect.gen(function*() {
      const { filename, other } = yield* setUp()
      const sql = yield* openSqlite({ filename })
      const driver = yield* makeSqliteDriver(sql, {})
      const start = performance.now()
      const error = yield* Effect.flip(
        sql.withTransaction(Effect.gen(function*() {
          yield* driver.count(anyone(1000))
          other.exec("INSERT INTO mcp_messages (queue, expires_at, body) VALUES ('q', 9, '1')")
          return yield* driver.insert(storedTask("t"), unlimited, 1000)
        })).pipe(Effect.provideService(SqlClient.BeginTransaction, "BEGIN DEFERRED"))
      )
      assert.isBelow(performance.now() - start, 3000)
      assert.strictEqual(error._tag, "TaskDriverError")
      assert.include(
        error._tag === "TaskDriverError" ? error.reason : "",
        "begin transactions that write with BEGIN IMMEDIATE"
      )
    }))

  it.live("transactions of our client wait for their lock, whoever begins them", () =>
    Effect.gen(function*() {
      const { filename, other } = yield* setUp()
      const sql = yield* openSqlite({ filename })
      other.exec("BEGIN IMMEDIATE")
      let runs = 0
      const fiber = yield* Effect.forkChild(sql.withTransaction(Effect.sync(() => ++runs)))
      yield* Effect.sleep(30)
      assert.isUndefined(fiber.pollUnsafe())
      other.exec("COMMIT")
      assert.strictEqual(yield* Fiber.join(fiber), 1)
      // A lock that it meets later is its own affair: what it did cannot be done again unasked.
      const lock = new SqlError({ reason: new LockTimeoutError({ cause: { errcode: 5 } }) })
      const met = sql.withTransaction(Effect.andThen(Effect.sync(() => ++runs), Effect.fail(lock)))
      assert.strictEqual(yield* Effect.flip(met), lock)
      assert.strictEqual(runs, 2)
    }))

  it.live("a wait that is interrupted leaves no timer that keeps the process alive", () =>
    Effect.gen(function*() {
      const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length
      const before = timers()
      const fiber = yield* Effect.forkChild(Layers.realSleep(1_000_000), { startImmediately: true })
      assert.strictEqual(timers(), before + 1)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(timers(), before)
    }))

  it("a lockTimeout that is none is refused", async () => {
    const error = await Effect.runPromise(Effect.scoped(Effect.flip(open({ filename: ":memory:", lockTimeout: -1 }))))
    assert.include(error.message, "Invalid lockTimeout")
  })
})

describe("writes of other processes", () => {
  it.live("wake whoever waits, within 250 ms", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const [mine, other] = [yield* open({ filename }), yield* open({ filename })]
      const waits: Array<number> = []
      for (let round = 0; round < 9; round++) {
        const taskId = `t${round}`
        yield* mine.createTask({ originalMethod: "tools/call", taskId })
        const waiter = yield* Effect.forkChild(mine.awaitTask(taskId))
        yield* Effect.sleep(30)
        yield* other.settleTask(taskId, { _tag: "Success", value: {} })
        const start = performance.now()
        assert.strictEqual((yield* Fiber.join(waiter)).status, "completed")
        waits.push(performance.now() - start)
      }
      // The typical one: a single one may take longer on a machine with much to do.
      assert.isBelow(waits.sort((left, right) => left - right)[4] ?? Infinity, 250)
    }))
})

it.live("commits are as durable as asked for, and the log is written ahead", () =>
  Effect.gen(function*() {
    for (const [synchronous, level] of [[undefined, 2], ["full", 2], ["normal", 1], ["off", 0]] as const) {
      const sql = yield* openSqlite({ filename: yield* freshFile, synchronous })
      assert.deepStrictEqual(yield* sql`PRAGMA synchronous`.values, [[level]])
      assert.deepStrictEqual(yield* sql`PRAGMA journal_mode`.values, [["wal"]])
      assert.deepStrictEqual(yield* sql`PRAGMA busy_timeout`.values, [[0]])
    }
  }))
