/** What clients are told of calls that become no task, and of the progress of those that do. */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { ProgressNotificationSchema, ResultSchema } from "@modelcontextprotocol/sdk/types.js"
import { anonymous, openSdkTasks, type OpenSdkTasksOptions, registerTaskTool } from "mcp-task-storage/sdk"
import { describe, expect, onTestFinished, test, vi } from "vitest"
import * as z from "zod"
import { until } from "../../support/until.ts"
import { connectHttp, connectInMemory } from "./connections.ts"
import { onTheWire } from "./harness.ts"

const open = async (options: OpenSdkTasksOptions = {}) => {
  const tasks = await openSdkTasks("memory:", { shutdownTimeout: 0, recovery: false, onError: () => {}, ...options })
  onTestFinished(() => tasks.close())
  return tasks
}

const levels = (depth: number): { readonly [key: string]: unknown } => depth === 0 ? {} : { a: levels(depth - 1) }

describe("a call that keeps its task from being created", () => {
  test.each(
    [
      ["wrong arguments", {}, ["report", { days: 5 }], -32602, "Invalid arguments for tool report"],
      ["a ttl of nothing", {}, ["plain", {}, 0], -32602, "Invalid ttl"],
      ["arguments too deep", {}, ["ask", { more: levels(600), detail: "x" }], -32602, "Invalid arguments"],
      [
        "too large a request",
        { maxPayloadBytes: { content: 100 } },
        ["ask", { detail: "x".repeat(500) }],
        -32602,
        "takes"
      ],
      ["too many tasks", { maxTasks: 1 }, ["plain"], -32603, "Too many tasks"]
    ] as const
  )("says so: %s", async (_, options, [name, args, ttl], code, text) => {
    const tasks = await open(options)
    const { start } = await connectInMemory(tasks)
    if ("maxTasks" in options) await tasks.storage.createTask({ originalMethod: "x" })
    const error = await onTheWire(start(name, args, ttl))
    expect(error).toMatchObject({ code, message: expect.stringContaining(text) })
    expect(error).not.toMatchObject({ message: expect.stringContaining("task creation result") })
  })

  test("says that the storage is down, and no more", async () => {
    const tasks = await open()
    const { start } = await connectInMemory(tasks)
    await tasks.close()
    expect(await onTheWire(start("plain"))).toStrictEqual({
      code: -32603,
      message: "MCP error -32603: The task storage is unavailable. Try again later."
    })
  })

  test("says that a tool without tasks is none, before it runs", async () => {
    const { server, start } = await connectInMemory(await open())
    const run = vi.fn(() => ({ content: [] }))
    server.registerTool("simple", {}, run)
    expect(await onTheWire(start("simple"))).toMatchObject({ code: -32601 })
    expect(run).not.toHaveBeenCalled()
    expect(await onTheWire(start("no such tool"))).toMatchObject({ code: -32602 })
  })
})

describe("a tool", () => {
  test("that is disabled, renamed or removed is called no more by its name", async () => {
    const tasks = await open()
    const { call, server } = await connectInMemory(tasks)
    const tool = registerTaskTool(server, "fickle", {}, () => ({ content: [{ type: "text", text: "here" }] }))
    expect(await call("fickle")).toMatchObject({ content: [{ text: "here" }] })
    tool.disable()
    expect(await call("fickle")).toMatchObject({ isError: true })
    tool.enable()
    expect(await call("fickle")).toMatchObject({ content: [{ text: "here" }] })
    tool.remove()
    expect(await call("fickle")).toMatchObject({ isError: true })
    const other = registerTaskTool(server, "fickle", {}, () => ({ content: [{ type: "text", text: "there" }] }))
    other.update({ name: "steady" })
    expect(await call("steady")).toMatchObject({ content: [{ text: "there" }] })
    expect(await call("fickle")).toMatchObject({ isError: true })
  })

  test("of a name that every object inherits is one like others", async () => {
    const { call, server } = await connectInMemory(await open())
    expect(await call("constructor")).toMatchObject({ isError: true })
    registerTaskTool(server, "toString", {}, () => ({ content: [{ type: "text", text: "mine" }] }))
    expect(await call("toString")).toMatchObject({ content: [{ text: "mine" }] })
  })

  test("asks, and does its steps, under keys that every object inherits", async () => {
    const answer = (message: string) => ({ action: "accept", content: { to: message } })
    const { call, result, server, start } = await connectInMemory(await open(), { answer })
    registerTaskTool(server, "odd", {}, async (_, { elicit, step }) => {
      const heard: Array<unknown> = []
      for (const key of ["first", "constructor", "toString", "__proto__"]) {
        const { content } = await elicit(key, { message: key, requestedSchema: { type: "object", properties: {} } })
        heard.push(content?.["to"], await step(key, () => `step ${key}`))
      }
      return { content: [{ type: "text", text: heard.join() }] }
    })
    const expected = {
      content: [{
        text: "first,step first,constructor,step constructor,toString,step toString,__proto__,step __proto__"
      }]
    }
    expect(await call("odd")).toMatchObject(expected)
    expect(await result((await start("odd")).taskId)).toMatchObject(expected)
  })

  test("that is called plainly with wrong arguments answers as any tool of the SDK", async () => {
    const { call, server } = await connectInMemory(await open())
    const config = { inputSchema: { days: z.number() } }
    server.registerTool("simple", config, () => ({ content: [] }))
    registerTaskTool(server, "task", config, () => ({ content: [] }))
    const answers = [await call("simple", { days: "5" }), await call("task", { days: "5" })]
    expect(answers[1]).toStrictEqual(JSON.parse(JSON.stringify(answers[0]).replaceAll("tool simple", "tool task")))
  })

  test("whose schema throws ends with an internal error, which the operator hears of", async () => {
    const onError = vi.fn()
    const { call, server, start } = await connectInMemory(await open({ onError }))
    const failure = new Error("no such table")
    const inputSchema = {
      days: z.string().transform(() => {
        throw failure
      })
    }
    registerTaskTool(server, "broken", { inputSchema }, () => ({ content: [] }))
    const hidden = { code: -32603, message: "MCP error -32603: Internal error" }
    expect(await onTheWire(call("broken", { days: "5" }))).toStrictEqual(hidden)
    expect(await onTheWire(start("broken", { days: "5" }))).toStrictEqual(hidden)
    expect(onError.mock.calls.map(([error]) => error)).toStrictEqual([failure, failure])
  })

  test.each([
    ["null", null],
    [
      "an object that throws when it is looked at",
      new Proxy({}, {
        get: () => {
          throw new Error("do not look")
        }
      })
    ],
    ["a symbol", Symbol("odd")],
    ["undefined", undefined]
  ])("that throws %s ends, as a task and plainly", async (_, thrown) => {
    const { call, result, server, start } = await connectInMemory(await open())
    registerTaskTool(server, "odd", {}, () => {
      throw thrown
    })
    expect(await result((await start("odd")).taskId)).toMatchObject({ isError: true })
    expect(await call("odd")).toMatchObject({ isError: true })
  })

  test("that gives what JSON cannot carry ends with an error that says so, as a task and plainly", async () => {
    const { call, result, server, start } = await connectInMemory(await open())
    registerTaskTool(server, "odd", {}, () => ({ content: [], structuredContent: { count: 1n } }))
    const named = { isError: true, content: [{ text: "Tool 'odd' gave a result that JSON cannot carry" }] }
    expect(await result((await start("odd")).taskId)).toMatchObject(named)
    expect(await call("odd")).toMatchObject(named)
  })

  test.each([
    ["request({})", "requests"],
    ["elicit(undefined)", "message"],
    ["suspend(5)", "requests"]
  ])("that asks by mistake (%s) ends with an error that names the mistake", async (mistake, field) => {
    const { call, result, server, start } = await connectInMemory(await open())
    registerTaskTool(server, "odd", {}, async (_, context) => {
      if (mistake.startsWith("request")) await context.request({})
      else if (mistake.startsWith("elicit")) await Reflect.apply(context.elicit, undefined, [undefined, {}])
      else await Reflect.apply(context.suspend, undefined, [5])
      return { content: [] }
    })
    const named = { isError: true, content: [{ text: expect.stringContaining(field) }] }
    expect(await result((await start("odd")).taskId)).toMatchObject(named)
    expect(await call("odd")).toMatchObject(named)
  })
})

describe.each([
  { name: "in memory", connect: connectInMemory },
  { name: "over HTTP", connect: connectHttp }
])("progress $name", ({ connect }) => {
  test.each([{ task: {} }, {}])(
    "reaches the client while its session lives, in order, with the last (%j)",
    async (how) => {
      const { client } = await connect(await open({ owner: anonymous }))
      const told: Array<number> = []
      client.setNotificationHandler(ProgressNotificationSchema, ({ params }) => {
        expect(params.progressToken).toBe("p")
        told.push(params.progress)
      })
      const params = { name: "count", arguments: {}, _meta: { progressToken: "p" }, ...how }
      const startedAt = performance.now()
      await client.request({ method: "tools/call", params }, ResultSchema)
      await until(() => told.at(-1) === 50)
      expect(told).toStrictEqual([...told].sort((a, b) => a - b))
      // Ten a second at most, besides the first and the last one.
      expect(told.length).toBeLessThanOrEqual((performance.now() - startedAt) / 100 + 2)
    }
  )
})

test.each(["_requestHandlers", "_registeredTools", "validateToolInput", "validateToolOutput"])(
  "a version of the SDK that keeps %s elsewhere is told when a tool is registered",
  async (name) => {
    const { taskMessageQueue, taskStore } = await open()
    const server = new McpServer({ name: "server", version: "1" }, {
      capabilities: { tasks: { requests: { tools: { call: {} } } } },
      taskStore,
      taskMessageQueue
    })
    const holder = name === "_requestHandlers" ? server.server : server
    const found: unknown = Reflect.get(holder, name)
    expect(found).toBeDefined()
    // The SDK itself goes on with what it had.
    const moved = new Proxy(server, {
      get: (_, key) =>
        key === name
          ? undefined
          : key === "server" && holder !== server
          ? hiding(server.server, name)
          : Reflect.get(server, key)
    })
    expect(() => registerTaskTool(moved, "x", {}, () => ({ content: [] }))).toThrow("does not find it")
  }
)

const hiding = <A extends object>(target: A, name: string): A =>
  new Proxy(target, {
    get: (_, key) => {
      const value: unknown = key === name ? undefined : Reflect.get(target, key)
      return typeof value === "function" ? value.bind(target) : value
    }
  })

test("tasks that tools end by the store live as long from then on as others", async () => {
  const { storage, taskStore } = await open({ resultTtl: "1 minute" })
  const request = { method: "tools/call", params: { name: "x" } }
  const ends = [
    (taskId: string) => taskStore.storeTaskResult(taskId, "completed", { content: [] }),
    (taskId: string) => taskStore.updateTaskStatus(taskId, "cancelled")
  ]
  for (const end of ends) {
    const { taskId } = await taskStore.createTask({}, 1, request)
    await taskStore.updateTaskStatus(taskId, "working", "half done")
    expect(await storage.getTask(taskId)).toMatchObject({ ttl: 86_400_000 })
    await end(taskId)
    const { createdAt = "", lastUpdatedAt = "", ttl = 0 } = await storage.getTask(taskId) ?? {}
    expect(ttl).toBe(Date.parse(lastUpdatedAt) - Date.parse(createdAt) + 60_000)
  }
})

test("tasks that tools create by the store have the ttl of the server, as others have", async () => {
  const day = 86_400_000
  const { taskStore } = await open({ maxTtl: "7 days" })
  const request = { method: "tools/call", params: { name: "x" } }
  expect(await taskStore.createTask({}, 1, request)).toMatchObject({ ttl: day, pollInterval: 1000 })
  expect(await taskStore.createTask({ ttl: 30 * day }, 1, request)).toMatchObject({ ttl: 7 * day })
  expect(await taskStore.createTask({ ttl: null }, 1, request)).toMatchObject({ ttl: 7 * day })
  expect(await taskStore.createTask({ ttl: 60_000 }, 1, request)).toMatchObject({ ttl: 60_000 })
})
