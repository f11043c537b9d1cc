/**
 * An HTTP MCP server on Effect's own `McpServer` whose tools run as durable tasks. Start it twice on one storage, with
 * another `PORT`, and each serves the tasks of the other, and takes them over where the other dies.
 *
 * Whoever calls sends `Authorization: Bearer NAME`, and reaches the tasks of NAME. A real server verifies a token there.
 */
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { McpProtocol, McpSchema } from "effect/ai"
import { HttpRouter, HttpServerRequest } from "effect/http"
import * as McpTasks from "mcp-task-storage/mcp"
import { createServer } from "node:http"
import { reportTools } from "./ReportTools.ts"
import { tasks } from "./tasks.ts"

const owner = Effect.gen(function*() {
  const { headers } = yield* HttpServerRequest.HttpServerRequest
  const name = /^Bearer (\S+)$/i.exec(headers["authorization"] ?? "")?.[1]
  return name ?? (yield* new McpSchema.InvalidParams({ message: "Send Authorization: Bearer NAME" }))
})

const server = McpTasks.layerHttp({
  name: "reports",
  version: "1.0.0",
  path: "/mcp",
  protocols: [McpProtocol.v2026_07_28, McpProtocol.v2025_11_25],
  registrations: reportTools,
  owner,
  pollInterval: 200
})

const port = Number(process.env["PORT"] ?? 3000)

HttpRouter.serve(server).pipe(
  Layer.provide(
    NodeHttpServer.layer(() => createServer(), { port, host: "127.0.0.1", gracefulShutdownTimeout: "5 seconds" })
  ),
  Layer.provide(tasks),
  Layer.launch,
  NodeRuntime.runMain
)
