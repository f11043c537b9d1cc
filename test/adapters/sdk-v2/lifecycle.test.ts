/**
 * The life of a task on an SDK v2 server, as it looks on the wire.
 */
import { McpServer as SdkV1Server } from "@modelcontextprotocol/sdk/server/mcp.js"
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server"
import { layer as memory } from "mcp-task-storage/memory"
import { openTaskRunner, openTaskStorage } from "mcp-task-storage/promise"
import { anonymous, TasksExtension } from "mcp-task-storage/sdk-v2"
import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, onTestFinished, test, vi } from "vitest"
import * as z from "zod"
import { RawClient, text } from "./RawClient.ts"
import { serve } from "./serve.ts"
import { registerTools } from "./tools.ts"

const start = async (options: { readonly exposeErrors?: boolean } = {}) => {
  const failures: Array<unknown> = []
  const storage = await openTaskStorage("memory:")
  onTestFinished(() => storage.close())
  const tasks = new TasksExtension({
    storage,
    owner: anonymous,
    onError: (error) => failures.push(error),
    ...options
  })
  const log = registerTools(tasks)
  const { errors, url } = await serve(tasks, (server) => {
    server.registerTool("throwingPlainly", { inputSchema: z.object({}) }, () => {
      throw new Error("secret: password=hunter2")
    })
  })
  return { client: new RawClient({ url }), errors, failures, log, storage, url }
}

const noName = "Invalid name: must be a string of 1 to 255 characters"

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
      result: {
        resultType: "complete",
        content: [{ type: "text", text: "3" }],
        structuredContent: { sum: 3 },
        _meta: { "io.modelcontextprotocol/serverInfo": { name: "test", version: "1" } }
      },
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

  test("of a tool that throws has the result that a plain tool of the SDK answers with", async () => {
    const { client, failures, storage } = await start()
    const taskId = await client.start("throwing")
    const ended = await client.until(taskId, "completed", "failed")
    const { result: inline } = await client.call("throwingPlainly")
    expect(ended).toMatchObject({ status: "completed", statusMessage: "secret: password=hunter2" })
    expect(ended["result"]).toStrictEqual(inline)
    expect(inline).toMatchObject({ isError: true, content: [{ type: "text", text: "secret: password=hunter2" }] })
    expect(failures).toMatchObject([{ message: "secret: password=hunter2" }])
    expect((await storage.getTask(taskId))?.failure).toMatchObject({
      name: "Error",
      message: "secret: password=hunter2",
      stack: expect.stringContaining("tools.ts")
    })
  })

  test("of a tool that throws says nothing of what was thrown where the server hides that", async () => {
    const { client, failures, storage, url } = await start({ exposeErrors: false })
    const taskId = await client.start("throwing")
    const ended = await client.until(taskId, "completed", "failed")
    expect(ended["result"]).toMatchObject({ isError: true, content: [{ type: "text", text: "The tool failed" }] })
    const unaware = new RawClient({ url: url, capabilities: {} })
    const { result } = await unaware.call("throwing")
    expect(result).toMatchObject({ isError: true, content: [{ type: "text", text: "The tool failed" }] })
    expect(JSON.stringify([ended, result])).not.toContain("hunter2")
    expect(failures).toMatchObject([{ message: "secret: password=hunter2" }, { message: "secret: password=hunter2" }])
    expect((await storage.getTask(taskId))?.failure).toMatchObject({ message: "secret: password=hunter2" })
  })

  test.each([
    ["nothing", undefined, "Tool 'mistaken' gave undefined where a result is due"],
    ["null", null, "Tool 'mistaken' gave null where a result is due"],
    ["a list", [], "Tool 'mistaken' gave an array where a result is due"],
    [
      "content that is none",
      { content: [{ type: "sound" }] },
      "Tool 'mistaken' gave what is no result of a tool: content"
    ],
    [
      "a number that JSON does not know",
      { content: [], structuredContent: { count: 1n } },
      "Tool 'mistaken' gave a result that JSON cannot carry"
    ],
    [
      "a question",
      { resultType: "input_required", inputRequests: {} },
      "by its TaskContext: elicit, sample, request or suspend"
    ]
  ])("of a tool that gives %s fails with an error that names the mistake", async (_, given, message) => {
    const tasks = new TasksExtension({ storage: "memory:", owner: anonymous, onError: () => {} })
    // @ts-expect-error: code without a compiler
    tasks.registerTool("mistaken", { inputSchema: z.object({}) }, () => given)
    const { url } = await serve(tasks)
    const client = new RawClient({ url })
    const told = { isError: true, content: [{ type: "text", text: expect.stringContaining(message) }] }
    expect(await client.until(await client.start("mistaken"), "completed", "failed")).toMatchObject({ result: told })
    expect((await new RawClient({ url, capabilities: {} }).call("mistaken")).result).toMatchObject(told)
  })

  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  test.each<[string, unknown, string]>([
    ["null", null, "null"],
    ["nothing", undefined, "undefined"],
    ["a text", "no", "no"],
    ["a symbol", Symbol("odd"), "Symbol(odd)"],
    ["an error whose message is none", Object.assign(new Error(), { message: revoked.proxy }), "The tool failed"],
    ["an error with a number", Object.assign(new Error(), { message: 7 }), "7"],
    ["what throws when it is looked at", revoked.proxy, "The tool failed"]
  ])("of a tool that throws %s ends, and so does a plain call", async (_, thrown, message) => {
    const tasks = new TasksExtension({ storage: "memory:", owner: anonymous, onError: () => {} })
    tasks.registerTool("throwing", { inputSchema: z.object({}) }, () => {
      throw thrown
    })
    const { url } = await serve(tasks)
    const client = new RawClient({ url })
    const told = { isError: true, content: [{ type: "text", text: expect.stringContaining(message) }] }
    expect(await client.until(await client.start("throwing"), "completed", "failed")).toMatchObject({ result: told })
    expect((await new RawClient({ url, capabilities: {} }).call("throwing")).result).toMatchObject(told)
  })

  test("does not break the promise of an output schema", async () => {
    const { client, failures } = await start()
    const ended = await client.until(await client.start("lying"), "completed", "failed")
    const message = "What tool 'lying' gave does not fit its output schema: sum: "
    expect(ended).toMatchObject({ result: { isError: true, content: [{ text: expect.stringContaining(message) }] } })
    expect(JSON.stringify(ended)).not.toContain("no sum")
    expect(failures).toMatchObject([{ message: expect.stringContaining(message) }])
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
    const tasks = new TasksExtension({ storage: "memory:", owner: anonymous })
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
    const tasks = new TasksExtension({ storage: "memory:", owner: anonymous })
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
    const tasks = new TasksExtension({ storage: "memory:", owner: anonymous, maxTtl: 1000 })
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
    expect(() => new TasksExtension({ storage: "memory:" })).toThrow(
      "Invalid owner: must be a function that gives the id of a user, or the `anonymous` of this module"
    )
  })

  test.each<[Record<string, unknown>, string]>([
    [{ pollIntervall: 5 }, "pollIntervall: is not an option; did you mean pollInterval?"],
    [{ anonymous: true }, "anonymous: is not an option"],
    [{ limits: { openStream: 1 } }, "limits.openStream: is not an option; did you mean openStreams?"],
    [{ limits: { openStreams: 0 } }, "limits.openStreams: must be a positive integer, or null for no limit"],
    [{ limits: { active: 1 } }, "limits.active: is not an option; did you mean activeTasks?"],
    [{ limits: false }, "limits: must be an object of limits, in which null stands for no limit"],
    [{ limits: null }, "limits: must be an object of limits, in which null stands for no limit"],
    [{ limits: [1] }, "limits: must be an object of limits, in which null stands for no limit"],
    [{ ttl: 1 }, "ttl: is not an option; did you mean defaultTtl or maxTtl or resultTtl?"],
    [{ maxConnections: 1 }, "maxConnections: is not an option; did you mean postgres.maxConnections?"],
    [{ taskSupport: "forbidden" }, "taskSupport: must be one of"],
    [{ maxTtl: -1 }, "maxTtl"],
    [{ lostWorker: "retry" }, "lostWorker: must be \"fail\", or an object with maxAttempts"],
    [{ exposeErrors: "no" }, "exposeErrors: must be true or false"],
    [{ onError: "me" }, "onError: must be a function"]
  ])("takes no option that it does not know: %j", (option, message) => {
    expect(() => new TasksExtension({ storage: "memory:", owner: anonymous, ...option })).toThrow(message)
  })

  test("takes the options of an engine beside a URL, and not beside a layer, which has its own", async () => {
    await using tasks = new TasksExtension({ storage: "memory:", owner: anonymous, maxTasks: 1, shutdownTimeout: 0 })
    registerTools(tasks)
    const client = new RawClient(await serve(tasks))
    await client.start("wait", { seconds: 60 })
    expect((await client.call("wait", { seconds: 60 })).error).toMatchObject({
      message: expect.stringContaining("Too many")
    })
    const options = { storage: { layer: memory() }, owner: anonymous, maxTasks: 1, onError: () => {} }
    await using other = new TasksExtension(options)
    await expect(other.ready()).rejects.toMatchObject({ field: "maxTasks", reason: expect.stringContaining("layer") })
  })

  test("takes no option of a tool that it does not know", async () => {
    await using tasks = new TasksExtension({ storage: "memory:", owner: anonymous })
    const config = { inputSchema: z.object({}), support: "required" }
    expect(() => tasks.registerTool("tool", config, () => ({ content: [] }))).toThrow(
      "Invalid support: is not an option; did you mean taskSupport?"
    )
  })

  test.each([undefined, null, "run"])("takes no tool that cannot run: %j", async (run) => {
    await using tasks = new TasksExtension({ storage: "memory:", owner: anonymous })
    const register = () => Reflect.apply(tasks.registerTool, tasks, ["tool", { inputSchema: z.object({}) }, run])
    expect(register).toThrow("Invalid run: must be a function")
  })

  test.each<[string, ReadonlyArray<unknown>, string]>([
    ["without anything that runs it", ["tool", { inputSchema: z.object({}) }], "Invalid run: must be a function"],
    ["without a config", ["tool", () => ({ content: [] })], "Invalid config: must be an object"],
    ["without a schema", ["tool", {}, () => ({ content: [] })], "Invalid inputSchema: must be a schema"],
    [
      "with an object of schemas",
      ["tool", { inputSchema: { title: z.string() } }, () => ({ content: [] })],
      "Invalid inputSchema: must be a schema, such as z.object({ title: z.string() })"
    ],
    [
      "with an object of schemas for its results",
      ["tool", { inputSchema: z.object({}), outputSchema: { title: z.string() } }, () => ({ content: [] })],
      "Invalid outputSchema: must be a schema"
    ],
    ["of a name that no task can have", ["", { inputSchema: z.object({}) }, () => ({ content: [] })], noName],
    ["of a name that is too long", ["n".repeat(256), { inputSchema: z.object({}) }, () => ({ content: [] })], noName],
    ["with nothing for a config", ["tool", undefined, () => ({ content: [] })], "Invalid config: must be an object"]
  ])("takes no tool %s", async (_, args, message) => {
    await using tasks = new TasksExtension({ storage: "memory:", owner: anonymous })
    expect(() => Reflect.apply(tasks.registerTool, tasks, args)).toThrow(message)
  })

  test.each<[string, unknown]>([
    ["a server of version 1", new SdkV1Server({ name: "test", version: "1" })],
    ["a handler", createMcpHandler(() => new McpServer({ name: "test", version: "1" }))],
    ["nothing", undefined]
  ])("is not attached to %s", async (_, server) => {
    await using tasks = new TasksExtension({ storage: "memory:", owner: anonymous })
    expect(() => Reflect.apply(tasks.attach, tasks, [server])).toThrow(
      "Invalid server: must be an McpServer of @modelcontextprotocol/server, version 2"
    )
  })

  test.each<[string, unknown]>([
    ["a server", new McpServer({ name: "test", version: "1" })],
    ["a function", () => new Response()],
    ["nothing", undefined]
  ])("does not listen to %s", async (_, handler) => {
    await using tasks = new TasksExtension({ storage: "memory:", owner: anonymous })
    expect(() => Reflect.apply(tasks.listen, tasks, [handler])).toThrow(
      "Invalid handler: must be what createMcpHandler gives"
    )
  })

  test("is attached once, before its server connects", async () => {
    const tasks = new TasksExtension({ storage: "memory:", owner: anonymous })
    registerTools(tasks)
    const server = new McpServer({ name: "test", version: "1" })
    tasks.attach(server)
    tasks.attach(server)
    await using other = new TasksExtension({ storage: "memory:", owner: anonymous })
    expect(() => other.attach(server)).toThrow("Another Tasks extension is attached")
    await tasks.close()
  })

  test("tells onError and the logger what its runner cannot do in the background", async () => {
    const failures: Array<unknown> = []
    const lines: Array<string> = []
    const log = (message: string) => void lines.push(message)
    await using tasks = new TasksExtension({
      storage: "memory:",
      owner: anonymous,
      dispatch: () => Promise.reject(new Error("no queue")),
      onError: (...args) => failures.push(args),
      logger: { debug: log, info: log, warn: log, error: log }
    })
    registerTools(tasks)
    const taskId = await new RawClient(await serve(tasks)).start("add", { a: 1, b: 2 })
    expect(failures).toMatchObject([[{ message: "no queue" }, { taskId }]])
    expect(lines).toMatchObject([expect.stringContaining("cannot be dispatched")])
  })

  test("needs to know where tasks are kept", () => {
    // @ts-expect-error: neither a storage nor a runner
    expect(() => new TasksExtension({ owner: anonymous })).toThrow("Invalid storage: must be a URL")
  })

  test("writes no log line to stdout, where the client of a stdio server reads", async () => {
    const lines: Array<unknown> = []
    const out = vi.spyOn(console, "log").mockReturnValue()
    vi.spyOn(console, "error").mockImplementation((line) => void lines.push(line))
    onTestFinished(() => void vi.restoreAllMocks())
    const tasks = new TasksExtension({ storage: "sqlite:/no/such/folder/tasks.db", owner: anonymous })
    await expect(tasks.ready()).rejects.toMatchObject({ _tag: "TaskStorageUnavailable" })
    registerTools(tasks)
    expect((await new RawClient(await serve(tasks)).call("add", { a: 1, b: 2 })).error).toMatchObject({ code: -32603 })
    expect(lines).toEqual([
      "mcp-task-storage: The storage of the tasks cannot be opened",
      "mcp-task-storage: A request for a task failed"
    ])
    expect(out).not.toHaveBeenCalled()
  })

  test("tells a runner that is shared what a request failed with", async () => {
    const failures: Array<unknown> = []
    const runner = await openTaskRunner("memory:", { onError: (error) => failures.push(error) })
    const tasks = new TasksExtension({ runner, owner: anonymous })
    registerTools(tasks)
    const client = new RawClient(await serve(tasks))
    await runner.close()
    expect((await client.call("add", { a: 1, b: 2 })).error).toMatchObject({ code: -32603 })
    expect(failures).toMatchObject([{ reason: "the runner is closed" }])
  })

  test("tells that its storage cannot be opened", async () => {
    const failures: Array<unknown> = []
    const tasks = new TasksExtension({
      storage: "sqlite:/no/such/folder/tasks.db",
      owner: anonymous,
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
