/**
 * A server of MCP over HTTP whose tool runs as a task: `server.ts URL MILLISECONDS`, which is how long the tool takes. It prints its port.
 */
import { toNodeHandler } from "@modelcontextprotocol/node"
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server"
import { TasksExtension } from "mcp-task-storage/sdk-v2"
import { createServer } from "node:http"
import { setTimeout as sleep } from "node:timers/promises"
import * as z from "zod"

const [, , storage = "", milliseconds = ""] = process.argv

const tasks = new TasksExtension({
  storage,
  owner: (authInfo) => authInfo?.clientId,
  lease: 1000,
  recovery: { interval: 100 }
})

tasks.registerTool("report", {
  inputSchema: z.object({ title: z.string() }),
  annotations: { idempotentHint: true }
}, async ({ title }, { attempt, progress, signal }) => {
  await progress("Writing")
  await sleep(Number(milliseconds), undefined, { signal })
  return { content: [{ type: "text", text: `${title}, attempt ${attempt}` }] }
})

const respond = toNodeHandler(tasks.listen(createMcpHandler(() => {
  const server = new McpServer({ name: "reports", version: "1.0.0" })
  tasks.attach(server)
  return server
})))

const http = createServer((request, response) => {
  const { method = "GET", url = "/" } = request
  const auth = { token: "ada", clientId: "ada", scopes: [] }
  respond(Object.assign(request, { auth, method, url }), response).catch(() => response.destroy())
})

await tasks.ready()
http.listen(0, "127.0.0.1", () => {
  const address = http.address()
  if (typeof address === "object" && address !== null) console.log(address.port)
})
