/**
 * Tools that run as tasks on servers of the official SDK, as its client meets them.
 */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { anonymous, openSdkTasks, openSdkTaskStore, registerTaskTool } from "mcp-task-storage/sdk"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { describe, expect, onTestFinished, test, vi } from "vitest"
import { failOnUnhandled } from "../../support/failOnUnhandled.ts"
import { until } from "../../support/until.ts"
import { connectHttp, connectInMemory, makeServer } from "./connections.ts"
import { onTheWire } from "./harness.ts"

const related = (taskId: string) => ({ "io.modelcontextprotocol/related-task": { taskId } })
const accept = () => ({ action: "accept", content: { name: "Ada" } })
const form = { message: "Who?", requestedSchema: { type: "object", properties: {} } }

const open = async (url = "sqlite::memory:", options = {}) => {
  const tasks = await openSdkTasks(url, { shutdownTimeout: 0, recovery: false, ...options })
  onTestFinished(() => tasks.close())
  return tasks
}

/** Over HTTP somebody has to say whose tasks are. */
const openAnonymous = (options = {}) => open("sqlite::memory:", { owner: anonymous, ...options })

failOnUnhandled()

describe.each([
  { name: "in memory", connect: connectInMemory },
  { name: "over HTTP", connect: connectHttp }
])("a client $name", ({ connect }) => {
  test("lists the tools", async () => {
    const { client } = await connect(await openAnonymous())
    const { tools } = await client.listTools()
    expect(tools.find(({ name }) => name === "report")).toMatchObject({
      title: "Report",
      description: "Reads a city's weather",
      inputSchema: { properties: { days: { type: "string" } } },
      execution: { taskSupport: "required" }
    })
    expect(tools.find(({ name }) => name === "ask")).toMatchObject({ execution: { taskSupport: "optional" } })
  })

  test("creates, polls, and gets the result", async () => {
    const tasks = await openAnonymous()
    const { errors, get, result, start } = await connect(tasks)
    const task = await start("report", { days: "6" }, 60_000)
    expect(task).toMatchObject({ status: "working", ttl: 60_000, pollInterval: 20 })
    expect(await get(task.taskId)).toMatchObject({ taskId: task.taskId })
    expect(await result(task.taskId)).toStrictEqual({
      content: [{ type: "text", text: "7" }],
      _meta: related(task.taskId)
    })
    expect(await get(task.taskId)).toMatchObject({ status: "completed", statusMessage: "Reading 6 days" })
    // What is stored is what the client sent, and not what the schema made of it.
    expect(await tasks.storage.getTask(task.taskId)).toMatchObject({ originalParams: { arguments: { days: "6" } } })
    expect(errors).toStrictEqual([])
  })

  test("streams", async () => {
    const { stream } = await connect(await openAnonymous())
    const seen = await stream("report", { days: "6" })
    expect(seen[0]).toBe("taskCreated")
    expect(seen).toContain("working: Reading 6 days")
    expect(seen.at(-1)).toBe("result: [{\"type\":\"text\",\"text\":\"7\"}]")
  })

  test("cancels, and the tool hears it", async () => {
    const { cancel, get, seen, start } = await connect(await openAnonymous())
    const { taskId } = await start("sleep")
    await until(() => seen.begun.includes(taskId))
    expect(await cancel(taskId)).toMatchObject({ status: "cancelled" })
    await until(() => seen.stopped.includes(taskId))
    expect(await get(taskId)).toMatchObject({ status: "cancelled" })
  })

  test("gets the error that a tool throws", async () => {
    vi.spyOn(console, "error").mockReturnValue()
    const { get, result, start } = await connect(await openAnonymous())
    const thrown = async (detail: string) => {
      const { taskId } = await start("throw", { detail })
      const error = await onTheWire(result(taskId))
      expect(await get(taskId)).toMatchObject({ status: "failed" })
      return error
    }
    expect(await thrown("failure")).toStrictEqual({
      code: -32042,
      message: "MCP error -32042: No such city",
      data: { city: "Ur" }
    })
    expect(await onTheWire(result((await start("throw", { detail: "url" })).taskId))).toMatchObject({
      code: -32042,
      data: { elicitations: [{ url: "https://example.com/sign-in" }] }
    })
  })

  test.each([
    ["error", "password=secret"],
    ["mcp", "MCP error -32043: No such country"],
    ["result", "no paper"],
    ["nothing", "Tool 'throw' gave undefined where a result is due"],
    ["odd", "Tool 'throw' gave a result that the protocol has no place for"],
    ["string", "just so"]
  ])("gets what a tool throws (%s) as the SDK answers it, as a task and plainly", async (detail, text) => {
    vi.spyOn(console, "error").mockReturnValue()
    const { call, get, result, start } = await connect(await openAnonymous())
    const { taskId } = await start("throw", { detail })
    const expected = { isError: true, content: [{ type: "text", text: expect.stringContaining(text) }] }
    expect(await result(taskId)).toMatchObject(expected)
    expect(await get(taskId)).toMatchObject({ status: "failed", statusMessage: expect.stringContaining(text) })
    expect(await call("throw", { detail })).toStrictEqual(expected)
  })

  test("gets an error for a result that is too large", async () => {
    const { get, result, start } = await connect(await openAnonymous({ maxPayloadBytes: { outcome: 500 } }))
    const { taskId } = await start("large", { size: 1000 })
    expect(await onTheWire(result(taskId))).toMatchObject({ code: -32603, message: expect.stringContaining("500") })
    expect(await get(taskId)).toMatchObject({ status: "failed" })
  })

  test("is asked through tasks/result", async () => {
    const { asked, errors, meta, result, start } = await connect(await openAnonymous(), { answer: accept })
    const { taskId } = await start("ask", { detail: "Who" })
    expect(await result(taskId)).toMatchObject({
      content: [{ text: "[\"accept\",{\"name\":\"Ada\"},\"accept\"]" }]
    })
    expect(asked).toStrictEqual(["Who first?", "Who second?"])
    expect(meta).toMatchObject([related(taskId), related(taskId)])
    expect(errors).toStrictEqual([])
  })

  test("is asked while it streams", async () => {
    const { asked, stream } = await connect(await openAnonymous(), { answer: accept })
    expect((await stream("ask", { detail: "Who" })).at(-1)).toContain("Ada")
    expect(asked).toStrictEqual(["Who first?", "Who second?"])
  })

  test("calls an optional tool plainly, and is asked on that call", async () => {
    const tasks = await openAnonymous()
    const { asked, call, meta } = await connect(tasks, { answer: accept })
    expect(await call("ask", { detail: "Who" })).toMatchObject({ content: [{ text: expect.stringContaining("Ada") }] })
    expect(asked).toStrictEqual(["Who first?", "Who second?"])
    expect(meta).toStrictEqual([undefined, undefined])
    expect(tasks.runner.running()).toBe(0)
  })
})

describe("a tool", () => {
  test("gets no arguments where it takes none, and its own ttl", async () => {
    const { result, start } = await connectInMemory(await open())
    const task = await start("plain", { a: 1 })
    expect(task).toMatchObject({ ttl: 70_000 })
    expect(await result(task.taskId)).toMatchObject({ content: [{ text: "{}" }] })
    expect(await start("plain", {}, 5_000)).toMatchObject({ ttl: 5_000 })
  })

  test("takes a whole schema", async () => {
    const { result, start } = await connectInMemory(await open())
    expect(await result((await start("whole", { a: 5 })).taskId)).toMatchObject({ content: [{ text: "5" }] })
  })

  test("is not begun with wrong arguments", async () => {
    const tasks = await open()
    const { start } = await connectInMemory(tasks)
    expect(await onTheWire(start("report", { days: 5 }))).toMatchObject({ code: -32602 })
    expect(await tasks.storage.taskCount()).toBe(0)
  })

  test("is held to its output schema", async () => {
    vi.spyOn(console, "error").mockReturnValue()
    const { call, result, start } = await connectInMemory(await open())
    expect(await result((await start("measure")).taskId)).toMatchObject({ structuredContent: { celsius: 7 } })
    const refused = {
      isError: true,
      content: [{ text: expect.stringContaining("structured content for tool measure") }]
    }
    expect(await result((await start("measure", { detail: "warm" })).taskId)).toMatchObject(refused)
    expect(await call("measure", { detail: "warm" })).toMatchObject(refused)
  })

  test("has the principal that its call came with", async () => {
    const tasks = await open("memory:", { owner: () => ({ id: "ada", principal: { role: "editor" } }) })
    const { call, result, start } = await connectInMemory(tasks)
    const expected = { content: [{ text: "[{\"role\":\"editor\"},\"ada\"]" }] }
    expect(await result((await start("who")).taskId)).toMatchObject(expected)
    expect(await call("who")).toMatchObject(expected)
  })

  test("required as a task refuses a plain call", async () => {
    const { call } = await connectInMemory(await open())
    expect(await onTheWire(call("report", { days: "6" }))).toMatchObject({ code: -32601 })
  })

  test("that is called plainly is stopped with its call, and nothing of it is stored", async () => {
    const tasks = await open()
    const { call, seen } = await connectInMemory(tasks)
    const controller = new AbortController()
    const calling = call("sleep", {}, controller.signal).catch(() => undefined)
    await until(() => seen.begun.length === 1)
    controller.abort()
    await calling
    await until(() => seen.stopped.length === 1)
    expect(await tasks.storage.taskCount()).toBe(0)
  })

  test("hides what it throws where it is told so, and the operator has it", async () => {
    const onError = vi.fn()
    const tasks = await open("memory:", { exposeErrors: false, onError })
    const { call, result, start } = await connectInMemory(tasks)
    const hidden = { isError: true, content: [{ text: "The tool failed" }] }
    const { taskId } = await start("throw", { detail: "error" })
    expect(await result(taskId)).toMatchObject(hidden)
    expect(await call("throw", { detail: "error" })).toMatchObject(hidden)
    expect(await tasks.storage.getTask(taskId)).toMatchObject({ failure: { message: "password=secret" } })
    expect(onError.mock.calls).toStrictEqual([
      [expect.objectContaining({ message: "password=secret" }), { taskId, tool: "throw" }],
      [expect.objectContaining({ message: "password=secret" }), { tool: "throw" }]
    ])
  })

  test("asks the client's model", async () => {
    const { result, start } = await connectInMemory(await open())
    expect(await result((await start("sample")).taskId)).toMatchObject({
      content: [{ text: expect.stringContaining("Polly") }]
    })
  })

  test("hears it when the client cannot be asked", async () => {
    const { result, start } = await connectInMemory(await open(), { capabilities: {} })
    expect(await result((await start("ask")).taskId)).toMatchObject({
      content: [{ text: "[\"cancel\",null,\"cancel\"]" }]
    })
    expect(await result((await start("sample")).taskId)).toMatchObject({
      isError: true,
      content: [{ text: "The client does not declare that it answers sampling/createMessage" }]
    })
  })

  test("hears it when the answer is too large to be stored", async () => {
    const tasks = await open("sqlite::memory:", { maxPayloadBytes: { content: 2000 } })
    const answer = () => ({ action: "accept", content: { name: "x".repeat(3000) } })
    const { result, start } = await connectInMemory(tasks, { answer })
    expect(await result((await start("ask")).taskId)).toMatchObject({
      content: [{ text: "[\"cancel\",null,\"cancel\"]" }]
    })
  })

  test("over the bounds of the runner is refused, if told so", async () => {
    const { seen, start } = await connectInMemory(await open("memory:", { maxRunning: 1, whenFull: "refuse" }))
    const { taskId } = await start("sleep")
    await until(() => seen.begun.includes(taskId))
    expect(await onTheWire(start("sleep"))).toStrictEqual({
      code: -32603,
      message: "MCP error -32603: Too many tasks. Try again later."
    })
  })
})

describe("questions", () => {
  test("are asked again of a client that went away before it answered", async () => {
    const tasks = await open()
    let answers = 0
    const answer = () => ++answers === 1 ? new Promise(() => {}) : accept()
    const { asked, errors, result, start } = await connectInMemory(tasks, { answer })
    const { taskId } = await start("ask")
    const controller = new AbortController()
    const first = result(taskId, controller.signal).catch(() => undefined)
    await until(() => answers === 1)
    controller.abort()
    await first
    expect(await result(taskId)).toMatchObject({ content: [{ text: expect.stringContaining("Ada") }] })
    expect(asked).toStrictEqual([" first?", " first?", " second?"])
    expect(errors).toStrictEqual([])
  })

  test("are before one client at a time, and pass to the next", async () => {
    const tasks = await openAnonymous()
    const never = await connectInMemory(tasks, { sessionId: "one", answer: () => new Promise(() => {}) })
    const other = await connectInMemory(tasks, { sessionId: "two", answer: accept })
    const { taskId } = await never.start("ask")
    const first = never.result(taskId).catch(() => undefined)
    await until(() => never.asked.length === 1)
    const second = other.result(taskId)
    await new Promise((resolve) => setTimeout(resolve, 80))
    expect(other.asked).toStrictEqual([])
    await never.client.close()
    await first
    expect(await second).toMatchObject({ content: [{ text: expect.stringContaining("Ada") }] })
    expect(other.asked).toStrictEqual([" first?", " second?"])
  })

  test("are withdrawn when the task is cancelled", async () => {
    const { asked, cancel, result, start } = await connectInMemory(await open(), {
      answer: () => new Promise(() => {})
    })
    const { taskId } = await start("ask")
    const waiting = onTheWire(result(taskId))
    await until(() => asked.length === 1)
    await cancel(taskId)
    expect(await waiting).toMatchObject({ code: -32603 })
  })

  test("reach only who may see the task", async () => {
    const tasks = await open()
    const ada = await connectInMemory(tasks, { sessionId: "ada" })
    const bob = await connectInMemory(tasks, { sessionId: "bob", answer: accept })
    const { taskId } = await ada.start("ask")
    expect(await onTheWire(bob.result(taskId))).toMatchObject({ code: -32602 })
    expect(bob.asked).toStrictEqual([])
  })
})

describe("a process that was killed", () => {
  const killed = async (...names: ReadonlyArray<string>) => {
    const folder = mkdtempSync(join(tmpdir(), "mcp-task-storage-"))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const url = `sqlite:${join(folder, "tasks.db")}`
    const victim = fileURLToPath(new URL("./victim.ts", import.meta.url))
    const child = spawn(process.execPath, ["--conditions=mcp-task-storage-source", victim, url, ...names], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    onTestFinished(() => {
      child.kill("SIGKILL")
    })
    const ids: Array<string> = []
    for await (const line of createInterface(child.stdout)) if (ids.push(line) === names.length) break
    child.kill("SIGKILL")
    await once(child, "exit")
    const tasks = await open(url, { recovery: { interval: 50 }, lease: 2_000 })
    return { ids, tasks }
  }

  test("leaves its tasks to the next, by the policy of their tools", async () => {
    const { ids: [once = "", again = ""], tasks } = await killed("once", "again")
    const { get, result } = await connectInMemory(tasks)
    expect(await onTheWire(result(once))).toStrictEqual({
      code: -32603,
      message: expect.stringMatching(/^MCP error -32603: Interrupted/)
    })
    expect(await get(once)).toMatchObject({ status: "failed" })
    expect(await result(again)).toMatchObject({ content: [{ text: "attempt 2" }] })
  })

  test("leaves its questions to the next, which goes on with the answers", async () => {
    const { ids: [taskId = ""], tasks } = await killed("suspend")
    const { asked, get, result } = await connectInMemory(tasks, { answer: accept })
    expect(await get(taskId)).toMatchObject({ status: "input_required" })
    expect(await result(taskId)).toMatchObject({ content: [{ text: expect.stringContaining("Ada") }] })
    expect(asked).toStrictEqual(["Who?"])
  })
})

describe("registerTaskTool", () => {
  test("finds the store of the server, and refuses one of another make", async () => {
    const capabilities = { tasks: { requests: { tools: { call: {} } } } }
    const info = { name: "server", version: "1" }
    const stores = await openSdkTaskStore("memory:")
    onTestFinished(() => stores.close())
    const { taskMessageQueue, taskStore } = stores
    const work = () => ({ content: [] })
    for (const server of [new McpServer(info), new McpServer(info, { capabilities, taskStore, taskMessageQueue })]) {
      expect(() => registerTaskTool(server, "x", {}, work)).toThrow(expect.objectContaining({ field: "server" }))
    }
    const tasks = await open()
    const own = { taskStore: tasks.taskStore, taskMessageQueue: tasks.taskMessageQueue }
    expect(() => registerTaskTool(new McpServer(info, own), "x", {}, work)).toThrow("tasks capability")
    expect(registerTaskTool(new McpServer(info, { capabilities, ...own }), "x", {}, work)).toMatchObject({
      execution: { taskSupport: "optional" }
    })
  })

  test.each([undefined, null, "run"])("refuses a tool that cannot run: %j", async (run) => {
    const { taskMessageQueue, taskStore } = await open()
    const capabilities = { tasks: { requests: { tools: { call: {} } } } }
    const server = new McpServer({ name: "server", version: "1" }, { capabilities, taskStore, taskMessageQueue })
    const register = () => Reflect.apply(registerTaskTool, undefined, [server, "x", {}, run])
    expect(register).toThrow("Invalid run: must be a function")
  })

  test.each(["", "n".repeat(256)])("refuses a name that no task can have: %j", async (name) => {
    const { taskMessageQueue, taskStore } = await open()
    const capabilities = { tasks: { requests: { tools: { call: {} } } } }
    const server = new McpServer({ name: "server", version: "1" }, { capabilities, taskStore, taskMessageQueue })
    const register = () => registerTaskTool(server, name, {}, () => ({ content: [] }))
    expect(register).toThrow("Invalid name: must be a string of 1 to 255 characters")
  })

  test("serves a server for each session with one runner", async () => {
    const tasks = await open()
    const errors: Array<string> = []
    for (let index = 0; index < 3; index++) makeServer(tasks, { begun: [], stopped: [] }, errors)
    const { result, start } = await connectInMemory(tasks)
    expect(await result((await start("plain")).taskId)).toMatchObject({ content: [{ text: "{}" }] })
  })
})

describe("openSdkTasks", () => {
  test.each([
    [{ leese: 5 }, "leese"],
    [{ lease: "for ever" }, "lease"],
    [{ recovery: true }, "recovery"],
    [{ scope: "task" }, "scope"],
    [{ owner: "ada" }, "owner"],
    [{ exposeErrors: "no" }, "exposeErrors"],
    [{ taskSupport: "forbidden" }, "taskSupport"],
    [{ defaultTtl: 0 }, "defaultTtl"],
    [{ pollInterval: -1 }, "pollInterval"]
  ])("refuses the options %j", async (options, field) => {
    await expect(Reflect.apply(openSdkTasks, undefined, ["memory:", options])).rejects.toMatchObject({ field })
  })

  test("closes with what it opened, gives running tasks their time first", async () => {
    const tasks = await openSdkTasks("memory:", { shutdownTimeout: "5 seconds" })
    const ends: Array<string> = []
    await tasks.runner.startTask({ originalMethod: "x" }, async (_, { progress }) => {
      await new Promise((resolve) => setTimeout(resolve, 30))
      await progress("still there")
      ends.push("done")
    })
    await tasks.close()
    expect(ends).toStrictEqual(["done"])
    await expect(tasks.storage.taskCount()).rejects.toMatchObject({ reason: "the storage is closed" })
  })

  test("tells onError which task of which tool threw, and the logger each line", async () => {
    const heard: Array<unknown> = []
    const lines: Array<unknown> = []
    const log = (message: string, fields: object) => void lines.push([message, fields])
    const error = new TypeError("no paper")
    const tasks = await open("memory:", {
      onError: (...args: ReadonlyArray<unknown>) => heard.push(args),
      logger: { debug: log, info: log, warn: log, error: log }
    })
    const { taskId } = await tasks.runner.startTask(
      { originalMethod: "tools/call", originalParams: { name: "report" } },
      () => Promise.reject(error)
    )
    await tasks.storage.awaitTask(taskId)
    expect(heard).toStrictEqual([[error, { taskId, tool: "report" }]])
    expect(lines).toMatchObject([[expect.stringContaining("A task failed"), { "mcp.task.id": taskId, error }]])
  })

  test("keeps questions of a runner's own for its clients", async () => {
    const tasks = await open()
    const { asked, result } = await connectInMemory(tasks, { answer: accept })
    const { taskId } = await tasks.runner.forSession(null).startTask(
      { originalMethod: "x" },
      async (_, { elicit }) => ({
        content: [{ type: "text", text: (await elicit("who", form)).action }]
      })
    )
    expect(await result(taskId)).toMatchObject({ content: [{ text: "accept" }] })
    expect(asked).toStrictEqual(["Who?"])
  })
})
