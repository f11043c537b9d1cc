/**
 * Servers and clients of the official SDK on the stores of this library, as their users meet them; and the same with the
 * SDK's own stores, whose answers must not differ.
 */
import { InMemoryTaskMessageQueue, InMemoryTaskStore } from "@modelcontextprotocol/sdk/experimental/tasks"
import { McpError } from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import { describe, expect, onTestFinished, test } from "vitest"
import { makeSdkTaskStore, openSdkTaskStore, type SdkTaskStoreOptions } from "../../../src/adapters/sdk-v1/index.ts"
import { until } from "../../support/until.ts"
import { engineFailure, onTheWire, openTestStorage, rejection } from "./harness.ts"
import { connect, type ConnectOptions, type Stores } from "./serverHarness.ts"

const openUrl = (url: string) => async (): Promise<Stores> => {
  const stores = await openSdkTaskStore(url)
  onTestFinished(() => stores.close())
  return stores
}

const backends: ReadonlyArray<{ readonly name: string; readonly open: () => Promise<Stores> }> = [
  {
    name: "the SDK's own stores",
    open: async () => ({ taskStore: new InMemoryTaskStore(), taskMessageQueue: new InMemoryTaskMessageQueue() })
  },
  { name: "memory", open: openUrl("memory:") },
  { name: "sqlite", open: openUrl("sqlite::memory:") }
]

describe.each(backends)("a server on $name", ({ open }) => {
  const start = async (options: ConnectOptions = {}) => connect(await open(), options)
  const accept = () => ({ action: "accept", content: { name: "Ada" } })

  test("creates a task whose fields are those of the protocol", async () => {
    const { get, start: create } = await start()
    const task = await create("idle", {}, 60_000)
    const { createdAt, lastUpdatedAt, taskId, ...rest } = task
    expect(rest).toStrictEqual({ status: "working", ttl: 60_000, pollInterval: 10 })
    expect(createdAt).toMatch(/Z$/)
    expect(lastUpdatedAt).toBe(createdAt)
    expect(await get(taskId)).toStrictEqual(task)
  })

  test("streams progress and the result", async () => {
    const { stream, trouble } = await start()
    const seen = await stream("report", { detail: "Weather" })
    expect(seen[0]).toBe("taskCreated")
    expect(seen).toContain("working: Weather nearly done")
    expect(seen.slice(-2)).toStrictEqual([
      "completed: Weather nearly done",
      "result: [{\"type\":\"text\",\"text\":\"Weather\"}]"
    ])
    expect(trouble).toStrictEqual([])
  })

  test("answers tasks/result, once the task has ended, with the very result", async () => {
    const { errors, result, start: create } = await start()
    const { taskId } = await create("report", { detail: "Weather" })
    expect(await result(taskId)).toStrictEqual({
      content: [{ type: "text", text: "Weather" }],
      _meta: { "io.modelcontextprotocol/related-task": { taskId } }
    })
    expect(errors).toStrictEqual([])
  })

  test("shows a failing tool as failed and gives what it says", async () => {
    const { get, result, start: create, stream } = await start()
    const { taskId } = await create("fail", { detail: "no paper" })
    expect(await result(taskId)).toMatchObject({ content: [{ type: "text", text: "no paper" }], isError: true })
    expect(await get(taskId)).toMatchObject({ status: "failed" })
    expect((await stream("fail")).at(-1)).toMatch(/^error: MCP error -32603: Task \S+ failed$/)
  })

  test("asks the user through tasks/result and gives the task the answer", async () => {
    const { asked, errors, stream, trouble } = await start({ answer: accept })
    const seen = await stream("ask", { detail: "Who?" })
    expect(asked).toStrictEqual(["Who?"])
    expect(seen).toContain("input_required: undefined")
    expect(seen.at(-1)).toContain("Ada")
    expect([trouble, errors]).toStrictEqual([[], []])
  })

  test("delivers notifications of a task in order", async () => {
    const { logged, result, start: create } = await start()
    const { taskId } = await create("log", { detail: "abc" })
    await result(taskId)
    expect(logged).toStrictEqual(["a", "b", "c"])
  })

  test("tells a tool that more messages wait than may", async () => {
    const { get, logged, result, start: create, trouble } = await start({ maxTaskQueueSize: 2 })
    const { taskId } = await create("log", { detail: "abc" })
    await until(async () => (await get(taskId)).status === "completed")
    expect(trouble).toStrictEqual(["Error: Task message queue overflow: queue size (2) exceeds maximum (2)"])
    await result(taskId)
    expect(logged).toStrictEqual(["a", "b"])
  })

  test("cancels a task, once", async () => {
    const { cancel, get, result, start: create } = await start()
    const { taskId } = await create("idle")
    expect(await cancel(taskId)).toMatchObject({
      taskId,
      status: "cancelled",
      statusMessage: "Client cancelled task execution."
    })
    expect(await get(taskId)).toMatchObject({ status: "cancelled" })
    expect(await onTheWire(result(taskId))).toStrictEqual({
      code: -32603,
      message: `MCP error -32603: Task ${taskId} has no result stored`
    })
    expect(await onTheWire(cancel(taskId))).toStrictEqual({
      code: -32602,
      message: "MCP error -32602: MCP error -32602: Cannot cancel task in terminal status: cancelled"
    })
  })

  test("tells a tool that its task has ended", async () => {
    const { get, start: create, trouble } = await start()
    const { taskId } = await create("late", { detail: "too late" })
    await until(() => trouble.length > 0)
    expect(trouble).toStrictEqual([
      `Error: Cannot store result for task ${taskId} in terminal status 'cancelled'. ` +
      "Task results can only be stored once."
    ])
    expect(await get(taskId)).toMatchObject({ status: "cancelled", statusMessage: "Ended elsewhere" })
  })

  test("lists tasks page by page", async () => {
    const { list, start: create } = await start()
    const created: Array<string> = []
    for (let index = 0; index < 60; index++) created.push((await create("idle")).taskId)
    const listed: Array<string> = []
    let cursor: string | undefined
    do {
      const page = await list(cursor)
      listed.push(...page.tasks.map(({ taskId }) => taskId))
      cursor = page.nextCursor
    } while (cursor !== undefined)
    expect(listed.toSorted()).toStrictEqual(created.toSorted())
  })

  test("refuses what does not exist", async () => {
    const { cancel, get, list, result } = await start()
    const id = "none"
    expect(await onTheWire(get(id))).toStrictEqual({
      code: -32602,
      message: "MCP error -32602: MCP error -32602: Failed to retrieve task: Task not found"
    })
    const notFound = { code: -32602, message: `MCP error -32602: MCP error -32602: Task not found: ${id}` }
    expect(await onTheWire(result(id))).toStrictEqual(notFound)
    expect(await onTheWire(cancel(id))).toStrictEqual(notFound)
    expect(await onTheWire(list("nonsense"))).toStrictEqual({
      code: -32602,
      message: "MCP error -32602: MCP error -32602: Failed to list tasks: Invalid cursor: nonsense"
    })
  })

  test("keeps the tasks of two sessions apart", async () => {
    const stores = await open()
    const ada = await connect(stores, { sessionId: "ada" })
    const bob = await connect(stores, { sessionId: "bob" })
    const { taskId } = await ada.start("succeed", { detail: "secret" })
    await ada.result(taskId)
    for (const attempt of [bob.get(taskId), bob.result(taskId), bob.cancel(taskId)]) {
      expect(await onTheWire(attempt)).toMatchObject({ code: -32602, message: expect.stringMatching(/not found/i) })
    }
    expect((await bob.list()).tasks).toStrictEqual([])
    expect((await ada.list()).tasks).toHaveLength(1)
  })

  test("works within a session as without one", async () => {
    const { asked, errors, list, stream, trouble } = await start({ sessionId: "ada", answer: accept })
    expect((await stream("ask", { detail: "Who?" })).at(-1)).toContain("Ada")
    expect(asked).toStrictEqual(["Who?"])
    expect((await list()).tasks).toMatchObject([{ status: "completed", statusMessage: "answered" }])
    expect([trouble, errors]).toStrictEqual([[], []])
  })
})

describe("where the SDK's own stores end", () => {
  const openStores = async (options: SdkTaskStoreOptions = {}) => {
    const opened = await openTestStorage()
    return { ...opened, stores: makeSdkTaskStore(opened.storage, options) }
  }

  test("questions of a process that died are not asked by its successor", async () => {
    const { storage, stores } = await openStores()
    const before = await connect(stores)
    const { taskId } = await before.start("ask", { detail: "from the dead" })
    await until(async () => (await before.get(taskId)).status === "input_required")
    await before.client.close()

    const after = await connect(makeSdkTaskStore(storage))
    await Effect.runPromise(Effect.andThen(Effect.sleep(2), storage.recoverStuckTasks(0)))
    expect(await onTheWire(after.result(taskId))).toStrictEqual({
      code: -32603,
      message: expect.stringMatching(/^MCP error -32603: Interrupted/)
    })
    expect(after.asked).toStrictEqual([])
    expect(after.errors).toStrictEqual([])
  })

  test("a JSON-RPC error that another process stored reaches the client as it is", async () => {
    const { direct, stores } = await openStores()
    const { result, start } = await connect(stores)
    const { taskId } = await start("idle")
    const waiting = result(taskId)
    await Effect.runPromise(
      direct.settleTask(taskId, { _tag: "Error", code: -32042, message: "No such city", data: { city: "Ur" } })
    )
    const error = await rejection(waiting)
    expect(error).toBeInstanceOf(McpError)
    expect(error).toMatchObject({ code: -32042, message: "MCP error -32042: No such city", data: { city: "Ur" } })
  })

  test("a waiting tasks/result survives an engine that fails for a moment", async () => {
    const { interposer, stores } = await openStores()
    const { result, start } = await connect(stores)
    const { taskId } = await start("report", { detail: "Weather" })
    const locked = engineFailure()
    const waiting = result(taskId)
    interposer.beforeNext("find", locked, locked, Effect.void, locked, locked)
    interposer.beforeNext("shift", locked, Effect.void, locked)
    expect(await waiting).toMatchObject({ content: [{ text: "Weather" }] })
  })

  test("an engine that is down shows the client nothing of itself", async () => {
    const { interposer, stores } = await openStores({ onError: () => {} })
    const { cancel, get, list, result, start } = await connect(stores)
    const { taskId } = await start("idle")
    for (const primitive of ["find", "patch", "pageSummaries", "insert"] as const) {
      interposer.beforeAll(primitive, engineFailure({ retryable: false }))
    }
    const says = (code: number, before = "") => ({
      code,
      message: `MCP error ${code}: ${before}Task storage is unavailable, try again later`
    })
    expect(await onTheWire(get(taskId))).toStrictEqual(says(-32603))
    expect(await onTheWire(result(taskId))).toStrictEqual(says(-32603))
    expect(await onTheWire(cancel(taskId))).toStrictEqual(says(-32600, "MCP error -32600: Failed to cancel task: "))
    expect(await onTheWire(list())).toStrictEqual(says(-32602, "MCP error -32602: Failed to list tasks: "))
  })

  test("a queue that cannot be emptied ends neither the answer nor the process", async () => {
    const { interposer, stores } = await openStores({ onError: () => {} })
    const { result, start } = await connect(stores)
    interposer.beforeAll("drain", engineFailure({ retryable: false }))
    const { taskId } = await start("succeed", { detail: "fine" })
    expect(await result(taskId)).toMatchObject({ content: [{ text: "fine" }] })
    await until(() => interposer.calls.includes("drain"))
  })

  test("a cancellation that loses the race is refused as one that comes too late", async () => {
    const { direct, interposer, stores } = await openStores()
    const { cancel, get, start } = await connect(stores)
    const { taskId } = await start("idle")
    interposer.beforeNext("patch", Effect.orDie(direct.settleTask(taskId, { _tag: "Success", value: { content: [] } })))
    expect(await onTheWire(cancel(taskId))).toStrictEqual({
      code: -32602,
      message: "MCP error -32602: MCP error -32602: Cannot cancel task in terminal status: completed"
    })
    expect(await get(taskId)).toMatchObject({ status: "completed" })
  })

  test("after a reconnection the id of a task is enough under the scope task", async () => {
    const { stores } = await openStores({ scope: "task" })
    const before = await connect(stores, { sessionId: "old" })
    const { taskId } = await before.start("succeed", { detail: "kept" })
    await before.client.close()
    const after = await connect(stores, { sessionId: "new" })
    expect(await after.result(taskId)).toMatchObject({ content: [{ text: "kept" }] })
    expect((await after.list()).tasks).toStrictEqual([])
  })
})
