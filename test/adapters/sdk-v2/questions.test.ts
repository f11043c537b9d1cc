/**
 * Who is asked, on what stream, and what becomes of calls whose questions nobody answers.
 */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import { InMemoryTransport, McpServer, UrlElicitationRequiredError } from "@modelcontextprotocol/server"
import { serveStdio } from "@modelcontextprotocol/server/stdio"
import { openTaskStorage } from "mcp-task-storage/promise"
import { anonymous, TasksExtension } from "mcp-task-storage/sdk-v2"
import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, onTestFinished, test } from "vitest"
import * as z from "zod"
import { RawClient, tasksExtension, text } from "./RawClient.ts"
import { serve } from "./serve.ts"
import { registerTools } from "./tools.ts"

const start = async (options: { readonly maxRunning?: number; readonly answerTimeout?: number | undefined } = {}) => {
  const { answerTimeout, maxRunning } = options
  const storage = await openTaskStorage("memory:")
  onTestFinished(() => storage.close())
  const tasks = new TasksExtension({
    storage,
    owner: anonymous,
    shutdownTimeout: 0,
    maxRunning,
    onError: () => {},
    limits: { answerTimeout }
  })
  const log = registerTools(tasks)
  tasks.registerTool("samples", { inputSchema: z.object({}) }, async (_, { sample }) => {
    const answer = await sample("poem", { messages: [], maxTokens: 10 })
    return { content: [{ type: "text", text: JSON.stringify(answer) }] }
  })
  const { url } = await serve(tasks)
  return { log, storage, tasks, url }
}

const accept = { action: "accept", content: { confirm: true } }

describe("a client that does not declare to answer", () => {
  const capabilities = { extensions: { [tasksExtension]: {} } }

  test("is asked nothing, and its task goes on at once", async () => {
    const { url } = await start()
    const client = new RawClient({ url, capabilities })
    expect(await client.until(await client.start("confirm", { file: "a" }), "completed")).toMatchObject({
      result: { content: [{ text: "cancel {}" }] }
    })
    const message = "The client does not declare that it answers sampling/createMessage"
    expect(await client.until(await client.start("samples"), "completed")).toMatchObject({
      statusMessage: message,
      result: { isError: true, content: [{ text: message }] }
    })
  })

  test("is told so in a call that is no task, of which nothing is left", async () => {
    const { storage, url } = await start({ maxRunning: 1 })
    const client = new RawClient({ url, capabilities: {} })
    for (let calls = 0; calls < 3; calls++) {
      expect((await client.call("confirm", { file: "a" })).result).toMatchObject({ content: [{ text: "cancel {}" }] })
    }
    expect(await storage.taskCount()).toBe(0)
  })
})

describe("a call that is no task", () => {
  test("is not stored while it runs", async () => {
    const { storage, tasks, url } = await start()
    const counts: Array<number> = []
    tasks.registerTool("counting", { inputSchema: z.object({}) }, async (_, { progress }) => {
      await progress("counting")
      counts.push(await storage.taskCount())
      return { content: [] }
    })
    const client = new RawClient({ url, capabilities: {} })
    expect((await client.call("counting")).result).toMatchObject({ resultType: "complete" })
    expect(counts).toStrictEqual([0])
  })

  test("is stored from its first question on, and cancelled when its client does not come back", async () => {
    const { storage, url } = await start({ maxRunning: 1, answerTimeout: 200 })
    const client = new RawClient({ url, capabilities: { elicitation: {} } })
    const asked = await client.call("confirm", { file: "a" })
    expect(asked.result).toMatchObject({ resultType: "input_required", inputRequests: { confirm: {} } })
    expect(await storage.taskCount()).toBe(1)
    while (await storage.taskCount() > 0) await sleep(10)
    const requestState = text(asked.result?.["requestState"])
    const late = await client.call("confirm", { file: "a" }, { requestState, inputResponses: { confirm: accept } })
    expect(late.error).toMatchObject({ code: -32602, message: expect.stringContaining("Task not found") })
    // Its place among those that run is free again.
    const capable = new RawClient({ url })
    expect(await capable.until(await capable.start("add", { a: 1, b: 2 }), "completed")).toBeDefined()
  })
})

describe("an answer", () => {
  test.each(["__proto__", "constructor", "toString"])("has any key: %s", async (key) => {
    const { tasks, url } = await start()
    tasks.registerTool("asks", { inputSchema: z.object({}) }, async (_, { elicit }) => {
      const answer = await elicit(key, { message: "?", requestedSchema: { type: "object", properties: {} } })
      return { content: [{ type: "text", text: JSON.stringify(answer) }] }
    })
    const client = new RawClient({ url })
    const taskId = await client.start("asks")
    const asking = await client.until(taskId, "input_required")
    expect(Object.keys(Object(asking["inputRequests"]))).toStrictEqual([key])
    expect((await client.update(taskId, Object.fromEntries([[key, accept]]))).error).toBeUndefined()
    expect(await client.until(taskId, "completed")).toMatchObject({
      result: { content: [{ text: JSON.stringify(accept) }] }
    })
  })

  test.each([
    ["null", null, "must be a result, which is an object"],
    ["a text", "yes", "must be a result, which is an object"],
    ["a list", [], "must be a result, which is an object"],
    ["too deep", nested(600), "The answers are nested in more than 64 levels"]
  ])("that is %s is told as that, and the question stays", async (_, answer, message) => {
    const { url } = await start()
    const client = new RawClient({ url })
    const taskId = await client.start("confirm", { file: "a" })
    await client.until(taskId, "input_required")
    expect((await client.update(taskId, { confirm: answer })).error).toMatchObject({
      code: -32602,
      message: expect.stringContaining(message)
    })
    expect((await client.update(taskId, { confirm: accept })).error).toBeUndefined()
    await client.until(taskId, "completed")
  })
})

describe("a client of 2025-11-25", () => {
  const connected = async (capabilities: Record<string, Record<string, unknown>>, answerTimeout?: number) => {
    const { tasks } = await start({ answerTimeout })
    const [here, there] = InMemoryTransport.createLinkedPair()
    const served = serveStdio(() => {
      const server = new McpServer({ name: "test", version: "1" })
      tasks.attach(server)
      return server
    }, { transport: there })
    const client = new Client({ name: "old", version: "1" }, { capabilities, versionNegotiation: { mode: "legacy" } })
    onTestFinished(async () => {
      await client.close()
      await served.close()
    })
    return { client, connect: () => client.connect(here) }
  }

  test("is asked on the stream of its call", async () => {
    const { client, connect } = await connected({ elicitation: {} })
    const asked: Array<unknown> = []
    client.setRequestHandler("elicitation/create", ({ params }) => {
      asked.push(params)
      return { action: "accept", content: { confirm: true } }
    })
    await connect()
    expect(await client.callTool({ name: "confirm", arguments: { file: "a" } })).toMatchObject({
      content: [{ text: `accept {"confirm":true}` }]
    })
    expect(asked).toMatchObject([{ message: "Delete a?" }])
  })

  test("that answers with an error, or does not declare to answer, counts as one that cancels", async () => {
    const refusing = await connected({ elicitation: {} })
    refusing.client.setRequestHandler("elicitation/create", () => {
      throw new Error("nobody is here")
    })
    await refusing.connect()
    const unable = await connected({})
    await unable.connect()
    for (const { client } of [refusing, unable]) {
      expect(await client.callTool({ name: "confirm", arguments: { file: "a" } })).toMatchObject({
        content: [{ text: "cancel {}" }]
      })
    }
  })

  test("that does not answer in time counts as one that cancels, and is told that its answer is not needed", async () => {
    const { client, connect } = await connected({ elicitation: {} }, 200)
    const withdrawn: Array<boolean> = []
    client.setRequestHandler("elicitation/create", async (_, { mcpReq }) => {
      mcpReq.signal.addEventListener("abort", () => withdrawn.push(true))
      await sleep(60_000, undefined, { signal: mcpReq.signal })
      return { action: "accept", content: {} }
    })
    await connect()
    expect(await client.callTool({ name: "confirm", arguments: { file: "a" } })).toMatchObject({
      content: [{ text: "cancel {}" }]
    })
    expect(withdrawn).toStrictEqual([true])
  })

  test("gets the URL that a tool sends it to, as from a plain tool of the SDK", async () => {
    const { tasks, url } = await start()
    tasks.registerTool("login", { inputSchema: z.object({}) }, () => {
      throw new UrlElicitationRequiredError([
        { mode: "url", message: "Log in", elicitationId: "1", url: "https://example.com/login" }
      ])
    })
    const client = new Client({ name: "old", version: "1" }, { versionNegotiation: { mode: "legacy" } })
    await client.connect(new StreamableHTTPClientTransport(new URL(url)))
    onTestFinished(() => client.close())
    await expect(client.callTool({ name: "login", arguments: {} })).rejects.toMatchObject({
      code: -32042,
      data: { elicitations: [{ url: "https://example.com/login" }] }
    })
    expect((await new RawClient({ url, capabilities: {} }).call("login")).result).toMatchObject({ isError: true })
  })

  test("is told on stateless HTTP that it cannot be asked there", async () => {
    const { storage, url } = await start()
    const client = new Client({ name: "old", version: "1" }, {
      capabilities: { elicitation: {} },
      versionNegotiation: { mode: "legacy" }
    })
    await client.connect(new StreamableHTTPClientTransport(new URL(url)))
    onTestFinished(() => client.close())
    await expect(client.callTool({ name: "confirm", arguments: { file: "a" } })).rejects.toMatchObject({
      code: -32603,
      message: expect.stringContaining("Tool 'confirm' has to ask its client, and this connection carries no requests")
    })
    expect(await storage.taskCount()).toBe(0)
  })
})

describe("progress", () => {
  const working = async () => {
    const { tasks, url } = await start()
    tasks.registerTool("steps", { inputSchema: z.object({}) }, async (_, { progress }) => {
      for (let step = 1; step <= 50; step++) {
        await progress(`step ${step}`, { progress: step, total: 50 })
        await sleep(10)
      }
      return { content: [{ type: "text", text: "done" }] }
    })
    return url
  }

  test.each(["auto", "legacy"] as const)("reaches a client that asks for it: %s", async (mode) => {
    const client = new Client({ name: "c", version: "1" }, { versionNegotiation: { mode } })
    await client.connect(new StreamableHTTPClientTransport(new URL(await working())))
    onTestFinished(() => client.close())
    const heard: Array<unknown> = []
    const startedAt = performance.now()
    const result = await client.callTool({ name: "steps", arguments: {} }, { onprogress: (told) => heard.push(told) })
    expect(result).toMatchObject({ content: [{ text: "done" }] })
    expect(heard.at(-1)).toStrictEqual({ progress: 50, total: 50, message: "step 50" })
    expect(heard.length).toBeGreaterThan(1)
    // Ten a second at most, besides the first and the last one. A busy machine takes longer than the half second of the tool.
    expect(heard.length).toBeLessThanOrEqual((performance.now() - startedAt) / 100 + 2)
  })
})

function nested(levels: number): unknown {
  let value: unknown = "leaf"
  for (let level = 0; level < levels; level++) value = { value }
  return value
}
