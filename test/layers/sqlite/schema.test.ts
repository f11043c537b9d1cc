/** That the tables are made once, whoever opens the file, and that versions which do not fit are refused. */
import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { promisify } from "node:util"
import { makeSqlRunner } from "../../../src/layers/sql/SqlRunner.ts"
import { prepareSchema } from "../../../src/layers/sql/SqlSchema.ts"
import { taskTables } from "../../../src/layers/sql/TaskTables.ts"
import { openSqlite } from "../../../src/layers/sqlite/openSqlite.ts"
import { sqliteDialect } from "../../../src/layers/sqlite/SqliteDialect.ts"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"
import { bundled } from "../../support/engines/shared.ts"
import { storedTask } from "../storedTask.ts"
import { anyone, bare, freshFile, open, unlimited } from "./database.ts"

const openFailure = (options: SqliteTaskStorage.Options) => Effect.scoped(Effect.flip(open(options)))
const setVersion = (filename: string, version: number, compatibleWith: number) =>
  Effect.scoped(
    Effect.map(bare(filename), (database) =>
      database.prepare("UPDATE mcp_schema SET version = ?, compatible_with = ?").run(version, compatibleWith))
  )

describe("schema", () => {
  it.live("verify refuses a file without tables, and makes none", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const database = yield* bare(filename)
      const error = yield* openFailure({ filename, schema: "verify" })
      assert.strictEqual(error._tag, "TaskStorageUnavailable")
      assert.include(error.message, "open failed: the tables are missing, and this library needs version 4")
      assert.deepStrictEqual(database.prepare("SELECT name FROM sqlite_schema").all(), [])
    }))

  it.live("verify and trust make no file", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      for (const schema of ["verify", "trust"] as const) {
        const error = yield* openFailure({ filename, schema })
        assert.include(error.message, "open failed: there is no such database file")
        assert.isFalse(existsSync(filename))
      }
    }))

  it.live("verify and trust take a file that a person has migrated by hand", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const database = yield* bare(filename)
      for (const step of Result.getOrThrow(SqliteTaskStorage.migrations("app_"))) {
        for (const statement of step.statements) database.exec(statement)
      }
      for (const schema of ["verify", "trust"] as const) {
        const storage = yield* open({ filename, schema, tablePrefix: "app_" })
        yield* storage.createTask({ originalMethod: "tools/call", taskId: schema })
      }
      assert.deepStrictEqual(
        database.prepare("SELECT task_id FROM app_tasks ORDER BY task_id").all().map((row) => row["task_id"]),
        ["trust", "verify"]
      )
    }))

  it.live("trust does not look, so that what is missing shows later", () =>
    Effect.gen(function*() {
      const storage = yield* open({ filename: ":memory:", schema: "trust" })
      const error = yield* Effect.flip(storage.getTask("t"))
      assert.include(error.message, "the tables are missing or are not those of this library")
    }))

  it.live("a newer schema is used as long as it is compatible with this library", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      yield* Effect.scoped(open({ filename }))
      yield* setVersion(filename, 7, 1)
      for (const schema of ["migrate", "verify"] as const) {
        const storage = yield* open({ filename, schema })
        yield* storage.createTask({ originalMethod: "tools/call" })
      }
      yield* setVersion(filename, 7, 5)
      for (const schema of ["migrate", "verify"] as const) {
        const error = yield* openFailure({ filename, schema })
        assert.include(error.message, "schema version 7, which needs a library of at least version 5")
        assert.include(error.message, "upgrade mcp-task-storage")
      }
    }))

  it.live("steps that are new are made, in order, and those that were made are not", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const tables = yield* Effect.fromResult(taskTables())
      const released = sqliteDialect.migrations(tables)
      const future = [
        ...released,
        ...[5, 6].map((id) => ({
          id,
          name: `future ${id}`,
          statements: [
            `CREATE TABLE future_${id} AS SELECT * FROM ${id === 5 ? tables.tasks : "future_5"}`,
            `UPDATE ${tables.schema} SET version = ${id}, compatible_with = ${id - 1}`
          ]
        }))
      ]
      const sql = yield* openSqlite({ filename })
      const runner = makeSqlRunner(sql, sqliteDialect, { lockTimeout: 1000 })
      yield* prepareSchema(runner, sqliteDialect, tables, "migrate", released)
      const behind = yield* Effect.flip(prepareSchema(runner, sqliteDialect, tables, "verify", future))
      assert.include(behind.reason, "of schema version 4, and this library needs version 6")
      yield* prepareSchema(runner, sqliteDialect, tables, "migrate", future)
      yield* prepareSchema(runner, sqliteDialect, tables, "migrate", future)
      const database = yield* bare(filename)
      assert.deepEqual(
        { ...database.prepare("SELECT version, compatible_with FROM mcp_schema").get() },
        { version: 6, compatible_with: 5 }
      )
      const old = yield* Effect.flip(prepareSchema(runner, sqliteDialect, tables, "migrate", released))
      assert.include(old.reason, "upgrade mcp-task-storage")
    }))

  it.live("a step that fails leaves nothing behind", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const tables = yield* Effect.fromResult(taskTables())
      const runner = makeSqlRunner(yield* openSqlite({ filename }), sqliteDialect, { lockTimeout: 1000 })
      const broken = [...sqliteDialect.migrations(tables), { id: 4, name: "broken", statements: ["CREATE TABLE"] }]
      yield* Effect.flip(prepareSchema(runner, sqliteDialect, tables, "migrate", broken))
      const database = yield* bare(filename)
      assert.deepStrictEqual(database.prepare("SELECT name FROM sqlite_schema").all(), [])
    }))

  it.live("two prefixes share a file without meeting", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const [one, two] = [
        yield* open({ filename, tablePrefix: "one_", maxTasks: 1 }),
        yield* open({ filename, tablePrefix: "two_", maxTasks: 1 })
      ]
      yield* one.createTask({ originalMethod: "tools/call", taskId: "t" })
      yield* two.createTask({ originalMethod: "tools/call", taskId: "t" })
      assert.isTrue(yield* one.deleteTask("t"))
      assert.strictEqual(yield* two.taskCount(), 1)
    }))

  it.live("options may come from the configuration", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const layer = SqliteTaskStorage.layerConfig({
        filename: Config.String("FILE"),
        tablePrefix: Config.String("PREFIX"),
        maintenance: Config.Duration("SWEEP")
      })
      const provider = ConfigProvider.fromUnknown({ FILE: filename, PREFIX: "configured_", SWEEP: "5 minutes" })
      yield* Layer.build(Layer.provide(layer, ConfigProvider.layer(provider)))
      const database = yield* bare(filename)
      assert.strictEqual(database.prepare("SELECT count(*) AS n FROM configured_tasks").get()?.["n"], 0)
    }))

  it.live("a prefix that is no identifier is refused", () =>
    Effect.gen(function*() {
      for (const tablePrefix of ["", "1_", "a b", "x\"; DROP TABLE users; --", "a".repeat(33)]) {
        const error = yield* openFailure({ filename: ":memory:", tablePrefix })
        assert.strictEqual(error._tag, "InvalidInput")
        assert.include(error.message, "tablePrefix")
      }
    }))

  it.live("whoever waited while another one made the tables finds them made", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const other = yield* bare(filename)
      other.exec("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE")
      const opening = yield* Effect.forkChild(Effect.all(
        Array.from({ length: 3 }, () => open({ filename, maxTasks: 5 })),
        { concurrency: "unbounded" }
      ))
      yield* Effect.sleep(50)
      other.exec("COMMIT")
      assert.lengthOf(yield* Fiber.join(opening), 3)
    }))

  it.live("ten processes may open a new file at the same moment", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const program = yield* Effect.promise(() => bundled(new URL("opener.ts", import.meta.url)))
      const run = promisify(execFile)
      const outputs = yield* Effect.promise(() =>
        Promise.all(Array.from({ length: 10 }, (_, index) => run(process.execPath, [program, filename, String(index)])))
      )
      assert.deepStrictEqual(outputs.map(({ stdout }) => stdout), Array.from({ length: 10 }, () => "stored"))
      const driver = yield* SqliteTaskStorage.makeDriver({ filename })
      assert.strictEqual(yield* driver.count(anyone(1000)), 10)
      assert.deepStrictEqual(
        yield* driver.insert(storedTask("one more"), { ...unlimited, maxTasks: 10 }, 1000),
        { _tag: "LimitReached", scope: "storage", limit: 10 }
      )
    }))
})
