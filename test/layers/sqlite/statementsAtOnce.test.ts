/** That statements go straight to the connection only where nobody else has it, and nobody wants to see or change them. */
import { assert, describe, it, vi } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { SqlError } from "effect/sql/SqlError"
import { CurrentTransformer } from "effect/sql/Statement"
import * as Tracer from "effect/Tracer"
import { StatementSync } from "node:sqlite"
import type { TaskDriver } from "../../../src/domain/driver/TaskDriver.ts"
import { realSleep } from "../../../src/layers/realSleep.ts"
import { makeSqliteDriver } from "../../../src/layers/sqlite/makeSqliteDriver.ts"
import { openSqlite, type SqliteClient } from "../../../src/layers/sqlite/openSqlite.ts"
import { storedTask } from "../storedTask.ts"
import { anyone, bare, freshFile, unlimited } from "./database.ts"

const setUp = Effect.gen(function*() {
  const filename = yield* freshFile
  const sql = yield* openSqlite({ filename, synchronous: "off" })
  const driver = yield* makeSqliteDriver(sql, {})
  const other = yield* bare(filename)
  const ids = () => other.prepare("SELECT task_id FROM mcp_tasks").all().map((row) => row["task_id"])
  return { sql, driver, ids }
})

const insert = (driver: TaskDriver, taskId: string) => driver.insert(storedTask(taskId), unlimited, 1000)
const find = (driver: TaskDriver, taskId: string) => driver.find(taskId, anyone(1000))

/** Counts the statements that go straight. */
const counting = (sql: SqliteClient) => {
  const counted = { straight: 0 }
  const { valuesAtOnce } = sql
  Object.assign(sql, {
    valuesAtOnce: (text: string, params: ReadonlyArray<unknown>) => {
      counted.straight++
      return valuesAtOnce(text, params)
    }
  })
  return counted
}

it.live("statements of one caller and of several go straight to the connection", () =>
  Effect.gen(function*() {
    const { driver, ids, sql } = yield* setUp
    const counted = counting(sql)
    yield* insert(driver, "alone")
    yield* find(driver, "alone")
    yield* sql.withTransaction(insert(driver, "in a transaction"))
    assert.strictEqual(counted.straight, 3)
    yield* Effect.forEach(["a", "b", "c"], (id) => insert(driver, id), { concurrency: "unbounded" })
    assert.strictEqual(counted.straight, 6)
    assert.sameMembers(ids(), ["alone", "in a transaction", "a", "b", "c"])
  }))

describe("a statement waits for the connection", () => {
  const holders: ReadonlyArray<
    readonly [name: string, hold: (sql: SqliteClient, work: Effect.Effect<void>) => Effect.Effect<unknown, SqlError>]
  > = [
    ["that somebody has reserved", (sql, work) => Effect.scoped(Effect.andThen(sql.reserve, work))],
    ["that has a transaction of somebody else", (sql, work) => sql.withTransaction(work)],
    [
      "that a statement of somebody else waits for",
      (sql, work) =>
        Effect.gen(function*() {
          const first = yield* Effect.forkChild(Effect.scoped(Effect.andThen(sql.reserve, realSleep(20))), {
            startImmediately: true
          })
          yield* Effect.scoped(Effect.andThen(sql.reserve, work))
          yield* Fiber.join(first)
        })
    ]
  ]
  for (const [name, hold] of holders) {
    it.live(name, () =>
      Effect.gen(function*() {
        const { driver, sql } = yield* setUp
        const steps: Array<string> = []
        const note = (step: string) => Effect.sync(() => void steps.push(step))
        const work = Effect.andThen(realSleep(30), note("held"))
        const holder = yield* Effect.forkChild(hold(sql, work), { startImmediately: true })
        yield* Effect.all([
          Effect.andThen(insert(driver, "t"), note("written")),
          Effect.andThen(find(driver, "t"), note("read"))
        ], { concurrency: "unbounded" })
        yield* Fiber.join(holder)
        assert.strictEqual(steps[0], "held")
        assert.lengthOf(steps, 3)
      }))
  }

  it.live("until a transaction is taken back that could neither be committed nor rolled back", () =>
    Effect.gen(function*() {
      const { driver, ids, sql } = yield* setUp
      const { all } = StatementSync.prototype
      const refused = new Set(["COMMIT", "ROLLBACK"])
      const spy = vi.spyOn(StatementSync.prototype, "all").mockImplementation(function(this: StatementSync, ...params) {
        if (refused.has(this.sourceSQL)) throw new Error(`no ${this.sourceSQL}`)
        return Reflect.apply(all, this, params)
      })
      yield* Effect.addFinalizer(() => Effect.sync(() => spy.mockRestore()))
      yield* Effect.exit(sql.withTransaction(insert(driver, "lost")))
      assert.isTrue(sql.isTransaction())
      refused.clear()
      yield* insert(driver, "kept")
      assert.deepStrictEqual(ids(), ["kept"])
    }))
})

describe("a statement is", () => {
  it.live("traced where its caller is", () =>
    Effect.gen(function*() {
      const { driver, sql } = yield* setUp
      const counted = counting(sql)
      const texts: Array<unknown> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          const { attribute } = span
          span.attribute = (key, value) => {
            if (key === "db.query.text") texts.push(value)
            attribute.call(span, key, value)
          }
          return span
        }
      })
      yield* Effect.all([insert(driver, "t"), find(driver, "t")]).pipe(
        Effect.withSpan("caller"),
        Effect.withTracer(tracer)
      )
      assert.lengthOf(texts, 2)
      assert.strictEqual(counted.straight, 0)
    }))

  it.live("seen by the transformer of statements, alone and in company", () =>
    Effect.gen(function*() {
      const { driver, ids } = yield* setUp
      let seen = 0
      yield* Effect.all([
        insert(driver, "alone"),
        Effect.forEach(["a", "b", "c"], (id) => insert(driver, id), { concurrency: "unbounded" })
      ]).pipe(Effect.provideService(CurrentTransformer, (statement) => {
        seen++
        return Effect.succeed(statement)
      }))
      assert.strictEqual(seen, 4)
      assert.lengthOf(ids(), 4)
    }))
})
