/** That queues answer as at one moment, though they are read at two: the head, and then the messages. */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { MessageDriver } from "../../../src/domain/driver/TaskDriver.ts"
import { storedTask, text } from "../storedTask.ts"
import { describeWithEngine, freshTable } from "./engine.ts"
import { interceptedClient } from "./interceptedClient.ts"
import { itemsOf } from "./items.ts"
import { randomText } from "./randomText.ts"
import { anyone, driverOn, driverThrough, unlimited } from "./storages.ts"

const push = (messages: MessageDriver, body: string, maxSize?: number) =>
  messages.push({ queue: "q", body: text(body), expiresAt: 1_000, maxSize, now: 0 })

/** Two drivers on one table; between the reads of the first one the second one may do something, once. */
const setUp = Effect.gen(function*() {
  const tableName = yield* freshTable
  const run = Effect.runPromiseWith(yield* Effect.context())
  const meanwhile: Array<() => Promise<void>> = []
  const client = yield* interceptedClient(async ({ command, perform }) => {
    if (command === "QueryCommand" || command === "TransactWriteItemsCommand") await meanwhile.pop()?.()
    return perform()
  })
  const driver = yield* driverThrough(client, { tableName })
  const { messages: slow } = driver
  const { messages: other } = yield* driverOn(tableName)
  const between = <A, E>(effect: Effect.Effect<A, E>) => {
    meanwhile.push(() => run(Effect.asVoid(effect)))
  }
  return { tableName, driver, slow, other, between }
})

describeWithEngine("message queues", () => {
  it.live("that are never empty are not said to be", () =>
    Effect.gen(function*() {
      const { other, slow, between } = yield* setUp
      yield* push(slow, "a")
      between(Effect.andThen(push(other, "b"), other.shift("q", 0)))
      expect((yield* slow.shift("q", 0))?.decode()).toBe("b")
    }))

  it.live("that are full tell a size that they had", () =>
    Effect.gen(function*() {
      const { other, slow, between } = yield* setUp
      yield* push(slow, "a")
      yield* push(slow, "b")
      between(Effect.andThen(push(other, "c"), other.shift("q", 0)))
      expect(yield* push(slow, "d", 1)).toEqual({ _tag: "Full", size: 2 })
    }))

  it.live("give everything that was in them when they were drained", () =>
    Effect.gen(function*() {
      const { other, slow, between } = yield* setUp
      yield* push(slow, "a")
      between(push(other, "b"))
      expect((yield* slow.drain("q", 0)).map((body) => body.decode())).toEqual(["a", "b"])
      expect(yield* other.drain("q", 0)).toEqual([])
    }))

  it.live("leave nothing behind once all of their messages have expired, and begin anew", () =>
    Effect.gen(function*() {
      const { other, slow, tableName } = yield* setUp
      yield* push(slow, "a")
      yield* push(slow, "b")
      expect(yield* slow.removeExpired(999, 10)).toBe(0)
      expect(yield* slow.removeExpired(1_000, 10)).toBe(2)
      expect((yield* itemsOf(tableName)).map(({ pk }) => pk?.S)).toEqual(["settings"])
      yield* other.push({ queue: "q", body: text("c"), expiresAt: 3_000, maxSize: 1, now: 2_000 })
      expect((yield* slow.shift("q", 2_000))?.decode()).toBe("c")
    }))

  it.live("leave nothing behind when their task goes, whatever way and however large all of it is", () =>
    Effect.gen(function*() {
      const { driver, other, tableName } = yield* setUp
      for (const taskId of ["deleted", "expired", "replaced"]) {
        for (const result of [null, text(randomText(900_000))]) {
          yield* driver.insert(storedTask(taskId, { createdAt: 0, ttl: 100, result }), unlimited, 0)
          for (const body of ["a", randomText(450_000), "b"]) {
            yield* other.push({ queue: taskId, body: text(body), expiresAt: 1_000, maxSize: undefined, now: 0 })
          }
          yield* other.shift(taskId, 0)
          if (taskId === "deleted") expect(yield* driver.remove(taskId, anyone(0))).toBe(true)
          if (taskId === "replaced") {
            const next = storedTask(taskId, { createdAt: 100, ttl: null, incarnation: "next" })
            expect(yield* driver.insert(next, unlimited, 100)).toEqual({ _tag: "Inserted" })
            expect(yield* driver.remove(taskId, anyone(100))).toBe(true)
          }
          if (taskId === "expired") expect(yield* driver.removeExpired(100, 10)).toEqual([taskId])
          expect((yield* itemsOf(tableName)).map(({ pk }) => pk?.S)).toEqual(["settings"])
        }
      }
    }))

  it.live("that come while their task goes, go with it", () =>
    Effect.gen(function*() {
      const { between, driver, other, tableName } = yield* setUp
      for (const before of [[], ["a"]]) {
        yield* driver.insert(storedTask("q"), unlimited, 0)
        for (const body of before) yield* push(other, body)
        between(push(other, "meanwhile"))
        expect(yield* driver.remove("q", anyone(0))).toBe(true)
        expect(yield* other.drain("q", 0)).toEqual([])
        expect((yield* itemsOf(tableName)).map(({ pk }) => pk?.S)).toEqual(["settings"])
      }
    }))
})
