/**
 * The SDK's `TaskStore` over a storage: what it gives, what it refuses, and how.
 */
import { McpError } from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import { describe, expect, test } from "vitest"
import { SdkTaskStore } from "../../../src/adapters/sdk-v1/index.ts"
import { makeTestTime, onTheWire, openTestStorage, openTestStore, rejection, request, result } from "./harness.ts"

describe("createTask", () => {
  test("gives exactly the fields of a Task", async () => {
    const { store } = await openTestStore()
    const { createdAt, lastUpdatedAt, taskId, ...rest } = await store.createTask({}, 1, request)
    expect(rest).toStrictEqual({ status: "working", ttl: null, pollInterval: 1000 })
    expect(createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(lastUpdatedAt).toBe(createdAt)
    expect(await store.getTask(taskId)).toStrictEqual({ createdAt, lastUpdatedAt, taskId, ...rest })
  })

  test("stores the request, the context and the session", async () => {
    const { direct, store } = await openTestStore()
    const { taskId } = await store.createTask({ context: { tenant: 7 } }, 0, request, "session")
    const record = await Effect.runPromise(Effect.flatMap(direct.getTask(taskId), Effect.fromOption))
    expect(record).toMatchObject({ originalMethod: "tools/call", meta: { tenant: 7 }, sessionId: "session" })
    expect(record.originalParams).toStrictEqual(request.params)
  })

  test("uses the request id for nothing, since every connection counts from 0", async () => {
    const { store } = await openTestStore()
    const first = await store.createTask({}, 0, request)
    expect((await store.createTask({}, 0, request)).taskId).not.toBe(first.taskId)
  })

  test("takes the ttl of the client, and the layer's for none", async () => {
    const { store } = await openTestStore({}, { defaultTtl: 5000, maxTtl: 9000 })
    expect((await store.createTask({ ttl: 100 }, 1, request)).ttl).toBe(100)
    expect((await store.createTask({}, 1, request)).ttl).toBe(5000)
    expect((await store.createTask({ ttl: null }, 1, request)).ttl).toBe(9000)
  })

  test("takes the poll interval of the tool, of the store, of the layer, or a second", async () => {
    const ofStore = await openTestStore({ pollInterval: "3 seconds" }, { defaultPollInterval: 4000 })
    expect((await ofStore.store.createTask({ pollInterval: 20 }, 1, request)).pollInterval).toBe(20)
    expect((await ofStore.store.createTask({}, 1, request)).pollInterval).toBe(3000)
    const ofLayer = await openTestStore({}, { defaultPollInterval: 4000 })
    expect((await ofLayer.store.createTask({}, 1, request)).pollInterval).toBe(4000)
  })

  test("gives tasks without a poll interval, which others stored, the one of the store", async () => {
    const { direct, store } = await openTestStore({ pollInterval: 250 })
    const { taskId } = await Effect.runPromise(direct.createTask({ originalMethod: "tools/call" }))
    expect((await store.getTask(taskId))?.pollInterval).toBe(250)
    expect((await store.listTasks()).tasks.map(({ pollInterval }) => pollInterval)).toStrictEqual([250])
  })

  test.each([0, -1, 1.5])("refuses a ttl of %d as invalid parameters", async (ttl) => {
    const { store } = await openTestStore()
    expect(await onTheWire(store.createTask({ ttl }, 1, request))).toMatchObject({
      code: -32602,
      message: expect.stringContaining("Invalid ttl")
    })
  })

  test("refuses what only the server can get wrong without blaming the client", async () => {
    const { store } = await openTestStore()
    expect(await onTheWire(store.createTask({ pollInterval: -1 }, 1, request))).toStrictEqual({
      message: expect.stringContaining("Invalid pollInterval")
    })
    expect(await onTheWire(store.createTask({}, 1, request, ""))).toStrictEqual({
      message: expect.stringContaining("Invalid sessionId")
    })
  })

  test("refuses more tasks and more bytes than the layer stores, and an id that is taken", async () => {
    const { store } = await openTestStore({}, { maxTasks: 1, maxPayloadBytes: 300, generateId: Effect.succeed("one") })
    const large = { method: "tools/call", params: { text: "x".repeat(300) } }
    expect(await onTheWire(store.createTask({}, 1, large))).toStrictEqual({ message: expect.stringContaining("300") })
    await store.createTask({}, 1, request)
    expect(await onTheWire(store.createTask({}, 1, request))).toStrictEqual({
      message: "Task with ID one already exists"
    })
    const full = await openTestStore({}, { maxTasks: 1 })
    await full.newTask()
    expect(await onTheWire(full.store.createTask({}, 1, request))).toStrictEqual({
      message: "Too many tasks are stored, try again later"
    })
    const bounded = await openTestStore({}, { maxTasksPerSession: 1 })
    await bounded.store.createTask({}, 1, request, "ada")
    expect(await onTheWire(bounded.store.createTask({}, 1, request, "ada"))).toMatchObject({
      message: expect.stringContaining("The limit of 1 stored tasks per owner is reached"),
      data: { limit: "storedTasks", most: 1 }
    })
  })
})

describe("listTasks", () => {
  test("leaves out calls that are no tasks, which a server on the same storage keeps until they are answered", async () => {
    const { direct, store } = await openTestStore()
    const call = { originalMethod: "tools/call", meta: { "mcp-task-storage/inline": "report" } }
    await Effect.runPromise(direct.createTask(call))
    const { taskId } = await store.createTask({}, 1, request)
    expect((await store.listTasks()).tasks.map((task) => task.taskId)).toStrictEqual([taskId])
  })
})

describe("tasks that are not there", () => {
  const unusable = ["", "x".repeat(256), "a\u0000b", "\ud800"]

  test.each(["missing", ...unusable])("%j: getTask gives null, the others reject", async (taskId) => {
    const { store } = await openTestStore()
    const notFound = { message: `Task with ID ${taskId} not found` }
    expect(await store.getTask(taskId)).toBeNull()
    expect(await onTheWire(store.getTaskResult(taskId))).toStrictEqual(notFound)
    expect(await onTheWire(store.storeTaskResult(taskId, "completed", result))).toStrictEqual(notFound)
    expect(await onTheWire(store.updateTaskStatus(taskId, "cancelled"))).toStrictEqual(notFound)
  })

  test.each(unusable)("session %j reaches no task", async (sessionId) => {
    const { newTask, store } = await openTestStore()
    const taskId = await newTask()
    const notFound = { message: `Task with ID ${taskId} not found` }
    expect(await store.getTask(taskId, sessionId)).toBeNull()
    expect(await store.listTasks(undefined, sessionId)).toStrictEqual({ tasks: [] })
    expect(await onTheWire(store.getTaskResult(taskId, sessionId))).toStrictEqual(notFound)
    expect(await onTheWire(store.storeTaskResult(taskId, "failed", result, sessionId))).toStrictEqual(notFound)
    expect(await onTheWire(store.updateTaskStatus(taskId, "working", "x", sessionId))).toStrictEqual(notFound)
  })

  test("an expired task is gone", async () => {
    const { storage } = await openTestStorage()
    const time = makeTestTime()
    const store = new SdkTaskStore(storage, {}, time.run)
    const { taskId } = await store.createTask({ ttl: 1000 }, 1, request)
    time.now += 999
    expect(await store.getTask(taskId)).not.toBeNull()
    time.now += 1
    expect(await store.getTask(taskId)).toBeNull()
    expect(await onTheWire(store.updateTaskStatus(taskId, "cancelled"))).toStrictEqual({
      message: `Task with ID ${taskId} not found`
    })
  })
})

describe("updateTaskStatus", () => {
  test("reports progress in the same status, as one write", async () => {
    const { direct, newTask, store } = await openTestStore()
    const taskId = await newTask()
    await store.updateTaskStatus(taskId, "working", "50 %")
    expect(await store.getTask(taskId)).toMatchObject({ status: "working", statusMessage: "50 %" })
    await store.updateTaskStatus(taskId, "input_required")
    await store.updateTaskStatus(taskId, "input_required", "still waiting")
    expect(await store.getTask(taskId)).toMatchObject({ status: "input_required", statusMessage: "still waiting" })
    const record = await Effect.runPromise(Effect.flatMap(direct.getTask(taskId), Effect.fromOption))
    expect(record.revision).toBe(4)
  })

  test.each([undefined, ""])("keeps the message when it is given %j", async (none) => {
    const { newTask, store } = await openTestStore()
    const taskId = await newTask()
    await store.updateTaskStatus(taskId, "working", "50 %")
    await store.updateTaskStatus(taskId, "working", none)
    await store.updateTaskStatus(taskId, "input_required", none)
    expect(await store.getTask(taskId)).toMatchObject({ status: "input_required", statusMessage: "50 %" })
  })

  test("brings the task into the status also when another writer moves it on meanwhile", async () => {
    const { direct, interposer, newTask, store } = await openTestStore()
    const taskId = await newTask()
    const moveOn = Effect.orDie(direct.updateTaskStatus(taskId, "input_required", { statusMessage: "theirs" }))
    interposer.beforeNext("patch", Effect.void, moveOn)
    await store.updateTaskStatus(taskId, "working", "ours")
    expect(await store.getTask(taskId)).toMatchObject({ status: "working", statusMessage: "ours" })
    expect(interposer.calls.filter((call) => call === "patch")).toHaveLength(3)
  })

  test("ends after three steps also when another writer moves it to and fro", async () => {
    const { direct, interposer, newTask, store } = await openTestStore()
    const taskId = await newTask()
    const moveOn = Effect.orDie(direct.updateTaskStatus(taskId, "input_required"))
    const moveBack = Effect.orDie(direct.updateTaskStatus(taskId, "working"))
    interposer.beforeNext("patch", Effect.void, moveOn, moveBack)
    await store.updateTaskStatus(taskId, "working", "ours")
    expect(await store.getTask(taskId)).toMatchObject({ status: "working", statusMessage: "ours" })
    expect(interposer.calls.filter((call) => call === "patch")).toHaveLength(3)
  })

  test("is refused when the task ends between the steps", async () => {
    const { direct, interposer, newTask, store } = await openTestStore()
    const taskId = await newTask()
    interposer.beforeNext("patch", Effect.void, Effect.orDie(direct.updateTaskStatus(taskId, "failed")))
    expect(await onTheWire(store.updateTaskStatus(taskId, "working", "ours"))).toStrictEqual({
      message: `Cannot update task ${taskId} from terminal status 'failed' to 'working'. ` +
        "Terminal states (completed, failed, cancelled) cannot transition to other states."
    })
  })

  test("a cancellation that loses the race is refused with the SDK's own error", async () => {
    const { direct, interposer, newTask, store } = await openTestStore()
    const taskId = await newTask()
    const finish = Effect.orDie(direct.settleTask(taskId, { _tag: "Success", value: result }))
    interposer.beforeNext("patch", finish)
    const error = await rejection(store.updateTaskStatus(taskId, "cancelled"))
    expect(error).toBeInstanceOf(McpError)
    expect(error).toMatchObject({
      code: -32602,
      message: "MCP error -32602: Cannot cancel task in terminal status: completed"
    })
    expect(await store.getTask(taskId)).toMatchObject({ status: "completed" })
  })

  test("refuses a message that is too large or no text", async () => {
    const { newTask, store } = await openTestStore({}, { maxPayloadBytes: 300 })
    const taskId = await newTask()
    expect(await onTheWire(store.updateTaskStatus(taskId, "working", "x".repeat(300)))).toStrictEqual({
      message: expect.stringContaining("at most 300 are stored")
    })
    const notText: unknown = 7
    const call = Reflect.apply(store.updateTaskStatus, store, [taskId, "working", notText])
    expect(await onTheWire(call)).toStrictEqual({ message: "Invalid statusMessage: must be a string." })
  })
})

describe("results", () => {
  test("are stored with the status in one write", async () => {
    const { interposer, newTask, store } = await openTestStore()
    const taskId = await newTask()
    await store.storeTaskResult(taskId, "failed", result)
    expect(interposer.calls.filter((call) => call === "patch")).toHaveLength(1)
    expect(await store.getTask(taskId)).toMatchObject({ status: "failed" })
    expect(await store.getTaskResult(taskId)).toStrictEqual(result)
  })

  test("come back word for word", async () => {
    const { newTask, store } = await openTestStore()
    const taskId = await newTask()
    const odd = { z: "\u0000\ud800", a: { "": -1.5e-7 }, content: [], _meta: { "x/y": null } }
    await store.storeTaskResult(taskId, "completed", odd)
    expect(JSON.stringify(await store.getTaskResult(taskId))).toBe(JSON.stringify(odd))
  })

  test("are stored once, by whoever is first", async () => {
    const { newTask, store } = await openTestStore()
    const taskId = await newTask()
    const outcomes = await Promise.allSettled([
      store.storeTaskResult(taskId, "completed", { n: 0 }),
      store.storeTaskResult(taskId, "failed", { n: 1 }),
      store.updateTaskStatus(taskId, "cancelled"),
      store.storeTaskResult(taskId, "completed", { n: 3 })
    ])
    expect(outcomes.map(({ status }) => status)).toStrictEqual(["fulfilled", "rejected", "rejected", "rejected"])
    expect(await store.getTaskResult(taskId)).toStrictEqual({ n: 0 })
  })

  test.each(["completed", "failed", "cancelled"] as const)("are refused for a %s task without one", async (status) => {
    const { newTask, store } = await openTestStore()
    const taskId = await newTask()
    await store.updateTaskStatus(taskId, status)
    expect(await onTheWire(store.storeTaskResult(taskId, "completed", result))).toStrictEqual({
      message:
        `Cannot store result for task ${taskId} in terminal status '${status}'. Task results can only be stored once.`
    })
  })

  test("are refused for a task that has one, and the status is named", async () => {
    const { newTask, store } = await openTestStore()
    const taskId = await newTask()
    await store.storeTaskResult(taskId, "failed", result)
    expect(await onTheWire(store.storeTaskResult(taskId, "completed", result))).toStrictEqual({
      message:
        `Cannot store result for task ${taskId} in terminal status 'failed'. Task results can only be stored once.`
    })
  })

  test("are refused when one was stored ahead of the end", async () => {
    const { direct, newTask, store } = await openTestStore()
    const taskId = await newTask()
    await Effect.runPromise(direct.storeTaskResult(taskId, { _tag: "Success", value: result }))
    expect(await onTheWire(store.storeTaskResult(taskId, "completed", result))).toStrictEqual({
      message: `Cannot store result for task ${taskId}: it has one. Task results can only be stored once.`
    })
  })

  test("are refused as not found when the task goes while its refusal is looked into", async () => {
    const { direct, interposer, newTask, store } = await openTestStore()
    const taskId = await newTask()
    await store.storeTaskResult(taskId, "failed", result)
    interposer.beforeNext("find", Effect.orDie(direct.deleteTask(taskId)))
    expect(await onTheWire(store.storeTaskResult(taskId, "completed", result))).toStrictEqual({
      message: `Task with ID ${taskId} not found`
    })
  })

  test("that cannot be stored leave the task as it is", async () => {
    const { newTask, store } = await openTestStore({}, { maxPayloadBytes: 300 })
    const taskId = await newTask()
    expect(await onTheWire(store.storeTaskResult(taskId, "completed", { text: "x".repeat(300) }))).toStrictEqual({
      message: expect.stringContaining("at most 300 are stored")
    })
    expect(await onTheWire(store.storeTaskResult(taskId, "completed", { at: new Date(0) }))).toStrictEqual({
      message: expect.stringContaining("a Date is not JSON")
    })
    await store.storeTaskResult(taskId, "failed", result)
    expect(await store.getTask(taskId)).toMatchObject({ status: "failed" })
  })

  test.each(["working", "cancelled"] as const)("are missing while a task is %s", async (status) => {
    const { newTask, store } = await openTestStore()
    const taskId = await newTask()
    await store.updateTaskStatus(taskId, status)
    expect(await onTheWire(store.getTaskResult(taskId))).toStrictEqual({
      message: `Task ${taskId} has no result stored`
    })
  })

  test("that are JSON-RPC errors reject as these, word for word", async () => {
    const { direct, newTask, store } = await openTestStore()
    const taskId = await newTask()
    const error = { code: -32042, message: "No such city", data: { city: "\u0000" } }
    await Effect.runPromise(direct.settleTask(taskId, { _tag: "Error", ...error }))
    expect(await rejection(store.getTaskResult(taskId))).toBeInstanceOf(McpError)
    expect(await onTheWire(store.getTaskResult(taskId))).toStrictEqual(error)
  })

  test("of interrupted tasks say so", async () => {
    const { storage } = await openTestStorage()
    const time = makeTestTime()
    const store = new SdkTaskStore(storage, {}, time.run)
    const { taskId } = await store.createTask({}, 1, request)
    time.now += 1
    await time.run(storage.recoverStuckTasks(0))
    const task = await store.getTask(taskId)
    expect(task).toMatchObject({ status: "failed", statusMessage: expect.stringContaining("Interrupted") })
    expect(await onTheWire(store.getTaskResult(taskId))).toStrictEqual({ code: -32603, message: task?.statusMessage })
  })

  test("that are no objects are none of MCP", async () => {
    const { direct, newTask, store } = await openTestStore()
    const taskId = await newTask()
    await Effect.runPromise(direct.settleTask(taskId, { _tag: "Success", value: ["text"] }))
    expect(await onTheWire(store.getTaskResult(taskId))).toStrictEqual({
      message: `The result of task ${taskId} is not an object, and MCP has no other results`
    })
  })

  test("with isError show as failed and stay as they are", async () => {
    const { newTask, store } = await openTestStore()
    const taskId = await newTask()
    await store.storeTaskResult(taskId, "completed", { ...result, isError: true })
    expect(await store.getTask(taskId)).toMatchObject({ status: "failed" })
    expect((await store.listTasks()).tasks.map(({ status }) => status)).toStrictEqual(["failed"])
    expect(await store.getTaskResult(taskId)).toStrictEqual({ ...result, isError: true })
  })
})

test.each([{ pollInterval: -1 }, { retryFor: NaN }])("wrong options throw: %j", async (options) => {
  const { storage } = await openTestStorage()
  expect(() => new SdkTaskStore(storage, options)).toThrow(/^Invalid (pollInterval|retryFor): /)
})

test("writes that give nothing read no payload, and neither does a refusal", async () => {
  const { interposer, newTask, store } = await openTestStore()
  const taskId = await newTask()
  interposer.payloads.length = 0
  await store.updateTaskStatus(taskId, "input_required", "half done")
  await store.updateTaskStatus(taskId, "input_required", "nearly done")
  await store.storeTaskResult(taskId, "completed", result)
  await rejection(store.storeTaskResult(taskId, "completed", result))
  await store.updateTaskStatus(await newTask(), "cancelled")
  expect(interposer.payloads).toStrictEqual([])
})
