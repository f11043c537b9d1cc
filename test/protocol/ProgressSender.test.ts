/** Progress notifications: not too many, and the last one always. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { makeProgressSender } from "../../src/protocol/ProgressSender.ts"

describe("progress", () => {
  it.effect("is told ten times a second at most, in order, the last one always", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const sender = makeProgressSender("token", (params) => Effect.sync(() => void told.push(JSON.stringify(params))))
      yield* Effect.forkChild(Effect.gen(function*() {
        for (let i = 1; i <= 100; i++) {
          yield* sender.report(`${i}`, { progress: i, total: 100 })
          yield* Effect.sleep("10 millis")
        }
      }))
      yield* TestClock.adjust("2 seconds")
      const messages = told.map((text) => Number(JSON.parse(text).message))
      assert.isAtMost(told.length, 12)
      assert.isAtLeast(told.length, 9)
      assert.deepStrictEqual(messages, messages.toSorted((a, b) => a - b))
      assert.deepStrictEqual(JSON.parse(`${told.at(-1)}`), {
        progressToken: "token",
        progress: 100,
        total: 100,
        message: "100"
      })
    }))

  it.effect("goes up, whatever a tool counts, and is told before the answer", () =>
    Effect.gen(function*() {
      const told: Array<number> = []
      const sender = makeProgressSender(0, ({ progress }) => Effect.sync(() => void told.push(progress)))
      for (const progress of [5, 3, 5, NaN, undefined, undefined]) {
        yield* sender.report("", progress === undefined ? undefined : { progress })
        yield* sender.flush
      }
      assert.deepStrictEqual(told, [5, 6, 7])
    }))

  it.effect("begins with nothing done, as a tool says that is about to begin", () =>
    Effect.gen(function*() {
      const told: Array<number> = []
      const sender = makeProgressSender(0, ({ progress }) => Effect.sync(() => void told.push(progress)))
      for (
        const amount of [{ progress: 0, total: 2 }, { progress: 0, total: 2 }, undefined, { progress: 2, total: 2 }]
      ) {
        yield* sender.report("", amount)
        yield* sender.flush
      }
      assert.deepStrictEqual(told, [0, 1, 2])
    }))

  it.effect("counts from one what counts nothing", () =>
    Effect.gen(function*() {
      const told: Array<number> = []
      const sender = makeProgressSender(0, ({ progress }) => Effect.sync(() => void told.push(progress)))
      yield* sender.report("", undefined)
      yield* sender.flush
      assert.deepStrictEqual(told, [1])
    }))

  it.effect("does not hold up the end of work for long where its client does not read", () =>
    Effect.gen(function*() {
      const told: Array<number> = []
      const client = yield* Deferred.make<void>()
      const sender = makeProgressSender(
        0,
        ({ progress }) => Effect.andThen(Effect.sync(() => void told.push(progress)), Deferred.await(client))
      )
      yield* sender.report("", undefined)
      yield* sender.report("", undefined)
      const end = yield* Effect.forkChild(sender.flush)
      yield* TestClock.adjust("1 second")
      assert.isDefined(end.pollUnsafe())
      // What nobody waits for any more is not told behind the end.
      yield* Deferred.succeed(client, undefined)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(told, [1])
    }))
})
