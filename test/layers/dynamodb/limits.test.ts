/** That counted tasks are counted out whoever deletes them, and that limits cost nothing where there are none. */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { TaskDriver } from "../../../src/domain/driver/TaskDriver.ts"
import { storedTask } from "../storedTask.ts"
import { describeWithEngine, freshTable } from "./engine.ts"
import { itemsOf, taskItemOf } from "./items.ts"
import { anyone, driverOn, unlimited } from "./storages.ts"

const bounds = { maxTasks: 2, maxTasksPerSession: 1 }

const insert = (driver: TaskDriver, taskId: string, sessionId: string | null, now = 0, limits = bounds) =>
  Effect.map(
    driver.insert(storedTask(taskId, { sessionId, ttl: 10, incarnation: `${taskId} at ${now}` }), limits, now),
    (result) => result._tag === "LimitReached" ? `${result.scope} ${result.limit}` : result._tag
  )

const countsOf = (tableName: string) =>
  Effect.map(
    itemsOf(tableName),
    (items) =>
      Object.fromEntries(items.flatMap(({ pk, tasks }) => tasks === undefined ? [] : [[pk?.S, Number(tasks.N)]]))
  )

describeWithEngine("limits", () => {
  it.live("count a task once, and count it out with its deletion, sweep and replacement", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const driver = yield* driverOn(tableName)
      expect(yield* insert(driver, "one", "a")).toBe("Inserted")
      expect(yield* insert(driver, "two", "b")).toBe("Inserted")
      expect(yield* insert(driver, "one", "a")).toBe("Inserted")
      expect(yield* insert(driver, "three", null)).toBe("storage 2")
      expect(yield* countsOf(tableName)).toEqual({ "c#total": 2, "c#session#a": 1, "c#session#b": 1 })
      expect(yield* driver.remove("two", anyone(0))).toBe(true)
      expect(yield* countsOf(tableName)).toEqual({ "c#total": 1, "c#session#a": 1, "c#session#b": 0 })
      expect(yield* insert(driver, "three", "a")).toBe("session 1")
      expect(yield* insert(driver, "one", "b", 1_010)).toBe("Inserted")
      expect(yield* countsOf(tableName)).toEqual({ "c#total": 1, "c#session#a": 0, "c#session#b": 1 })
      expect(yield* driver.removeExpired(1_010, 10)).toEqual(["one"])
      expect(yield* countsOf(tableName)).toEqual({ "c#total": 0, "c#session#a": 0, "c#session#b": 0 })
    }))

  it.live("hold against a storage without limits, which counts out what it deletes and replaces", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const driver = yield* driverOn(tableName)
      yield* insert(driver, "one", "a")
      yield* insert(driver, "two", null)
      expect(yield* driver.insert(storedTask("one", { incarnation: "later" }), unlimited, 1_010)).toEqual({
        _tag: "Inserted"
      })
      expect(yield* countsOf(tableName)).toEqual({ "c#total": 1, "c#session#a": 0 })
      // What no limit was asked about is not counted, so that its deletion counts nothing out.
      expect(yield* driver.remove("one", anyone(0))).toBe(true)
      expect(yield* countsOf(tableName)).toEqual({ "c#total": 1, "c#session#a": 0 })
    }))

  it.live("leave counted tasks to the sweep, since DynamoDB's own expiry counts nothing out", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const driver = yield* driverOn(tableName)
      yield* insert(driver, "one", "a")
      const purge = Effect.map(taskItemOf(tableName, "one"), (item) => item?.["purgeAt"])
      expect(yield* purge).toBeUndefined()
      yield* driver.patch("one", anyone(0), {}, { lastUpdatedAt: 1, ttl: 20 })
      expect(yield* purge).toBeUndefined()
      yield* driver.insert(storedTask("free", { ttl: 10 }), unlimited, 0)
      expect(yield* taskItemOf(tableName, "free")).toHaveProperty("purgeAt")
    }))

  it.live("leave no counters where there are none", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const driver = yield* driverOn(tableName)
      yield* driver.insert(storedTask("one", { sessionId: "a" }), unlimited, 0)
      yield* driver.remove("one", anyone(0))
      expect(yield* countsOf(tableName)).toEqual({})
    }))
})
