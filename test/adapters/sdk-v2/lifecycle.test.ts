/**
 * The life of a task on an SDK v2 server, as it looks on the wire.
 */
import { McpServer } from "@modelcontextprotocol/server"
import { TasksExtension } from "mcp-task-storage/sdk-v2"
import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, test } from "vitest"
import * as z from "zod"
import { RawClient, text } from "./RawClient.ts"
import { serve } from "./serve.ts"
import { registerTools } from "./tools.ts"

const start = async () => {
  const failures: Array<unknown> = []
  const tasks = new TasksExtension({
    storage: "memory:",
    anonymous: true,
    onError: (error) => failures.push(error)
  })
  const log = registerTools(tasks)
  const { errors, url } = await serve(tasks)
  return { client: new RawClient({ url }), errors, failures, log, url }
}

const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

describe("a task", () => {
  test("is created by a call, and has the result that the call would have had", async () => {
    const { client, failures } = await start()
    const created = await client.call("add", { a: 1, b: 2 })
    expect(created.status).toBe(200)
    expect(created.result).toStrictEqual({
      resultType: "task",
      taskId: expect.any(String),
      status: "working",
      createdAt: expect.stringMatching(iso),
      lastUpdatedAt: expect.stringMatching(iso),
      ttlMs: 86_400_000,
      pollIntervalMs: 1000,
      _meta: expect.anything()
    })
    const ended = await client.until(text(created.result?.["taskId"]), "completed")
    expect(ended).toStrictEqual({
      resultType: "complete",
      taskId: created.result?.["taskId"],
      status: "completed",
      statusMessage: "adding",
      createdAt: created.result?.["createdAt"],
      lastUpdatedAt: expect.stringMatching(iso),
      ttlMs: 86_400_000,
      pollIntervalMs: 1000,
      result: { resultType: "complete", content: [{ type: "text", text: "3" }], structuredContent: { sum: 3 } },
      _meta: expect.anything()
    })
    expect(failures).toStrictEqual([])
  })

  test("of a tool that reports an error is completed", async () => {
    const { client } = await start()
    const ended = await client.until(await client.start("failing"), "completed", "failed")
    expect(ended).toMatchObject({
      status: "completed",
      result: { isError: true, content: [{ type: "text", text: "it did not work" }] }
    })
  })

  test("of a tool that fails has the JSON-RPC error of the tool", async () => {
    const { client, failures } = await start()
    const ended = await client.until(await client.start("refusing"), "completed", "failed")
    expect(ended).toMatchObject({
      status: "failed",
      error: { code: -32050, message: "Refused", data: { reason: "rules" } }
    })
    expect(ended).not.toHaveProperty("result")
    expect(failures).toStrictEqual([])
  })

  test("of a tool that throws says nothing of what was thrown, which the operator hears", async () => {
    const { client, failures } = await start()
    const ended = await client.until(await client.start("throwing"), "completed", "failed")
    expect(ended["error"]).toStrictEqual({ code: -32603, message: "Internal error" })
    expect(JSON.stringify(ended)).not.toContain("hunter2")
    expect(failures).toMatchObject([{ message: "secret: password=hunter2" }])
  })

  test("does not break the promise of an output schema", async () => {
    const { client, failures } = await start()
    const ended = await client.until(await client.start("lying"), "completed", "failed")
    expect(ended).toMatchObject({ status: "failed", error: { code: -32603, message: "Internal error" } })
    expect(failures).toMatchObject([{ message: expect.stringContaining("does not fit its output schema") }])
  })

  test("is cancelled at work, and again when it is over", async () => {
    const { client, log } = await start()
    const taskId = await client.start("wait", { seconds: 60 })
    while (!log.includes("wait began")) await sleep(5)
    expect((await client.cancel(taskId)).result).toStrictEqual({ resultType: "complete", _meta: expect.anything() })
    expect(await client.until(taskId, "cancelled")).not.toHaveProperty("result")
    while (!log.includes("wait aborted")) await sleep(5)
    expect((await client.cancel(taskId)).result).toStrictEqual({ resultType: "complete", _meta: expect.anything() })
    expect((await client.update(taskId, { x: {} })).result).toBeDefined()
    expect((await client.get(taskId)).result).toMatchObject({ status: "cancelled" })
  })
})

describe("a call", () => {
  test("with arguments that do not fit is answered by the SDK, and makes no task", async () => {
    const { client } = await start()
    expect((await client.call("add", { a: "one" })).result).toMatchObject({
      resultType: "complete",
      isError: true,
      content: [{ text: expect.stringContaining("Input validation error") }]
    })
    expect((await client.call("nothing")).error).toMatchObject({ code: -32602, message: "Tool nothing not found" })
  })

  test("of a plain tool next to these is as ever", async () => {
    const tasks = new TasksExtension({ storage: "memory:", anonymous: true })
    registerTools(tasks)
    const { url } = await serve(tasks, (server) => {
      server.registerTool("plain", { inputSchema: z.object({ name: z.string() }) }, ({ name }) => ({
        content: [{ type: "text", text: `Hello, ${name}!` }]
      }))
    })
    const client = new RawClient({ url })
    expect((await client.call("plain", { name: "Ann" })).result).toStrictEqual({
      resultType: "complete",
      content: [{ type: "text", text: "Hello, Ann!" }],
      _meta: expect.anything()
    })
    const { result } = await client.send("tools/list")
    expect(result?.["tools"]).toContainEqual(expect.objectContaining({
      name: "add",
      description: "Adds two numbers",
      inputSchema: expect.objectContaining({ required: ["a", "b"] }),
      outputSchema: expect.objectContaining({ required: ["sum"] })
    }))
  })

  test("of a tool of this server alone runs as a task", async () => {
    const tasks = new TasksExtension({ storage: "memory:", anonymous: true })
    const { url } = await serve(tasks, (server) => {
      tasks.registerTool(server, "mine", { inputSchema: z.object({}), ttl: 5000, pollInterval: 70 }, () => ({
        content: [{ type: "text", text: "mine" }]
      }))
    })
    const client = new RawClient({ url })
    const { result } = await client.call("mine")
    expect(result).toMatchObject({ ttlMs: 5000, pollIntervalMs: 70 })
    expect(await client.until(text(result?.["taskId"]), "completed")).toMatchObject({
      result: { content: [{ text: "mine" }] }
    })
  })
})

describe("the extension", () => {
  test("is declared as it must be", async () => {
    const { client } = await start()
    expect((await client.send("server/discover")).result).toMatchObject({
      capabilities: { extensions: { "io.modelcontextprotocol/tasks": {} } }
    })
  })

  test("shortens what lives too long", async () => {
    const tasks = new TasksExtension({ storage: "memory:", anonymous: true, maxTtl: 1000 })
    const text = { content: [] }
    tasks.registerTool("default", { inputSchema: z.object({}) }, () => text)
    tasks.registerTool("unlimited", { inputSchema: z.object({}), ttl: null }, async (_, { setTtl }) => {
      await setTtl(null)
      return text
    })
    const client = new RawClient(await serve(tasks))
    expect((await client.call("default")).result).toMatchObject({ ttlMs: 1000 })
    const taskId = await client.start("unlimited")
    expect(await client.until(taskId, "completed")).toMatchObject({ ttlMs: 1000 })
  })

  test("needs to know whose tasks they are", () => {
    // @ts-expect-error: neither an owner nor anonymous
    expect(() => new TasksExtension({ storage: "memory:" })).toThrow("Invalid owner: must be a function")
  })

  test("is attached once, before its server connects", async () => {
    const tasks = new TasksExtension({ storage: "memory:", anonymous: true })
    registerTools(tasks)
    const server = new McpServer({ name: "test", version: "1" })
    tasks.attach(server)
    tasks.attach(server)
    await using other = new TasksExtension({ storage: "memory:", anonymous: true })
    expect(() => other.attach(server)).toThrow("Another Tasks extension is attached")
    await tasks.close()
  })

  test("tells onError and the logger what its runner cannot do in the background", async () => {
    const failures: Array<unknown> = []
    const lines: Array<string> = []
    const log = (message: string) => void lines.push(message)
    await using tasks = new TasksExtension({
      storage: "memory:",
      anonymous: true,
      dispatch: () => Promise.reject(new Error("no queue")),
      onError: (...args) => failures.push(args),
      logger: { debug: log, info: log, warn: log, error: log }
    })
    registerTools(tasks)
    const taskId = await new RawClient(await serve(tasks)).start("add", { a: 1, b: 2 })
    expect(failures).toMatchObject([[{ message: "no queue" }, { taskId }]])
    expect(lines).toMatchObject([expect.stringContaining("cannot be dispatched")])
  })

  test("tells that its storage cannot be opened", async () => {
    const failures: Array<unknown> = []
    const tasks = new TasksExtension({
      storage: "sqlite:/no/such/folder/tasks.db",
      anonymous: true,
      onError: (error) => failures.push(error)
    })
    registerTools(tasks)
    await expect(tasks.ready()).rejects.toMatchObject({ _tag: "TaskStorageUnavailable" })
    const server = await serve(tasks)
    const { error } = await new RawClient(server).call("add", { a: 1, b: 2 })
    expect(error).toStrictEqual({ code: -32603, message: "The task storage is unavailable. Try again later." })
    expect(failures.length).toBeGreaterThan(0)
  })
})
