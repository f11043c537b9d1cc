/** That the tables are made once, whoever opens the database, and that versions which do not fit are refused. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { SqlClient } from "effect/sql/SqlClient"
import { contractSuite, fromDrivers, runCase } from "mcp-task-storage/testing"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { makePostgresDialect } from "../../../src/layers/postgres/PostgresDialect.ts"
import * as PostgresTaskStorage from "../../../src/layers/PostgresTaskStorage.ts"
import { makeSqlRunner } from "../../../src/layers/sql/SqlRunner.ts"
import { prepareSchema } from "../../../src/layers/sql/SqlSchema.ts"
import { taskTables } from "../../../src/layers/sql/TaskTables.ts"
import { perFile } from "../../support/perFile.ts"
import { storedTask } from "../storedTask.ts"
import { anyone, connect, emptied, open, unlimited } from "./database.ts"
import { freshRole, freshUrl, postgres } from "./engine.ts"
import { recording } from "./statements.ts"

const setUp = Effect.gen(function*() {
  const url = yield* freshUrl
  return { sql: yield* connect(url), url }
})

const openFailure = (options: PostgresTaskStorage.Options) => Effect.scoped(Effect.flip(open(options)))
const tablesOf = (sql: SqlClient) =>
  Effect.map(
    sql`SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
    (rows) => rows.map((row) => row["tablename"])
  )
const call = { originalMethod: "tools/call" }

describe("verify and trust", () => {
  it.live("make nothing in an empty database: the one refuses it, with the other it shows later", () =>
    Effect.gen(function*() {
      const { sql, url } = yield* setUp
      const error = yield* openFailure({ url, schema: "verify" })
      assert.strictEqual(error._tag, "TaskStorageUnavailable")
      assert.include(error.message, "open failed: the tables are missing, and this library needs version 3")
      const trusting = yield* open({ url, schema: "trust" })
      assert.include((yield* Effect.flip(trusting.createTask(call))).message, "run the migrations")
      assert.deepStrictEqual(yield* tablesOf(sql), [])
    }))

  it.live("take a database that is ready, the one with a look, the other without", () =>
    Effect.gen(function*() {
      const { sql, url } = yield* setUp
      yield* open({ url })
      for (const schema of ["verify", "trust"] as const) {
        const storage = yield* open({ url, schema })
        yield* storage.createTask({ ...call, taskId: schema })
        assert.isTrue(yield* storage.deleteTask(schema))
        const refused = yield* openFailure({ url, schema, maxTasks: 1 })
        assert.include(refused.message, "run the statements of limitTriggers")
      }
      const before = recording(sql)
      const tables = yield* Effect.fromResult(taskTables())
      const dialect = makePostgresDialect()
      const runner = makeSqlRunner(sql, dialect, { lockTimeout: 1000 })
      yield* prepareSchema(runner, dialect, tables, "trust", dialect.migrations(tables))
      assert.lengthOf(before, 0)
      yield* prepareSchema(runner, dialect, tables, "verify", dialect.migrations(tables))
      assert.lengthOf(before, 3)
    }))

  it.live("take a newer schema as long as it is compatible with this library", () =>
    Effect.gen(function*() {
      const { sql, url } = yield* setUp
      yield* Effect.scoped(open({ url }))
      yield* sql`UPDATE mcp_schema SET version = 7, compatible_with = 1`
      for (const schema of ["migrate", "verify"] as const) yield* (yield* open({ url, schema })).createTask(call)
      yield* sql`UPDATE mcp_schema SET version = 7, compatible_with = 4`
      for (const schema of ["migrate", "verify"] as const) {
        const error = yield* openFailure({ url, schema })
        assert.include(error.message, "schema version 7, which needs a library of at least version 4")
        assert.include(error.message, "upgrade mcp-task-storage")
      }
    }))
})

describe("migrate", () => {
  it.live("makes the tables once when ten layers open an empty database at the same moment", () =>
    Effect.gen(function*() {
      const { sql, url } = yield* setUp
      const storages = yield* Effect.all(
        Array.from({ length: 10 }, () => open({ url, databaseSchema: "tasks", maxTasks: 10 })),
        { concurrency: "unbounded" }
      )
      yield* Effect.forEach(storages, (storage) => storage.createTask(call), { concurrency: "unbounded" })
      for (const storage of storages) assert.strictEqual(yield* storage.taskCount(), 10)
      assert.strictEqual((yield* Effect.flip(storages[0]?.createTask(call) ?? Effect.void))._tag, "MaxTasksReached")
      assert.lengthOf(yield* sql`SELECT 1 FROM tasks.mcp_schema`, 1)
    }))

  it.live("and when processes do", () =>
    Effect.gen(function*() {
      const { url } = yield* setUp
      const program = fileURLToPath(new URL("opener.ts", import.meta.url))
      const run = promisify(execFile)
      const outputs = yield* Effect.promise(() =>
        Promise.all(["1", "2"].map((taskId) => run(process.execPath, [program, url, taskId])))
      )
      assert.deepStrictEqual(outputs.map(({ stdout }) => stdout), ["stored", "stored"])
      const driver = yield* PostgresTaskStorage.makeDriver({ url })
      const now = Date.now()
      assert.strictEqual(yield* driver.count(anyone(now)), 2)
      assert.deepStrictEqual(
        yield* driver.insert(storedTask("one more"), { ...unlimited, maxTasks: 2 }, now),
        { _tag: "LimitReached", scope: "storage", limit: 2 }
      )
    }))

  it.live("makes the steps that are new, in order, and leaves nothing of one that fails", () =>
    Effect.gen(function*() {
      const { sql } = yield* setUp
      const tables = yield* Effect.fromResult(taskTables())
      const dialect = makePostgresDialect()
      const runner = makeSqlRunner(sql, dialect, { lockTimeout: 1000 })
      const released = dialect.migrations(tables)
      const broken = [...released, { id: 4, name: "broken", statements: ["CREATE TABLE"] }]
      yield* Effect.flip(prepareSchema(runner, dialect, tables, "migrate", broken))
      assert.deepStrictEqual(yield* tablesOf(sql), [])
      const future = [
        ...released,
        ...[4, 5].map((id) => ({
          id,
          name: `future ${id}`,
          statements: [
            `CREATE TABLE future_${id} AS SELECT * FROM ${id === 4 ? tables.tasks : "future_4"}`,
            `UPDATE ${tables.schema} SET version = ${id}, compatible_with = ${id - 1}`
          ]
        }))
      ]
      yield* prepareSchema(runner, dialect, tables, "migrate", released)
      const behind = yield* Effect.flip(prepareSchema(runner, dialect, tables, "verify", future))
      assert.include(behind.reason, "of schema version 3, and this library needs version 5")
      for (let count = 0; count < 2; count++) yield* prepareSchema(runner, dialect, tables, "migrate", future)
      assert.includeMembers(yield* tablesOf(sql), ["future_4", "future_5"])
      const old = yield* Effect.flip(prepareSchema(runner, dialect, tables, "migrate", released))
      assert.include(old.reason, "upgrade mcp-task-storage")
    }))

  it.live("keeps what is stored", () =>
    Effect.gen(function*() {
      const { url } = yield* setUp
      const before = yield* Effect.scoped(Effect.gen(function*() {
        const storage = yield* open({ url })
        for (const taskId of ["working", "waiting", "done"]) {
          yield* storage.createTask({ ...call, taskId, originalParams: { z: "\u0000", a: "\ud800" }, sessionId: "s" })
        }
        yield* storage.requireInput("waiting", { key: {} })
        yield* storage.settleTask("done", { _tag: "Success", value: [1] })
        yield* storage.messages.enqueue("done", { first: 1 })
        return (yield* storage.listTasks()).tasks
      }))
      for (const options of [{}, { maxTasks: 4 }, { schema: "verify", maxTasksPerSession: 4 }] as const) {
        const storage = yield* open({ url, ...options })
        assert.deepStrictEqual((yield* storage.listTasks()).tasks, before)
      }
      const storage = yield* open({ url })
      assert.deepStrictEqual(yield* storage.messages.dequeueAll("done"), [{ first: 1 }])
    }))
})

describe("tables that a person made by hand, for a role that may only read and write", () => {
  const subjects = ["createTask", "updateTaskStatus", "expiry", "limits", "messages"]

  const pair = perFile(Effect.gen(function*() {
    const { database, port, url } = yield* postgres
    const name = yield* database
    const place = { databaseSchema: "Tasks", tablePrefix: "app_" }
    const admin = yield* connect(url(name))
    const [ownerRole, appRole] = [yield* freshRole, yield* freshRole]
    for (const role of [ownerRole, appRole]) yield* admin.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD 'p'`)
    yield* admin.unsafe(`GRANT CREATE ON DATABASE ${name} TO ${ownerRole}`)
    const as = (role: string) => `postgres://${role}:p@127.0.0.1:${port}/${name}`

    const owner = yield* connect(as(ownerRole))
    const steps = Result.getOrThrow(PostgresTaskStorage.migrations(place)).map(({ statements }) => statements)
    for (const statements of [...steps, Result.getOrThrow(PostgresTaskStorage.limitTriggers(place))]) {
      yield* owner.withTransaction(Effect.forEach(statements, (statement) => owner.unsafe(statement)))
    }
    yield* owner.unsafe(`GRANT USAGE ON SCHEMA "Tasks" TO ${appRole}`)
    yield* owner.unsafe(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "Tasks" TO ${appRole}`)

    const options = { ...place, url: as(appRole), schema: "verify" } as const
    return {
      sql: admin,
      prefix: "\"Tasks\".app_",
      first: yield* PostgresTaskStorage.makeDriver(options),
      second: yield* PostgresTaskStorage.makeDriver({ ...options, maxTasks: 5 })
    }
  }))
  const harness = fromDrivers({ makeDrivers: Effect.flatMap(pair, emptied) })
  for (const { cases, subject } of contractSuite) {
    if (!subjects.includes(subject)) continue
    it.live(`pass the contract under ${subject}`, () =>
      Effect.forEach(cases, (contract) => runCase(harness, contract), { discard: true }))
  }
})

describe("a lock that somebody else holds", () => {
  const locks: ReadonlyArray<readonly [lock: string, options: Omit<PostgresTaskStorage.Options, "url">]> = [
    ["LOCK TABLE mcp_schema", { schema: "verify" }],
    ["LOCK TABLE mcp_schema", { schema: "migrate" }],
    ["LOCK TABLE mcp_tasks IN ROW EXCLUSIVE MODE", { maxTasks: 5 }],
    ["SELECT pg_advisory_xact_lock(hashtextextended('other_schema', 0))", { tablePrefix: "other_" }]
  ]
  it.live.each(locks)(
    "keeps an opening no longer than statementTimeout: %s, %j",
    ([lock, options]) =>
      Effect.gen(function*() {
        const url = yield* freshUrl
        const sql = yield* connect(url)
        yield* Effect.scoped(open({ url }))
        const opening = Effect.scoped(open({ url, statementTimeout: 500, ...options }))
        yield* sql.withTransaction(Effect.gen(function*() {
          yield* sql.unsafe(lock)
          const error = yield* Effect.timeout(Effect.flip(opening), "60 seconds")
          assert.deepInclude(error, { _tag: "TaskStorageUnavailable", operation: "open", retryable: true })
          assert.match(error.message, /lock.* the statementTimeout of 500 ms|the statementTimeout of 500 ms.* lock/)
        }))
        yield* opening
      })
  )
})
