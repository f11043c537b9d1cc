/** That writes which come at once share a commit, and that each still stands or falls alone. */
import { assert, describe, it, vi } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import { SqlError, UnknownError } from "effect/sql/SqlError"
import * as Tracer from "effect/Tracer"
import { fromDrivers } from "mcp-task-storage/testing"
import { rmSync } from "node:fs"
import type { DatabaseSync } from "node:sqlite"
import type { TaskDriver } from "../../../src/domain/TaskDriver.ts"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { realSleep } from "../../../src/layers/realSleep.ts"
import { makeSqliteDriver } from "../../../src/layers/sqlite/makeSqliteDriver.ts"
import { openSqlite, type SqliteClient } from "../../../src/layers/sqlite/openSqlite.ts"
import { openTaskStorage } from "../../../src/promise/openTaskStorage.ts"
import { checkLinearizability } from "../../../src/testing/linearizability/checkLinearizability.ts"
import { runsOr } from "../../support/runs.ts"
import { storedTask, text } from "../storedTask.ts"
import { anyone, bare, freshFile, unlimited } from "./database.ts"

const anybody = anyone(1000)

/** Far fewer than there are writes: on a busy machine the time of a commit may be over when few of them have joined it. */
const fewCommits = 10

/** Counts the shared transactions of a client. Those within them are savepoints. */
const counting = (sql: SqliteClient) => {
  const counted = { transactions: 0 }
  const { transactAtOnce } = sql
  Object.assign(sql, {
    transactAtOnce: <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.suspend(() => {
        if (sql.isTransaction()) return transactAtOnce(effect)
        return transactAtOnce(Effect.andThen(Effect.sync(() => counted.transactions++), effect))
      })
  })
  return counted
}

/** Changes what becomes of the shared transactions of a client. */
const changing = (
  sql: SqliteClient,
  change: <A, E, R>(
    effect: Effect.Effect<A, E, R>,
    transact: SqliteClient["transactAtOnce"]
  ) => Effect.Effect<A, E | SqlError, R>
) => {
  const { transactAtOnce } = sql
  Object.assign(sql, {
    transactAtOnce: <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.suspend(() => sql.isTransaction() ? transactAtOnce(effect) : change(effect, transactAtOnce))
  })
}

const setUp = Effect.fnUntraced(function*(options: { readonly lockTimeout?: number } = {}) {
  const filename = yield* freshFile
  const sql = yield* openSqlite({ filename, synchronous: "off", ...options })
  const driver = yield* makeSqliteDriver(sql, options)
  const other = yield* bare(filename)
  return { filename, sql, driver, other }
})

const insert = (driver: TaskDriver, taskId: string) => driver.insert(storedTask(taskId), unlimited, 1000)

const names = (count: number) => Array.from({ length: count }, (_, index) => `t${index}`)

const atOnce = <A, E>(effects: Iterable<Effect.Effect<A, E>>) =>
  Effect.all([...effects].map(Effect.exit), { concurrency: "unbounded" })

const failureOf = <A, E>(exits: ReadonlyArray<Exit.Exit<A, E>>, index: number): Effect.Effect<E, A> =>
  Effect.flip(exits.at(index) ?? Effect.die("there is no such exit"))

const idsIn = (database: DatabaseSync) =>
  database.prepare("SELECT task_id FROM mcp_tasks ORDER BY task_id").all().map((row) => String(row["task_id"]))

/** As programs call it that are not written in Effect. */
const startCall = <A, E>(call: Effect.Effect<A, E>): Fiber.Fiber<A, E> => Effect.runFork(call)
const asPromise = <A, E>(call: Effect.Effect<A, E>): Promise<A> => Effect.runPromise(call)

const fault = (errcode: number) => new SqlError({ reason: new UnknownError({ cause: { errcode } }) })

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

/** Fails unless each write is there for another process when its caller goes on. */
const checkAcknowledged = Effect.fnUntraced(function*(change: (sql: SqliteClient) => void) {
  const { driver, other, sql } = yield* setUp()
  change(sql)
  const find = other.prepare("SELECT status FROM mcp_tasks WHERE task_id = ?")
  yield* Effect.forEach(names(50), (id) =>
    Effect.gen(function*() {
      yield* insert(driver, id)
      if (find.get(id) === undefined) return yield* Effect.fail("the task is not there")
      yield* driver.patch(id, anybody, {}, { lastUpdatedAt: 2000, status: "completed" })
      if (find.get(id)?.["status"] !== "completed") return yield* Effect.fail("the task has not ended")
    }), { concurrency: "unbounded" })
})

describe("an acknowledgement", () => {
  it.live("comes after the commit", () => checkAcknowledged(() => undefined))

  it.live("that comes before the commit is noticed", () =>
    Effect.gen(function*() {
      const early = checkAcknowledged((sql) =>
        changing(sql, (effect, transact) =>
          Effect.gen(function*() {
            const answer = yield* Deferred.make<Effect.Success<typeof effect>, Effect.Error<typeof effect>>()
            const late = Effect.andThen(Deferred.into(effect, answer), realSleep(20))
            yield* Effect.forkDetach(transact(late))
            return yield* Deferred.await(answer)
          }))
      )
      assert.include(["the task is not there", "the task has not ended"], yield* Effect.flip(early))
    }))

  it.live("comes for nobody when the commit fails", () =>
    Effect.gen(function*() {
      // Of a disk that fails, and of one that is full.
      for (const [errcode, applied] of [[1034, "unknown"], [13, "no"]] as const) {
        const { driver, other, sql } = yield* setUp()
        yield* insert(driver, "before")
        changing(sql, (effect, transact) => transact(Effect.andThen(effect, Effect.fail(fault(errcode)))))
        const exits = yield* atOnce([
          ...names(20).map((id) => Effect.asVoid(insert(driver, id))),
          Effect.asVoid(driver.remove("before", anybody)),
          Effect.asVoid(driver.transaction?.(driver.patch("nowhere", anybody, {}, { lastUpdatedAt: 1 })) ?? Effect.void)
        ])
        for (const exit of exits) {
          const error = yield* Effect.flip(exit)
          assert.deepInclude(error, { _tag: "TaskDriverError", retryable: true, applied })
        }
        assert.deepStrictEqual(idsIn(other), ["before"])
      }
    }))

  it.live("comes from each write done alone when the commit met a lock", () =>
    Effect.gen(function*() {
      const { driver, other, sql } = yield* setUp()
      changing(sql, (effect, transact) => transact(Effect.andThen(effect, Effect.fail(fault(5)))))
      let runs = 0
      const once = driver.transaction?.(Effect.andThen(Effect.sync(() => runs++), insert(driver, "once")))
      const exits = yield* atOnce([...names(20).map((id) => insert(driver, id)), once ?? Effect.die("no transactions")])
      for (const exit of exits.slice(0, -1)) assert.isTrue(Exit.isSuccess(exit))
      // What may do more than use the database is not run again unasked.
      const error = yield* failureOf(exits, -1)
      assert.deepInclude(error, { _tag: "TaskDriverError", retryable: true, applied: "no" })
      assert.strictEqual(runs, 1)
      assert.sameMembers(idsIn(other), names(20))
    }))

  it.live("comes for nobody when the files went meanwhile", () =>
    Effect.gen(function*() {
      const { driver, filename, sql } = yield* setUp()
      changing(sql, (effect, transact) => Effect.tap(transact(effect), Effect.sync(() => rmSync(filename))))
      const [, ...shared] = yield* atOnce(names(20).map((id) => insert(driver, id)))
      for (const exit of shared) {
        const error = yield* Effect.flip(exit)
        assert.deepInclude(error, { retryable: false, applied: "unknown" })
        assert.include(error.reason, "was deleted or moved away")
      }
    }))
})

describe("a write that fails", () => {
  for (const how of ["ABORT", "ROLLBACK"]) {
    it.live(`by RAISE(${how}) takes no other write along`, () =>
      Effect.gen(function*() {
        const { driver, other, sql } = yield* setUp()
        yield* sql.unsafe("CREATE TABLE audit (id TEXT)")
        yield* sql.unsafe(
          "CREATE TRIGGER audited AFTER INSERT ON mcp_tasks BEGIN INSERT INTO audit VALUES (NEW.task_id); " +
            `SELECT RAISE(${how}, 'no') WHERE NEW.task_id = 't7'; END`
        )
        const exits = yield* atOnce(names(20).map((id) => insert(driver, id)))
        assert.deepStrictEqual(
          exits.flatMap((exit, index) => Exit.isSuccess(exit) ? [] : [index]),
          [7]
        )
        const expected = names(20).filter((id) => id !== "t7")
        assert.sameMembers(idsIn(other), expected)
        const audited = other.prepare("SELECT id FROM audit").all().map((row) => row["id"])
        assert.sameMembers(audited, expected)
      }))
  }

  it.live("within a transaction of several steps, which SQLite undoes whole, takes no other write along", () =>
    Effect.gen(function*() {
      const { driver, other, sql } = yield* setUp()
      yield* sql.unsafe(
        "CREATE TRIGGER refusing AFTER INSERT ON mcp_tasks WHEN NEW.task_id = 'bad' " +
          "BEGIN SELECT RAISE(ROLLBACK, 'no'); END"
      )
      const steps = driver.transaction?.(Effect.andThen(insert(driver, "good"), insert(driver, "bad")))
      const exits = yield* atOnce([
        ...names(10).map((id) => insert(driver, id)),
        steps ?? Effect.die("no transactions"),
        ...names(20).slice(10).map((id) => insert(driver, id))
      ])
      // As it says itself.
      assert.include(yield* failureOf(exits, 10), { retryable: false })
      assert.isTrue(exits.every((exit, index) => index === 10 || Exit.isSuccess(exit)))
      assert.sameMembers(idsIn(other), names(20))
    }))

  it.live("for a full disk takes no other write along", () =>
    Effect.gen(function*() {
      const { driver, other, sql } = yield* setUp()
      yield* sql`PRAGMA max_page_count = 100`
      const big = driver.insert(storedTask("big", { originalParams: text("x".repeat(1_000_000)) }), unlimited, 1000)
      const small = names(20).map((id) => insert(driver, id))
      const exits = yield* atOnce([...small.slice(0, 10), big, ...small.slice(10)])
      const error = yield* failureOf(exits, 10)
      assert.deepInclude(error, { _tag: "TaskDriverError", retryable: true, applied: "no" })
      assert.isTrue(exits.every((exit, index) => index === 10 || Exit.isSuccess(exit)))
      assert.sameMembers(idsIn(other), names(20))
    }))

  it.live("halfway leaves no half of it behind", () =>
    Effect.gen(function*() {
      const { driver, other, sql } = yield* setUp()
      const { valuesAtOnce } = sql
      // As a statement does that meets a corrupt page: SQLite leaves its first part in an open transaction.
      Object.assign(sql, {
        valuesAtOnce: (statement: string, params: ReadonlyArray<unknown>) => {
          const fails = params.includes("t7")
          const rows = fails && !sql.isTransaction() ? [] : valuesAtOnce(statement, params)
          if (fails) throw Object.assign(new Error("corrupt"), { errcode: 11 })
          return rows
        }
      })
      const exits = yield* atOnce(names(20).map((id) => insert(driver, id)))
      const error = yield* failureOf(exits, 7)
      assert.include(error, { _tag: "TaskDriverError", applied: "no" })
      assert.isTrue(exits.every((exit, index) => index === 7 || Exit.isSuccess(exit)))
      assert.sameMembers(idsIn(other), names(20).filter((id) => id !== "t7"))
    }))
})

describe("a transaction of several steps", () => {
  it.live("that fails takes back what it wrote, and nothing else", () =>
    Effect.gen(function*() {
      const { driver, other } = yield* setUp()
      const failing = driver.transaction?.(Effect.andThen(insert(driver, "bad"), Effect.fail("enough" as const)))
      const exits = yield* atOnce([
        ...names(10).map((id) => insert(driver, id)),
        failing ?? Effect.die("no transactions"),
        ...names(20).slice(10).map((id) => insert(driver, id))
      ])
      assert.strictEqual(yield* failureOf(exits, 10), "enough")
      assert.sameMembers(idsIn(other), names(20))
    }))

  it.live("that cannot take back what it wrote takes all with it, and the others are written again", () =>
    Effect.gen(function*() {
      const { driver, other, sql } = yield* setUp()
      const { transactAtOnce } = sql
      Object.assign(sql, {
        transactAtOnce: <A, E, R>(effect: Effect.Effect<A, E, R>) =>
          Effect.suspend(() =>
            sql.isTransaction() ? Effect.catch(effect, () => Effect.die(fault(10))) : transactAtOnce(effect)
          )
      })
      const failing = driver.transaction?.(Effect.andThen(insert(driver, "bad"), Effect.fail("enough" as const)))
      const exits = yield* atOnce([
        ...names(10).map((id) => insert(driver, id)),
        failing ?? Effect.die("no transactions"),
        ...names(20).slice(10).map((id) => insert(driver, id))
      ])
      assert.deepInclude(yield* failureOf(exits, 10), { _tag: "TaskDriverError", applied: "unknown" })
      assert.isTrue(exits.every((exit, index) => index === 10 || Exit.isSuccess(exit)))
      assert.sameMembers(idsIn(other), names(20))
    }))

  it.live("tells others what it wrote after the commit", () =>
    Effect.gen(function*() {
      const { driver, other } = yield* setUp()
      const seen: Array<ReadonlyArray<string>> = []
      const look = driver.afterCommit?.(Effect.sync(() => void seen.push(idsIn(other)))) ?? Effect.void
      const steps = driver.transaction?.(Effect.andThen(insert(driver, "steps"), look)) ?? Effect.void
      yield* atOnce([Effect.asVoid(insert(driver, "a")), Effect.asVoid(steps), Effect.asVoid(insert(driver, "b"))])
      assert.lengthOf(seen, 1)
      assert.include(seen[0] ?? [], "steps")
    }))
})

it.live("statements have the spans of their callers above them, and none without", () =>
  Effect.gen(function*() {
    const { driver } = yield* setUp()
    const spans: Array<Tracer.NativeSpan> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
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

describe("a lock of another process", () => {
  it.live("is waited for by all together, and blocks nobody meanwhile", () =>
    Effect.gen(function*() {
      const { driver, other, sql } = yield* setUp()
      const counted = counting(sql)
      other.exec("BEGIN IMMEDIATE")
      const fibers = yield* Effect.forEach(names(30), (id) => Effect.forkChild(insert(driver, id)))
      const turns: Array<number> = []
      for (let turn = 0; turn < 30; turn++) {
        const start = performance.now()
        yield* realSleep(2)
        assert.isUndefined(yield* driver.find("t0", anybody))
        turns.push(performance.now() - start)
      }
      assert.isBelow(turns.sort((left, right) => left - right)[15] ?? Infinity, 50)
      assert.isTrue(fibers.every((fiber) => fiber.pollUnsafe() === undefined))
      other.exec("COMMIT")
      yield* Fiber.joinAll(fibers)
      assert.lengthOf(idsIn(other), 30)
      assert.isAtMost(counted.transactions, fewCommits)
    }))

  it.live("is waited for together by those who come one after the other", () =>
    Effect.gen(function*() {
      const { driver, other, sql } = yield* setUp()
      const counted = counting(sql)
      other.exec("BEGIN IMMEDIATE")
      const fibers = yield* Effect.forEach(names(20), (id) =>
        Effect.tap(Effect.forkChild(insert(driver, id), { startImmediately: true }), realSleep(2)))
      other.exec("COMMIT")
      yield* Fiber.joinAll(fibers)
      assert.lengthOf(idsIn(other), 20)
      assert.isAtLeast(counted.transactions, 1)
      assert.isAtMost(counted.transactions, fewCommits)
    }))

  it.live("is waited for as long as lockTimeout says, by each from when it came", () =>
    Effect.gen(function*() {
      const { driver, other } = yield* setUp({ lockTimeout: 1000 })
      other.exec("BEGIN IMMEDIATE")
      const start = performance.now()
      const waited = (id: string) =>
        Effect.gen(function*() {
          const began = performance.now()
          const error = yield* Effect.flip(insert(driver, id))
          assert.deepInclude(error, { _tag: "TaskDriverError", retryable: true, applied: "no" })
          assert.include(error.reason, "the lockTimeout of 1000 ms; try again")
          assert.isAtLeast(performance.now() - began, 1000)
        })
      const first = yield* Effect.forEach(names(10), (id) => Effect.forkChild(waited(id)))
      yield* realSleep(800)
      const late = yield* Effect.forkChild(insert(driver, "late"))
      yield* Fiber.joinAll(first)
      // Nobody has waited twice.
      assert.isBelow(performance.now() - start, 1700)
      other.exec("COMMIT")
      yield* Fiber.join(late)
      assert.deepStrictEqual(idsIn(other), ["late"])
    }))

  it.live("that others wait for lets those go who give up, and their writes do not happen", () =>
    Effect.gen(function*() {
      const { driver, other } = yield* setUp()
      other.exec("BEGIN IMMEDIATE")
      const fibers = yield* Effect.forEach(names(20), (id) => Effect.forkChild(insert(driver, id)))
      yield* realSleep(30)
      const start = performance.now()
      yield* Fiber.interruptAll(fibers.slice(0, 15))
      assert.isBelow(performance.now() - start, 1000)
      other.exec("COMMIT")
      yield* Fiber.joinAll(fibers.slice(15))
      yield* realSleep(30)
      assert.sameMembers(idsIn(other), names(20).slice(15))
    }))
})

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
    const exits = yield* Effect.forEach(fibers, (fiber) => Effect.timeout(Fiber.await(fiber), 5000))
    assert.isTrue(exits.every(Exit.isSuccess))
    assert.lengthOf(idsIn(yield* bare(filename)), 50)
  }))
