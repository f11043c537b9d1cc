/** That tasks take part in the transactions of their user's own client. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { SqlClient } from "effect/sql"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { makeSqliteDriver } from "../../../src/layers/sqlite/makeSqliteDriver.ts"
import { openSqlite } from "../../../src/layers/sqlite/openSqlite.ts"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"
import { MemoryTracer } from "../../support/MemoryTracer.ts"
import { storedTask } from "../storedTask.ts"
import { anyone, freshFile, open, unlimited } from "./database.ts"

/** A storage on the user's client, beside a table of the user. */
const setUp = Effect.gen(function*() {
  const filename = yield* freshFile
  const services = yield* Layer.build(Layer.provideMerge(
    SqliteTaskStorage.layerClient({ maintenance: false }),
    SqliteTaskStorage.layerSqlClient({ filename })
  ))
  const sql = Context.get(services, SqlClient.SqlClient)
  yield* sql`CREATE TABLE orders (id TEXT)`
  const orders = Effect.map(sql`SELECT * FROM orders`, (rows) => rows.length)
  return { filename, sql, orders, storage: Context.get(services, TaskStorage) }
})

describe("transactions", () => {
  it.live("commit a row of the user and a task together", () =>
    Effect.gen(function*() {
      const { filename, orders, sql, storage } = yield* setUp
      const elsewhere = yield* open({ filename })
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`INSERT INTO orders (id) VALUES (${"o"})`
        yield* storage.createTask({ originalMethod: "tools/call", taskId: "t" })
        yield* storage.settleTask("t", { _tag: "Success", value: {} })
        assert.strictEqual(yield* elsewhere.taskCount(), 0)
      }))
      assert.strictEqual(yield* elsewhere.taskCount(), 1)
      assert.strictEqual(yield* orders, 1)
    }))

  it.live("roll back a row of the user and a task together", () =>
    Effect.gen(function*() {
      const { orders, sql, storage } = yield* setUp
      yield* storage.createTask({ originalMethod: "tools/call", taskId: "kept" })
      const rolledBack = sql.withTransaction(Effect.gen(function*() {
        yield* sql`INSERT INTO orders (id) VALUES (${"o"})`
        yield* storage.createTask({ originalMethod: "tools/call", taskId: "t" })
        yield* storage.requireInput("kept", { key: {} })
        // Refusals and lost races inside a transaction do not end it.
        yield* Effect.flip(storage.createTask({ originalMethod: "tools/call", taskId: "t" }))
        yield* Effect.flip(storage.updateTaskStatus("nowhere", "working"))
        return yield* Effect.fail("enough")
      }))
      assert.strictEqual(yield* Effect.flip(rolledBack), "enough")
      assert.strictEqual(yield* storage.taskCount(), 1)
      assert.strictEqual((yield* Effect.fromOption(yield* storage.getTask("kept"))).status, "working")
      assert.strictEqual(yield* orders, 0)
    }))

  it.live("wake waiters after the commit, and only then", () =>
    Effect.gen(function*() {
      const { sql, storage } = yield* setUp
      yield* storage.createTask({ originalMethod: "tools/call", taskId: "t" })
      const waiter = yield* Effect.forkChild(storage.awaitTask("t"))
      yield* Effect.sleep(20)
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* storage.settleTask("t", { _tag: "Success", value: {} })
        yield* Effect.sleep(50)
        assert.isUndefined(waiter.pollUnsafe())
      }))
      const woken = yield* Effect.timeout(Fiber.join(waiter), "60 seconds")
      assert.strictEqual(woken.status, "completed")
    }))

  it.live("limits count what a transaction wrote, and forget what it rolled back", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const services = yield* Layer.build(Layer.provideMerge(
        SqliteTaskStorage.layerClient({ maintenance: false, maxTasks: 1 }),
        SqliteTaskStorage.layerSqlClient({ filename })
      ))
      const sql = Context.get(services, SqlClient.SqlClient)
      const storage = Context.get(services, TaskStorage)
      const create = storage.createTask({ originalMethod: "tools/call" })
      yield* Effect.flip(sql.withTransaction(Effect.gen(function*() {
        yield* create
        assert.strictEqual((yield* Effect.flip(create))._tag, "MaxTasksReached")
        return yield* Effect.fail("enough")
      })))
      yield* create
      assert.strictEqual((yield* Effect.flip(create))._tag, "MaxTasksReached")
    }))

  it.live("may roll back the counting that their first limited task began", () =>
    Effect.gen(function*() {
      const sql = yield* openSqlite({ filename: ":memory:" })
      const driver = yield* makeSqliteDriver(sql, {})
      const insert = (taskId: string) => driver.insert(storedTask(taskId), { ...unlimited, maxTasks: 1 }, 1000)
      yield* Effect.flip(sql.withTransaction(Effect.andThen(insert("1"), Effect.fail("enough"))))
      assert.deepStrictEqual(yield* insert("2"), { _tag: "Inserted" })
      assert.deepStrictEqual(yield* insert("3"), { _tag: "LimitReached", scope: "storage", limit: 1 })
    }))

  it.live("let an effect of the driver run after their commit, and not after a rollback", () =>
    Effect.gen(function*() {
      const sql = yield* openSqlite({ filename: ":memory:" })
      const { afterCommit } = yield* makeSqliteDriver(sql, {})
      assert.isDefined(afterCommit)
      const seen: Array<string> = []
      const note = (what: string) => Effect.sync(() => void seen.push(what))
      const registered = Effect.andThen(afterCommit(note("after")), note("within"))
      yield* sql.withTransaction(registered)
      yield* Effect.flip(sql.withTransaction(Effect.andThen(registered, Effect.fail("enough"))))
      yield* afterCommit(note("without"))
      assert.deepStrictEqual(seen, ["within", "after", "within", "without"])
    }))

  it.live("are joined however they were begun", () =>
    Effect.gen(function*() {
      const sql = yield* openSqlite({ filename: ":memory:" })
      const driver = yield* makeSqliteDriver(sql, {})
      yield* Effect.scoped(Effect.gen(function*() {
        const connection = yield* sql.reserve
        yield* connection.executeUnprepared("BEGIN IMMEDIATE", [], undefined)
        const result = yield* Effect.andThen(
          driver.insert(storedTask("t"), unlimited, 1000),
          driver.patch("t", anyone(1000), { unchanged: { revision: 9, incarnation: "first" } }, { lastUpdatedAt: 1 })
        ).pipe(Effect.provideService(sql.transactionService, [connection, 0]))
        assert.strictEqual(result._tag, "Rejected")
        yield* connection.executeUnprepared("ROLLBACK", [], undefined)
      }))
      assert.strictEqual(yield* driver.count(anyone(1000)), 0)
    }))

  it.live("show the statements of tasks to a tracer, as spans under that of their caller", () =>
    Effect.gen(function*() {
      const { storage } = yield* setUp
      const { spans, tracer } = new MemoryTracer()
      yield* storage.getTask("secret").pipe(Effect.withSpan("caller"), Effect.withTracer(tracer))
      const statement = spans.find((span) => span.attributes.has("db.query.text"))
      assert.include(statement?.attributes.get("db.query.text"), "FROM mcp_tasks WHERE task_id = ?")
    }))
})

it.live("what is written takes one statement, and what is refused one transaction", () =>
  Effect.gen(function*() {
    const sql = yield* openSqlite({ filename: ":memory:" })
    const { withTransaction } = sql
    let transactions = 0
    Object.assign(sql, {
      withTransaction: (effect: Effect.Effect<unknown>) => {
        transactions++
        return withTransaction(effect)
      }
    })
    const driver = yield* makeSqliteDriver(sql, {})
    transactions = 0
    const touch = { lastUpdatedAt: 1001 }
    yield* driver.insert(storedTask("t"), unlimited, 1000)
    yield* driver.patch("t", anyone(1000), { statuses: ["working"] }, touch)
    assert.strictEqual(transactions, 0)
    // Between a refused write and a read behind it another process could write: the answer would be of another state.
    const refused = yield* driver.patch("t", anyone(1000), { statuses: ["completed"] }, touch)
    assert.strictEqual(refused._tag, "Rejected")
    assert.strictEqual(transactions, 1)
    assert.strictEqual((yield* driver.insert(storedTask("t"), unlimited, 1000))._tag, "Exists")
    assert.strictEqual(transactions, 2)
  }))
