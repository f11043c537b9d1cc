/** The example with Express serves two users, each its own tasks, and goes on after a restart. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { WireClient } from "../adapters/sdk-v1/WireClient.ts"
import { endWith, startExample } from "../support/startServer.ts"
import { until } from "../support/until.ts"

const start = (tasksUrl: string) => startExample("sdk-v1-express-server.ts", { TASKS_URL: tasksUrl })

const connect = async (url: string, token: string) => {
  const client = new WireClient(url, token)
  await client.begin()
  return client
}

test("two users with bearer tokens have their own tasks, on a server that is started anew too", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mcp-task-storage-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const tasksUrl = `sqlite:${join(folder, "tasks.db")}`
  const { child, url } = await start(tasksUrl)
  const [ada, bob] = [await connect(url, "ada"), await connect(url, "bob")]

  const report = await ada.start("report", { title: "Weather", seconds: 0 })
  expect(await ada.ask("tasks/result", { taskId: report })).toMatchObject({
    content: [{ text: expect.stringContaining("Weather: 10 pages") }]
  })
  const publish = await ada.start("publish", { title: "Weather" })
  expect(await ada.ask("tasks/list")).toMatchObject({
    tasks: [{ taskId: report }, { taskId: publish, ttl: 30 * 86_400_000 }]
  })
  expect(await bob.ask("tasks/list")).toMatchObject({ tasks: [] })
  for (const method of ["tasks/get", "tasks/result", "tasks/cancel"]) {
    expect(await bob.ask(method, { taskId: report })).toMatchObject({ code: -32602 })
  }
  await until(async () => (await ada.ask("tasks/get", { taskId: publish }))["status"] === "input_required")

  expect(await endWith(child, "SIGTERM")).toEqual([0, null])

  const again = await start(tasksUrl)
  const other = await connect(again.url, "ada")
  const waiting = other.request("tasks/result", { taskId: publish })
  const isAsked = ({ method }: { readonly method?: unknown }) => method === "elicitation/create"
  await until(() => waiting.messages.some(isAsked))
  const { id } = waiting.messages.find(isAsked) ?? {}
  await other.send({ jsonrpc: "2.0", id, result: { action: "accept", content: { agree: true } } })
  expect(await waiting.response).toMatchObject({
    result: { content: [{ text: expect.stringContaining("Published: Weather") }] }
  })
})

test("requests without a token, from other origins and of other users' sessions are refused", async () => {
  const { url } = await start("memory:")
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "wire", version: "1" } }
  const statusOf = async (headers: Readonly<Record<string, string>>) => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params })
    })
    await response.text()
    return { status: response.status, session: response.headers.get("mcp-session-id") }
  }
  const authorization = "Bearer ada"
  expect(await statusOf({})).toMatchObject({ status: 401 })
  expect(await statusOf({ authorization, origin: "https://elsewhere.example" })).toMatchObject({ status: 403 })
  expect(await statusOf({ authorization, origin: "null" })).toMatchObject({ status: 403 })
  expect(await statusOf({ authorization, origin: "http://localhost:6274" })).toMatchObject({ status: 200 })
  const { session } = await statusOf({ authorization })
  expect(session).toBeTypeOf("string")
  expect(await statusOf({ authorization: "Bearer bob", "mcp-session-id": session ?? "" })).toMatchObject({
    status: 404
  })
})
