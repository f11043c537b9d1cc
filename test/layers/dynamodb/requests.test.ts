/** How many requests each operation takes: what it costs, and how long it takes. */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import { describeWithEngine, freshTable } from "./engine.ts"
import { recordingClient } from "./interceptedClient.ts"
import { randomText } from "./randomText.ts"
import { openThrough } from "./storages.ts"

const tool = { originalMethod: "tools/call" }
const success = { _tag: "Success", value: { content: [] } } as const

const setUp = Effect.gen(function*() {
  const commands: Array<string> = []
  const client = yield* recordingClient(commands)
  const storage = yield* openThrough(client, { tableName: yield* freshTable, shards: 4 })
  /** Gives the commands that an effect takes, each without its last word, "Command". */
  const requestsOf = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.suspend(() => {
      commands.length = 0
      return Effect.map(Effect.exit(effect), () => commands.map((command) => command.slice(0, -7)))
    })
  return { storage, requestsOf }
})

describeWithEngine("requests", () => {
  it.live("one for every operation on one task, whether it succeeds or is refused", () =>
    Effect.gen(function*() {
      const { requestsOf, storage } = yield* setUp
      const create = storage.createTask({ ...tool, taskId: "one", sessionId: "s", ttl: 60_000 })
      expect(yield* requestsOf(create)).toEqual(["PutItem"])
      expect(yield* requestsOf(create)).toEqual(["PutItem"])
      expect(yield* requestsOf(storage.getTask("one"))).toEqual(["GetItem"])
      expect(yield* requestsOf(storage.getTaskSummary("one"))).toEqual(["GetItem"])
      expect(yield* requestsOf(storage.getTask("none"))).toEqual(["GetItem"])
      expect(yield* requestsOf(storage.updateTaskStatus("one", "input_required"))).toEqual(["UpdateItem"])
      expect(yield* requestsOf(storage.updateTaskStatus("one", "input_required"))).toEqual(["UpdateItem"])
      expect(yield* requestsOf(storage.updateTaskStatus("none", "working"))).toEqual(["UpdateItem"])
      expect(yield* requestsOf(storage.forSession("t").updateTaskStatus("one", "working"))).toEqual(["UpdateItem"])
      expect(yield* requestsOf(storage.touchTask("one", { statusMessage: "x", ttl: 70_000 }))).toEqual(["UpdateItem"])
      const end = { failure: new Error("it broke"), resultTtl: 60_000 }
      expect(yield* requestsOf(storage.settleTask("one", success, end))).toEqual(["UpdateItem"])
      expect(yield* requestsOf(storage.settleTask("one", success))).toEqual(["UpdateItem"])
      expect(yield* requestsOf(storage.updateTaskStatus("one", "cancelled"))).toEqual(["UpdateItem"])
      expect(yield* requestsOf(storage.deleteTask("one"))).toEqual(["TransactWriteItems"])
      expect(yield* requestsOf(storage.deleteTask("one"))).toEqual(["TransactWriteItems"])
      yield* storage.createTask({ ...tool, taskId: "two", ttl: 1 })
      yield* Effect.sleep("5 millis")
      expect((yield* requestsOf(storage.expireTasks())).filter((name) => name !== "Query")).toEqual([
        "GetItem",
        "DeleteItem"
      ])
    }))

  it.live("one for every write of a worker, and a read before it where the task decides", () =>
    Effect.gen(function*() {
      const { requestsOf, storage } = yield* setUp
      const create = storage.createTask({ ...tool, taskId: "one", lease: 0, principal: { sub: "ada" } })
      expect(yield* requestsOf(create)).toEqual(["PutItem"])
      const claim = storage.claimTask("one", { lease: "1 minute" })
      expect(yield* requestsOf(claim)).toEqual(["GetItem", "UpdateItem"])
      expect(yield* requestsOf(claim)).toEqual(["GetItem"])
      const step = storage.storeTaskStep("one", "read", { rows: 3 }, { attempt: 1 })
      expect(yield* requestsOf(step)).toEqual(["GetItem", "UpdateItem"])
      expect(yield* requestsOf(step)).toEqual(["GetItem"])
      const heartbeat = (attempt: number) => storage.touchTask("one", { lease: "1 minute", attempt })
      expect(yield* requestsOf(heartbeat(1))).toEqual(["UpdateItem"])
      expect(yield* requestsOf(heartbeat(2))).toEqual(["UpdateItem"])
      expect(yield* requestsOf(storage.updateTaskStatus("one", "input_required", { attempt: 1 }))).toEqual([
        "UpdateItem"
      ])
      expect(yield* requestsOf(storage.settleTask("one", success, { attempt: 2 }))).toEqual(["UpdateItem"])
      expect(yield* requestsOf(storage.settleTask("one", success, { attempt: 1 }))).toEqual(["UpdateItem"])
    }))

  it.live("few for a registered worker, however many tasks it runs", () =>
    Effect.gen(function*() {
      const { requestsOf, storage } = yield* setUp
      const lease = "1 minute"
      expect(yield* requestsOf(storage.registerWorker({ lease }))).toEqual(["PutItem"])
      const { workerId: worker } = yield* storage.registerWorker({ lease })
      for (const taskId of ["one", "two", "three"]) {
        expect(yield* requestsOf(storage.createTask({ ...tool, taskId, worker }))).toEqual(["PutItem"])
      }
      expect(yield* requestsOf(storage.renewWorker(worker, { lease }))).toEqual(["UpdateItem"])
      expect(yield* requestsOf(storage.settleTask("one", success, { attempt: 1 }))).toEqual(["UpdateItem"])
      // Somebody else's write leaves news for the worker.
      expect(yield* requestsOf(storage.updateTaskStatus("two", "cancelled"))).toEqual(["UpdateItem", "PutItem"])
      expect(yield* requestsOf(storage.deleteTask("three"))).toEqual([
        "TransactWriteItems",
        "GetItem",
        "TransactWriteItems"
      ])
      const news = yield* requestsOf(Stream.runHead(Stream.drop(storage.workerNews(worker), 1)))
      expect(news).toEqual(["Query", "TransactWriteItems"])
    }))

  it.live("for a claim, one for each task, and a few to find them", () =>
    Effect.gen(function*() {
      const { requestsOf, storage } = yield* setUp
      const { workerId: worker } = yield* storage.registerWorker({ lease: "1 minute" })
      const claim = storage.claimTasks({ worker, kinds: [{ method: "tools/call" }] })
      yield* claim
      for (const count of [1, 10]) {
        for (let index = 0; index < count; index++) yield* storage.createTask({ ...tool, lease: 0 })
        const requests = yield* requestsOf(claim)
        expect(requests.filter((name) => name === "UpdateItem")).toHaveLength(count)
        expect(requests.length - count).toBeLessThan(36)
      }
    }))

  it.live("one for a settlement with 300 KB, and a read and a write for one with 3 MB", () =>
    Effect.gen(function*() {
      const { requestsOf, storage } = yield* setUp
      yield* storage.createTask({ ...tool, taskId: "one" })
      yield* storage.createTask({ ...tool, taskId: "two" })
      yield* storage.createTask({ ...tool, taskId: "three" })
      const settle = (taskId: string, value: string) =>
        requestsOf(storage.settleTask(taskId, { _tag: "Success", value }))
      expect(yield* settle("one", "x".repeat(300_000))).toEqual(["UpdateItem"])
      expect(yield* settle("two", "x".repeat(3_000_000))).toEqual(["GetItem", "PutItem"])
      expect(yield* settle("three", randomText(3_000_000))).toEqual(["GetItem", "TransactWriteItems"])
      expect(yield* requestsOf(storage.getTask("two"))).toEqual(["GetItem"])
      expect(yield* requestsOf(storage.getTask("three"))).toEqual(["GetItem", "BatchGetItem"])
      expect(yield* requestsOf(storage.getTaskSummary("three"))).toEqual(["GetItem"])
    }))

  it.live("one for a write that is answered with the summary, however large the payloads are", () =>
    Effect.gen(function*() {
      const { requestsOf, storage } = yield* setUp
      yield* storage.createTask({ ...tool, taskId: "one", result: { _tag: "Success", value: randomText(3_000_000) } })
      const change = { statusMessage: "here", lease: 60_000 }
      expect(yield* requestsOf(storage.touchTask("one", change))).toEqual(["UpdateItem", "BatchGetItem"])
      expect(yield* requestsOf(storage.withSummary.touchTask("one", change))).toEqual(["UpdateItem"])
    }))

  it.live("one transaction for a creation within limits", () =>
    Effect.gen(function*() {
      const commands: Array<string> = []
      const client = yield* recordingClient(commands)
      const storage = yield* openThrough(client, { tableName: yield* freshTable, maxTasks: 1 })
      commands.length = 0
      yield* storage.createTask(tool)
      expect(commands).toEqual(["TransactWriteItemsCommand"])
      commands.length = 0
      yield* Effect.flip(storage.createTask(tool))
      expect(commands).toEqual(["TransactWriteItemsCommand"])
    }))

  it.live("and one more for an end, where active tasks are limited", () =>
    Effect.gen(function*() {
      const commands: Array<string> = []
      const client = yield* recordingClient(commands)
      const tableName = yield* freshTable
      const storage = yield* openThrough(client, { tableName, maxActive: 9 })
      const sent = Effect.fnUntraced(function*(call: ReturnType<TaskStorageShape["createTask" | "settleTask"]>) {
        commands.length = 0
        yield* call
        return [...commands]
      })
      const settle = (by: typeof storage, taskId: string) => sent(by.settleTask(taskId, success))
      for (const taskId of ["one", "two", "three"]) {
        expect(yield* sent(storage.createTask({ ...tool, taskId }))).toEqual(["TransactWriteItemsCommand"])
      }
      const exact = ["GetItemCommand", "TransactWriteItemsCommand"]
      expect(yield* settle(storage, "one")).toEqual(["UpdateItemCommand", ...exact])
      expect(yield* settle(storage, "two")).toEqual(exact)
      // A process without limits does it too, and needs one request for a task that nobody counts.
      const plain = yield* openThrough(client, { tableName })
      expect(yield* settle(plain, "three")).toEqual(["UpdateItemCommand", ...exact])
      for (const taskId of ["four", "five"]) {
        expect(yield* sent(plain.createTask({ ...tool, taskId }))).toEqual(["PutItemCommand"])
      }
      yield* settle(plain, "four")
      expect(yield* settle(plain, "five")).toEqual(["UpdateItemCommand"])
    }))

  it.live("for a list, one for each partition and one for each 100 tasks; of a session there is one partition", () =>
    Effect.gen(function*() {
      const { requestsOf, storage } = yield* setUp
      const ids = Array.from({ length: 60 }, (_, index) => `task-${index}`)
      yield* Effect.forEach(ids, (taskId) => storage.createTask({ ...tool, taskId, sessionId: "s" }), {
        concurrency: 8
      })
      expect(yield* requestsOf(storage.listTasksForSession("s"))).toEqual(["Query", "BatchGetItem"])
      expect(yield* requestsOf(storage.listTaskSummaries({ sessionId: "s" }))).toEqual(["Query", "BatchGetItem"])
      expect((yield* requestsOf(storage.listTasks({ limit: 20 }))).toSorted()).toEqual([
        "BatchGetItem",
        "Query",
        "Query",
        "Query",
        "Query"
      ])
      expect(yield* requestsOf(storage.taskCount())).toEqual(["Query", "Query", "Query", "Query"])
      expect(yield* requestsOf(storage.forSession("s").taskCount())).toEqual(["Query"])
    }))

  it.live("for statistics, one for each partition, each 100 tasks and each failure; of ids only those that are found", () =>
    Effect.gen(function*() {
      const { requestsOf, storage } = yield* setUp
      yield* Effect.forEach(
        Array.from({ length: 450 }, (_, index) => index),
        (index) =>
          storage.createTask({
            ...tool,
            taskId: `task-${index}`,
            status: index < 3 ? "failed" : "working",
            ...(index < 150 ? { sessionId: "s" } : {})
          }),
        { concurrency: 16, discard: true }
      )
      const counted = (names: ReadonlyArray<string>) =>
        Object.fromEntries(Array.from(Map.groupBy(names, (name) => name), ([name, all]) => [name, all.length]))
      // Of four partitions each has some hundred tasks; and one query each for paused kinds and workers goes to every partition.
      const all = counted(yield* requestsOf(storage.taskStats()))
      expect(all["GetItem"]).toBe(3)
      expect(all["BatchGetItem"]).toBeGreaterThanOrEqual(5)
      expect(all["BatchGetItem"]).toBeLessThanOrEqual(8)
      const others = (yield* requestsOf(Effect.andThen(storage.listWorkers(), storage.pausedTasks()))).length
      expect(all["Query"]).toBe(4 + others)
      const session = counted(yield* requestsOf(storage.taskStats({ sessionId: "s" })))
      expect(session).toEqual({ Query: 1 + others, BatchGetItem: 2, GetItem: 3 })
      expect(yield* requestsOf(storage.findTaskIds({ ending: "-99" }))).toEqual([
        "Query",
        "Query",
        "Query",
        "Query",
        "BatchGetItem"
      ])
      expect(yield* requestsOf(storage.findTaskIds({ ending: "none" }))).toEqual(["Query", "Query", "Query", "Query"])
    }))

  it.live("never a scan", () =>
    Effect.gen(function*() {
      const { requestsOf, storage } = yield* setUp
      yield* storage.createTask({ ...tool, taskId: "one", ttl: 1 })
      yield* Effect.sleep("5 millis")
      const everything = Effect.gen(function*() {
        yield* storage.messages.enqueue("one", 1, { maxSize: 5 })
        yield* storage.messages.dequeue("one")
        yield* storage.messages.dequeueAll("one")
        yield* storage.createTask({ ...tool, taskId: "one" })
        yield* storage.createTask({ ...tool, taskId: "two", lease: 0 })
        yield* storage.claimableTasks()
        yield* storage.recoverStuckTasks(0, { leases: "expired" })
        yield* storage.recoverStuckTasks(0)
        yield* storage.taskStats()
        yield* storage.findTaskIds({ ending: "e" })
        yield* storage.maintenance()
      })
      const requests = yield* requestsOf(everything)
      expect(requests).toContain("Query")
      expect(requests).not.toContain("Scan")
    }))

  it.live("none to open a table that is trusted", () =>
    Effect.gen(function*() {
      const commands: Array<string> = []
      yield* openThrough(yield* recordingClient(commands), { tableName: "not-there", schema: "trust", shards: 8 })
      expect(commands).toEqual([])
    }))
})
