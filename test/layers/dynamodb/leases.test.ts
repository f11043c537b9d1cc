/** That the index of leases holds what is at work under a lease, however it was written, and costs what is promised. */
import { ScanCommand } from "@aws-sdk/client-dynamodb"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { StoredTask } from "../../../src/domain/StoredTask.ts"
import { activeStatuses } from "../../../src/domain/TaskStatus.ts"
import type { TaskPatch } from "../../../src/domain/TaskWrite.ts"
import { storedTask, text } from "../storedTask.ts"
import { bareClient, describeWithEngine, freshTable } from "./engine.ts"
import { interceptedClient, recordingClient } from "./interceptedClient.ts"
import { taskItemOf } from "./items.ts"
import { randomText } from "./randomText.ts"
import { anyone, driverOn, driverThrough, openThrough, unlimited } from "./storages.ts"

/** Gives the ids of the entries under `working` in the index, in no order. */
const indexed = (tableName: string) =>
  Effect.promise(async () => {
    const client = bareClient()
    const { Items = [] } = await client.send(new ScanCommand({ TableName: tableName, IndexName: "leases" }))
    client.destroy()
    return Items.flatMap(({ active, taskId }) => active?.S === "working" ? taskId?.S ?? [] : []).toSorted()
  })

const everyone = { released: true, expiredBy: Number.MAX_SAFE_INTEGER, now: 0, limit: 100 }

/** What is written one after the other, and whether the task is at work under a lease then. */
const writes: ReadonlyArray<readonly [patch: Omit<TaskPatch, "lastUpdatedAt">, isLeased: boolean]> = [
  [{}, false],
  [{ leaseExpiresAt: 0 }, true],
  [{ attempt: 1, leaseExpiresAt: 5_000 }, true],
  [{ status: "input_required" }, false],
  [{ leaseExpiresAt: 6_000 }, false],
  [{ status: "working" }, true],
  [{ leaseExpiresAt: null }, false],
  [{ status: "input_required", leaseExpiresAt: 7_000 }, false],
  [{ status: "working", attempt: 2 }, true],
  [{ status: "completed", leaseExpiresAt: null }, false]
]

const ways: ReadonlyArray<{ readonly name: string; readonly fields: Partial<StoredTask>; readonly maxTasks?: number }> =
  [
    { name: "by an update", fields: {} },
    { name: "of counted tasks", fields: {}, maxTasks: 1_000 },
    { name: "whole, with parts", fields: { originalParams: text(randomText(600_000)) } }
  ]

describeWithEngine("the index of leases", () => {
  it.live.each(ways)("follows every write: $name", ({ fields, maxTasks = null }) =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const driver = yield* driverOn(tableName)
      yield* driver.insert(storedTask("t", fields), { maxTasks, maxTasksPerSession: null }, 0)
      for (const [patch, isLeased] of writes) {
        yield* driver.patch("t", anyone(0), {}, { lastUpdatedAt: 2_000, ...patch })
        const expected = isLeased ? ["t"] : []
        expect(yield* indexed(tableName)).toEqual(expected)
        expect((yield* driver.expiredLeases(everyone)).map(({ taskId }) => taskId)).toEqual(expected)
      }
    }))

  it.live("keeps what is held out of the list of what nobody touched", () =>
    Effect.gen(function*() {
      const driver = yield* driverOn(yield* freshTable)
      const stale = { statuses: activeStatuses, updatedBefore: 2_000, freeSince: 9, now: 0 }
      const list = (limit: number) =>
        Effect.map(driver.stale({ ...stale, limit }), (found) => found.map(({ taskId }) => taskId))
      expect(yield* list(2)).toEqual([])
      for (const [taskId, leaseExpiresAt] of [["a", null], ["c", 0], ["e", 1], ["g", 9]] as const) {
        yield* driver.insert(storedTask(taskId, { leaseExpiresAt }), unlimited, 0)
      }
      for (const [taskId, status] of [["b", "working"], ["d", "input_required"], ["f", "working"]] as const) {
        yield* driver.insert(storedTask(taskId, { leaseExpiresAt: 10, status }), unlimited, 0)
      }
      for (const limit of [1, 2, 3, 4]) expect(yield* list(limit)).toEqual(["a", "c", "e", "g"].slice(0, limit))
      expect(yield* list(10)).toEqual(["a", "c", "e", "g"])
    }))

  it.live("follows every creation and deletion", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const driver = yield* driverOn(tableName)
      yield* driver.insert(storedTask("leased", { leaseExpiresAt: 5 }), unlimited, 0)
      yield* driver.insert(storedTask("free", { leaseExpiresAt: 0 }), unlimited, 0)
      yield* driver.insert(storedTask("asking", { leaseExpiresAt: 0, status: "input_required" }), unlimited, 0)
      yield* driver.insert(storedTask("plain"), unlimited, 0)
      expect(yield* indexed(tableName)).toEqual(["free", "leased"])
      yield* driver.remove("free", anyone(0))
      expect(yield* indexed(tableName)).toEqual(["leased"])
    }))

  it.live("gives those first whose lease ran out first, over all partitions, and then by the bytes of their ids", () =>
    Effect.gen(function*() {
      const driver = yield* driverOn(yield* freshTable)
      const leases: ReadonlyArray<readonly [taskId: string, leaseExpiresAt: number]> = [
        ["late", 12],
        ["𝒳", 9],
        ["\uFF5E", 9],
        ["first", 2],
        ["free", 0],
        ["at the last moment", 10],
        ["held", 11]
      ]
      for (const [taskId, leaseExpiresAt] of leases) {
        yield* driver.insert(storedTask(taskId, { leaseExpiresAt, resultKind: "success" }), unlimited, 0)
      }
      yield* driver.insert(storedTask("gone", { createdAt: 0, ttl: 10, leaseExpiresAt: 1 }), unlimited, 0)
      const list = (limit: number, released = true, expiredBy = 10) =>
        driver.expiredLeases({ released, expiredBy, now: 10, limit })
      const expected = ["free", "first", "\uFF5E", "𝒳", "at the last moment"]
      expect(yield* list(10)).toEqual(expected.map((taskId) => ({ taskId, resultKind: "success" })))
      expect((yield* list(3)).map(({ taskId }) => taskId)).toEqual(expected.slice(0, 3))
      expect((yield* list(3, false)).map(({ taskId }) => taskId)).toEqual(expected.slice(1, 4))
      for (const expiredBy of [0, -1]) expect(yield* list(3, false, expiredBy)).toEqual([])
      expect((yield* list(3, true, 0)).map(({ taskId }) => taskId)).toEqual(["free"])
    }))

  it.live("is not read more of because tasks wait for input, have no lease, or are held", () =>
    Effect.gen(function*() {
      let [requests, looked] = [0, 0]
      const client = yield* interceptedClient(async ({ perform }) => {
        const output = await perform()
        requests++
        if ("ScannedCount" in output) looked += output.ScannedCount ?? 0
        return output
      })
      const driver = yield* driverThrough(client, { tableName: yield* freshTable, shards: 2 })
      for (let index = 0; index < 40; index++) {
        const asking = { status: "input_required", leaseExpiresAt: index } as const
        yield* driver.insert(storedTask(`asking-${index}`, asking), unlimited, 0)
        yield* driver.insert(storedTask(`plain-${index}`), unlimited, 0)
        yield* driver.insert(storedTask(`held-${index}`, { leaseExpiresAt: 1_000 + index }), unlimited, 0)
      }
      yield* driver.insert(storedTask("free", { leaseExpiresAt: 0 }), unlimited, 0)
      requests = 0
      expect(yield* driver.expiredLeases({ released: true, expiredBy: 999, now: 0, limit: 50 })).toEqual([
        { taskId: "free", resultKind: null }
      ])
      expect({ requests, looked }).toEqual({ requests: 2, looked: 1 })
      expect(yield* driver.expiredLeases({ released: false, expiredBy: 999, now: 0, limit: 50 })).toEqual([])
      expect({ requests, looked }).toEqual({ requests: 4, looked: 1 })
    }))
})

describeWithEngine("steps", () => {
  it.live("do not make a later message cost more than one request, however often they were written", () =>
    Effect.gen(function*() {
      const commands: Array<string> = []
      const tableName = yield* freshTable
      const storage = yield* openThrough(yield* recordingClient(commands), {
        tableName,
        maxPayloadBytes: { content: 10_000 }
      })
      yield* storage.createTask({ originalMethod: "tools/call", taskId: "t", principal: { sub: "ada" } })
      // Together they take some 3 KB, and everything that was ever written of them some 50 KB.
      for (let index = 0; index < 30; index++) yield* storage.storeTaskStep("t", `step-${index}`, "x".repeat(90))
      commands.length = 0
      yield* storage.updateTaskStatus("t", "input_required", { statusMessage: "still here" })
      expect(commands).toEqual(["UpdateItemCommand"])
      // Of the steps, what they take now is counted, and nothing of what they took before.
      const item = yield* taskItemOf(tableName, "t")
      const [rest, other, steps] = [item?.["restBytes"]?.N, item?.["otherBytes"]?.N, item?.["steps"]?.S?.length]
      expect(Number(other) - Number(rest)).toBe(steps)
    }))
})
