/** That the client over `node:sqlite` does what Effect's SQL expects of a client. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { SafeIntegers } from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { wholeRange } from "../../../src/domain/driver/TaskRange.ts"
import { makeSqliteDriver } from "../../../src/layers/sqlite/makeSqliteDriver.ts"
import { openSqlite } from "../../../src/layers/sqlite/openSqlite.ts"
import { storedTask, text } from "../storedTask.ts"
import { anyone, unlimited } from "./database.ts"

const numbers = (count: number) =>
  Effect.gen(function*() {
    const sql = yield* openSqlite({ filename: ":memory:" })
    yield* sql`CREATE TABLE numbers (n INTEGER)`
    yield* sql`WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ${count}) INSERT INTO numbers SELECT n FROM c`
    return sql
  })

describe("client", () => {
  it.live("gives rows, values and raw results, prepared or not", () =>
    Effect.gen(function*() {
      const sql = yield* numbers(2)
      const select = sql`SELECT n FROM numbers WHERE n < ${9} ORDER BY n`
      for (const rows of [yield* select, yield* select.unprepared, yield* select.withoutTransform]) {
        assert.deepEqual(rows.map((row) => ({ ...row })), [{ n: 1 }, { n: 2 }])
      }
      for (const rows of [yield* select.values, yield* select.valuesUnprepared]) {
        assert.deepStrictEqual(rows, [[1], [2]])
      }
      assert.deepInclude(yield* sql`DELETE FROM numbers`.raw, { changes: 2 })
    }))

  it.live("streams, in pieces, beside the same statement, and ends early without leaving anything locked", () =>
    Effect.gen(function*() {
      const sql = yield* numbers(1000)
      const select = sql<{ readonly n: number }>`SELECT n FROM numbers ORDER BY n`
      const all = yield* Stream.runCollect(select.stream)
      assert.deepStrictEqual(all.map(({ n }) => n), Array.from({ length: 1000 }, (_, index) => index + 1))
      const beside = sql.withTransaction(
        Stream.runCollect(Stream.take(Stream.mapEffect(select.stream, ({ n }) => Effect.as(select, n)), 300))
      )
      assert.lengthOf(yield* beside, 300)
      yield* sql`DROP TABLE numbers`
      const error = yield* Effect.flip(Stream.runDrain(select.stream))
      assert.strictEqual(error._tag, "SqlError")
    }))

  it.live("gives integers as bigint where they are asked for, and only there", () =>
    Effect.gen(function*() {
      const sql = yield* numbers(1)
      const select = sql`SELECT n FROM numbers`
      assert.deepStrictEqual(yield* Effect.provideService(select.values, SafeIntegers, true), [[1n]])
      assert.deepEqual((yield* Effect.provideService(select, SafeIntegers, true))[0]?.["n"], 1n)
      assert.deepStrictEqual(yield* select.values, [[1]])
    }))

  it.live("refuses parameters that SQLite has no type for", () =>
    Effect.gen(function*() {
      const sql = yield* openSqlite({ filename: ":memory:" })
      // An object is what names of parameters come in, so that SQLite would take it for no value at all.
      for (const parameter of [{}, true, new Date(0)]) {
        const error = yield* Effect.flip(sql`SELECT ${parameter}`)
        assert.strictEqual(error.reason._tag, "UnknownError")
      }
      assert.deepStrictEqual(yield* sql`SELECT ${null}, ${1n}, ${"a"}, typeof(${new Uint8Array(1)})`.values, [[
        null,
        1,
        "a",
        "blob"
      ]])
    }))

  it.live("serves more statements than it keeps prepared", () =>
    Effect.gen(function*() {
      const sql = yield* openSqlite({ filename: ":memory:" })
      for (let round = 0; round < 2; round++) {
        for (let index = 0; index < 300; index++) {
          assert.deepStrictEqual(yield* sql.unsafe(`SELECT ${index}`).values, [[index]])
        }
      }
    }))

  it.live("rolls back to where an inner transaction began", () =>
    Effect.gen(function*() {
      const sql = yield* numbers(1)
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`INSERT INTO numbers VALUES (2)`
        yield* Effect.flip(sql.withTransaction(Effect.andThen(sql`INSERT INTO numbers VALUES (3)`, Effect.fail("no"))))
      }))
      assert.deepStrictEqual(yield* sql`SELECT count(*) FROM numbers`.values, [[2]])
    }))

  it.live("lets others wait while a transaction is open, and serves them afterwards", () =>
    Effect.gen(function*() {
      const sql = yield* numbers(1)
      const transaction = yield* Effect.forkChild(
        sql.withTransaction(Effect.andThen(sql`INSERT INTO numbers VALUES (2)`, Effect.sleep(20)))
      )
      yield* Effect.sleep(5)
      assert.deepStrictEqual(yield* sql`SELECT count(*) FROM numbers`.values, [[2]])
      assert.isDefined(transaction.pollUnsafe())
      yield* Fiber.join(transaction)
    }))
})

describe("rows", () => {
  const task = storedTask("\u{1F600}", {
    sessionId: "s",
    status: "input_required",
    createdAt: -8.64e15,
    lastUpdatedAt: 8.64e15,
    ttl: Number.MAX_SAFE_INTEGER,
    pollInterval: 0,
    attempt: 3,
    leaseExpiresAt: 8.64e15,
    resultKind: "tool_error",
    statusMessage: text("it's \"quoted\" ? $1 \u0000"),
    meta: text("m"),
    originalParams: text("p".repeat(2_000_000)),
    inputRequests: text("q"),
    inputResponses: text("a"),
    requestState: text("st"),
    inputKeys: text("k"),
    principal: text("pr"),
    steps: text("s"),
    result: text("r")
  })
  /** In whatever order its fields are. */
  const texts = (value: object | undefined): unknown =>
    JSON.parse(JSON.stringify(value, (_, part) => part?.text ?? part))

  it.live("come back as they were written, every field of them, also where integers are bigint", () =>
    Effect.gen(function*() {
      const driver = yield* makeSqliteDriver(yield* openSqlite({ filename: ":memory:" }), {})
      yield* driver.insert(task, unlimited, 0)
      const find = driver.find(task.taskId, anyone(0))
      assert.deepEqual(texts(yield* find), texts(task))
      assert.deepEqual(texts(yield* Effect.provideService(find, SafeIntegers, true)), texts(task))
      const page = yield* driver.page({
        ...wholeRange,
        scope: anyone(0),
        after: undefined,
        limit: 1,
        maxBytes: 1
      })
      assert.deepEqual(texts(page), texts({ tasks: [task], more: false }))
    }))

  it.live("are written by patches field by field, and given back whole", () =>
    Effect.gen(function*() {
      const driver = yield* makeSqliteDriver(yield* openSqlite({ filename: ":memory:" }), {})
      const { createdAt: _, incarnation: __, revision: ___, sessionId: ____, taskId, ...fields } = task
      const patch = { ...fields, resultKind: "tool_error" as const, result: text("r") }
      const inserted = storedTask(taskId, { createdAt: 5 })
      yield* driver.insert(inserted, unlimited, 0)
      const expected = { ...inserted, ...patch, revision: 2 }
      const patched = yield* driver.patch(taskId, anyone(0), {}, patch)
      assert.deepEqual(texts(patched), texts({ _tag: "Patched", task: expected }))
      assert.deepEqual(texts(yield* driver.find(taskId, anyone(0))), texts(expected))
      const cleared = { lastUpdatedAt: 7, ttl: null, pollInterval: null, meta: null, inputRequests: null }
      yield* driver.patch(taskId, anyone(0), {}, cleared)
      assert.deepEqual(texts(yield* driver.find(taskId, anyone(0))), texts({ ...expected, ...cleared, revision: 3 }))
    }))

  it.live("count what a patch leaves and what it brings against the limit of content", () =>
    Effect.gen(function*() {
      const driver = yield* makeSqliteDriver(yield* openSqlite({ filename: ":memory:" }), {})
      // 12 bytes of method, 10 of meta, 100 of result, which is not content.
      yield* driver.insert(
        storedTask("t", { meta: text("m".repeat(8)), result: text("r".repeat(98)), inputKeys: text("k") }),
        unlimited,
        0
      )
      const message = { lastUpdatedAt: 1, statusMessage: text("s".repeat(8)) }
      const tag = (contentAtMost: number, patch: typeof message) =>
        Effect.map(driver.patch("t", anyone(0), { contentAtMost }, patch), (result) => result._tag)
      assert.strictEqual(yield* tag(31, message), "Rejected")
      assert.strictEqual(yield* tag(32, message), "Patched")
      // The old message does not count any more.
      assert.strictEqual(yield* tag(32, message), "Patched")
      assert.strictEqual(yield* tag(31, { ...message, statusMessage: text("s".repeat(7)) }), "Patched")
    }))
})
