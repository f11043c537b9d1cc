/**
 * An MCP server on Effect's own `McpServer` that talks over standard input and output, and whose tools run as durable
 * tasks: what its client starts is there when it is started again.
 */
import { NodeRuntime, NodeStdio } from "@effect/platform-node"
import { Layer, Logger } from "effect"
import { McpProtocol } from "effect/ai"
import * as McpTasks from "mcp-task-storage/mcp"
import { reportTools } from "./ReportTools.ts"
import { tasks } from "./tasks.ts"

McpTasks.layerStdio({
  name: "reports",
  version: "1.0.0",
  protocols: [McpProtocol.v2025_11_25],
  registrations: reportTools,
  pollInterval: 200
}).pipe(
  Layer.provide(NodeStdio.layer),
  Layer.provide(tasks),
  // Standard output is the client's.
  Layer.provide(Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)])),
  Layer.launch,
  NodeRuntime.runMain
)
