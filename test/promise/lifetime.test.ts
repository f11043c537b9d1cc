/**
 * How promises end: by a signal, by leaving a loop, by closing the storage.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { openTaskStorage, type PromiseTaskStorage, TaskStorageUnavailable } from "mcp-task-storage/promise"
import { getEventListeners } from "node:events"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { describe, expect, test } from "vitest"
import type { TaskDriver } from "../../src/domain/driver/TaskDriver.ts"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"

const call = { originalMethod: "tools/call" }
const done = { _tag: "Success", value: {} } as const

/** Memory behind a driver that somebody else wrote: changed by `wrap`, telling when it is released. */
const wrapped = (
  wrap: (driver: TaskDriver) => Partial<TaskDriver>,
  released: () => void = () => undefined
): Layer.Layer<TaskStorage> =>
  Layer.effect(
    TaskStorage,
    Effect.gen(function*() {
      yield* Effect.addFinalizer(() => Effect.sync(released))
      const driver = MemoryTaskStorage.makeDriver(yield* MemoryTaskStorage.makeStore)
      return yield* Effect.orDie(TaskStorage.fromDriver({ ...driver, ...wrap(driver) }))
    })
  )

const slow = wrapped(({ insert }) => ({ insert: (...args) => Effect.delay(insert(...args), "40 millis") }))
const stubborn = wrapped(({ insert }) => ({
  insert: (...args) => Effect.uninterruptible(Effect.delay(insert(...args), "40 millis"))
}))

const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))

const isPending = async (promise: Promise<unknown>): Promise<boolean> =>
  await Promise.race([promise, pause(5).then(() => "pending")]) === "pending"

const closedError = { _tag: "TaskStorageUnavailable", reason: "the storage is closed", retryable: false }

describe("a signal", () => {
  test("that is aborted already keeps a write from beginning", async () => {
    await using storage = await openTaskStorage("memory:")
    const reason = new Error("too late")
    await expect(storage.createTask(call, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(await storage.taskCount()).toBe(0)
  })

  test("may give any reason", async () => {
    await using storage = await openTaskStorage("memory:")
    await expect(storage.getTask("task", { signal: AbortSignal.abort("why") })).rejects.toBe("why")
    await expect(storage.getTask("task", { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" })
  })

  test("gives up a write that waits for its engine", async () => {
    await using storage = await openTaskStorage({ layer: slow })
    const controller = new AbortController()
    const created = storage.createTask(call, { signal: controller.signal })
    controller.abort("changed my mind")
    await expect(created).rejects.toBe("changed my mind")
    await pause(50)
    expect(await storage.taskCount()).toBe(0)
  })

  test("rejects only once it is known what became of the write", async () => {
    await using storage = await openTaskStorage({ layer: stubborn })
    const controller = new AbortController()
    const created = storage.createTask(call, { signal: controller.signal })
    controller.abort("changed my mind")
    await expect(created).rejects.toBe("changed my mind")
    expect(await storage.taskCount()).toBe(1)
  })

  test("that is aborted while a synchronous write runs rejects it all the same", async () => {
    const controller = new AbortController()
    const generateId = () => {
      controller.abort("in between")
      return "task"
    }
    await using storage = await openTaskStorage("memory:", { generateId })
    await expect(storage.createTask(call, { signal: controller.signal })).rejects.toBe("in between")
  })

  test("that is aborted by the call itself ends a wait", async () => {
    const controller = new AbortController()
    const layer = wrapped(({ find }) => ({
      find: (...args) => {
        controller.abort("in between")
        return find(...args)
      }
    }))
    await using storage = await openTaskStorage({ layer })
    const { taskId } = await storage.createTask(call)
    await expect(storage.awaitTask(taskId, { signal: controller.signal })).rejects.toBe("in between")
  })

  test("ends awaitTask and changes", async () => {
    await using storage = await openTaskStorage("memory:")
    const { taskId } = await storage.createTask(call)
    const controller = new AbortController()
    const { signal } = controller
    const awaited = storage.awaitTask(taskId, { signal })
    const changes = storage.changes(taskId, { signal })[Symbol.asyncIterator]()
    await changes.next()
    const next = changes.next()
    expect(await isPending(Promise.race([awaited, next]))).toBe(true)
    controller.abort("enough")
    await expect(awaited).rejects.toBe("enough")
    await expect(next).rejects.toBe("enough")
    expect(await changes.next()).toStrictEqual({ done: true, value: undefined })
    await expect(storage.changes(taskId, { signal })[Symbol.asyncIterator]().next()).rejects.toBe("enough")
  })

  test("that outlives its calls is not kept busy by them", async () => {
    await using storage = await openTaskStorage({ layer: slow })
    const { signal } = new AbortController()
    const created = storage.createTask(call, { signal })
    expect(getEventListeners(signal, "abort")).toHaveLength(1)
    await created
    await storage.getTask("task", { signal })
    expect(getEventListeners(signal, "abort")).toHaveLength(0)
  })

  test("gives up opening, and releases what was opened", async () => {
    let released = 0
    const reason = new Error("no time")
    const layer = Layer.effectDiscard(Effect.sleep("40 millis")).pipe(
      Layer.provideMerge(wrapped(() => ({}), () => released++))
    )
    await expect(openTaskStorage({ layer }, { signal: AbortSignal.timeout(10) })).rejects.toMatchObject({
      name: "TimeoutError"
    })
    expect(released).toBe(1)
    await expect(openTaskStorage("memory:", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})

describe("changes", () => {
  /** Counts what is read, and who listens for the writes of others. */
  const watched = () => {
    let count = 0
    let listening = 0
    const layer = wrapped(({ find }) => ({
      find: (...args) => {
        count++
        return find(...args)
      },
      foreignWrites: Stream.callback<undefined>(() =>
        Effect.acquireRelease(Effect.sync(() => listening++), () => Effect.sync(() => listening--))
      )
    }))
    return { layer, reads: () => count, listening: () => listening }
  }

  test("stops when its loop is left", async () => {
    const { layer, listening, reads } = watched()
    await using storage = await openTaskStorage({ layer })
    const { taskId } = await storage.createTask(call)
    for await (const { revision } of storage.changes(taskId)) {
      // It listens from when it waits.
      await expect.poll(listening).toBe(revision - 1)
      if (revision === 2) break
      await storage.touchTask(taskId)
    }
    expect(listening()).toBe(0)
    const before = reads()
    await storage.touchTask(taskId)
    await pause(5)
    expect(reads()).toBe(before)
  })

  test("stops at once when it is returned while it waits", async () => {
    const { layer, listening, reads } = watched()
    await using storage = await openTaskStorage({ layer })
    const { taskId } = await storage.createTask(call)
    const changes = storage.changes(taskId)[Symbol.asyncIterator]()
    await changes.next()
    const next = changes.next()
    expect(await isPending(next)).toBe(true)
    expect(await changes.return?.()).toStrictEqual({ done: true, value: undefined })
    expect(await next).toStrictEqual({ done: true, value: undefined })
    expect(listening()).toBe(0)
    const before = reads()
    await storage.touchTask(taskId)
    await pause(5)
    expect(reads()).toBe(before)
  })

  test("gives each change to its own next, however early that is asked", async () => {
    await using storage = await openTaskStorage("memory:")
    const { taskId } = await storage.createTask(call)
    const changes = storage.changes(taskId)[Symbol.asyncIterator]()
    const [first, second, third] = [changes.next(), changes.next(), changes.next()]
    expect((await first).value).toMatchObject({ revision: 1 })
    await storage.settleTask(taskId, done)
    expect((await second).value).toMatchObject({ revision: 2, status: "completed" })
    expect(await third).toStrictEqual({ done: true, value: undefined })
  })

  test("watches anew with each iteration", async () => {
    await using storage = await openTaskStorage("memory:")
    const { taskId } = await storage.createTask(call)
    const changes = storage.changes(taskId)
    for await (const { revision } of changes) {
      expect(revision).toBe(1)
      break
    }
    await storage.settleTask(taskId, done)
    const revisions: Array<number> = []
    for await (const { revision } of changes) revisions.push(revision)
    expect(revisions).toStrictEqual([2])
  })
})

describe("close", () => {
  const calls: ReadonlyArray<[string, (storage: PromiseTaskStorage) => Promise<unknown>]> = [
    ["createTask", (storage) => storage.createTask(call)],
    ["getTask", (storage) => storage.getTask("task")],
    ["awaitTask", (storage) => storage.awaitTask("task")],
    ["changes", (storage) => storage.changes("task")[Symbol.asyncIterator]().next()],
    ["taskCount", (storage) => storage.forSession("session").taskCount()],
    ["messages.dequeue", (storage) => storage.messages.dequeue("task")],
    ["maintenance", (storage) => storage.maintenance()]
  ]

  test.each(calls)("refuses %s afterwards", async (operation, run) => {
    const storage = await openTaskStorage("memory:")
    await storage.close()
    const error: unknown = await run(storage).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(TaskStorageUnavailable)
    expect(error).toMatchObject({ ...closedError, operation, applied: "no" })
  })

  test("can be repeated, and releases the layer once", async () => {
    let released = 0
    const layer = wrapped(() => ({}), () => released++)
    const storage = await openTaskStorage({ layer })
    const closing = storage.close()
    expect(storage.close()).toBe(closing)
    await closing
    await storage.close()
    expect(released).toBe(1)
  })

  test("happens at the end of an await using block", async () => {
    let released = 0
    const layer = wrapped(() => ({}), () => released++)
    {
      await using storage = await openTaskStorage({ layer })
      expect(storage.backendName).toBe("memory")
      expect(released).toBe(0)
    }
    expect(released).toBe(1)
  })

  test("lets writes in progress end before it releases the layer", async () => {
    const order: Array<string> = []
    const layer = wrapped(
      ({ insert }) => ({
        insert: (...args) =>
          Effect.delay(insert(...args), "40 millis").pipe(Effect.tap(() => Effect.sync(() => order.push("written"))))
      }),
      () => order.push("released")
    )
    const storage = await openTaskStorage({ layer })
    const created = storage.createTask(call)
    await storage.close()
    expect(await created).toMatchObject({ status: "working" })
    expect(order).toStrictEqual(["written", "released"])
  })

  test("refuses those who wait for a task", async () => {
    const storage = await openTaskStorage("memory:")
    const { taskId } = await storage.createTask(call)
    const awaited = storage.awaitTask(taskId)
    const changes = storage.changes(taskId)[Symbol.asyncIterator]()
    await changes.next()
    const next = changes.next()
    const ended = Promise.allSettled([awaited, next])
    expect(await isPending(Promise.race([awaited, next]))).toBe(true)
    await storage.close()
    expect(await ended).toMatchObject([
      { status: "rejected", reason: { ...closedError, operation: "awaitTask", applied: "no" } },
      { status: "rejected", reason: { ...closedError, operation: "changes", applied: "no" } }
    ])
  })

  test("rejects with a typed error when the layer cannot be released", async () => {
    const cause = new Error("stuck")
    const storage = await openTaskStorage({
      layer: wrapped(() => ({}), () => {
        throw cause
      })
    })
    await expect(storage.close()).rejects.toMatchObject({ _tag: "TaskStorageUnavailable", operation: "close", cause })
  })
})

test("nothing is kept of a call that is over", async () => {
  setFlagsFromString("--expose-gc")
  const collect: unknown = runInNewContext("gc")
  await using storage = await openTaskStorage({ layer: slow })
  // In a function of its own, whose frame keeps nothing either.
  const create = async () => new WeakRef(await storage.createTask(call))
  const reference = await create()
  await expect.poll(() => {
    if (typeof collect === "function") collect()
    return reference.deref() === undefined
  }).toBe(true)
  expect(await storage.taskCount()).toBe(1)
})

describe("a broken layer", () => {
  test("rejects with a typed error, whatever is thrown in it", async () => {
    const cause = new TypeError("oops")
    const layer = wrapped(() => ({
      find: () => {
        throw cause
      },
      insert: () => Effect.interrupt
    }))
    await using storage = await openTaskStorage({ layer })
    await expect(storage.getTask("task")).rejects.toMatchObject({
      _tag: "TaskStorageUnavailable",
      operation: "getTask",
      applied: "no",
      cause
    })
    await expect(storage.createTask(call)).rejects.toMatchObject({
      _tag: "TaskStorageUnavailable",
      operation: "createTask",
      applied: "unknown"
    })
  })
})
