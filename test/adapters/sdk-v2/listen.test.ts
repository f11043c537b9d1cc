/**
 * Subscriptions to tasks.
 */
import { TasksExtension, type TasksLimits } from "mcp-task-storage/sdk-v2"
import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, onTestFinished, test } from "vitest"
import * as z from "zod"
import { listenRequest } from "./listenRequest.ts"
import { capable, RawClient } from "./RawClient.ts"
import { serve } from "./serve.ts"
import { registerTools } from "./tools.ts"

type JsonObject = { readonly [key: string]: unknown }

const start = async (limits: TasksLimits = {}, options: { readonly lease?: number } = {}) => {
  const failures: Array<unknown> = []
  const tasks = new TasksExtension({
    storage: "memory:",
    owner: (authInfo) => authInfo?.clientId,
    shutdownTimeout: 0,
    onError: (error) => failures.push(error),
    limits,
    ...options
  })
  registerTools(tasks)
  const { url } = await serve(tasks, (server) => {
    server.registerTool("plain", { inputSchema: z.object({}) }, () => ({ content: [] }))
  })
  return { client: new RawClient({ url, token: "ann" }), failures, url }
}

/** Opens a subscription; gives each message as it comes. */
const listen = async (url: string, notifications: JsonObject, token = "ann", capabilities = capable) => {
  const left = new AbortController()
  onTestFinished(() => left.abort())
  const response = await fetch(url, {
    method: "POST",
    signal: left.signal,
    ...listenRequest(notifications, token, capabilities)
  })
  const messages: Array<JsonObject> = []
  const reading = (async () => {
    let text = ""
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk
      const frames = text.split("\n\n")
      text = frames.pop() ?? ""
      for (const frame of frames) {
        const data = frame.split("\n").find((line) => line.startsWith("data: "))
        if (data !== undefined) messages.push(Object(JSON.parse(data.slice(6))))
      }
    }
    return text
  })()
  reading.catch(() => undefined)
  const until = async (count: number): Promise<ReadonlyArray<JsonObject>> => {
    for (let waits = 0; messages.length < count && waits < 6_000; waits++) await sleep(10)
    return messages
  }
  return { leave: () => left.abort(), messages, reading, status: response.status, until }
}

/** Gives the error that a subscription is refused with. */
const refusal = async (url: string, notifications: JsonObject, token = "ann", capabilities = capable) => {
  const response = await fetch(url, { method: "POST", ...listenRequest(notifications, token, capabilities) })
  return Object(await response.json()).error
}

const subscription = { "io.modelcontextprotocol/subscriptionId": "sub-1" }

describe("subscriptions/listen", () => {
  test("tells of each change of a task until it has ended, and of nobody else's", async () => {
    const { client, failures, url } = await start()
    const taskId = await client.start("confirm", { file: "a" })
    await client.until(taskId, "input_required")
    const bobs = await new RawClient({ url, token: "bob" }).start("confirm", { file: "b" })
    const { messages, reading, until } = await listen(url, { taskIds: [taskId, bobs, "unknown", ""] })
    expect(await until(2)).toMatchObject([
      {
        method: "notifications/subscriptions/acknowledged",
        params: { notifications: { taskIds: [taskId] }, _meta: subscription }
      },
      {
        method: "notifications/tasks",
        params: { taskId, status: "input_required", inputRequests: { confirm: {} }, _meta: subscription }
      }
    ])
    await client.update(taskId, { confirm: { action: "decline" } })
    await reading
    expect(messages.at(-2)).toMatchObject({
      method: "notifications/tasks",
      params: { taskId, status: "completed", result: { content: [{ text: "decline {}" }] } }
    })
    expect(messages.at(-1)).toMatchObject({ id: "sub-1", result: { resultType: "complete" } })
    expect(failures).toStrictEqual([])
  })

  test("keeps what the SDK subscribes to", async () => {
    const { client, url } = await start()
    const taskId = await client.start("add", { a: 1, b: 2 })
    await client.until(taskId, "completed")
    const { leave, messages, until } = await listen(url, { toolsListChanged: true, taskIds: [taskId] })
    expect(await until(2)).toMatchObject([
      { params: { notifications: { toolsListChanged: true, taskIds: [taskId] } } },
      { params: { taskId, status: "completed" } }
    ])
    await sleep(50)
    expect(messages).toHaveLength(2)
    leave()
  })

  test("without tasks is the SDK's alone", async () => {
    const { url } = await start()
    const { until } = await listen(url, { toolsListChanged: true })
    expect(await until(1)).toStrictEqual([{
      jsonrpc: "2.0",
      method: "notifications/subscriptions/acknowledged",
      params: { notifications: { toolsListChanged: true }, _meta: subscription }
    }])
  })

  test("needs the extension", async () => {
    const { url } = await start()
    expect((await listen(url, { taskIds: ["x"] }, "ann", {})).status).toBe(400)
    expect(await refusal(url, { taskIds: ["x"] }, "ann", {})).toMatchObject({ code: -32021 })
  })

  test("names at most 256 tasks", async () => {
    const { url } = await start()
    const taskIds = Array.from({ length: 257 }, (_, index) => `task-${index}`)
    expect(await refusal(url, { taskIds })).toStrictEqual({
      code: -32602,
      message: "A subscription may name at most 256 tasks, and not 257"
    })
    const { messages, reading } = await listen(url, { taskIds: [...taskIds.slice(1), ...taskIds.slice(1)] })
    await reading
    expect(messages).toMatchObject([{ params: { notifications: { taskIds: [] } } }, { id: "sub-1", result: {} }])
  })

  test("is refused over the bound of its owner, and taken again when another is closed", async () => {
    const { client, url } = await start({ openStreams: 2 })
    const taskId = await client.start("wait", { seconds: 60 })
    const open = await Promise.all([listen(url, { taskIds: [taskId] }), listen(url, { taskIds: [taskId] })])
    for (const { until } of open) await until(2)
    expect(await refusal(url, { taskIds: [taskId] })).toStrictEqual({
      code: -32603,
      message: "The limit of 2 open subscriptions per owner is reached. Close one, or name more tasks in one.",
      data: { reason: "LimitReached", limit: "openStreams", most: 2 }
    })
    expect((await listen(url, { taskIds: [] }, "bob")).status).toBe(200)
    open[0]?.leave()
    await sleep(100)
    const { until } = await listen(url, { taskIds: [taskId] })
    expect(await until(2)).toHaveLength(2)
    await client.cancel(taskId)
  })

  test("tells of nothing where only the lease of a task changed", async () => {
    const { client, url } = await start({}, { lease: 150 })
    const taskId = await client.start("wait", { seconds: 60 })
    const { messages, until } = await listen(url, { taskIds: [taskId] })
    await until(2)
    await sleep(300)
    expect(messages).toHaveLength(2)
    await client.cancel(taskId)
    expect((await until(3))[2]).toMatchObject({ params: { status: "cancelled" } })
  })
})
