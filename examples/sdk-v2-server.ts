/**
 * An HTTP MCP server on version 2 of the official SDK whose tools run as durable tasks.
 *
 * `report` takes as long as it is told to, `publish` asks a person and waits for the answer without a worker, for weeks if
 * need be, and `upload` fails. Tasks are kept where the environment variable `TASKS_URL` says, in the SQLite file
 * `tasks.db` by default; start it twice on one storage, with another `PORT`, and each serves the tasks of the other.
 *
 * Whoever calls sends `Authorization: Bearer NAME`, and reaches the tasks of NAME. A real server verifies a token there.
 */
import { localhostHostValidation, localhostOriginValidation, toNodeHandler } from "@modelcontextprotocol/node"
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server"
import { TasksExtension } from "mcp-task-storage/sdk-v2"
import { once } from "node:events"
import { createServer } from "node:http"
import { setTimeout as sleep } from "node:timers/promises"
import * as z from "zod"

const tasks = new TasksExtension({
  storage: process.env["TASKS_URL"] ?? "sqlite:tasks.db",
  owner: (authInfo) => authInfo?.clientId,
  pollInterval: 200
})

const pages = 10

tasks.registerTool("report", {
  description: "Writes a report, which takes a while",
  inputSchema: z.object({ title: z.string(), seconds: z.number().min(0).max(3600) }),
  // Where its process dies, another writes the report anew.
  annotations: { idempotentHint: true }
}, async ({ seconds, title }, { progress, signal }) => {
  for (let page = 1; page <= pages; page++) {
    await sleep((seconds * 1000) / pages, undefined, { signal })
    await progress(`${page} of ${pages} pages`)
  }
  const text = `${title}: ${pages} pages, finished at ${new Date().toISOString()}`
  return { content: [{ type: "text", text }] }
})

tasks.registerTool("publish", {
  description: "Publishes a report, once a person has agreed",
  inputSchema: z.object({ title: z.string() }),
  taskSupport: "required",
  // A person may take weeks to agree; without it the task would live for a day.
  ttl: "30 days"
}, async ({ title }, { step, suspend }) => {
  // The tool begins anew when the answer is there, in whichever process; what is in a step is not done again.
  const draft = await step("draft", () => `${title}, drafted at ${new Date().toISOString()}`)
  const { agree } = await suspend({
    agree: {
      method: "elicitation/create",
      params: {
        mode: "form",
        message: `Publish "${draft}"?`,
        requestedSchema: { type: "object", properties: { agree: { type: "boolean" } }, required: ["agree"] }
      }
    }
  })
  const answer = z.object({ action: z.literal("accept"), content: z.object({ agree: z.literal(true) }) })
  const text = answer.safeParse(agree).success ? `Published: ${draft}` : "Not published"
  return { content: [{ type: "text", text }] }
})

tasks.registerTool("upload", {
  description: "Uploads a report to a disk that is full",
  inputSchema: z.object({ title: z.string() })
}, async ({ title }, { signal }) => {
  await sleep(1000, undefined, { signal })
  return { content: [{ type: "text", text: `No space left for ${title}` }], isError: true }
})

const handler = tasks.listen(createMcpHandler(() => {
  const server = new McpServer({ name: "reports", version: "1.0.0" })
  tasks.attach(server)
  return server
}))
const respond = toNodeHandler(handler)

// What a browser sends from a page of somebody else's is refused.
const isFromHere = localhostOriginValidation()
const isForHere = localhostHostValidation()

const http = createServer((request, response) => {
  if (!isFromHere(request, response) || !isForHere(request, response)) return
  const name = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "")?.[1]
  if (name !== undefined) Object.assign(request, { auth: { token: name, clientId: name, scopes: [] } })
  const { method = "GET", url = "/" } = request
  respond(Object.assign(request, { method, url }), response).catch(() => response.destroy())
})

await tasks.ready()
http.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1")
await once(http, "listening")
const address = http.address()
const port = typeof address === "object" && address !== null ? address.port : address
console.log(`Serving tasks at http://127.0.0.1:${port}/mcp`)

process.once("SIGTERM", async () => {
  http.close()
  await handler.close()
  http.closeAllConnections()
  // What is still at work has ten seconds to end; the rest is for another process.
  await tasks.close()
})
