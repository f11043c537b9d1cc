/** That what `planMigration` gives brings older stores to the schema of this library, when a person runs it by hand. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { inspectUrl, planMigration } from "mcp-task-storage"
import { existsSync } from "node:fs"
import type { TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import type { InvalidInput, TaskStorageUnavailable } from "../../../src/domain/task/TaskError.ts"
import type { SchemaMode } from "../../../src/layers/SchemaMode.ts"
import { openSqlite } from "../../../src/layers/sqlite/openSqlite.ts"
import { connect, open as openPostgres } from "../postgres/database.ts"
import { freshUrl } from "../postgres/engine.ts"
import { firstSchema as firstPostgresSchema, firstTriggers as firstPostgresTriggers } from "../postgres/firstVersion.ts"
import { secondStep as secondPostgresStep } from "../postgres/secondVersion.ts"
import { freshFile, open as openSqliteStorage } from "../sqlite/database.ts"
import { firstSchema, firstTriggers } from "../sqlite/firstVersion.ts"
import { secondStep } from "../sqlite/secondVersion.ts"
import { thirdStep } from "../sqlite/thirdVersion.ts"

type Failure = SqlError | TaskDriverError | InvalidInput | TaskStorageUnavailable

interface Store {
  readonly url: string
  readonly sql: Effect.Effect<SqlClient, Failure, Scope.Scope>
  readonly open: (schema: SchemaMode, maxTasks?: number) => Effect.Effect<TaskStorageShape, Failure, Scope.Scope>
}

const sqlite = Effect.map(freshFile, (filename): Store => ({
  url: `sqlite:${filename}`,
  sql: openSqlite({ filename }),
  open: (schema, maxTasks) => openSqliteStorage({ filename, schema, maxTasks })
}))

const postgres = Effect.map(freshUrl, (url): Store => ({
  url,
  // A script is run on one connection.
  sql: connect(url, { maxConnections: 1 }),
  open: (schema, maxTasks) => openPostgres({ url, schema, maxTasks })
}))

const run = (sql: SqlClient, statements: ReadonlyArray<string>) =>
  Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })

/** What each version made of an empty database. */
const engines = [
  ["sqlite", sqlite, [firstSchema, secondStep, thirdStep], firstTriggers],
  ["postgres", postgres, [firstPostgresSchema, secondPostgresStep], firstPostgresTriggers]
] as const

/** Runs a plan by hand, and looks whether this library then has nothing to say. */
const follow = (store: Store, maxTasks?: number) =>
  Effect.gen(function*() {
    const limits = maxTasks === undefined ? {} : { maxTasks }
    const plan = yield* planMigration(store.url, limits)
    assert.isFalse(plan.isUpToDate)
    assert.isNotEmpty(plan.statements)
    for (const statement of plan.statements) assert.notMatch(statement, /;\s*$/)
    yield* Effect.scoped(Effect.flatMap(store.sql, (sql) => run(sql, plan.statements)))
    const after = yield* planMigration(store.url, limits)
    assert.deepInclude(after, { isUpToDate: true, statements: [], storedVersion: plan.version, version: plan.version })
    assert.deepStrictEqual((yield* inspectUrl(store.url, { deep: true }, limits)).findings, [])
    return { plan, storage: yield* store.open("verify", maxTasks) }
  })

for (const [name, fresh, versions, triggers] of engines) {
  describe(`the plan of a migration of ${name}`, () => {
    for (let version = 0; version <= versions.length; version++) {
      for (const isCounted of version === 0 ? [false] : [false, true]) {
        const what = version === 0 ? "a new store" : `version ${version}${isCounted ? ", counted" : ""}`
        it.live(`brings ${what} up to date`, () =>
          Effect.gen(function*() {
            const store = yield* fresh
            const made = [...versions.slice(0, version).flat(), ...(isCounted ? triggers : [])]
            yield* Effect.scoped(Effect.flatMap(store.sql, (sql) => sql.withTransaction(run(sql, made))))
            const { plan, storage } = yield* follow(store)
            assert.strictEqual(plan.storedVersion, version === 0 ? undefined : version)
            yield* storage.createTask({ originalMethod: "m", taskId: "one" })
            if (isCounted) {
              yield* Effect.scoped(Effect.gen(function*() {
                const limited = yield* store.open("verify", 1)
                assert.strictEqual(
                  (yield* Effect.flip(limited.createTask({ originalMethod: "m" })))._tag,
                  "MaxTasksReached"
                )
              }))
            }
          }))
      }
    }

    it.live("adds what limits need, if they are asked for", () =>
      Effect.gen(function*() {
        const store = yield* fresh
        yield* Effect.scoped(store.open("migrate"))
        assert.isTrue((yield* planMigration(store.url)).isUpToDate)
        const { storage } = yield* follow(store, 1)
        yield* storage.createTask({ originalMethod: "m" })
        assert.strictEqual((yield* Effect.flip(storage.createTask({ originalMethod: "m" })))._tag, "MaxTasksReached")
      }))

    it.live("has nothing to do for a newer schema that is compatible, and says why it cannot with another one", () =>
      Effect.gen(function*() {
        const store = yield* fresh
        yield* Effect.scoped(store.open("migrate"))
        const sql = yield* store.sql
        yield* run(sql, ["UPDATE mcp_schema SET version = 99"])
        assert.deepInclude(yield* planMigration(store.url), { storedVersion: 99, isUpToDate: true, statements: [] })
        yield* run(sql, ["UPDATE mcp_schema SET compatible_with = 98"])
        const plan = yield* planMigration(store.url)
        assert.deepInclude(plan, { storedVersion: 99, isUpToDate: false, statements: [] })
        assert.match(plan.problem ?? "", /^The tables are of schema version 99, .*upgrade mcp-task-storage\.$/)
        const [finding] = (yield* inspectUrl(store.url)).findings
        assert.deepInclude(finding, { code: "schema", severity: "error" })
      }))

    it.live("leaves everything as it is", () =>
      Effect.gen(function*() {
        const store = yield* fresh
        yield* planMigration(store.url, { maxTasks: 1 })
        if (name === "sqlite") {
          assert.isFalse(existsSync(store.url.slice("sqlite:".length)))
          const refused = yield* Effect.flip(inspectUrl(store.url))
          assert.include(refused.message, "there is no such database file")
          assert.isFalse(existsSync(store.url.slice("sqlite:".length)))
        } else {
          const [finding, ...others] =
            (yield* inspectUrl(store.url, { fix: true, deep: true }, { maxTasks: 1 })).findings
          assert.deepInclude(finding, { code: "schema", severity: "error", fixable: false })
          assert.deepStrictEqual(others, [])
          const sql = yield* store.sql
          assert.deepStrictEqual(yield* sql`SELECT relname FROM pg_class WHERE relname LIKE 'mcp%'`, [])
        }
      }))
  })
}

describe("the plan of a migration", () => {
  it.live("is empty in memory", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* planMigration("memory:"), {
        backend: "memory",
        version: 0,
        isUpToDate: true,
        statements: []
      })
      assert.deepInclude(yield* inspectUrl("memory:", { deep: true }), { backend: "memory", findings: [] })
    }))

  it.live("is refused for a URL or an option that cannot be used", () =>
    Effect.gen(function*() {
      assert.include((yield* Effect.flip(planMigration("sqlite:"))).message, "needs a file")
      assert.deepInclude(yield* Effect.flip(inspectUrl("memory:", {}, { maxTasks: 0 })), { field: "maxTasks" })
      const misspelt = Object.assign({ maxTasks: 1 }, { maxTask: 1 })
      assert.deepInclude(yield* Effect.flip(planMigration("memory:", misspelt)), { field: "maxTask" })
    }))
})
