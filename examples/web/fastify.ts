/**
 * An MCP server with durable tasks on Fastify.
 */
import { toNodeHandler } from "@modelcontextprotocol/node"
import { fastify } from "fastify"
import { maxBytes, openReports } from "./reports.ts"

const reports = await openReports()
const respond = toNodeHandler(reports)

// Streams would keep the server open.
const app = fastify({ bodyLimit: maxBytes, forceCloseConnections: true })

app.get("/health", async (_request, reply) => reply.code(await reports.isHealthy() ? 200 : 503).send())

app.all("/mcp", async ({ body, method, raw, url }, reply) => {
  // Fastify has read the body. The answer, which may be a stream, is written without it.
  reply.hijack()
  await respond(Object.assign(raw, { method, url }), reply.raw, body)
})

const address = await app.listen({ port: Number(process.env["PORT"] ?? 3000), host: "127.0.0.1" })
console.log(`Serving tasks at ${address}/mcp`)

process.once("SIGTERM", async () => {
  await reports.close()
  await app.close()
})
