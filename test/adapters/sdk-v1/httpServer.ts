/** Servers of the official SDK over HTTP, with sessions or without. */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { type EventStore, StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import type { OpenedSdkTasks } from "mcp-task-storage/sdk"
import { once } from "node:events"
import { createServer, type IncomingMessage } from "node:http"
import { onTestFinished } from "vitest"

export interface ServeOptions {
  /** A server for each request, as those have that keep no session. */
  readonly stateless?: boolean
  readonly json?: boolean
  /** Whether requests go through `tasks.handleRequest`. */
  readonly wrapped?: boolean
  readonly maxRequestBodySize?: number
  /** Lets clients resume streams. */
  readonly eventStore?: EventStore
  readonly register: (server: McpServer) => void
}

/** What a bearer token says. */
const authInfoOf = (request: IncomingMessage) => {
  const token = request.headers.authorization?.replace("Bearer ", "")
  return token === undefined ? undefined : { token, clientId: token, scopes: [] }
}

export const serveHttp = async (tasks: OpenedSdkTasks, options: ServeOptions): Promise<string> => {
  const transports = new Map<string, StreamableHTTPServerTransport>()
  const open = async () => {
    const server = new McpServer({ name: "server", version: "1" }, {
      capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
      taskStore: tasks.taskStore,
      taskMessageQueue: tasks.taskMessageQueue
    })
    options.register(server)
    const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
      ...(options.stateless === true ? {} : { sessionIdGenerator: () => crypto.randomUUID() }),
      ...(options.eventStore === undefined ? {} : { eventStore: options.eventStore }),
      ...(options.maxRequestBodySize === undefined ? {} : { maxRequestBodySize: options.maxRequestBodySize }),
      enableJsonResponse: options.json === true,
      onsessioninitialized: (id) => {
        transports.set(id, transport)
      }
    })
    // The SDK's own types differ where optional properties are exact.
    await Reflect.apply(McpServer.prototype.connect, server, [transport])
    return transport
  }
  const http = createServer(async (request, response) => {
    const id = request.headers["mcp-session-id"]
    const transport = (typeof id === "string" ? transports.get(id) : undefined) ?? await open()
    if (options.stateless === true) response.on("close", () => void transport.close())
    const auth = authInfoOf(request)
    const authenticated = auth === undefined ? request : Object.assign(request, { auth })
    if (options.wrapped === true) await tasks.handleRequest(transport, authenticated, response)
    else {await Reflect.apply(StreamableHTTPServerTransport.prototype.handleRequest, transport, [
        authenticated,
        response
      ])}
  })
  http.listen(0, "127.0.0.1")
  await once(http, "listening")
  onTestFinished(async () => {
    for (const transport of transports.values()) await transport.close()
    http.closeAllConnections()
    http.close()
  })
  const address = http.address()
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/mcp`
}
