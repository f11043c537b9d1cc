/**
 * An MCP server with durable tasks on Hono.
 */
import { toNodeHandler } from "@modelcontextprotocol/node"
import { Hono } from "hono"
import { bodyLimit } from "hono/body-limit"
import { once } from "node:events"
import { createServer } from "node:http"
import { maxBytes, openReports } from "./reports.ts"

const reports = await openReports()

const app = new Hono()

app.get("/health", async (context) => context.body(null, await reports.isHealthy() ? 200 : 503))

app.all("/mcp", bodyLimit({ maxSize: maxBytes }), (context) => reports.fetch(context.req.raw))

// Under Bun or Deno `app` itself is the server.
const respond = toNodeHandler({ fetch: async (request) => app.fetch(request) }, { maxRequestBodySize: maxBytes })
const http = createServer((request, response) => {
  const { method = "GET", url = "/" } = request
  respond(Object.assign(request, { method, url }), response).catch(() => response.destroy())
})
http.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1")
await once(http, "listening")
const address = http.address()
const port = typeof address === "object" && address !== null ? address.port : address
console.log(`Serving tasks at http://127.0.0.1:${port}/mcp`)

process.once("SIGTERM", async () => {
  http.close()
  await reports.close()
  http.closeAllConnections()
})
