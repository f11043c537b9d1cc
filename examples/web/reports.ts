/**
 * The MCP server of the programs with web frameworks: a fetch handler for both revisions of the protocol, for several users. It keeps
 * nothing in memory between two requests, so that any process answers any request.
 *
 * Tasks are kept where the environment variable `TASKS_URL` says, in the SQLite file `tasks.db` by default. Clients send
 * `Authorization: Bearer NAME`, and reach the tasks of NAME. A real server verifies a token there.
 */
import {
  type AuthInfo,
  createMcpHandler,
  isLegacyRequest,
  localhostAllowedOrigins,
  type McpHandlerRequestOptions,
  McpServer,
  originValidationResponse,
  requireBearerAuth
} from "@modelcontextprotocol/server"
import { openSdkTasks } from "mcp-task-storage/sdk"
import { TasksExtension } from "mcp-task-storage/sdk-v2"
import { statelessSdkV1 } from "./statelessSdkV1.ts"
import { publish, report } from "./tools.ts"

/** How many bytes a request may have. */
export const maxBytes = 1_000_000

/** How long, in milliseconds, a dead process keeps its tasks from others. */
const lease = Number(process.env["TASKS_LEASE"] ?? 30_000)

const owner = (authInfo: AuthInfo | undefined) => authInfo?.clientId

/** Takes any name for a token of that user, for an hour. */
const authenticate = requireBearerAuth({
  verifier: {
    verifyAccessToken: async (token) => ({
      token,
      clientId: token,
      scopes: [],
      expiresAt: Date.now() / 1000 + 3600
    })
  }
})

export interface Reports {
  readonly fetch: (request: Request, options?: McpHandlerRequestOptions) => Promise<Response>
  /** Tells whether this process takes requests and reaches its storage. */
  readonly isHealthy: () => Promise<boolean>
  readonly close: () => Promise<void>
}

/** Opens the storage, and runs the tasks of this process until it is closed. */
export const openReports = async (): Promise<Reports> => {
  const tasksV1 = await openSdkTasks(process.env["TASKS_URL"] ?? "sqlite:tasks.db", {
    owner,
    pollInterval: 200,
    lease,
    recovery: { interval: lease / 3 },
    // Another process writes a report anew, so it does not pay to wait for long.
    shutdownTimeout: "1 second"
  })
  const { runner } = tasksV1
  const tasksV2 = new TasksExtension({ runner, owner, pollInterval: 200, limits: { requestBytes: maxBytes } })
  tasksV2.registerTool("report", report.config, report.run)
  tasksV2.registerTool("publish", publish.config, publish.run)
  const revision20260728 = tasksV2.listen(createMcpHandler(() => {
    const server = new McpServer({ name: "reports", version: "1.0.0" })
    tasksV2.attach(server)
    return server
  }, { legacy: "reject" }))
  const revision20251125 = statelessSdkV1(tasksV1)

  let isClosing = false
  return {
    fetch: async (request, { parsedBody } = {}) => {
      if (isClosing) return new Response("Ask another process", { status: 503, headers: { "retry-after": "1" } })
      // What a browser sends from a page of somebody else's is refused.
      const refusal = originValidationResponse(request, localhostAllowedOrigins())
      if (refusal !== undefined) return refusal
      const authInfo = await authenticate(request)
      if (authInfo instanceof Response) return authInfo
      const isLegacy = await isLegacyRequest(request, parsedBody, { maxRequestBodySize: maxBytes })
      return (isLegacy ? revision20251125 : revision20260728.fetch)(request, { authInfo, parsedBody })
    },
    isHealthy: async () => !isClosing && await runner.storage.getTask("none").then(() => true, () => false),
    close: async () => {
      isClosing = true
      await revision20260728.close()
      // What is still at work has its time to end; the rest is for another process.
      await tasksV1.close()
    }
  }
}
