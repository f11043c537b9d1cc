/**
 * An MCP server with durable tasks on Express.
 */
import { toNodeHandler } from "@modelcontextprotocol/node"
import express from "express"
import { once } from "node:events"
import { createServer } from "node:http"
import { maxBytes, openReports } from "./reports.ts"

const reports = await openReports()
const respond = toNodeHandler(reports, { maxRequestBodySize: maxBytes })

const app = express()

app.get("/health", async (_request, response) => {
  response.sendStatus(await reports.isHealthy() ? 200 : 503)
})

// It reads the body itself. Where `express.json()` has read it, give it as the third argument: `request.body`.
app.all("/mcp", (request, response) => respond(request, response))

const http = createServer(app)
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
