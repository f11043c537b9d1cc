/**
 * Clients without the Tasks extension: they get what the task came to.
 */
import { Client } from "@modelcontextprotocol/client"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import { openTaskStorage } from "mcp-task-storage/promise"
import { anonymous, TasksExtension } from "mcp-task-storage/sdk-v2"
import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, onTestFinished, test } from "vitest"
import * as z from "zod"
import { RawClient, text } from "./RawClient.ts"
import { serve } from "./serve.ts"
import { registerTools } from "./tools.ts"

const start = async () => {
  const storage = await openTaskStorage("memory:")
  onTestFinished(() => storage.close())
  const failures: Array<unknown> = []
  const tasks = new TasksExtension({
    storage,
    owner: (authInfo) => authInfo?.clientId ?? "nobody",
    shutdownTimeout: 0,
    onError: (error) => failures.push(error)
  })
  const log = registerTools(tasks)
  const { url } = await serve(tasks)
  const client = new RawClient({ url, token: "ann", capabilities: { elicitation: {} } })
  return { client, failures, log, storage, tasks, url }
}

const accept = { action: "accept", content: { confirm: true } }

describe("a client without the extension", () => {
  test("gets the result, and nothing is left behind", async () => {
    const { client, storage } = await start()
    expect((await client.call("add", { a: 1, b: 2 })).result).toStrictEqual({
      resultType: "complete",
      content: [{ type: "text", text: "3" }],
      structuredContent: { sum: 3 },
      _meta: expect.anything()
    })
    expect((await client.call("failing")).result).toMatchObject({ isError: true })
    await sleep(50)
    await expect.poll(() => storage.taskCount()).toBe(0)
  })

  test("gets the errors that the task ends with", async () => {
    const { client, failures } = await start()
    expect((await client.call("refusing")).error).toStrictEqual({
      code: -32050,
      message: "Refused",
      data: { reason: "rules" }
    })
    expect((await client.call("throwing")).result).toMatchObject({
      isError: true,
      content: [{ type: "text", text: "secret: password=hunter2" }]
    })
    expect(failures).toMatchObject([{ message: expect.stringContaining("hunter2") }])
  })

  test("answers questions by calling again", async () => {
    const { client, storage, url } = await start()
    const asked = await client.call("suspending")
    expect(asked.result).toMatchObject({
      resultType: "input_required",
      inputRequests: { one: { params: { message: "Pay 42?" } }, two: {} },
      requestState: expect.any(String)
    })
    const requestState = text(asked.result?.["requestState"])
    const half = await client.call("suspending", {}, { requestState, inputResponses: { one: accept } })
    expect(Object.keys(Object(half.result?.["inputRequests"]))).toStrictEqual(["two"])
    // The state is bound to whom it was given to.
    const bob = new RawClient({ url, token: "bob", capabilities: { elicitation: {} } })
    expect((await bob.call("suspending", {}, { requestState, inputResponses: { two: accept } })).error).toMatchObject({
      code: -32602,
      message: expect.stringContaining("Task not found")
    })
    // And to the tool that it was given for.
    expect((await client.call("whoami", {}, { requestState, inputResponses: { two: accept } })).error).toMatchObject({
      message: expect.stringContaining("Task not found")
    })
    const done = await client.call("suspending", {}, { requestState, inputResponses: { two: accept } })
    expect(done.result).toMatchObject({ content: [{ text: expect.stringContaining("attempt 1, price 42") }] })
    await sleep(50)
    await expect.poll(() => storage.taskCount()).toBe(0)
  })

  test("that goes takes its task with it", async () => {
    const tasks = new TasksExtension({ storage: "memory:", owner: anonymous })
    const log: Array<string> = []
    tasks.registerTool("long", { inputSchema: z.object({}) }, async (_, { signal }) => {
      log.push("began")
      await sleep(60_000, undefined, { signal }).finally(() => log.push("ended"))
      return { content: [] }
    })
    const { url } = await serve(tasks)
    const client = new Client({ name: "c", version: "1" }, { versionNegotiation: { mode: "auto" } })
    await client.connect(new StreamableHTTPClientTransport(new URL(url)))
    const left = new AbortController()
    const call = client.callTool({ name: "long", arguments: {} }, { signal: left.signal }).catch(() => "gone")
    while (!log.includes("began")) await sleep(5)
    left.abort()
    expect(await call).toBe("gone")
    while (!log.includes("ended")) await sleep(5)
    await client.close()
  })
})

describe("a client of 2025-11-25", () => {
  const connect = async (url: string) => {
    const client = new Client({ name: "old", version: "1" }, { versionNegotiation: { mode: "legacy" } })
    await client.connect(new StreamableHTTPClientTransport(new URL(url)))
    onTestFinished(() => client.close())
    return client
  }

  test("gets results of optional tools, and is told why it cannot have the others", async () => {
    const { url } = await start()
    const client = await connect(url)
    expect(await client.callTool({ name: "add", arguments: { a: 1, b: 2 } })).toMatchObject({
      structuredContent: { sum: 3 }
    })
    await expect(client.callTool({ name: "wait", arguments: { seconds: 0 } })).rejects.toMatchObject({
      code: -32601,
      message: expect.stringContaining("has no tasks in revision 2025-11-25")
    })
  })

  test("finds no methods of the extension", async () => {
    const { url } = await start()
    const client = await connect(url)
    for (const method of ["tasks/get", "tasks/cancel"]) {
      await expect(client.request({ method, params: { taskId: "x" } }, z.object({}))).rejects.toMatchObject({
        code: -32601
      })
    }
  })
})

describe("a tool that prepares", () => {
  test("asks before there is a task, and the task knows the answer", async () => {
    const tasks = new TasksExtension({ storage: "memory:", owner: anonymous })
    tasks.registerTool("greet", {
      inputSchema: z.object({ greeting: z.string() }),
      taskSupport: "required",
      prepare: ({ greeting }, { mcpReq }) =>
        mcpReq.inputResponses?.["name"] !== undefined ? undefined : {
          resultType: "input_required",
          inputRequests: {
            name: {
              method: "elicitation/create",
              params: {
                mode: "form",
                message: `Whom to say ${greeting}?`,
                requestedSchema: { type: "object", properties: { name: { type: "string" } } }
              }
            }
          }
        }
    }, ({ greeting }, { answers }) => ({ content: [{ type: "text", text: `${greeting} ${JSON.stringify(answers)}` }] }))
    const client = new RawClient(await serve(tasks))
    const asked = await client.call("greet", { greeting: "Hi" })
    expect(asked.result).toMatchObject({
      resultType: "input_required",
      inputRequests: { name: { params: { message: "Whom to say Hi?" } } }
    })
    const answer = { action: "accept", content: { name: "Alice" } }
    const created = await client.call("greet", { greeting: "Hi" }, { inputResponses: { name: answer } })
    expect(created.result).toMatchObject({ resultType: "task" })
    expect(await client.until(text(created.result?.["taskId"]), "completed")).toMatchObject({
      result: { content: [{ text: `Hi ${JSON.stringify({ name: answer })}` }] }
    })
  })
})
