/**
 * Revision 2025-11-25 on version 1 of the official SDK, without sessions: each request has a server of its own, so that any process
 * answers any request.
 */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js"
import type { McpHandlerRequestOptions } from "@modelcontextprotocol/server"
import { type OpenedSdkTasks, registerTaskTool } from "mcp-task-storage/sdk"
import { publish, report } from "./tools.ts"

const makeServer = ({ taskMessageQueue, taskStore }: OpenedSdkTasks): McpServer => {
  const server = new McpServer({ name: "reports", version: "1.0.0" }, {
    capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
    taskStore,
    taskMessageQueue
  })
  registerTaskTool(server, "report", report.config, report.run)
  registerTaskTool(server, "publish", publish.config, publish.run)
  return server
}

/** Gives what answers a request of this revision. */
export const statelessSdkV1 =
  (tasks: OpenedSdkTasks) => async (request: Request, options: McpHandlerRequestOptions): Promise<Response> => {
    // Without a session there is no stream to open, and nothing to end.
    if (request.method !== "POST") return new Response(null, { status: 405, headers: { allow: "POST" } })
    const server = makeServer(tasks)
    const transport = new WebStandardStreamableHTTPServerTransport()
    // With `exactOptionalPropertyTypes` the transport of the SDK does not fit its own interface.
    await Reflect.apply(McpServer.prototype.connect, server, [transport])
    request.signal.addEventListener("abort", () => void transport.close(), { once: true })
    return transport.handleRequest(request, options)
  }
