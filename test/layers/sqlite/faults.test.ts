/** That what goes wrong with a file is an error that a person can act on. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Reactivity from "effect/reactivity/Reactivity"
import { SqlClient } from "effect/sql"
import type { Connection } from "effect/sql/SqlConnection"
import { SqlError, UnknownError } from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs"
import { dirname, join } from "node:path"
import { makeSqliteDriver } from "../../../src/layers/sqlite/makeSqliteDriver.ts"
import { openSqlite } from "../../../src/layers/sqlite/openSqlite.ts"
import { sqliteDialect } from "../../../src/layers/sqlite/SqliteDialect.ts"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"
import { storedTask, text } from "../storedTask.ts"
import { anyone, bare, folder, freshFile, open, unlimited } from "./database.ts"

const openFailure = (filename: string) =>
  Effect.gen(function*() {
    const error = yield* Effect.scoped(Effect.flip(open({ filename })))
    assert.strictEqual(error._tag, "TaskStorageUnavailable")
    return error.message
  })

describe("files that cannot be opened", () => {
  it.live("no database", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      writeFileSync(filename, "this is a letter, not a database. ".repeat(100))
      assert.strictEqual(
        yield* openFailure(filename),
        `open failed: the file is not a SQLite database; check the path (${filename}).`
      )
    }))

  it.live("no folder, a file for a folder, a folder for a file", () =>
    Effect.gen(function*() {
      const path = yield* folder
      writeFileSync(join(path, "file"), "")
      mkdirSync(join(path, "folder"))
      for (const filename of ["nowhere/tasks.db", "file/tasks.db", "folder"]) {
        assert.strictEqual(
          yield* openFailure(join(path, filename)),
          "open failed: the database file cannot be opened; check that its folder exists and may be written " +
            `(${join(path, filename)}).`
        )
      }
    }))

  it.live("no name", () =>
    Effect.gen(function*() {
      for (const filename of ["", "a\0b"]) {
        assert.strictEqual((yield* Effect.flip(open({ filename })))._tag, "InvalidInput")
      }
    }))
})

describe("files that fail later", () => {
  it.live("read-only: what is there can be read, and a write says why it cannot be", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const writer = yield* open({ filename })
      yield* writer.createTask({ originalMethod: "tools/call", taskId: "t" })
      const reader = yield* open({ filename: `file:${filename}?mode=ro` })
      assert.strictEqual(yield* reader.taskCount(), 1)
      const error = yield* Effect.flip(reader.createTask({ originalMethod: "tools/call" }))
      assert.strictEqual(error._tag, "TaskStorageUnavailable")
      assert.include(error.message, "createTask failed: the database is read-only; check the permissions")
      assert.deepInclude(error, { retryable: false, applied: "no" })
      assert.include(yield* openFailure(`file:${join(dirname(filename), "new.db")}?mode=ro`), "cannot be opened")
    }))

  it.live("full: nothing is half written, and it goes on when there is room", () =>
    Effect.gen(function*() {
      const sql = yield* openSqlite({ filename: yield* freshFile })
      const driver = yield* makeSqliteDriver(sql, {})
      const big = storedTask("big", { originalParams: text("x".repeat(1_000_000)) })
      yield* sql`PRAGMA max_page_count = 100`
      const error = yield* Effect.flip(driver.insert(big, unlimited, 1000))
      assert.deepInclude(error, {
        reason: "the disk, or the size that the database may have, is full; make room",
        retryable: true,
        applied: "no"
      })
      assert.strictEqual(yield* driver.count(anyone(1000)), 0)
      yield* sql`PRAGMA max_page_count = 100000`
      assert.deepStrictEqual(yield* driver.insert(big, unlimited, 1000), { _tag: "Inserted" })
    }))

  it.live("corrupt", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      yield* Effect.scoped(Effect.gen(function*() {
        const driver = yield* SqliteTaskStorage.makeDriver({ filename })
        for (let index = 0; index < 50; index++) {
          yield* driver.insert(storedTask(`t${index}`, { meta: text("x".repeat(2000)) }), unlimited, 1000)
        }
      }))
      const file = openSync(filename, "r+")
      writeSync(file, Buffer.alloc(4096 * 10, 0xff), 0, 4096 * 10, 4096 * 40)
      closeSync(file)
      const storage = yield* open({ filename, schema: "trust" })
      const error = yield* Effect.flip(storage.listTasks({ limit: 1000 }))
      assert.include(error.message, "the database file is corrupt; restore it from a backup")
    }))

  it.live("a row that somebody else has written", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const storage = yield* open({ filename })
      yield* storage.createTask({ originalMethod: "tools/call", taskId: "t" })
      const database = yield* bare(filename)
      database.exec("UPDATE mcp_tasks SET status = 'paused'")
      const error = yield* Effect.flip(storage.getTask("t"))
      assert.include(error.message, "a stored row is not as this library writes it (expected one of working, ")
      database.exec("UPDATE mcp_tasks SET status = 'working', revision = 9007199254740993")
      assert.include((yield* Effect.flip(storage.getTask("t"))).message, "a number that this library does not write")
    }))

  it.live("closed: the layer is not in use any more", () =>
    Effect.gen(function*() {
      const storage = yield* Effect.scoped(open({ filename: yield* freshFile }))
      const error = yield* Effect.flip(storage.getTask("t"))
      assert.include(error.message, "the database is closed; use the storage only while its layer is in use")
    }))
})

describe("clients that fail", () => {
  const failing = (fail: Effect.Effect<never, SqlError>) =>
    Effect.gen(function*() {
      const sql = yield* openSqlite({ filename: ":memory:" })
      yield* makeSqliteDriver(sql, {})
      const connection: Connection = { ...(yield* Effect.scoped(sql.reserve)), executeValues: () => fail }
      const client = SqlClient.make({
        acquirer: Effect.succeed(connection),
        compiler: Statement.makeCompilerSqlite(),
        driver: "failing",
        spanAttributes: []
      })
      return yield* makeSqliteDriver(yield* Effect.provide(client, Reactivity.layer), { schema: "trust" })
    })

  it.live("a defect of a client is an error of the storage, after which a write may have happened", () =>
    Effect.gen(function*() {
      const driver = yield* failing(Effect.die(new Error("boom")))
      const write = yield* Effect.flip(driver.insert(storedTask("t"), unlimited, 1000))
      assert.deepInclude(write, { _tag: "TaskDriverError", retryable: false, applied: "unknown" })
      const read = yield* Effect.flip(driver.find("t", anyone(1000)))
      assert.deepInclude(read, { _tag: "TaskDriverError", retryable: false, applied: "no" })
    }))

  const cases: ReadonlyArray<readonly [cause: unknown, reason: RegExp, retryable: boolean, applied: "no" | "unknown"]> =
    [
      [{ errcode: 778 }, /^reading or writing the database file failed/, true, "unknown"],
      [{ errno: 10 }, /^reading or writing the database file failed/, true, "unknown"],
      [{ code: "SQLITE_IOERR_FSYNC" }, /^reading or writing the database file failed/, true, "unknown"],
      [{ code: "SQLITE_FULL" }, /is full/, true, "no"],
      [{ code: "SQLITE_READONLY_DBMOVED" }, /read-only/, false, "no"],
      [{ code: 26 }, /not a SQLite database/, false, "no"],
      [{ errcode: 7 }, /out of memory/, true, "no"],
      [{ errcode: 18 }, /larger than SQLite stores/, false, "no"],
      [{ code: "ELSE" }, /^SQLite failed unexpectedly/, false, "unknown"],
      ["text", /^SQLite failed unexpectedly/, false, "unknown"]
    ]
  for (const [cause, reason, retryable, applied] of cases) {
    it.live(`${JSON.stringify(cause)} of any client`, () =>
      Effect.gen(function*() {
        const error = new SqlError({ reason: new UnknownError({ cause, message: "near \"secret\": syntax error" }) })
        const driver = yield* failing(Effect.fail(error))
        const write = yield* Effect.flip(driver.insert(storedTask("t"), unlimited, 1000))
        assert.match(write.reason, reason)
        assert.notInclude(write.reason, "secret")
        assert.deepInclude(write, { retryable, applied, cause: error })
        assert.strictEqual((yield* Effect.flip(driver.find("t", anyone(1000)))).applied, "no")
      }))
  }

  const ofStore: ReadonlyArray<readonly [code: number, concerns: "store" | undefined]> = [
    [1, "store"],
    [3, "store"],
    [8, "store"],
    [1032, "store"],
    [11, "store"],
    [14, "store"],
    [26, "store"],
    [18, undefined],
    [19, undefined]
  ]
  it.live.each(ofStore)(
    "%i: what the whole store is struck by is told from a fault of one task",
    ([errcode, concerns]) =>
      Effect.gen(function*() {
        const driver = yield* failing(
          Effect.fail(new SqlError({ reason: new UnknownError({ cause: { errcode } }) }))
        )
        const error = yield* Effect.flip(driver.insert(storedTask("t"), unlimited, 1000))
        assert.strictEqual(error.concerns, concerns)
      })
  )

  it("locks are told from a snapshot that is too old", () => {
    const fault = (cause: unknown) => sqliteDialect.fault(new SqlError({ reason: new UnknownError({ cause }) })).locked
    for (const locked of [{ errcode: 5 }, { errcode: 261 }, { errno: 6 }, { code: "SQLITE_BUSY" }, { errcode: 15 }]) {
      assert.isTrue(fault(locked))
    }
    for (const other of [{ errcode: 517 }, { code: "SQLITE_BUSY_SNAPSHOT" }, { errcode: 8 }]) {
      assert.isFalse(fault(other))
    }
  })

  it.live("a client of another engine is refused", () =>
    Effect.gen(function*() {
      const sql = yield* openSqlite({ filename: ":memory:" })
      const other = Object.assign(sql, { onDialectOrElse: ({ orElse }: { orElse: () => undefined }) => orElse() })
      const layer = Layer.provide(SqliteTaskStorage.layerClient(), Layer.succeed(SqlClient.SqlClient, other))
      const error = yield* Effect.flip(Layer.build(layer))
      assert.strictEqual(error.message, "Invalid SqlClient: must be a client of SQLite, and is one of another engine.")
    }))
})
