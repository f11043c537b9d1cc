/** The stack of a rejection begins where its caller made the call. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TaskStorage } from "mcp-task-storage"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { openTaskRunner, openTaskStorage, type PromiseTaskStorage } from "mcp-task-storage/promise"
import { openSdkTasks, openSdkTaskStore } from "mcp-task-storage/sdk"
import { afterAll, beforeAll, describe, expect, test } from "vitest"

/** A storage that answers later, as one over a network does. */
const later = Layer.effect(
  TaskStorage,
  Effect.map(TaskStorage, (storage) => ({
    ...storage,
    getTaskResult: (taskId: string) => Effect.andThen(Effect.sleep("1 millis"), storage.getTaskResult(taskId)),
    awaitTask: (taskId: string) => Effect.andThen(Effect.sleep("1 millis"), storage.awaitTask(taskId))
  }))
).pipe(Layer.provide(MemoryTaskStorage.layer()))

const opened = new Map<string, PromiseTaskStorage>()
const backends = ["memory", "sqlite", "later", "closed"]

beforeAll(async () => {
  opened.set("memory", await openTaskStorage("memory:"))
  opened.set("sqlite", await openTaskStorage("sqlite::memory:"))
  opened.set("later", await openTaskStorage({ layer: later }))
  const closed = await openTaskStorage("memory:")
  await closed.close()
  opened.set("closed", closed)
})

afterAll(async () => {
  for (const storage of opened.values()) await storage.close()
})

const storageOf = (backend: string): PromiseTaskStorage => {
  const storage = opened.get(backend)
  if (storage === undefined) throw new Error(`no ${backend}`)
  return storage
}

const calls: ReadonlyArray<readonly [name: string, theCaller: (storage: PromiseTaskStorage) => Promise<unknown>]> = [
  ["a read", function theCaller(storage) {
    return storage.getTaskResult("nope")
  }],
  ["a write", function theCaller(storage) {
    return storage.settleTask("nope", { _tag: "Success", value: 1 })
  }],
  ["a wait", function theCaller(storage) {
    return storage.awaitTask("nope")
  }],
  ["a read in a session", function theCaller(storage) {
    return storage.forSession("s").getTaskResult("nope")
  }],
  ["an iteration", async function theCaller(storage) {
    for await (const _ of storage.changes("nope"));
  }],
  ["a wrong option", function theCaller(storage) {
    return storage.listTasks({ limit: -1 })
  }],
  ["what are no options", function theCaller(storage) {
    return Reflect.apply(storage.listTasks, storage, [[]])
  }],
  ["a cursor of another list", function theCaller(storage) {
    return storage.listTasks({ cursor: "x" })
  }]
]

const rejection = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error("it did not reject")
}

const expectCaller = (error: unknown): void => {
  expect(error).toBeInstanceOf(Error)
  if (!(error instanceof Error)) return
  const [first = "", ...frames] = (error.stack ?? "").split("\n    at ")
  expect(first).toBe(`${error.name}: ${error.message}`)
  // Behind the function of the library that was called.
  expect(frames.slice(0, 4).join("\n")).toMatch(/theCaller .*stacks\.test\.ts/)
  expect(frames.join("\n")).not.toContain("runLoop")
}

describe.each(backends)("%s", (backend) => {
  test.each(calls)("%s", async (_, theCaller) => {
    expectCaller(await rejection(theCaller(storageOf(backend))))
  })
})

/** Calls a function that opens something as JavaScript does, without types. */
const opening = (open: CallableFunction, ...args: ReadonlyArray<unknown>) =>
  function theCaller(): Promise<unknown> {
    return Reflect.apply(open, undefined, args)
  }

test.each([
  ["a storage with a wrong option", opening(openTaskStorage, "memory:", { maxTasks: 0 })],
  ["a storage with a misspelt option", opening(openTaskStorage, "memory:", { maxTask: 1 })],
  ["a storage of a scheme that nobody knows", opening(openTaskStorage, "redis://localhost")],
  ["a storage whose file cannot be opened", opening(openTaskStorage, "sqlite:/nowhere/at/all/tasks.db")],
  ["a runner with a wrong option", opening(openTaskRunner, "memory:", { lease: "long" })],
  ["a runner with a misspelt option", opening(openTaskRunner, "memory:", { maxRuning: 1 })],
  ["a runner on no storage", opening(openTaskRunner, { createTask: 1 })],
  ["SDK tasks with a wrong option", opening(openSdkTasks, "memory:", { owner: 1 })],
  ["SDK stores with a wrong option", opening(openSdkTaskStore, "memory:", { scope: 1 })]
])("%s is not opened", async (_, theCaller) => {
  expectCaller(await rejection(theCaller()))
})

/** What a misspelt option was meant to be is told from all options of the function, not from those of what it opens. */
test.each([
  ["openTaskStorage", opening(openTaskStorage, "memory:", { maxTask: 1 }), "maxTasks"],
  ["openTaskRunner", opening(openTaskRunner, "memory:", { maxRuning: 1 }), "maxRunning"],
  ["openTaskRunner", opening(openTaskRunner, "memory:", { maxTask: 1 }), "maxTasks"],
  ["openTaskRunner on a layer", opening(openTaskRunner, { layer: later }, { shutdwnTimeout: 1 }), "shutdownTimeout"],
  ["openSdkTasks", opening(openSdkTasks, "memory:", { pollIntervall: 1 }), "pollInterval"],
  ["openSdkTaskStore", opening(openSdkTaskStore, "memory:", { mesageTtl: 1 }), "messageTtl"]
])("a misspelt option of %s", async (_, theCaller, meant) => {
  expect(await rejection(theCaller())).toMatchObject({ reason: `is not an option; did you mean ${meant}?` })
})

test("a misspelt option of a runner on a storage that is open", async () => {
  const misspelt = opening(openTaskRunner, storageOf("memory"), { maxRuning: 1 })
  expect(await rejection(misspelt())).toMatchObject({ reason: "is not an option; did you mean maxRunning?" })
})

test("an option that is like none, with each that there is named once", async () => {
  const error = await rejection(opening(openTaskRunner, "memory:", { xyz: 1 })())
  const reason = error instanceof Error && "reason" in error ? String(error.reason) : ""
  const known = reason.slice(reason.indexOf("known are ") + "known are ".length).split(", ")
  expect(known).toContain("maxRunning")
  expect(known).toEqual([...new Set(known)])
})

test("a task that the runner does not start", async () => {
  await using runner = await openTaskRunner("memory:", { maxRunning: 1, whenFull: "refuse", shutdownTimeout: 1 })
  runner.register({
    method: "tools/call",
    run: (_, { signal }) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", resolve)
      })
  })
  await runner.startTask({ originalMethod: "tools/call" })
  const theCaller = () => runner.startTask({ originalMethod: "tools/call" })
  const error = await rejection(theCaller())
  expect(error).toMatchObject({ _tag: "TooManyTasks" })
  expectCaller(error)
})
