/** That workers hear of what others write, whatever the task is like, and that what dead ones hold is found. */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { TaskDriver } from "../../../src/domain/driver/TaskDriver.ts"
import { wholeRange } from "../../../src/domain/driver/TaskRange.ts"
import type { TaskGuard, TaskPatch } from "../../../src/domain/driver/TaskWrite.ts"
import { heldByWorker, type StoredTask } from "../../../src/domain/task/StoredTask.ts"
import { LateLooks } from "../../../src/layers/dynamodb/LateLooks.ts"
import { storedTask, text } from "../storedTask.ts"
import { describeWithEngine, freshTable } from "./engine.ts"
import { serverError } from "./faults.ts"
import { interceptedClient, recordingClient } from "./interceptedClient.ts"
import { itemsOf } from "./items.ts"
import { randomText } from "./randomText.ts"
import { anyone, driverOn, driverThrough, unlimited } from "./storages.ts"

const held = { leaseExpiresAt: heldByWorker, dueAt: null, worker: "w", startedAt: 1, attempt: 1 }

const register = (driver: TaskDriver, workerId: string, leaseExpiresAt = 100) =>
  driver.workers.insert({ workerId, registeredAt: 0, leaseExpiresAt, diedAt: null, about: text("about") })

/** What may be done to a task that a worker holds, and whether the worker has to hear of it. */
const writes: ReadonlyArray<{
  readonly name: string
  readonly guard?: TaskGuard
  readonly patch: TaskPatch
  readonly isNews: boolean
}> = [
  { name: "an end", patch: { lastUpdatedAt: 2, status: "cancelled", leaseExpiresAt: null }, isNews: true },
  { name: "an answer", patch: { lastUpdatedAt: 2, inputResponses: text("yes") }, isNews: true },
  { name: "a large answer", patch: { lastUpdatedAt: 2, inputResponses: text(randomText(450_000)) }, isNews: true },
  { name: "another ttl", patch: { lastUpdatedAt: 2, ttl: 70_000 }, isNews: true },
  { name: "a release", patch: { lastUpdatedAt: 2, leaseExpiresAt: 0, worker: null, startedAt: null }, isNews: true },
  { name: "a lease of its own", patch: { lastUpdatedAt: 2, leaseExpiresAt: 50, worker: null }, isNews: true },
  { name: "a claim", patch: { lastUpdatedAt: 2, ...held, attempt: 2, worker: "other" }, isNews: false },
  { name: "a write of its own", guard: { attempt: 1 }, patch: { lastUpdatedAt: 2 }, isNews: false },
  { name: "a longer lease", patch: { leaseExpiresAt: 50, dueAt: null }, isNews: false }
]

const tasks: ReadonlyArray<
  { readonly name: string; readonly fields: Partial<StoredTask>; readonly maxTasks?: number }
> = [
  { name: "a plain task", fields: {} },
  { name: "a counted task", fields: {}, maxTasks: 1_000 },
  { name: "a task with parts", fields: { originalParams: text(randomText(450_000)), ttl: 60_000 } }
]

describeWithEngine("news", () => {
  it.live.each(tasks)("of $name", ({ fields, maxTasks = null }) =>
    Effect.gen(function*() {
      const driver = yield* driverOn(yield* freshTable)
      yield* register(driver, "w")
      for (const { guard = {}, isNews, name, patch } of writes) {
        yield* driver.insert(storedTask(name, { ...held, ...fields }), { maxTasks, maxTasksPerSession: null }, 0)
        expect(yield* driver.patch(name, anyone(0), guard, patch)).toMatchObject({ _tag: "Patched" })
        expect([name, ...(yield* driver.workers.takeNews("w"))]).toEqual(isNews ? [name, name] : [name])
        expect(yield* driver.workers.takeNews("w")).toEqual([])
      }
      yield* driver.insert(storedTask("deleted", { ...held, ...fields }), { maxTasks, maxTasksPerSession: null }, 0)
      yield* driver.messages.push({ queue: "deleted", body: text("x"), expiresAt: 9, maxSize: undefined, now: 0 })
      expect(yield* driver.remove("deleted", anyone(0))).toBe(true)
      expect(yield* driver.workers.takeNews("w")).toEqual(["deleted"])
    }))

  it.live("is given once of a task that was written many times, and goes with the worker", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const driver = yield* driverOn(tableName)
      yield* register(driver, "w")
      yield* driver.insert(storedTask("t", held), unlimited, 0)
      for (let time = 2; time < 6; time++) yield* driver.patch("t", anyone(0), {}, { lastUpdatedAt: time })
      expect(yield* driver.workers.takeNews("w")).toEqual(["t"])
      yield* driver.patch("t", anyone(0), {}, { lastUpdatedAt: 7 })
      yield* driver.patch("t", anyone(0), {}, { lastUpdatedAt: 8, leaseExpiresAt: 0, worker: null })
      yield* driver.workers.end("w", 1)
      expect(yield* driver.workers.removeDead(2, 10)).toBe(1)
      const left = (yield* itemsOf(tableName)).filter(({ pk }) => pk?.S?.startsWith("news#"))
      expect(left).toEqual([])
    }))

  it.live("that cannot be left, or deleted, fails neither the write nor the reading", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const driver = yield* driverOn(tableName)
      let isFailing = true
      const client = yield* interceptedClient(async ({ command, perform }) => {
        if (isFailing && (command === "PutItemCommand" || command === "TransactWriteItemsCommand")) throw serverError()
        return perform()
      })
      const impeded = yield* driverThrough(client, { tableName, retryTimeout: 10 })
      for (const taskId of ["a", "b"]) yield* driver.insert(storedTask(taskId, held), unlimited, 0)
      expect(yield* impeded.patch("a", anyone(0), {}, { lastUpdatedAt: 2 })).toMatchObject({ _tag: "Patched" })
      expect(yield* driver.workers.takeNews("w")).toEqual([])
      yield* driver.patch("b", anyone(0), {}, { lastUpdatedAt: 2 })
      expect(yield* impeded.workers.takeNews("w")).toEqual(["b"])
      isFailing = false
      expect(yield* impeded.workers.takeNews("w")).toEqual(["b"])
      expect(yield* impeded.workers.takeNews("w")).toEqual([])
    }))

  it.live("that was deleted is told, though the engine then fails at the rest", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const driver = yield* driverOn(tableName)
      yield* register(driver, "w")
      let transactions = 0
      const client = yield* interceptedClient(async ({ command, perform }) => {
        if (command === "TransactWriteItemsCommand" && ++transactions > 1) {
          throw Object.assign(new Error("slow down"), { name: "ThrottlingException" })
        }
        return perform()
      })
      const impeded = yield* driverThrough(client, { tableName, retryTimeout: 10 })
      const taskIds = Array.from({ length: 150 }, (_, index) => `task-${String(index).padStart(3, "0")}`)
      yield* Effect.forEach(taskIds, (taskId) =>
        Effect.andThen(
          driver.insert(storedTask(taskId, held), unlimited, 0),
          driver.patch(taskId, anyone(0), {}, { lastUpdatedAt: 2 })
        ), { concurrency: 10, discard: true })
      const first = yield* impeded.workers.takeNews("w")
      expect(first.length).toBeGreaterThan(0)
      expect([...new Set([...first, ...(yield* driver.workers.takeNews("w"))])].sort()).toEqual(taskIds)
    }))
})

describeWithEngine("workers", () => {
  it.live("learn the time of the engine when they renew", () =>
    Effect.gen(function*() {
      const driver = yield* driverOn(yield* freshTable)
      yield* register(driver, "w")
      const { engineTime = 0, worker } = yield* driver.workers.renew("w", 200)
      expect(worker?.leaseExpiresAt).toBe(200)
      expect(Math.abs(engineTime - Date.now())).toBeLessThan(5_000)
    }))

  it.live("are not read by a look that has none of them to declare dead or to release", () =>
    Effect.gen(function*() {
      const commands: Array<string> = []
      let looked = 0
      const client = yield* interceptedClient(async ({ command, perform }) => {
        const output = await perform()
        commands.push(command)
        if ("ScannedCount" in output) looked += output.ScannedCount ?? 0
        return output
      })
      const driver = yield* driverThrough(client, { tableName: yield* freshTable })
      for (let index = 0; index < 30; index++) yield* register(driver, `w${index}`)
      commands.length = 0
      const { workers } = driver
      expect(yield* workers.declareDead({ expiredBy: 99, at: 99, except: undefined, limit: 100 })).toEqual([])
      expect(yield* workers.release({ workerId: undefined, leaseExpiresAt: 99, limit: 100 })).toBe(0)
      expect({ commands, looked }).toEqual({ commands: ["QueryCommand", "QueryCommand"], looked: 0 })
    }))

  it.live("that are dead are asked for often at first, and ever more rarely later", () =>
    Effect.gen(function*() {
      const commands: Array<string> = []
      const driver = yield* driverThrough(yield* recordingClient(commands), { tableName: yield* freshTable })
      yield* register(driver, "w", 1_000)
      const { workers } = driver
      yield* workers.declareDead({ expiredBy: 1_000, at: 1_000, except: undefined, limit: 1 })
      let asked = 0
      for (let now = 1_000; now < 3_601_000; now += 10_000) {
        commands.length = 0
        expect(yield* workers.release({ workerId: undefined, leaseExpiresAt: now, limit: 10 })).toBe(0)
        asked += commands.length - 1
      }
      // Each look of the first minute, and some six in the rest of the hour.
      expect(asked).toBeGreaterThan(8)
      expect(asked).toBeLessThan(16)
      // A claim that was under way for hours is found in the end.
      yield* driver.insert(storedTask("late", held), unlimited, 0)
      const release = workers.release({ workerId: undefined, leaseExpiresAt: 90_000_000, limit: 10 })
      expect(yield* release).toBe(1)
    }))

  it.live("that have ended are found by what they took at the last moment, and leave no trace once they are removed", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const driver = yield* driverOn(tableName)
      const count = Effect.map(itemsOf(tableName), (items) => items.length)
      const before = yield* count
      yield* register(driver, "w")
      yield* driver.workers.end("w", 10)
      yield* driver.workers.end("w", 20)
      expect((yield* driver.workers.find("w"))?.diedAt).toBe(10)
      expect(yield* driver.workers.renew("w", 1)).toEqual({ worker: undefined })
      yield* driver.workers.end("none", 10)
      expect(yield* driver.workers.find("none")).toBeUndefined()
      yield* driver.insert(storedTask("late", held), unlimited, 0)
      expect(yield* driver.workers.release({ workerId: undefined, leaseExpiresAt: 20, limit: 10 })).toBe(1)
      yield* driver.remove("late", anyone(0))
      expect(yield* driver.workers.removeDead(20, 10)).toBe(1)
      expect(yield* count).toBe(before)
    }))

  it.live("that hold much are released in steps, each task once", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const [driver, other] = yield* Effect.all([driverOn(tableName), driverOn(tableName)])
      yield* register(driver, "w")
      yield* Effect.forEach(
        Array.from({ length: 30 }, (_, index) => `task ${index}`),
        (taskId) => driver.insert(storedTask(taskId, held), unlimited, 0),
        { concurrency: 8, discard: true }
      )
      const release = (driver: TaskDriver) => driver.workers.release({ workerId: "w", leaseExpiresAt: 7, limit: 20 })
      const released = yield* Effect.all([release(driver), release(other)], { concurrency: "unbounded" })
      const rest = yield* release(driver)
      expect(released[0] + released[1] + rest).toBe(30)
      const { tasks } = yield* driver.page({
        ...wholeRange,
        scope: anyone(0),
        after: undefined,
        limit: 100,
        maxBytes: Infinity
      })
      expect(new Set(tasks.map(({ leaseExpiresAt, revision, worker }) => `${leaseExpiresAt} ${revision} ${worker}`)))
        .toEqual(
          new Set(["7 2 w"])
        )
    }))
})

it("looks at dead workers are forgotten with them", () => {
  const looks = new LateLooks()
  const dead = { workerId: "w", diedAt: 0, isRemoved: false }
  expect(looks.isDue(dead, 0)).toBe(true)
  looks.foundNothingMore(dead, 100_000)
  expect([looks.isDue(dead, 150_000), looks.isDue(dead, 200_000)]).toEqual([false, true])
  looks.forgetOthers([dead])
  expect(looks.isDue(dead, 150_000)).toBe(false)
  looks.forgetOthers([])
  expect(looks.isDue(dead, 150_000)).toBe(true)
})
