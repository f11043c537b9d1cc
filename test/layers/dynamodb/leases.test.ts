/** That the indexes of leases, free tasks and workers hold what they should, however it was written, and cost what is promised. */
import { ScanCommand } from "@aws-sdk/client-dynamodb"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { TaskPatch } from "../../../src/domain/driver/TaskWrite.ts"
import { heldByWorker, type StoredTask } from "../../../src/domain/task/StoredTask.ts"
import { activeStatuses } from "../../../src/domain/task/TaskStatus.ts"
import { lineOf, waitingLine } from "../../../src/layers/dynamodb/FreeLine.ts"
import { storedTask, text } from "../storedTask.ts"
import { bareClient, describeWithEngine, freshTable } from "./engine.ts"
import { recordingClient } from "./interceptedClient.ts"
import { taskItemOf } from "./items.ts"
import { randomText } from "./randomText.ts"
import { anyone, driverOn, openThrough, unlimited } from "./storages.ts"

const entriesOf = (tableName: string, IndexName: string) =>
  Effect.promise(async () => {
    const client = bareClient()
    const { Items = [] } = await client.send(new ScanCommand({ TableName: tableName, IndexName }))
    client.destroy()
    return Items
  })

/** Gives the ids of the entries under `working` in the index of leases, in no order. */
const leased = (tableName: string) =>
  Effect.map(
    entriesOf(tableName, "leases"),
    (entries) => entries.flatMap(({ active, taskId }) => active?.S === "working" ? taskId?.S ?? [] : []).toSorted()
  )

/** Gives where the only task that is at work stands, and which worker has it. */
const spot = Effect.fnUntraced(function*(tableName: string) {
  const [free] = (yield* entriesOf(tableName, "free")).filter(({ active }) => active?.S === "working")
  const [held] = (yield* entriesOf(tableName, "byWorker")).filter(({ leaseExpiresAt }) =>
    leaseExpiresAt?.N === String(heldByWorker)
  )
  const line = free?.["free"]?.S
  return {
    line: line === waitingLine ? "waits" : line === undefined ? "none" : line,
    worker: held?.["worker"]?.S ?? null
  }
})

const by = (worker: string) => ({ leaseExpiresAt: heldByWorker, dueAt: null, worker, startedAt: 1 })
const until = (leaseExpiresAt: number) => ({ leaseExpiresAt, dueAt: null, worker: null, startedAt: 1 })
const due = (time: number) => ({ leaseExpiresAt: time, dueAt: time, worker: null, startedAt: null })
const released = { leaseExpiresAt: 0, dueAt: null, worker: null, startedAt: null }

/** What is written one after the other; whether the task is at work under a lease then, where it stands, and who holds it. */
const writes: ReadonlyArray<
  readonly [patch: Omit<TaskPatch, "lastUpdatedAt">, line: "none" | "waits" | "own", worker: string | null]
> = [
  [{}, "none", null],
  [released, "own", null],
  [{ attempt: 1, ...until(5_000) }, "waits", null],
  [{ status: "input_required" }, "none", null],
  [until(6_000), "none", null],
  [{ status: "working" }, "waits", null],
  [{ attempt: 2, ...by("one") }, "none", "one"],
  [{ status: "input_required" }, "none", "one"],
  [{ status: "working", ...released }, "own", null],
  [{ originalMethod: text("other"), name: text("named") }, "own", null],
  [{ attempt: 3, ...by("two") }, "none", "two"],
  [due(7_000), "waits", null],
  [{ attempt: 4, ...by("two") }, "none", "two"],
  [{ status: "completed", leaseExpiresAt: null }, "none", null]
]

const ways: ReadonlyArray<{ readonly name: string; readonly fields: Partial<StoredTask>; readonly maxTasks?: number }> =
  [
    { name: "by an update", fields: {} },
    { name: "of counted tasks", fields: {}, maxTasks: 1_000 },
    { name: "whole, with parts", fields: { originalParams: text(randomText(600_000)) } },
    { name: "with a method in parts", fields: { originalMethod: text(randomText(500_000)) } }
  ]

describeWithEngine("the indexes of leases", () => {
  it.live.each(ways)("follow every write: $name", ({ fields, maxTasks = null }) =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const driver = yield* driverOn(tableName)
      let task = storedTask("t", { sessionId: "s", ...fields })
      yield* driver.insert(task, { maxTasks, maxTasksPerSession: null }, 0)
      for (const [patch, line, worker] of writes) {
        const result = yield* driver.patch("t", anyone(0), {}, { lastUpdatedAt: 2_000, ...patch })
        if (result._tag !== "Missing") task = result.task
        expect(yield* spot(tableName)).toEqual({ line: line === "own" ? lineOf(task, false) : line, worker })
        const isLeased = task.status === "working" && task.leaseExpiresAt !== null
        expect(yield* leased(tableName)).toEqual(isLeased ? ["t"] : [])
      }
    }))

  it.live("keep what is held out of the list of what nobody touched", () =>
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
      yield* driver.insert(storedTask("h", by("one")), unlimited, 0)
      for (const limit of [1, 2, 3, 4]) expect(yield* list(limit)).toEqual(["a", "c", "e", "g"].slice(0, limit))
      expect(yield* list(10)).toEqual(["a", "c", "e", "g"])
    }))

  it.live("follow every creation and deletion", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const driver = yield* driverOn(tableName)
      yield* driver.insert(storedTask("leased", { leaseExpiresAt: 5 }), unlimited, 0)
      yield* driver.insert(storedTask("free", { leaseExpiresAt: 0 }), unlimited, 0)
      yield* driver.insert(storedTask("asking", { leaseExpiresAt: 0, status: "input_required" }), unlimited, 0)
      yield* driver.insert(storedTask("plain"), unlimited, 0)
      expect(yield* leased(tableName)).toEqual(["free", "leased"])
      yield* driver.remove("free", anyone(0))
      expect(yield* leased(tableName)).toEqual(["leased"])
      expect(yield* spot(tableName)).toEqual({ line: "waits", worker: null })
    }))

  it.live("give those first whose lease ran out first, over all partitions, and leave out what waits on purpose", () =>
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
      for (const time of [1, 3, 9]) yield* driver.insert(storedTask(`due at ${time}`, due(time)), unlimited, 0)
      yield* driver.insert(storedTask("gone", { createdAt: 0, ttl: 10, leaseExpiresAt: 1 }), unlimited, 0)
      const list = (limit: number, expiredBy = 10) => driver.abandoned({ expiredBy, now: 10, limit })
      const expected = ["first", "\uFF5E", "𝒳", "at the last moment"]
      expect(yield* list(10)).toEqual(expected.map((taskId) => ({ taskId, resultKind: "success" })))
      expect((yield* list(3)).map(({ taskId }) => taskId)).toEqual(expected.slice(0, 3))
      for (const expiredBy of [0, -1]) expect(yield* list(3, expiredBy)).toEqual([])
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
