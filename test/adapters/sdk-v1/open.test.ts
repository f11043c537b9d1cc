/**
 * Opening the SDK drop-ins by URL and over a layer, and closing them.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { openSdkTasks, openSdkTaskStore } from "mcp-task-storage/sdk"
import { describe, expect, test, vi } from "vitest"
import { InvalidInput, TaskStorageUnavailable } from "../../../src/domain/task/TaskError.ts"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import * as MemoryTaskStorage from "../../../src/layers/MemoryTaskStorage.ts"
import { Interposer, rejection } from "./harness.ts"

const request = { method: "tools/call", params: { name: "report" } }
const result = { content: [{ type: "text", text: "42" }] }

describe("openSdkTaskStore", () => {
  test("takes a URL, with options of the storage and of the stores", async () => {
    const ids = ["one", "two"]
    await using stores = await openSdkTaskStore("memory:", {
      defaultTtl: "1 hour",
      generateId: () => ids.shift() ?? "none",
      maxTasks: 2,
      pollInterval: 70,
      scope: "task"
    })
    const { taskStore } = stores
    const task = await taskStore.createTask({}, 1, request, "a")
    expect(task).toMatchObject({ taskId: "one", ttl: 3_600_000, pollInterval: 70 })
    expect(await taskStore.getTask("one", "b")).toStrictEqual(task)
    await taskStore.createTask({}, 1, request)
    expect(await rejection(taskStore.createTask({}, 1, request))).toMatchObject({
      message: expect.stringContaining("Too many")
    })
  })

  test("takes the options of the engine, in its types too", async () => {
    await using stores = await openSdkTaskStore("sqlite::memory:", {
      sqlite: { tablePrefix: "own_", synchronous: "off" }
    })
    expect(stores.storage.backendName).toBe("sqlite")
    const wrong = openSdkTasks("sqlite::memory:", { sqlite: { tablePrefix: "a b" }, lease: "1 minute" })
    expect(await rejection(wrong)).toMatchObject({ _tag: "InvalidInput", field: "tablePrefix" })
  })

  test("takes a layer, and gives the same tasks as a storage", async () => {
    await using stores = await openSdkTaskStore({ layer: MemoryTaskStorage.layer() }, { pollInterval: 70 })
    const { taskId } = await stores.taskStore.createTask({}, 1, request, "session")
    expect(await stores.storage.getTask(taskId)).toMatchObject({
      sessionId: "session",
      originalParams: request.params,
      pollInterval: 70
    })
    await stores.storage.settleTask(taskId, { _tag: "Success", value: result })
    expect(await stores.taskStore.getTaskResult(taskId, "session")).toStrictEqual(result)
  })

  test("gives the queue the options too", async () => {
    await using stores = await openSdkTaskStore("memory:", { messageTtl: 1 })
    const message = { jsonrpc: "2.0", method: "notifications/message", params: {} } as const
    await stores.taskMessageQueue.enqueue("t", { type: "notification", timestamp: 0, message })
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await stores.taskMessageQueue.dequeue("t")).toBeUndefined()
  })

  test.each(["nonsense", "memory:x", "sqlite:"])("rejects the URL %s", async (url) => {
    expect(await rejection(openSdkTaskStore(url))).toBeInstanceOf(InvalidInput)
  })

  test.each([
    [undefined, "url"],
    [7, "url"],
    [{}, "layer"],
    [{ layer: "memory:" }, "layer"]
  ])("rejects %j, which is neither URL nor layer", async (source, field) => {
    expect(await rejection(Reflect.apply(openSdkTaskStore, undefined, [source]))).toMatchObject({ field })
  })

  test.each([
    [null, "options"],
    [{ maxTask: 5 }, "maxTask"],
    [{ scope: "Task" }, "scope"],
    [{ onError: 5 }, "onError"],
    [{ logger: 5 }, "logger"],
    [{ generateId: 5 }, "generateId"]
  ])("rejects the options %j", async (options, field) => {
    expect(await rejection(Reflect.apply(openSdkTaskStore, undefined, ["memory:", options]))).toMatchObject({
      _tag: "InvalidInput",
      field
    })
  })

  test("rejects a layer of something else", async () => {
    const layer = Layer.empty
    expect(await rejection(Reflect.apply(openSdkTaskStore, undefined, [{ layer }]))).toBeInstanceOf(InvalidInput)
  })

  test("rejects with what a layer fails with", async () => {
    const failure = new TaskStorageUnavailable({ operation: "open", reason: "full", retryable: false, applied: "no" })
    expect(await rejection(openSdkTaskStore({ layer: Layer.effect(TaskStorage, Effect.fail(failure)) }))).toBe(failure)
  })

  test("releases the storage when an option is wrong", async () => {
    const released = vi.fn()
    const layer = Layer.provideMerge(
      MemoryTaskStorage.layer(),
      Layer.effectDiscard(Effect.acquireRelease(Effect.void, () => Effect.sync(released)))
    )
    expect(await rejection(openSdkTaskStore({ layer }, { pollInterval: -1 }))).toMatchObject({ field: "pollInterval" })
    expect(released).toHaveBeenCalledOnce()
  })

  test("keeps the logs of a layer off stdout, which belongs to the protocol", async () => {
    const stdout = vi.spyOn(console, "log").mockReturnValue()
    const stderr = vi.spyOn(console, "error").mockReturnValue()
    const layer = Layer.tap(MemoryTaskStorage.layer(), () => Effect.logError("hello"))
    await using stores = await openSdkTaskStore({ layer })
    const calls = [stdout.mock.calls.length, stderr.mock.calls.length]
    vi.restoreAllMocks()
    expect(stores.storage.backendName).toBe("memory")
    expect(calls).toStrictEqual([0, 1])
  })
})

describe("close", () => {
  test("lets calls in progress end, and releases the storage once", async () => {
    const released = vi.fn()
    const interposer = new Interposer()
    const layer = Layer.effect(
      TaskStorage,
      Effect.gen(function*() {
        yield* Effect.acquireRelease(Effect.void, () => Effect.sync(released))
        return yield* TaskStorage.fromDriver(
          interposer.wrap(MemoryTaskStorage.makeDriver(yield* MemoryTaskStorage.makeStore))
        )
      })
    )
    const { close, storage, taskStore } = await openSdkTaskStore({ layer })
    const { taskId } = await taskStore.createTask({}, 1, request)
    const releasesSoFar = Effect.sync(() => released.mock.calls.length)
    const seen: Array<number> = []
    interposer.beforeNext(
      "patch",
      Effect.andThen(Effect.sleep(40), Effect.map(releasesSoFar, (count) => seen.push(count)))
    )
    const storing = taskStore.storeTaskResult(taskId, "completed", result)
    await Promise.all([close(), close(), storage.close()])
    await storing
    expect(seen).toStrictEqual([0])
    expect(released).toHaveBeenCalledOnce()
  })

  test("refuses every later call, and dequeueAll gives nothing", async () => {
    const { close, taskMessageQueue, taskStore } = await openSdkTaskStore("memory:")
    await close()
    expect(await rejection(taskStore.getTask("x"))).toMatchObject({
      message: "Task storage is unavailable, try again later",
      cause: { reason: "the storage is closed" }
    })
    expect(await taskMessageQueue.dequeueAll("x")).toStrictEqual([])
  })

  test("of the storage closes the stores too", async () => {
    const { storage, taskStore } = await openSdkTaskStore("memory:")
    await storage.close()
    expect(await rejection(taskStore.getTask("x"))).toMatchObject({ cause: { reason: "the storage is closed" } })
  })
})
