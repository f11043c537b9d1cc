/** Whose the tasks of a server over HTTP are: with sessions and without, by tools of the library and by tools of the SDK. */
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { CallToolResultSchema, McpError } from "@modelcontextprotocol/sdk/types.js"
import { anonymous, openSdkTasks, type OpenSdkTasksOptions, registerTaskTool } from "mcp-task-storage/sdk"
import { describe, expect, onTestFinished, test, vi } from "vitest"
import { serveHttp, type ServeOptions } from "./httpServer.ts"
import { WireClient } from "./WireClient.ts"

const open = async (options: OpenSdkTasksOptions = {}) => {
  const tasks = await openSdkTasks("memory:", { shutdownTimeout: 0, recovery: false, ...options })
  onTestFinished(() => tasks.close())
  return tasks
}

const content = [{ type: "text" as const, text: "done" }]

/** A tool that this library runs. */
const registerReport = (server: McpServer): void => {
  registerTaskTool(server, "report", {}, (_, { sessionId }) => ({
    content: [{ type: "text", text: sessionId ?? "nobody" }]
  }))
}

/** A tool of the SDK, which runs its tasks itself. */
const registerOwn = (server: McpServer): void => {
  server.experimental.tasks.registerToolTask("own", {}, {
    createTask: async ({ taskStore }) => {
      const task = await taskStore.createTask({})
      // The owner has to be known long after the request, too.
      setTimeout(() => taskStore.storeTaskResult(task.taskId, "completed", { content }).catch(() => undefined), 20)
      return { task }
    },
    getTask: ({ taskId, taskStore }) => taskStore.getTask(taskId),
    getTaskResult: async ({ taskId, taskStore }) => CallToolResultSchema.parse(await taskStore.getTaskResult(taskId))
  })
}

const both = (server: McpServer): void => {
  registerOwn(server)
  registerReport(server)
}

const owner: OpenSdkTasksOptions["owner"] = (authInfo) => authInfo?.clientId

const cases: ReadonlyArray<{ readonly name: string; readonly tool: string; readonly serve: ServeOptions }> = [
  false,
  true
]
  .flatMap((stateless) => [
    { tool: "report", serve: { stateless, register: registerReport } },
    { tool: "own", serve: { stateless, wrapped: true, register: registerOwn } },
    { tool: "own", serve: { stateless, register: both } },
    { tool: "report", serve: { stateless, wrapped: true, register: both } }
  ]).map(({ serve, tool }) => ({
    name: `${tool}, ${serve.stateless ? "stateless" : "stateful"}, ${"wrapped" in serve ? "" : "not "}wrapped`,
    tool,
    serve
  }))

describe.each(cases)("two users ($name)", ({ serve, tool }) => {
  test("have their own tasks, from any session of theirs", async () => {
    const url = await serveHttp(await open({ owner }), serve)
    const [ada, again, bob, nobody] = [
      new WireClient(url, "ada"),
      new WireClient(url, "ada"),
      new WireClient(url, "bob"),
      new WireClient(url)
    ]
    for (const client of [ada, again, bob, nobody]) await client.begin()
    const taskId = await ada.start(tool)
    for (const client of [ada, again]) {
      expect(await client.ask("tasks/get", { taskId })).toMatchObject({ taskId })
      expect(await client.ask("tasks/list")).toMatchObject({ tasks: [{ taskId }] })
    }
    for (const method of ["tasks/get", "tasks/result", "tasks/cancel"]) {
      expect(await bob.ask(method, { taskId })).toMatchObject({
        code: -32602,
        message: expect.stringContaining("not found")
      })
      expect(await nobody.ask(method, { taskId })).toMatchObject({
        message: expect.stringContaining("Tasks need an owner")
      })
    }
    expect(await bob.ask("tasks/list")).toMatchObject({ tasks: [] })
    expect(await nobody.ask("tasks/list")).toMatchObject({ message: expect.stringContaining("Tasks need an owner") })
    expect(await ada.ask("tasks/result", { taskId })).toMatchObject({ content: [{ type: "text" }] })
  })
})

describe.each([{ stateless: false }, { stateless: true }])("over HTTP (stateless: $stateless)", ({ stateless }) => {
  test("nobody has tasks where the server does not say whose they are", async () => {
    const tasks = await open()
    const client = new WireClient(await serveHttp(tasks, { stateless, register: registerReport }))
    await client.begin()
    const refused = {
      code: -32600,
      message: expect.stringContaining("no `owner` option"),
      data: { reason: "OwnerMissing" }
    }
    expect(await client.ask("tools/call", { name: "report", arguments: {}, task: {} })).toStrictEqual(refused)
    expect(await client.ask("tasks/list")).toStrictEqual(refused)
    expect(await client.ask("tasks/get", { taskId: "x" })).toStrictEqual(refused)
    expect(await tasks.storage.taskCount()).toBe(0)
  })

  test("of an anonymous server whoever knows an id has the task, and nobody lists", async () => {
    const url = await serveHttp(await open({ owner: anonymous }), { stateless, register: both })
    const [one, two] = [new WireClient(url), new WireClient(url)]
    for (const client of [one, two]) await client.begin()
    for (const tool of ["report", "own"]) {
      const taskId = await one.start(tool)
      expect(await two.ask("tasks/get", { taskId })).toMatchObject({ taskId })
    }
    expect(await two.ask("tasks/list")).toMatchObject({ code: -32601 })
  })

  test("of an anonymous server nobody lists what the SDK's tools create", async () => {
    const url = await serveHttp(await open({ owner: anonymous }), { stateless, wrapped: true, register: registerOwn })
    const client = new WireClient(url)
    await client.begin()
    await client.start("own")
    expect(await client.ask("tasks/list")).toMatchObject({ message: expect.stringContaining("not listed") })
  })
})

test("a tool of the SDK has no tasks where nothing tells the store whose they are", async () => {
  const tasks = await open({ owner })
  const client = new WireClient(await serveHttp(tasks, { register: registerOwn }), "ada")
  await client.begin()
  expect(await client.ask("tools/call", { name: "own", arguments: {}, task: {} })).toMatchObject({ code: -32602 })
  expect(await client.ask("tasks/list")).toMatchObject({ message: expect.stringContaining("Tasks need an owner") })
  expect(await tasks.storage.taskCount()).toBe(0)
})

test("limits of an owner hold for what tools of the SDK create", async () => {
  const { taskStore } = await open({ limits: { storedTasks: 1 } })
  const create = (session: string) => taskStore.createTask({}, 1, { method: "tools/call", params: {} }, session)
  await create("ada")
  await expect(create("ada")).rejects.toMatchObject({
    code: -32603,
    message: "The limit of 1 stored tasks per owner is reached. Wait until some expire, or ask for a shorter ttl.",
    data: { reason: "LimitReached", limit: "storedTasks", most: 1 }
  })
  await create("bob")
})

describe.each([{ stateless: false }, { stateless: true }])("messages (stateless: $stateless)", ({ stateless }) => {
  test("of a task stay for its owner when another user asks for its result", async () => {
    const tasks = await open({ owner })
    const url = await serveHttp(tasks, { stateless, register: registerReport })
    const [ada, bob] = [new WireClient(url, "ada"), new WireClient(url, "bob")]
    for (const client of [ada, bob]) await client.begin()
    const taskId = await ada.start("report")
    const message = { jsonrpc: "2.0" as const, method: "notifications/message", params: { data: "ada's" } }
    await tasks.taskMessageQueue.enqueue(taskId, { type: "notification", timestamp: 1, message })
    expect(await bob.ask("tasks/result", { taskId })).toMatchObject({ code: -32602 })
    expect(await tasks.taskMessageQueue.dequeue(taskId)).toMatchObject({ message })
  })
})

describe("an owner function", () => {
  test.each(["report", "own"])("that takes some for anonymous lets none of them list (%s)", async (tool) => {
    const tasks = await open({ owner: (authInfo) => authInfo?.clientId ?? anonymous })
    const register = tool === "own" ? registerOwn : registerReport
    const url = await serveHttp(tasks, { wrapped: true, register })
    const [ada, one, two] = [new WireClient(url, "ada"), new WireClient(url), new WireClient(url)]
    for (const client of [ada, one, two]) await client.begin()
    const taskId = await one.start(tool)
    expect(await two.ask("tasks/get", { taskId })).toMatchObject({ taskId })
    expect(await two.ask("tasks/list")).toMatchObject({ code: expect.any(Number) })
    expect(await ada.ask("tasks/list")).toMatchObject({ tasks: [] })
  })

  const asked = async (owner: OpenSdkTasksOptions["owner"], onError = vi.fn()) => {
    const client = new WireClient(await serveHttp(await open({ owner, onError }), { register: registerReport }), "ada")
    await client.begin()
    return { answer: await client.ask("tools/call", { name: "report", arguments: {}, task: {} }), onError }
  }

  test.each([undefined, null, "", 5, {}])("that gives %j has no tasks", async (given) => {
    const options: OpenSdkTasksOptions = {}
    // What a function without a compiler can give.
    Reflect.set(options, "owner", () => given)
    const { answer } = await asked(options.owner)
    expect(answer).toMatchObject({ code: -32600, data: { reason: "OwnerMissing" } })
  })

  test("that throws is the operator's to hear of, unless it says what the client sees", async () => {
    const failure = new Error("no connection to ldap://secret")
    const hidden = await asked(() => Promise.reject(failure))
    expect(hidden.answer).toStrictEqual({ code: -32603, message: "Internal error" })
    expect(hidden.onError.mock.calls[0]?.[0]).toBe(failure)
    const shown = await asked(() => Promise.reject(new McpError(-32001, "Renew your token")))
    expect(shown.answer).toStrictEqual({ code: -32001, message: "Renew your token" })
  })

  test("sees the headers of the request", async () => {
    const { answer } = await asked((_, request) => {
      const header = request?.headers["mcp-protocol-version"]
      return typeof header === "string" ? header : undefined
    })
    expect(answer).toMatchObject({ task: { status: "working" } })
  })
})
