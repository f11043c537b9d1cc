/** The layers of PostgreSQL: where the tables are, whose client it is, and whose transaction. */
import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { contractSuite, fromDrivers, runCase } from "mcp-task-storage/testing"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import * as PostgresTaskStorage from "../../../src/layers/PostgresTaskStorage.ts"
import { perFile } from "../../support/perFile.ts"
import { connect, driverOver, emptied, open } from "./database.ts"
import { freshUrl, postgres } from "./engine.ts"
import { recording } from "./statements.ts"

/** A storage on the user's client, beside a table of the user. */
const setUp = (options: PostgresTaskStorage.ClientOptions = {}) =>
  Effect.gen(function*() {
    const url = yield* freshUrl
    const sql = yield* connect(url, { maxConnections: 4 })
    const built = yield* Layer.build(Layer.provide(
      PostgresTaskStorage.layerClient({ maintenance: false, ...options }),
      Layer.succeed(PgClient.PgClient, sql)
    ))
    yield* sql`CREATE TABLE orders (id text)`
    const orders = Effect.map(sql`SELECT * FROM orders`, (rows) => rows.length)
    return { orders, sql, storage: Context.get(built, TaskStorage), url }
  })

const create = (taskId: string) => ({ originalMethod: "tools/call", taskId })
const success = { _tag: "Success", value: {} } as const

it.live("payloads that the user's client could not read are refused before they are written", () =>
  Effect.gen(function*() {
    const mebibyte = 1024 * 1024
    const error = yield* Effect.flip(setUp({ maxPayloadBytes: 8 * mebibyte }))
    assert.deepInclude(error, { _tag: "InvalidInput", field: "maxPayloadBytes" })
    assert.include(error.message, `raise its maxMessageSize to ${17 * mebibyte}`)
    // What the client reads by default is enough for what is stored by default.
    const { storage } = yield* setUp({ statementTimeout: "30 days" })
    const value = "x".repeat(7 * mebibyte - 30)
    yield* storage.createTask({ ...create("t"), originalParams: value })
    yield* storage.settleTask("t", { _tag: "Success", value })
    assert.deepStrictEqual(yield* storage.getTaskResult("t"), Option.some({ _tag: "Success" as const, value }))
  }))

describe("where the tables are", () => {
  it.live("two schemas and two prefixes of one database do not meet, and are made when missing", () =>
    Effect.gen(function*() {
      const url = yield* freshUrl
      const places = [
        {},
        { tablePrefix: "App_" },
        { databaseSchema: "one" },
        { databaseSchema: "Two", tablePrefix: "App_" },
        { databaseSchema: "user" }
      ]
      for (const place of places) {
        const storage = yield* open({ url, maxTasks: 1, maxTasksPerSession: 1, ...place })
        assert.strictEqual(yield* storage.taskCount(), 0)
        yield* storage.createTask({ ...create("t"), sessionId: "s" })
        assert.strictEqual((yield* Effect.flip(storage.createTask(create("u"))))._tag, "MaxTasksReached")
        assert.deepStrictEqual(
          yield* storage.messages.enqueue("t", "m", { maxSize: 1 }),
          { full: false }
        )
        assert.deepStrictEqual(yield* storage.messages.enqueue("t", "m", { maxSize: 1 }), { full: true, size: 1 })
        yield* storage.settleTask("t", success)
      }
      const sql = yield* connect(url)
      const found = yield* sql`SELECT schemaname || '.' || tablename AS name FROM pg_tables
        WHERE tablename LIKE '%tasks' ORDER BY 1`
      assert.sameMembers(
        found.map((row) => row["name"]),
        ["public.mcp_tasks", "public.app_tasks", "one.mcp_tasks", "Two.app_tasks", "user.mcp_tasks"]
      )
      for (const place of places) {
        const storage = yield* open({ url, ...place, schema: "verify" })
        assert.isTrue(yield* storage.deleteTask("t"))
      }
    }))

  it.live("options may come from the configuration", () =>
    Effect.gen(function*() {
      const url = yield* freshUrl
      const { password } = yield* postgres
      const layer = PostgresTaskStorage.layerConfig({
        url: Config.String("URL"),
        password: Config.Redacted("PASSWORD"),
        tablePrefix: Config.String("PREFIX"),
        maintenance: Config.succeed(false)
      })
      const provider = ConfigProvider.fromUnknown({
        URL: url.replace(`:${encodeURIComponent(password)}@`, "@"),
        PASSWORD: password,
        PREFIX: "configured_"
      })
      yield* Layer.build(Layer.provide(layer, ConfigProvider.layer(provider)))
      const sql = yield* connect(url)
      assert.lengthOf(yield* sql`SELECT 1 FROM configured_schema`, 1)
      const missing = yield* Effect.flip(Layer.build(layer))
      assert.strictEqual(missing._tag, "ConfigError")
    }))
})

describe("transactions of the user", () => {
  it.live("commit a row of the user and a task together", () =>
    Effect.gen(function*() {
      const { orders, sql, storage, url } = yield* setUp()
      const elsewhere = yield* open({ url })
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`INSERT INTO orders (id) VALUES (${"o"})`
        yield* storage.createTask(create("t"))
        yield* storage.settleTask("t", success)
        assert.strictEqual(yield* elsewhere.taskCount(), 0)
      }))
      assert.strictEqual(yield* elsewhere.taskCount(), 1)
      assert.strictEqual(yield* orders, 1)
    }))

  it.live("roll back a row of the user and a task together", () =>
    Effect.gen(function*() {
      const { orders, sql, storage } = yield* setUp({ maxTasks: 2 })
      yield* storage.createTask(create("kept"))
      const rolledBack = sql.withTransaction(Effect.gen(function*() {
        yield* sql`INSERT INTO orders (id) VALUES (${"o"})`
        yield* storage.createTask(create("t"))
        yield* storage.requireInput("kept", { key: {} })
        // Refusals and lost races inside a transaction do not end it.
        yield* Effect.flip(storage.createTask(create("t")))
        yield* Effect.flip(storage.updateTaskStatus("nowhere", "working"))
        assert.strictEqual((yield* Effect.flip(storage.createTask(create("u"))))._tag, "MaxTasksReached")
        return yield* Effect.fail("enough")
      }))
      assert.strictEqual(yield* Effect.flip(rolledBack), "enough")
      assert.strictEqual(yield* storage.taskCount(), 1)
      assert.strictEqual((yield* Effect.fromOption(yield* storage.getTask("kept"))).status, "working")
      assert.strictEqual(yield* orders, 0)
      yield* storage.createTask(create("t"))
    }))

  it.live("wake waiters of this process and of others after the commit, and only then", () =>
    Effect.gen(function*() {
      const { sql, storage, url } = yield* setUp()
      const elsewhere = yield* open({ url })
      yield* storage.createTask(create("t"))
      const waiters = [
        yield* Effect.forkChild(storage.awaitTask("t")),
        yield* Effect.forkChild(elsewhere.awaitTask("t"))
      ]
      yield* Effect.sleep(200)
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* storage.settleTask("t", success)
        yield* Effect.sleep(200)
        for (const waiter of waiters) assert.isUndefined(waiter.pollUnsafe())
      }))
      for (const waiter of waiters) {
        const woken = yield* Effect.timeout(Fiber.join(waiter), "4 seconds")
        assert.strictEqual(woken.status, "completed")
      }
    }))

  it.live("are not tried again within, since PostgreSQL has ended them", () =>
    Effect.gen(function*() {
      const { orders, sql, storage, url } = yield* setUp()
      const other = yield* connect(url)
      yield* storage.createTask(create("t"))
      const sent = recording(sql)
      const error = yield* other.withTransaction(Effect.gen(function*() {
        yield* other`SELECT 1 FROM mcp_tasks FOR UPDATE`
        return yield* Effect.flip(sql.withTransaction(Effect.gen(function*() {
          yield* sql`INSERT INTO orders (id) VALUES (${"o"})`
          yield* sql`SET LOCAL lock_timeout = 50`
          return yield* storage.settleTask("t", success)
        })))
      }))
      assert.deepInclude(error, { _tag: "TaskStorageUnavailable", retryable: true, applied: "no" })
      assert.include(error.message, "the task is locked by another transaction; run the whole transaction again")
      assert.lengthOf(sent.filter((text) => text.includes("UPDATE mcp_tasks")), 1)
      assert.strictEqual(yield* orders, 0)
      assert.strictEqual((yield* storage.settleTask("t", success)).status, "completed")
    }))
})

describe("clients of the user", () => {
  const upper = (name: string) => name.toUpperCase()
  const scrambled = { transformResultNames: upper, transformQueryNames: upper, transformJson: true }
  const clients: ReadonlyArray<readonly [name: string, options: PgClient.PgPoolConfig]> = [
    ["that transform names and share connections", { ...scrambled, multiplex: true, maxConnections: 3 }],
    ["that prepare nothing", { prepare: false, maxConnections: 3 }]
  ]
  const subjects = ["createTask", "lists", "limits", "requireInput, provideInput", "messages", "maintenance"]
  for (const [name, options] of clients) {
    const pair = perFile(Effect.gen(function*() {
      const url = yield* freshUrl
      const make = Effect.flatMap(connect(url, options), (sql) => driverOver(sql, {}))
      return { sql: yield* connect(url), first: yield* make, second: yield* make }
    }))
    const harness = fromDrivers({ makeDrivers: Effect.flatMap(pair, emptied) })
    describe(name, () => {
      for (const { cases, subject } of contractSuite) {
        if (!subjects.includes(subject)) continue
        it.live(`pass the contract under ${subject}`, () =>
          Effect.forEach(cases, (contract) => runCase(harness, contract), { discard: true }))
      }
    })
  }

  it("are tried under subjects that there are", () => {
    assert.includeMembers(contractSuite.map(({ subject }) => subject), subjects)
  })
})
