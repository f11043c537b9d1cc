/** What `migrate` and `doctor` tell and do, on each engine. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { runCommand } from "./runCommand.ts"
import { seededStore, sqlite, stores } from "./stores.ts"

const fileOf = (url: string): string => url.slice("sqlite:".length)

/** Runs statements on the file of a store. */
const onFile = (url: string, statements: ReadonlyArray<string>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => new DatabaseSync(fileOf(url))),
    (database) => Effect.sync(() => statements.forEach((statement) => database.exec(statement))),
    (database) => Effect.sync(() => database.close())
  )

for (const store of stores) {
  store.describe(store.name, () => {
    it.live("migrate makes the store, and nothing else does", () =>
      Effect.gen(function*() {
        const url = yield* store.freshUrl
        const env = { TASKS_URL: url }
        assert.strictEqual((yield* runCommand(["ls"], { env })).code, 1)
        const before = yield* runCommand(["migrate", "--check"], { env })
        assert.strictEqual(before.code, 3)
        assert.include(before.out, "To be migrated: there are no tables yet")
        const printed = yield* runCommand(["migrate", "--print"], { env })
        assert.deepInclude(printed, { code: 0, err: "" })
        assert.match(printed.out, /create[ -]table/i)
        assert.strictEqual((yield* runCommand(["ls"], { env })).code, 1)

        const done = yield* runCommand(["migrate"], { env })
        assert.deepInclude(done, { code: 0, err: "" })
        assert.match(done.out, /^Migrated to schema version \d+\.$/m)
        for (const command of [["migrate"], ["migrate", "--check"]]) {
          const { code, out } = yield* runCommand(command, { env })
          assert.strictEqual(code, 0)
          assert.include(out, "Up to date")
        }
        assert.strictEqual((yield* runCommand(["ls"], { env })).code, 0)
      }))

    it.live("doctor finds nothing in a store that is well", () =>
      Effect.gen(function*() {
        const { url } = yield* seededStore(store)
        for (const flags of [[], ["--deep", "--yes"], ["--fix"]]) {
          const { code, out } = yield* runCommand(["doctor", "--url", url, ...flags])
          assert.include(out, "Nothing is wrong.", flags.join(" "))
          assert.strictEqual(code, 0)
        }
      }))

    it.live("doctor finds a store that is not there, and makes none", () =>
      Effect.gen(function*() {
        const url = yield* store.freshUrl
        const { code } = yield* runCommand(["doctor", "--url", url])
        assert.notStrictEqual(code, 0)
        assert.strictEqual((yield* runCommand(["migrate", "--check", "--url", url])).code, 3)
      }))
  })
}

describe("doctor", () => {
  const ill = Effect.gen(function*() {
    const { url } = yield* seededStore(sqlite)
    yield* onFile(url, ["DROP INDEX mcp_tasks_by_session"])
    return { TASKS_URL: url }
  })

  it.live("says what is wrong and what to do, and exits with 3", () =>
    Effect.gen(function*() {
      const { code, out } = yield* runCommand(["doctor"], { env: yield* ill })
      assert.strictEqual(code, 3)
      assert.match(out, /^ERROR index mcp_tasks_by_session: .*missing/m)
      assert.include(out, "--fix mends it.")
      assert.include(out, "1 fault found.")
      const json = yield* runCommand(["doctor", "--json"], { env: yield* ill })
      assert.strictEqual(json.code, 3)
      assert.strictEqual(JSON.parse(json.out).findings[0].code, "index")
    }))

  it.live("asks before it mends, and mends once", () =>
    Effect.gen(function*() {
      const env = yield* ill
      const alone = yield* runCommand(["doctor", "--fix"], { env })
      assert.strictEqual(alone.code, 2)
      const refused = yield* runCommand(["doctor", "--fix"], { env, answers: ["n"] })
      assert.strictEqual(refused.code, 1)
      assert.include(refused.err, "Mend 1 fault? [y/N] Nothing was done.")
      assert.strictEqual((yield* runCommand(["doctor"], { env })).code, 3)
      const done = yield* runCommand(["doctor", "--fix"], { env, answers: ["y"] })
      assert.strictEqual(done.code, 0)
      assert.include(done.out, "Mended.")
      assert.strictEqual((yield* runCommand(["doctor"], { env })).code, 0)
    }))
})

describe("migrate", () => {
  it.live("tells of a schema that is too new, and changes nothing", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite)
      yield* onFile(url, ["UPDATE mcp_schema SET version = 999, compatible_with = 999"])
      assert.strictEqual((yield* runCommand(["migrate", "--url", url])).code, 1)
      const { code, out } = yield* runCommand(["migrate", "--check", "--url", url])
      assert.strictEqual(code, 3)
      assert.include(out, "999")
    }))

  it.live("makes no file to print what it would do", () =>
    Effect.gen(function*() {
      const url = yield* sqlite.freshUrl
      yield* runCommand(["migrate", "--print", "--limits", "--url", url])
      assert.isFalse(existsSync(fileOf(url)))
    }))

  it.live("--print and --check are not given together", () =>
    Effect.map(
      runCommand(["migrate", "--print", "--check", "--url", "sqlite:none.db"]),
      ({ code }) => assert.strictEqual(code, 2)
    ))
})
