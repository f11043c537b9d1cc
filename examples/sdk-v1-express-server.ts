/**
 * An HTTP MCP server with Express on version 1 of the official SDK, for several users. A session has a server of its own; tasks
 * belong to the user, who reaches them from any session, also after a restart.
 *
 * Tasks are kept where the environment variable `TASKS_URL` says, in the SQLite file `tasks.db` by default. Whoever calls sends
 * `Authorization: Bearer NAME`, and reaches the tasks of NAME. A real server verifies a token there.
 */
import { requireBearerAuth } from "@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js"
import type { AuthInfo } from "@modelcontextprotocol/sdk/server/auth/types.js"
import { createMcpExpressApp } from "@modelcontextprotocol/sdk/server/express.js"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import { isInitializeRequest } from "@modelcontextprotocol/sdk/types.js"
import { openSdkTasks } from "mcp-task-storage/sdk"
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { registerReportTools } from "./sdk-v1-tools.ts"

const tasks = await openSdkTasks(process.env["TASKS_URL"] ?? "sqlite:tasks.db", {
  owner: (authInfo) => authInfo?.clientId,
  pollInterval: 200
})

const makeServer = (): McpServer => {
  const server = new McpServer({ name: "reports", version: "1.0.0" }, {
    capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
    taskStore: tasks.taskStore,
    taskMessageQueue: tasks.taskMessageQueue
  })
  registerReportTools(server)
  return server
}

// From the start, so that tasks that an earlier process left are run before the first session.
makeServer()

const sessions = new Map<string, { readonly user: string; readonly transport: StreamableHTTPServerTransport }>()

/** A request with what the middleware added to it. */
type McpRequest = IncomingMessage & { readonly auth?: AuthInfo; readonly body?: unknown }

const refuse = (response: ServerResponse, status: number, message: string): void => {
  response.writeHead(status, { "content-type": "application/json" })
  response.end(JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: -32600, message } }))
}

/** Begins a session of a user. */
const begin = async (user: string): Promise<StreamableHTTPServerTransport> => {
  const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
    sessionIdGenerator: () => crypto.randomUUID(),
    onsessioninitialized: (id) => {
      sessions.set(id, { user, transport })
    },
    onsessionclosed: (id) => {
      sessions.delete(id)
    }
  })
  // With `exactOptionalPropertyTypes` the transport of the SDK does not fit its own interface.
  await Reflect.apply(McpServer.prototype.connect, makeServer(), [transport])
  return transport
}

const serve = async (request: McpRequest, response: ServerResponse): Promise<void> => {
  const user = request.auth?.clientId ?? ""
  const id = request.headers["mcp-session-id"]
  const session = typeof id === "string" ? sessions.get(id) : undefined
  // A session belongs to the user that began it.
  if (id !== undefined && session?.user !== user) return refuse(response, 404, "No such session")
  if (session === undefined && !isInitializeRequest(request.body)) return refuse(response, 400, "Begin a session first")
  const transport = session?.transport ?? await begin(user)
  await tasks.handleRequest(transport, request, response, request.body)
}

/** What a browser sends from a page of somebody else's is refused. */
const checkOrigin = (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
  const { origin } = request.headers
  const isFromHere = origin === undefined ||
    ["localhost", "127.0.0.1", "[::1]"].includes(URL.parse(origin)?.hostname ?? "")
  if (isFromHere) next()
  else refuse(response, 403, "Requests from this origin are refused")
}

/** Takes any name for a token of that user, for an hour. */
const verifier = {
  verifyAccessToken: async (token: string): Promise<AuthInfo> => ({
    token,
    clientId: token,
    scopes: [],
    expiresAt: Date.now() / 1000 + 3600
  })
}

// It checks the `Host` header too.
const app = createMcpExpressApp()
app.use(checkOrigin)
app.all("/mcp", requireBearerAuth({ verifier }), serve)

const http = createServer(app)
http.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1")
await once(http, "listening")
const address = http.address()
console.log(
  `Serving tasks at http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : address}/mcp`
)

process.once("SIGTERM", async () => {
  http.close()
  for (const { transport } of sessions.values()) await transport.close()
  http.closeAllConnections()
  // What is still at work has ten seconds to end; the rest is for another process.
  await tasks.close()
})
