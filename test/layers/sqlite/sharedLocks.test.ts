/** That writes which share a commit wait together for the lock of another process. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { realSleep } from "../../../src/layers/realSleep.ts"
import { anybody, counting, fewCommits, idsIn, insert, names, setUp } from "./sharingClient.ts"

describe("a lock of another process", () => {
  it.live("is waited for by all together, and blocks nobody meanwhile", () =>
    Effect.gen(function*() {
      const { driver, other, sql } = yield* setUp()
      const counted = counting(sql)
      other.exec("BEGIN IMMEDIATE")
      const fibers = yield* Effect.forEach(names(30), (id) => Effect.forkChild(insert(driver, id)))
      const turns: Array<number> = []
      for (let turn = 0; turn < 30; turn++) {
        const start = performance.now()
        yield* realSleep(2)
        assert.isUndefined(yield* driver.find("t0", anybody))
        turns.push(performance.now() - start)
      }
      assert.isBelow(turns.sort((left, right) => left - right)[15] ?? Infinity, 250)
      assert.isTrue(fibers.every((fiber) => fiber.pollUnsafe() === undefined))
      other.exec("COMMIT")
      yield* Fiber.joinAll(fibers)
      assert.lengthOf(idsIn(other), 30)
      assert.isAtMost(counted.transactions, fewCommits)
    }))

  it.live("is waited for together by those who come one after the other", () =>
    Effect.gen(function*() {
      const { driver, other, sql } = yield* setUp()
      const counted = counting(sql)
      other.exec("BEGIN IMMEDIATE")
      const fibers = yield* Effect.forEach(names(20), (id) =>
        Effect.tap(Effect.forkChild(insert(driver, id), { startImmediately: true }), realSleep(2)))
      other.exec("COMMIT")
      yield* Fiber.joinAll(fibers)
      assert.lengthOf(idsIn(other), 20)
      assert.isAtLeast(counted.transactions, 1)
      assert.isAtMost(counted.transactions, fewCommits)
    }))

  it.live("is waited for as long as lockTimeout says, by each from when it came", () =>
    Effect.gen(function*() {
      const { driver, other } = yield* setUp({ lockTimeout: 2000 })
      other.exec("BEGIN IMMEDIATE")
      const start = performance.now()
      const waited = (id: string) =>
        Effect.gen(function*() {
          const began = performance.now()
          const error = yield* Effect.flip(insert(driver, id))
          assert.deepInclude(error, { _tag: "TaskDriverError", retryable: true, applied: "no" })
          assert.include(error.reason, "the lockTimeout of 2000 ms; try again")
          assert.isAtLeast(performance.now() - began, 2000)
        })
      const first = yield* Effect.forEach(names(10), (id) => Effect.forkChild(waited(id)))
      yield* realSleep(1600)
      const late = yield* Effect.forkChild(insert(driver, "late"))
      yield* Fiber.joinAll(first)
      // Nobody has waited twice.
      assert.isBelow(performance.now() - start, 3600)
      other.exec("COMMIT")
      yield* Fiber.join(late)
      assert.deepStrictEqual(idsIn(other), ["late"])
    }))

  it.live("that others wait for lets those go who give up, and their writes do not happen", () =>
    Effect.gen(function*() {
      const { driver, other } = yield* setUp()
      other.exec("BEGIN IMMEDIATE")
      const fibers = yield* Effect.forEach(names(20), (id) => Effect.forkChild(insert(driver, id)))
      yield* realSleep(30)
      const start = performance.now()
      yield* Fiber.interruptAll(fibers.slice(0, 15))
      assert.isBelow(performance.now() - start, 3000)
      other.exec("COMMIT")
      yield* Fiber.joinAll(fibers.slice(15))
      yield* realSleep(30)
      assert.sameMembers(idsIn(other), names(20).slice(15))
    }))
})
