/** Questions over HTTP where the client, or its stream, is lost. What holds for every server is in the table of behaviours. */
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { anonymous, openSdkTasks, type OpenSdkTasksOptions, registerTaskTool } from "mcp-task-storage/sdk"
import { describe, expect, onTestFinished, test, vi } from "vitest"
import { until } from "../../support/until.ts"
import { serveHttp } from "./httpServer.ts"
import { WireClient } from "./WireClient.ts"

const form = { message: "Who?", requestedSchema: { type: "object", properties: {} } }

/** What the tool that asks has heard. */
const heard: Array<string> = []

const register = (server: McpServer): void => {
  registerTaskTool(server, "ask", {}, async (_, { elicit }) => {
    const { action } = await elicit("who", form)
    heard.push(action)
    return { content: [{ type: "text", text: action }] }
  })
  registerTaskTool(server, "sample", {}, async (_, { sample }) => ({
    content: [{ type: "text", text: JSON.stringify(await sample("model", { messages: [], maxTokens: 5 })) }]
  }))
  registerTaskTool(server, "idle", {}, () => new Promise(() => {}))
}

const open = async (options: OpenSdkTasksOptions = {}) => {
  const tasks = await openSdkTasks("memory:", { owner: anonymous, shutdownTimeout: 0, recovery: false, ...options })
  onTestFinished(() => tasks.close())
  return tasks
}

const isAsked = (message: { readonly [key: string]: unknown }): boolean => message["method"] === "elicitation/create"

describe("on stateless HTTP", () => {
  test.each([{ json: false }, { json: true }])(
    "a task hears that nobody can be asked (JSON: $json)",
    async ({ json }) => {
      const client = new WireClient(
        await serveHttp(await open({ onError: () => {} }), { stateless: true, json, register })
      )
      expect(await client.ask("tasks/result", { taskId: await client.start("ask") })).toMatchObject({
        content: [{ text: "cancel" }]
      })
      expect(await client.ask("tasks/result", { taskId: await client.start("sample") })).toMatchObject({
        isError: true,
        content: [{ text: "This connection carries no requests to its client" }]
      })
    }
  )

  test("a plain call that asks fails with an error that says so", async () => {
    const client = new WireClient(await serveHttp(await open(), { stateless: true, register }))
    expect(await client.ask("tools/call", { name: "ask", arguments: {} })).toMatchObject({
      code: -32603,
      message: expect.stringContaining("carries no requests")
    })
  })
})

test("on a session whose answers are single JSON texts a task hears that nobody can be asked", async () => {
  const client = new WireClient(await serveHttp(await open(), { json: true, register }))
  await client.begin()
  expect(await client.ask("tasks/result", { taskId: await client.start("ask") })).toMatchObject({
    content: [{ text: "cancel" }]
  })
})

test("a question passes to another session when the stream of the first is lost, without a word from its client", async () => {
  const url = await serveHttp(await open(), { register })
  const [lost, other] = [new WireClient(url), new WireClient(url)]
  for (const client of [lost, other]) await client.begin()
  const taskId = await lost.start("ask")
  const first = lost.request("tasks/result", { taskId })
  await until(() => first.messages.some(isAsked))
  const second = other.request("tasks/result", { taskId })
  first.drop()
  await until(() => second.messages.some(isAsked))
  const { id } = second.messages.find(isAsked) ?? {}
  await other.send({ jsonrpc: "2.0", id, result: { action: "decline" } })
  expect(await second.response).toMatchObject({ result: { content: [{ text: "decline" }] } })
})

test("a plain call whose stream is lost while it asks hears that nobody answers", async () => {
  heard.length = 0
  const client = new WireClient(await serveHttp(await open(), { register }))
  await client.begin()
  const call = client.request("tools/call", { name: "ask", arguments: {} })
  await until(() => call.messages.some(isAsked))
  call.drop()
  await until(() => heard.includes("cancel"))
})

describe.each([{ stateless: false }, { stateless: true }])("tasks/result (stateless: $stateless)", ({ stateless }) => {
  test("of clients that went away reads no more", async () => {
    const tasks = await open({ pollInterval: 20 })
    const client = new WireClient(await serveHttp(tasks, { stateless, register }))
    if (!stateless) await client.begin()
    const taskId = await client.start("idle")
    let looks = 0
    const { taskMessageQueue } = tasks
    const dequeue = taskMessageQueue.dequeue.bind(taskMessageQueue)
    taskMessageQueue.dequeue = (...args) => {
      looks++
      return dequeue(...args)
    }
    const waiting = Array.from({ length: 20 }, () => client.request("tasks/result", { taskId }))
    await until(() => looks > 60)
    for (const request of waiting) request.drop()
    await until(async () => {
      const before = looks
      await new Promise((resolve) => setTimeout(resolve, 200))
      return looks === before
    })
  })
})

test("messages that wait when a client goes away are for the next one that listens", async () => {
  const tasks = await open({ pollInterval: 60_000 })
  const client = new WireClient(await serveHttp(tasks, { register }))
  await client.begin()
  const taskId = await client.start("idle")
  const { taskMessageQueue } = tasks
  const dequeue = taskMessageQueue.dequeue.bind(taskMessageQueue)
  let looks = 0
  taskMessageQueue.dequeue = (...args) => {
    looks++
    return dequeue(...args)
  }
  const gone = client.request("tasks/result", { taskId })
  await until(() => looks === 1)
  const message = { jsonrpc: "2.0" as const, method: "notifications/message", params: { level: "info", data: "kept" } }
  await taskMessageQueue.enqueue(taskId, { type: "notification", timestamp: 1, message })
  gone.drop()
  // The server looks for lost streams every second, and waits another second for a client that may still read.
  await new Promise((resolve) => setTimeout(resolve, 3000))
  const next = client.request("tasks/result", { taskId })
  await until(() => next.messages.some(({ method }) => method === "notifications/message"))
})

test("a client that only polls is asked on its poll, where the server is told so", async () => {
  const client = new WireClient(await serveHttp(await open({ inputOnPoll: true }), { register }))
  await client.begin()
  const taskId = await client.start("ask")
  await until(async () => {
    const poll = client.request("tasks/get", { taskId })
    const asked = await Promise.race([poll.response.then(() => undefined), untilAsked(poll.messages)])
    if (asked !== undefined) await client.send({ jsonrpc: "2.0", id: asked["id"], result: { action: "decline" } })
    return asked !== undefined
  })
  expect(await client.ask("tasks/result", { taskId })).toMatchObject({ content: [{ text: "decline" }] })
})

const untilAsked = async (messages: ReadonlyArray<{ readonly [key: string]: unknown }>) => {
  await until(() => messages.some(isAsked)).catch(() => undefined)
  return messages.find(isAsked)
}

test("a client that waits costs few looks for messages, even where clients are told to poll at once", async () => {
  const tasks = await open({ pollInterval: 0 })
  const dequeue = vi.spyOn(tasks.taskMessageQueue, "dequeue")
  const client = new WireClient(await serveHttp(tasks, { register }))
  await client.begin()
  const taskId = await client.start("idle")
  const waiting = client.ask("tasks/result", { taskId })
  await until(() => dequeue.mock.calls.length > 1)
  const before = dequeue.mock.calls.length
  const startedAt = performance.now()
  await new Promise((resolve) => setTimeout(resolve, 300))
  // A busy machine takes longer.
  expect(dequeue.mock.calls.length - before).toBeLessThan(2 * (performance.now() - startedAt) / 100)
  await client.ask("tasks/cancel", { taskId })
  await waiting
})
