/** That payloads larger than an item are whole or not there, and leave nothing behind. */
import { assert, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type { TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import { wholeRange } from "../../../src/domain/driver/TaskRange.ts"
import type { StoredTask } from "../../../src/domain/task/StoredTask.ts"
import { storedTask, text } from "../storedTask.ts"
import { describeWithEngine, freshTable } from "./engine.ts"
import { interceptedClient } from "./interceptedClient.ts"
import { deleteItem, itemsOf, partsOf, putItem, taskItemOf } from "./items.ts"
import { randomText } from "./randomText.ts"
import { anyone, driverOn, driverThrough, open, unlimited } from "./storages.ts"

const tool = { originalMethod: "tools/call" }
const success = (value: string) => ({ _tag: "Success", value }) as const

const values = [
  { name: "fits", value: randomText(300_000), parts: 0 },
  { name: "fits once it is compressed", value: "all work and no play ".repeat(100_000), parts: 0 },
  { name: "has to be split", value: randomText(900_000), parts: 2 },
  // The rest of 3 MiB is the JSON around it.
  { name: "takes 3 MiB", value: randomText(3 * 1024 * 1024 - 29), parts: 7 }
]

describeWithEngine("large payloads", () => {
  it.live.each(values)("an outcome that $name comes back as it was", ({ parts, value }) =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const storage = yield* open({ tableName })
      yield* storage.createTask({ ...tool, taskId: "one", originalParams: randomText(400_000) })
      const settled = yield* storage.settleTask("one", success(value))
      assert.deepStrictEqual(settled.result, success(value))
      const found = Option.getOrThrow(yield* storage.getTask("one"))
      assert.deepStrictEqual(found, settled)
      const [listed] = (yield* storage.listTasks()).tasks
      assert.deepStrictEqual(listed, settled)
      expect((yield* partsOf(tableName)).length).toBeGreaterThanOrEqual(parts)
      assert.isTrue(yield* storage.deleteTask("one"))
      expect(yield* partsOf(tableName)).toEqual([])
    }))

  it.live("a task takes everything that its limits allow", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const storage = yield* open({ tableName })
      const content = randomText(512 * 1024 - 14)
      const value = randomText(3 * 1024 * 1024 - 29)
      const task = {
        ...tool,
        taskId: "one",
        originalParams: content,
        result: success(value),
        status: "completed"
      } as const
      yield* storage.createTask(task)
      const found = Option.getOrThrow(yield* storage.getTask("one"))
      expect(found.originalParams === content && found.result?._tag === "Success" && found.result.value === value)
        .toBe(true)
    }))

  it.live("writes to a task with parts leave those that stay and take those that go", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const storage = yield* open({ tableName })
      const first = yield* storage.createTask({ ...tool, taskId: "one", originalParams: randomText(520_000) })
      const before = yield* partsOf(tableName)
      expect(before.length).toBeGreaterThan(0)
      const touched = yield* storage.touchTask("one", { statusMessage: "half way" })
      assert.deepStrictEqual(touched.originalParams, first.originalParams)
      expect(yield* partsOf(tableName)).toEqual(before)
      yield* storage.updateTask({ ...touched, originalParams: "small" })
      expect(yield* partsOf(tableName)).toEqual([])
    }))

  it.live("a write to a payload with parts takes its parts along", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const storage = yield* open({ tableName })
      const originalParams = randomText(200_000)
      const inputRequests = { a: randomText(310_000) }
      yield* storage.createTask({ ...tool, taskId: "one", status: "input_required", originalParams, inputRequests })
      expect(yield* partsOf(tableName)).not.toEqual([])
      yield* storage.withSummary.settleTask("one", success("done"))
      const settled = Option.getOrThrow(yield* storage.getTask("one"))
      assert.deepStrictEqual(settled.originalParams, originalParams)
      expect(settled.inputRequests).toBeUndefined()
      expect(yield* partsOf(tableName)).toEqual([])
    }))

  it.live("steps and a principal that outgrow the item come back as they were", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const storage = yield* open({ tableName })
      const principal = { token: randomText(60_000) }
      yield* storage.createTask({ ...tool, taskId: "one", principal, lease: "1 minute" })
      const steps: Record<string, string> = {}
      for (const key of ["a", "b", "c", "d"]) {
        steps[key] = randomText(115_000)
        assert.deepStrictEqual((yield* storage.storeTaskStep("one", key, steps[key], { attempt: 1 })).steps, steps)
      }
      expect((yield* partsOf(tableName)).length).toBeGreaterThan(0)
      yield* storage.touchTask("one", { lease: 0, attempt: 1 })
      const { record } = yield* storage.claimTask("one", { lease: "1 minute" })
      assert.deepStrictEqual({ steps: record.steps, principal: record.principal }, { steps, principal })
      expect(record.attempt).toBe(2)
      yield* storage.deleteTask("one")
      expect(yield* partsOf(tableName)).toEqual([])
    }))

  it.live("readers meanwhile see all of an outcome or none of it", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const storage = yield* open({ tableName })
      const driver = yield* driverOn(tableName)
      const everything = { ...wholeRange, scope: anyone(0), after: undefined, limit: 5, maxBytes: 2 ** 30 }
      const sizes = [700_000, 1_500_000]
      yield* storage.createTask({ ...tool, taskId: "one" })
      const seen = new Set<number>()
      const reading = yield* Effect.forkChild(Effect.forever(Effect.gen(function*() {
        const found = yield* driver.find("one", anyone(0))
        const { tasks } = yield* driver.page(everything)
        // A torn text is no JSON, or has another length.
        for (const task of [found, ...tasks]) seen.add(String(task?.result?.decode() ?? "").length)
      })))
      // Outcomes are written once, and a driver does not care: replaced again and again, they are torn if they can be.
      for (let round = 0; round < 12 || seen.size < 2; round++) {
        const result = text(randomText(sizes[round % 2] ?? 0))
        yield* driver.patch("one", anyone(0), {}, { lastUpdatedAt: round, result, resultKind: "success" })
      }
      assert.isUndefined(reading.pollUnsafe())
      yield* Fiber.interrupt(reading)
      expect([...seen].filter((size) => ![0, ...sizes].includes(size))).toEqual([])
      expect(seen.size).toBeGreaterThan(1)
      // Of the outcomes before, nothing is left.
      const parts = yield* partsOf(tableName)
      expect(new Set(parts.map(({ sk }) => sk?.S?.split("#")[1])).size).toBe(1)
    }))

  it.live("a reader whose parts are replaced before it reads them reads again, from tasks and from lists", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const writer = yield* driverOn(tableName)
      const run = Effect.runPromiseWith(yield* Effect.context())
      const replace = (size: number) =>
        Effect.asVoid(writer.patch("one", anyone(0), {}, { lastUpdatedAt: 0, originalParams: text(randomText(size)) }))
      const meanwhile: Array<Effect.Effect<void, TaskDriverError>> = []
      const client = yield* interceptedClient(async ({ command, input, perform }) => {
        const isOfParts = command === "BatchGetItemCommand" && JSON.stringify(input).includes("part#")
        const next = isOfParts ? meanwhile.pop() : undefined
        if (next !== undefined) await run(next)
        return perform()
      })
      const reader = yield* driverThrough(client, { tableName })
      yield* writer.insert(storedTask("one"), unlimited, 0)
      const sizeOf = (task: StoredTask | undefined) => String(task?.originalParams?.decode()).length
      const everything = { ...wholeRange, scope: anyone(0), after: undefined, limit: 5, maxBytes: 2 ** 30 }

      yield* replace(600_000)
      meanwhile.push(replace(700_000))
      expect(sizeOf(yield* reader.find("one", anyone(0)))).toBe(700_000)
      meanwhile.push(replace(600_000))
      expect((yield* reader.page(everything)).tasks.map(sizeOf)).toEqual([600_000])
      meanwhile.push(replace(700_000))
      const touched = yield* reader.patch("one", anyone(0), {}, { lastUpdatedAt: 1 })
      expect(touched._tag === "Patched" ? sizeOf(touched.task) : touched._tag).toBe(700_000)
      meanwhile.push(Effect.asVoid(writer.remove("one", anyone(0))))
      expect(yield* reader.find("one", anyone(0))).toBeUndefined()
      expect(meanwhile).toEqual([])
    }))

  it.live("a part that somebody else took is told at once, and the task can be deleted", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const storage = yield* open({ tableName })
      yield* storage.createTask({ ...tool, taskId: "one" })
      yield* storage.settleTask("one", success(randomText(900_000)))
      const [part] = yield* partsOf(tableName)
      yield* deleteItem(tableName, part ?? {})
      for (const read of [Effect.asVoid(storage.getTask("one")), Effect.asVoid(storage.listTasks())]) {
        const error = yield* Effect.flip(read)
        assert.include(error.message, "a part of it is missing")
      }
      assert.isTrue(yield* storage.deleteTask("one"))
      expect((yield* itemsOf(tableName)).map(({ sk }) => sk?.S)).toEqual(["settings"])
    }))

  it.live("an expired item of which little is sound does not stop the sweep", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const storage = yield* open({ tableName, maxTasks: 5 })
      for (const taskId of ["one", "two"]) yield* storage.createTask({ ...tool, taskId, ttl: 1 })
      yield* putItem(tableName, { ...yield* taskItemOf(tableName, "one"), status: { S: "odd" } })
      yield* Effect.sleep("10 millis")
      expect((yield* storage.expireTasks()).toSorted()).toEqual(["one", "two"])
    }))

  it.live("a ttl that changes is that of every part", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const driver = yield* driverOn(tableName)
      const task = storedTask("one", { createdAt: 1_500, ttl: 10_001, originalParams: text(randomText(600_000)) })
      yield* driver.insert(task, unlimited, 0)
      const purgeTimes = Effect.map(itemsOf(tableName), (items) => [
        ...new Set(
          items.filter(({ pk }) => pk?.S === "t#one").map(({ purgeAt }) => purgeAt?.N)
        )
      ])
      expect(yield* purgeTimes).toEqual(["13"])
      yield* driver.patch("one", anyone(1_500), {}, { lastUpdatedAt: 1_600, ttl: 20_000 })
      expect(yield* purgeTimes).toEqual(["22"])
      yield* driver.patch("one", anyone(1_500), {}, { lastUpdatedAt: 1_600, ttl: null })
      expect(yield* purgeTimes).toEqual([undefined])
      yield* driver.patch("one", anyone(1_500), {}, { lastUpdatedAt: 1_600, ttl: 30_000 })
      expect(yield* purgeTimes).toEqual(["32"])
      const expiry = { at: 70_000, maxTtl: 100_000 }
      yield* driver.patch("one", anyone(1_500), {}, { lastUpdatedAt: 1_600, status: "completed", expiry })
      expect(yield* purgeTimes).toEqual(["71"])
      expect((yield* driver.find("one", anyone(69_999)))?.ttl).toBe(68_500)
      expect(yield* driver.find("one", anyone(70_000))).toBeUndefined()
    }))

  it.live("DynamoDB's own expiry is never before the millisecond, nor for a task without ttl", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const driver = yield* driverOn(tableName)
      const cases = [
        { createdAt: 0, ttl: 1 },
        { createdAt: 999, ttl: 1 },
        { createdAt: 999, ttl: 1_002 },
        { createdAt: 1_000, ttl: 1_000 },
        { createdAt: 1_767_323_045_678, ttl: 3_600_001 }
      ]
      for (const [index, { createdAt, ttl }] of cases.entries()) {
        const taskId = `task-${index}`
        yield* driver.insert(storedTask(taskId, { createdAt, ttl }), unlimited, 0)
        const inserted = Number((yield* taskItemOf(tableName, taskId))?.["purgeAt"]?.N)
        expect(inserted * 1000).toBeGreaterThanOrEqual(createdAt + ttl)
        yield* driver.patch(taskId, anyone(createdAt), {}, { lastUpdatedAt: createdAt, ttl })
        expect(Number((yield* taskItemOf(tableName, taskId))?.["purgeAt"]?.N)).toBe(inserted)
        expect(inserted * 1000 - createdAt - ttl).toBeLessThan(2_000)
        const expiry = { at: createdAt + ttl, maxTtl: ttl }
        yield* driver.patch(taskId, anyone(createdAt), {}, { lastUpdatedAt: createdAt, expiry })
        const ended = yield* taskItemOf(tableName, taskId)
        expect([ended?.["ttl"]?.N, ended?.["expiresAt"]?.N]).toEqual([String(ttl), String(createdAt + ttl)])
        expect(Number(ended?.["purgeAt"]?.N)).toBe(Math.ceil((createdAt + ttl) / 1000))
      }
      yield* driver.insert(storedTask("forever"), unlimited, 0)
      expect(yield* taskItemOf(tableName, "forever")).not.toHaveProperty("purgeAt")
      yield* driver.patch("task-0", anyone(0), {}, { lastUpdatedAt: 0, ttl: null })
      expect(yield* taskItemOf(tableName, "task-0")).not.toHaveProperty("purgeAt")
    }))

  it.live("leave nothing behind when they expire or are replaced", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const driver = yield* driverOn(tableName)
      const large = { ttl: 10, originalParams: text(randomText(500_000)), result: text(randomText(3_000_000)) }
      yield* driver.insert(storedTask("swept", large), unlimited, 0)
      yield* driver.insert(storedTask("replaced", large), unlimited, 0)
      expect(yield* driver.removeExpired(1_009, 10)).toEqual([])
      const old = (yield* partsOf(tableName)).map(({ sk }) => sk?.S)
      expect(yield* driver.insert(storedTask("replaced", { ...large, incarnation: "second" }), unlimited, 1_010))
        .toEqual({ _tag: "Inserted" })
      expect((yield* driver.find("replaced", anyone(0)))?.incarnation).toBe("second")
      expect(yield* driver.removeExpired(1_010, 10)).toHaveLength(2)
      expect(yield* partsOf(tableName)).toEqual([])
      expect(old.length).toBeGreaterThan(10)
    }))

  it.live("are messages too", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const { messages } = yield* open({ tableName })
      const bodies = [randomText(520_000), "x".repeat(500_000), "small", randomText(500_000)]
      const enqueue = Effect.forEach(bodies, (body) => messages.enqueue("one", body))
      yield* enqueue
      expect(Option.getOrThrow(yield* messages.dequeue("one")) === bodies[0]).toBe(true)
      expect((yield* messages.dequeueAll("one")).every((body, index) => body === bodies[index + 1])).toBe(true)
      expect(yield* partsOf(tableName)).toEqual([])
      yield* enqueue
      const driver = yield* driverOn(tableName)
      expect(yield* driver.messages.removeExpired(Date.now() + 100_000_000, 10)).toBe(4)
      const left = (yield* itemsOf(tableName)).filter(({ pk }) => pk?.S !== "settings")
      expect(left).toEqual([])
    }))
})
