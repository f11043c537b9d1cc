/**
 * Engines that fail and runners that end: the client learns that there was a fault, the operator which.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { layer as memory } from "mcp-task-storage/memory"
import { openTaskRunner } from "mcp-task-storage/promise"
import { TasksExtension, type TasksExtensionOptions } from "mcp-task-storage/sdk-v2"
import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, test } from "vitest"
import * as z from "zod"
import { TaskStorageUnavailable } from "../../../src/domain/task/TaskError.ts"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { listenRequest } from "./listenRequest.ts"
import { RawClient } from "./RawClient.ts"
import { serve } from "./serve.ts"
import { registerTools } from "./tools.ts"

const fault = new TaskStorageUnavailable({
  operation: "getTask",
  reason: "postgres://admin:hunter2@db/tasks: relation \"mcp_tasks\" does not exist",
  retryable: false,
  applied: "no"
})

const broken = Layer.effect(
  TaskStorage,
  Effect.map(TaskStorage, (storage) => {
    const failing = {
      createTask: () => Effect.fail(fault),
      getTask: () => Effect.fail(fault),
      getTaskSummary: () => Effect.fail(fault),
      provideInput: () => Effect.fail(fault),
      withSummary: { ...storage.withSummary, updateTaskStatus: () => Effect.fail(fault) }
    }
    return TaskStorage.of({ ...storage, ...failing, forSession: (id) => ({ ...storage.forSession(id), ...failing }) })
  })
).pipe(Layer.provide(memory()))

const unavailable = { code: -32603, message: "The task storage is unavailable. Try again later." }

const owner: TasksExtensionOptions["owner"] = () => "ann"

describe("an engine that fails", () => {
  test("is an internal error without details, and never an unknown task", async () => {
    const failures: Array<unknown> = []
    const tasks = new TasksExtension({ storage: { layer: broken }, owner, onError: (error) => failures.push(error) })
    registerTools(tasks)
    const { url } = await serve(tasks)
    const client = new RawClient({ url })
    expect((await client.call("confirm", { file: "a" })).error).toStrictEqual(unavailable)
    expect((await client.get("x")).error).toStrictEqual(unavailable)
    expect((await client.update("x", { a: {} })).error).toStrictEqual(unavailable)
    expect((await client.cancel("x")).error).toStrictEqual(unavailable)
    const listened = await fetch(url, { method: "POST", ...listenRequest({ taskIds: ["x"] }) })
    expect(await listened.json()).toMatchObject({ id: "sub-1", error: unavailable })
    expect(failures).toStrictEqual([fault, fault, fault, fault, fault])
  })
})

describe("a runner that was closed", () => {
  test("refuses what comes after", async () => {
    const runner = await openTaskRunner("memory:")
    const tasks = new TasksExtension({ runner, owner, onError: () => {} })
    registerTools(tasks)
    const { url } = await serve(tasks)
    const client = new RawClient({ url })
    const taskId = await client.start("add", { a: 1, b: 2 })
    await runner.close()
    expect((await client.get(taskId)).error).toStrictEqual(unavailable)
    expect((await client.call("add", { a: 1, b: 2 })).error).toStrictEqual(unavailable)
  })

  test("answers what waits, and ends subscriptions", async () => {
    const runner = await openTaskRunner("memory:", { shutdownTimeout: 50 })
    const tasks = new TasksExtension({ runner, owner, onError: () => {} })
    registerTools(tasks)
    const log: Array<string> = []
    tasks.registerTool("long", { inputSchema: z.object({}) }, async (_, { signal }) => {
      log.push("began")
      await sleep(60_000, undefined, { signal }).finally(() => log.push("ended"))
      return { content: [] }
    })
    const { url } = await serve(tasks)
    const taskId = await new RawClient({ url }).start("wait", { seconds: 60 })
    const listened = await fetch(url, { method: "POST", ...listenRequest({ taskIds: [taskId] }) })
    const reading = listened.text()
    const waiting = new RawClient({ url, capabilities: {} }).call("long")
    while (!log.includes("began")) await sleep(5)
    await runner.close()
    expect((await waiting).error).toStrictEqual(unavailable)
    while (!log.includes("ended")) await sleep(5)
    expect(await reading).toContain(taskId)
  })

  test("must be one that openTaskRunner gave", async () => {
    // @ts-expect-error: code without a compiler
    const tasks = new TasksExtension({ runner: {}, owner, onError: () => {} })
    await expect(tasks.ready()).rejects.toMatchObject({ _tag: "InvalidInput", field: "runner" })
  })
})
