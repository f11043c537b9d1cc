/** That writes which share a commit still stand or fall alone, and are acknowledged after it. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { SqlError, UnknownError } from "effect/sql/SqlError"
import { rmSync } from "node:fs"
import { realSleep } from "../../../src/layers/realSleep.ts"
import type { SqliteClient } from "../../../src/layers/sqlite/openSqlite.ts"
import { storedTask, text } from "../storedTask.ts"
import { unlimited } from "./database.ts"
import { anybody, atOnce, idsIn, insert, names, setUp } from "./sharingClient.ts"

/** Changes what becomes of the shared transactions of a client. */
const changing = (
  sql: SqliteClient,
  change: <A, E, R>(
    effect: Effect.Effect<A, E, R>,
    transact: SqliteClient["transactAtOnce"]
  ) => Effect.Effect<A, E | SqlError, R>
) => {
  const { transactAtOnce } = sql
  Object.assign(sql, {
    transactAtOnce: <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.suspend(() => sql.isTransaction() ? transactAtOnce(effect) : change(effect, transactAtOnce))
  })
}

const failureOf = <A, E>(exits: ReadonlyArray<Exit.Exit<A, E>>, index: number): Effect.Effect<E, A> =>
  Effect.flip(exits.at(index) ?? Effect.die("there is no such exit"))

const fault = (errcode: number) => new SqlError({ reason: new UnknownError({ cause: { errcode } }) })

/** Fails unless each write is there for another process when its caller goes on. */
const checkAcknowledged = Effect.fnUntraced(function*(change: (sql: SqliteClient) => void) {
  const { driver, other, sql } = yield* setUp()
  change(sql)
  const find = other.prepare("SELECT status FROM mcp_tasks WHERE task_id = ?")
  yield* Effect.forEach(names(50), (id) =>
    Effect.gen(function*() {
      yield* insert(driver, id)
      if (find.get(id) === undefined) return yield* Effect.fail("the task is not there")
      yield* driver.patch(id, anybody, {}, { lastUpdatedAt: 2000, status: "completed" })
      if (find.get(id)?.["status"] !== "completed") return yield* Effect.fail("the task has not ended")
    }), { concurrency: "unbounded" })
})

describe("an acknowledgement", () => {
  it.live("comes after the commit", () => checkAcknowledged(() => undefined))

  it.live("that comes before the commit is noticed", () =>
    Effect.gen(function*() {
      const early = checkAcknowledged((sql) =>
        changing(sql, (effect, transact) =>
          Effect.gen(function*() {
            const answer = yield* Deferred.make<Effect.Success<typeof effect>, Effect.Error<typeof effect>>()
            const late = Effect.andThen(Deferred.into(effect, answer), realSleep(20))
            yield* Effect.forkDetach(transact(late))
            return yield* Deferred.await(answer)
          }))
      )
      assert.include(["the task is not there", "the task has not ended"], yield* Effect.flip(early))
    }))

  it.live("comes for nobody when the commit fails", () =>
    Effect.gen(function*() {
      // Of a disk that fails, and of one that is full.
      for (const [errcode, applied] of [[1034, "unknown"], [13, "no"]] as const) {
        const { driver, other, sql } = yield* setUp()
        yield* insert(driver, "before")
        changing(sql, (effect, transact) => transact(Effect.andThen(effect, Effect.fail(fault(errcode)))))
        const exits = yield* atOnce([
          ...names(20).map((id) => Effect.asVoid(insert(driver, id))),
          Effect.asVoid(driver.remove("before", anybody)),
          Effect.asVoid(driver.transaction?.(driver.patch("nowhere", anybody, {}, { lastUpdatedAt: 1 })) ?? Effect.void)
        ])
        for (const exit of exits) {
          const error = yield* Effect.flip(exit)
          assert.deepInclude(error, { _tag: "TaskDriverError", retryable: true, applied })
        }
        assert.deepStrictEqual(idsIn(other), ["before"])
      }
    }))

  it.live("comes from each write done alone when the commit met a lock", () =>
    Effect.gen(function*() {
      const { driver, other, sql } = yield* setUp()
      changing(sql, (effect, transact) => transact(Effect.andThen(effect, Effect.fail(fault(5)))))
      let runs = 0
      const once = driver.transaction?.(Effect.andThen(Effect.sync(() => runs++), insert(driver, "once")))
      const exits = yield* atOnce([...names(20).map((id) => insert(driver, id)), once ?? Effect.die("no transactions")])
      for (const exit of exits.slice(0, -1)) assert.isTrue(Exit.isSuccess(exit))
      // What may do more than use the database is not run again unasked.
      const error = yield* failureOf(exits, -1)
      assert.deepInclude(error, { _tag: "TaskDriverError", retryable: true, applied: "no" })
      assert.strictEqual(runs, 1)
      assert.sameMembers(idsIn(other), names(20))
    }))

  it.live("comes for nobody when the files went meanwhile", () =>
    Effect.gen(function*() {
      const { driver, filename, sql } = yield* setUp()
      changing(sql, (effect, transact) => Effect.tap(transact(effect), Effect.sync(() => rmSync(filename))))
      const [, ...shared] = yield* atOnce(names(20).map((id) => insert(driver, id)))
      for (const exit of shared) {
        const error = yield* Effect.flip(exit)
        assert.deepInclude(error, { retryable: false, applied: "unknown" })
        assert.include(error.reason, "was deleted or moved away")
      }
    }))
})

describe("a write that fails", () => {
  for (const how of ["ABORT", "ROLLBACK"]) {
    it.live(`by RAISE(${how}) takes no other write along`, () =>
      Effect.gen(function*() {
        const { driver, other, sql } = yield* setUp()
        yield* sql.unsafe("CREATE TABLE audit (id TEXT)")
        yield* sql.unsafe(
          "CREATE TRIGGER audited AFTER INSERT ON mcp_tasks BEGIN INSERT INTO audit VALUES (NEW.task_id); " +
            `SELECT RAISE(${how}, 'no') WHERE NEW.task_id = 't7'; END`
        )
        const exits = yield* atOnce(names(20).map((id) => insert(driver, id)))
        assert.deepStrictEqual(
          exits.flatMap((exit, index) => Exit.isSuccess(exit) ? [] : [index]),
          [7]
        )
        const expected = names(20).filter((id) => id !== "t7")
        assert.sameMembers(idsIn(other), expected)
        const audited = other.prepare("SELECT id FROM audit").all().map((row) => row["id"])
        assert.sameMembers(audited, expected)
      }))
  }

  it.live("within a transaction of several steps, which SQLite undoes whole, takes no other write along", () =>
    Effect.gen(function*() {
      const { driver, other, sql } = yield* setUp()
      yield* sql.unsafe(
        "CREATE TRIGGER refusing AFTER INSERT ON mcp_tasks WHEN NEW.task_id = 'bad' " +
          "BEGIN SELECT RAISE(ROLLBACK, 'no'); END"
      )
      const steps = driver.transaction?.(Effect.andThen(insert(driver, "good"), insert(driver, "bad")))
      const exits = yield* atOnce([
        ...names(10).map((id) => insert(driver, id)),
        steps ?? Effect.die("no transactions"),
        ...names(20).slice(10).map((id) => insert(driver, id))
      ])
      // As it says itself.
      assert.include(yield* failureOf(exits, 10), { retryable: false })
      assert.isTrue(exits.every((exit, index) => index === 10 || Exit.isSuccess(exit)))
      assert.sameMembers(idsIn(other), names(20))
    }))

  it.live("for a full disk takes no other write along", () =>
    Effect.gen(function*() {
      const { driver, other, sql } = yield* setUp()
      yield* sql`PRAGMA max_page_count = 100`
      const big = driver.insert(storedTask("big", { originalParams: text("x".repeat(1_000_000)) }), unlimited, 1000)
      const small = names(20).map((id) => insert(driver, id))
      const exits = yield* atOnce([...small.slice(0, 10), big, ...small.slice(10)])
      const error = yield* failureOf(exits, 10)
      assert.deepInclude(error, { _tag: "TaskDriverError", retryable: true, applied: "no" })
      assert.isTrue(exits.every((exit, index) => index === 10 || Exit.isSuccess(exit)))
      assert.sameMembers(idsIn(other), names(20))
    }))

  it.live("halfway leaves no half of it behind", () =>
    Effect.gen(function*() {
      const { driver, other, sql } = yield* setUp()
      const { valuesAtOnce } = sql
      // As a statement does that meets a corrupt page: SQLite leaves its first part in an open transaction.
      Object.assign(sql, {
        valuesAtOnce: (statement: string, params: ReadonlyArray<unknown>) => {
          const fails = params.includes("t7")
          const rows = fails && !sql.isTransaction() ? [] : valuesAtOnce(statement, params)
          if (fails) throw Object.assign(new Error("corrupt"), { errcode: 11 })
          return rows
        }
      })
      const exits = yield* atOnce(names(20).map((id) => insert(driver, id)))
      const error = yield* failureOf(exits, 7)
      assert.include(error, { _tag: "TaskDriverError", applied: "no" })
      assert.isTrue(exits.every((exit, index) => index === 7 || Exit.isSuccess(exit)))
      assert.sameMembers(idsIn(other), names(20).filter((id) => id !== "t7"))
    }))
})

describe("a transaction of several steps", () => {
  it.live("that fails takes back what it wrote, and nothing else", () =>
    Effect.gen(function*() {
      const { driver, other } = yield* setUp()
      const failing = driver.transaction?.(Effect.andThen(insert(driver, "bad"), Effect.fail("enough" as const)))
      const exits = yield* atOnce([
        ...names(10).map((id) => insert(driver, id)),
        failing ?? Effect.die("no transactions"),
        ...names(20).slice(10).map((id) => insert(driver, id))
      ])
      assert.strictEqual(yield* failureOf(exits, 10), "enough")
      assert.sameMembers(idsIn(other), names(20))
    }))

  it.live("that cannot take back what it wrote takes all with it, and the others are written again", () =>
    Effect.gen(function*() {
      const { driver, other, sql } = yield* setUp()
      const { transactAtOnce } = sql
      Object.assign(sql, {
        transactAtOnce: <A, E, R>(effect: Effect.Effect<A, E, R>) =>
          Effect.suspend(() =>
            sql.isTransaction() ? Effect.catch(effect, () => Effect.die(fault(10))) : transactAtOnce(effect)
          )
      })
      const failing = driver.transaction?.(Effect.andThen(insert(driver, "bad"), Effect.fail("enough" as const)))
      const exits = yield* atOnce([
        ...names(10).map((id) => insert(driver, id)),
        failing ?? Effect.die("no transactions"),
        ...names(20).slice(10).map((id) => insert(driver, id))
      ])
      assert.deepInclude(yield* failureOf(exits, 10), { _tag: "TaskDriverError", applied: "unknown" })
      assert.isTrue(exits.every((exit, index) => index === 10 || Exit.isSuccess(exit)))
      assert.sameMembers(idsIn(other), names(20))
    }))

  it.live("tells others what it wrote after the commit", () =>
    Effect.gen(function*() {
      const { driver, other } = yield* setUp()
      const seen: Array<ReadonlyArray<string>> = []
      const look = driver.afterCommit?.(Effect.sync(() => void seen.push(idsIn(other)))) ?? Effect.void
      const steps = driver.transaction?.(Effect.andThen(insert(driver, "steps"), look)) ?? Effect.void
      yield* atOnce([Effect.asVoid(insert(driver, "a")), Effect.asVoid(steps), Effect.asVoid(insert(driver, "b"))])
      assert.lengthOf(seen, 1)
      assert.include(seen[0] ?? [], "steps")
    }))
})
