/** What a look says at a store of an older version, on a file system that is none of this machine, and where nothing may be written. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { DatabaseSync } from "node:sqlite"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import { makeSqlRunner } from "../../../src/layers/sql/SqlRunner.ts"
import { taskTables } from "../../../src/layers/sql/TaskTables.ts"
import { openSqlite } from "../../../src/layers/sqlite/openSqlite.ts"
import { sqliteChecks } from "../../../src/layers/sqlite/sqliteChecks.ts"
import { sqliteDialect } from "../../../src/layers/sqlite/SqliteDialect.ts"
import { connect, open as openPostgres } from "../postgres/database.ts"
import { freshUrl } from "../postgres/engine.ts"
import { firstSchema as firstPostgresSchema } from "../postgres/firstVersion.ts"
import { freshFile, open as openSqliteStorage } from "../sqlite/database.ts"
import { firstSchema } from "../sqlite/firstVersion.ts"

describe("a look at a store of an older version", () => {
  const looks = (storage: TaskStorageShape) =>
    Effect.gen(function*() {
      for (const fix of [false, true]) {
        const { checked, findings, schemaVersion } = yield* storage.inspectStore({ fix, deep: true })
        assert.strictEqual(schemaVersion, 1)
        assert.deepStrictEqual(findings.map(({ code, fixable, severity }) => [code, fixable, severity]), [
          ["schema", false, "error"]
        ])
        assert.include(findings[0]?.problem, "The tables are of schema version 1, and this library needs version")
        assert.include(findings[0]?.advice, "Run the migrations")
        assert.includeMembers([...checked], ["schema", "table", "index"])
        assert.notInclude(checked, "rows")
      }
    })

  it.live("says so in SQLite, and compares it with what it was", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const sql = yield* openSqlite({ filename })
      for (const statement of firstSchema) yield* sql.unsafe(statement)
      yield* looks(yield* openSqliteStorage({ filename, schema: "trust" }))
    }))

  it.live("says so in PostgreSQL, and compares it with what it was", () =>
    Effect.gen(function*() {
      const url = yield* freshUrl
      const sql = yield* connect(url)
      for (const statement of firstPostgresSchema) yield* sql.unsafe(statement)
      yield* looks(yield* openPostgres({ url, schema: "trust" }))
    }))
})

describe("a look at the file system", () => {
  it.live("finds those of other machines, and disks that are full", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const sql = yield* openSqlite({ filename })
      const runner = makeSqlRunner(sql, sqliteDialect, { lockTimeout: 0 })
      const tables = yield* Effect.fromResult(taskTables())
      const found = (type: () => number, megabytes = 1_000) =>
        Effect.map(
          Effect.forEach(
            sqliteChecks(runner, 0, tables, {
              fileSystemOf: () => ({ type: type(), bavail: megabytes * 256, bsize: 4096 })
            }).filter(({ needsTables }) => !needsTables),
            ({ check }) => check(true)
          ),
          (findings) => findings.flat().map(({ code, problem, severity }) => [code, severity, problem])
        )
      const ext4 = () => 0xef53
      assert.deepStrictEqual(yield* found(ext4), [])
      assert.deepStrictEqual(yield* found(() => 0x6969), [
        ["file_system", "error", "The file lies on a file system of the kind NFS, which other machines may reach."]
      ])
      assert.deepStrictEqual(yield* found(ext4, 0), [
        ["file_system", "error", "The disk of the file is full, so that writes fail."]
      ])
      assert.deepStrictEqual(yield* found(ext4, 3), [
        ["file_system", "warning", "The disk of the file has 3 MiB left."]
      ])
      const refused = yield* Effect.flip(found(() => {
        throw Object.assign(new Error("secret"), { code: "EACCES" })
      }))
      assert.include(refused.reason, "EACCES")
    }))
})

describe("a look for whether SQLite can be written", () => {
  const cases: ReadonlyArray<
    readonly [name: string, own: ReadonlyArray<string>, others: ReadonlyArray<string>, found: ReadonlyArray<string>]
  > = [
    ["finds nothing where it can", [], [], []],
    ["finds a connection that only reads", ["PRAGMA query_only = 1"], [], ["read_only"]],
    ["takes somebody else's lock for nothing", [], ["BEGIN IMMEDIATE"], []]
  ]
  it.live.each(cases)("%s", ([, own, others, found]) =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      yield* openSqliteStorage({ filename })
      const sql = yield* openSqlite({ filename })
      const other = new DatabaseSync(filename)
      yield* Effect.addFinalizer(() => Effect.sync(() => other.close()))
      for (const statement of own) yield* sql.unsafe(statement)
      for (const statement of others) other.exec(statement)
      const runner = makeSqlRunner(sql, sqliteDialect, { lockTimeout: 0 })
      const checks = sqliteChecks(runner, 0, yield* Effect.fromResult(taskTables()))
      const findings = yield* Effect.forEach(checks, ({ check }) => check(false))
      assert.deepStrictEqual(findings.flat().map(({ code }) => code), found)
    }))
})
