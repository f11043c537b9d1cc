/**
 * Who sees which tasks in the SDK's `TaskStore` over a storage.
 */
import * as Effect from "effect/Effect"
import { describe, expect, test, vi } from "vitest"
import type { SdkTaskStore, SdkTaskStoreOptions } from "../../../src/adapters/sdk-v1/index.ts"
import { onTheWire, openTestStore, rejection, request, result } from "./harness.ts"

describe("listTasks", () => {
  test("gives pages that neither repeat nor skip", async () => {
    const { newTask, store } = await openTestStore()
    const created: Array<string> = []
    for (let index = 0; index < 120; index++) created.push(await newTask())
    const sizes: Array<number> = []
    const listed: Array<string> = []
    let cursor: string | undefined = ""
    while (cursor !== undefined) {
      const { nextCursor, tasks } = await store.listTasks(cursor)
      sizes.push(tasks.length)
      listed.push(...tasks.map(({ taskId }) => taskId))
      cursor = nextCursor
    }
    expect(sizes).toStrictEqual([50, 50, 20])
    expect(listed.toSorted()).toStrictEqual(created.toSorted())
  })

  test("refuses a cursor that is malformed or of another session", async () => {
    const { newTask, store } = await openTestStore()
    for (let index = 0; index < 51; index++) await newTask("a")
    const { nextCursor } = await store.listTasks(undefined, "a")
    expect(await onTheWire(store.listTasks("nonsense"))).toStrictEqual({ message: "Invalid cursor: nonsense" })
    expect(await onTheWire(store.listTasks(nextCursor, "b"))).toStrictEqual({
      message: `Invalid cursor: ${nextCursor}`
    })
  })
})

describe("scope", () => {
  const reach = async (store: SdkTaskStore, taskId: string, sessionId: string | undefined) => ({
    byId: await store.getTask(taskId, sessionId) !== null,
    listed: (await store.listTasks(undefined, sessionId)).tasks.some((task) => task.taskId === taskId),
    result: await store.getTaskResult(taskId, sessionId).then(() => true, () => false),
    writes: !`${await rejection(store.updateTaskStatus(taskId, "cancelled", undefined, sessionId))}`.includes(
      "not found"
    )
  })
  const all = { byId: true, listed: true, result: true, writes: true }
  const none = { byId: false, listed: false, result: false, writes: false }

  const finished = async (scope: SdkTaskStoreOptions["scope"], sessionId: string | undefined) => {
    const { newTask, store } = await openTestStore({ scope })
    const taskId = await newTask(sessionId)
    await store.storeTaskResult(taskId, "completed", result, sessionId)
    return { store, taskId }
  }

  test("session: fails closed between sessions, and between a session and none", async () => {
    const { store, taskId } = await finished(undefined, "a")
    expect(await reach(store, taskId, "a")).toStrictEqual(all)
    expect(await reach(store, taskId, "b")).toStrictEqual(none)
    expect(await reach(store, taskId, undefined)).toStrictEqual(none)
    const unbound = await finished("session", undefined)
    expect(await reach(unbound.store, unbound.taskId, undefined)).toStrictEqual(all)
    expect(await reach(unbound.store, unbound.taskId, "a")).toStrictEqual(none)
  })

  test("task: the id is enough, and lists do not give it away", async () => {
    const { store, taskId } = await finished("task", "a")
    expect(await reach(store, taskId, "a")).toStrictEqual(all)
    expect(await reach(store, taskId, "b")).toStrictEqual({ ...all, listed: false })
    expect(await reach(store, taskId, undefined)).toStrictEqual({ ...all, listed: false })
  })

  test("a function: sessions of one principal share, others do not", async () => {
    const users = new Map([["a", "ada"], ["b", "ada"], ["c", "carl"]])
    const scope = (sessionId: string | undefined) => users.get(sessionId ?? "")
    const { store, taskId } = await finished(scope, "a")
    expect(await reach(store, taskId, "b")).toStrictEqual(all)
    expect(await reach(store, taskId, "c")).toStrictEqual(none)
  })

  test("a function: a session without a principal has its own tasks alone", async () => {
    const { store, taskId } = await finished(() => undefined, "a")
    expect(await reach(store, taskId, "a")).toStrictEqual(all)
    expect(await reach(store, taskId, "b")).toStrictEqual(none)
  })

  test("a function: without a principal and without a session there are no tasks, not those of all such requests", async () => {
    const { direct, store } = await openTestStore({ scope: () => undefined })
    const { taskId } = await direct.createTask({ originalMethod: "tools/call" }).pipe(Effect.runPromise)
    const refused = {
      code: -32600,
      message: expect.stringContaining("Tasks need an owner"),
      data: { reason: "OwnerMissing" }
    }
    for (
      const call of [
        () => store.createTask({}, 1, request),
        () => store.getTask(taskId),
        () => store.listTasks(),
        () => store.getTaskResult(taskId),
        () => store.updateTaskStatus(taskId, "cancelled"),
        () => store.storeTaskResult(taskId, "completed", result)
      ]
    ) expect(await onTheWire(call())).toStrictEqual(refused)
  })

  test("a function that throws shows nothing to the client", async () => {
    const onError = vi.fn()
    const failure = new Error("no connection to ldap://secret")
    const { store } = await openTestStore({
      onError,
      scope: () => {
        throw failure
      }
    })
    expect(await onTheWire(store.getTask("x"))).toStrictEqual({
      message: "Task storage is unavailable, try again later"
    })
    expect(onError.mock.calls).toStrictEqual([[failure, {}]])
  })

  test("a function that gives no principal is a fault of the server, not a user without tasks", async () => {
    for (const principal of [5, "", null, Promise.resolve("alice")]) {
      const onError = vi.fn()
      const options: SdkTaskStoreOptions = { onError }
      // What a function without a compiler can give.
      Reflect.set(options, "scope", () => principal)
      const { store } = await openTestStore(options)
      const generic = { message: "Task storage is unavailable, try again later" }
      expect(await onTheWire(store.getTask("x"))).toStrictEqual(generic)
      expect(await onTheWire(store.listTasks())).toStrictEqual(generic)
      expect(onError.mock.calls[0]?.[0]).toMatchObject({ _tag: "InvalidInput", field: "scope" })
    }
  })
})
