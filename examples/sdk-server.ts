/**
 * A stdio MCP server on version 1 of the official SDK whose tools run as tasks that survive a crash.
 *
 * Tasks are kept where the environment variable `TASKS_URL` says, in the SQLite file `tasks.db` by default. Stdout belongs to
 * the protocol, so everything else goes to stderr.
 */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js"
import { openSdkTasks } from "mcp-task-storage/sdk"
import { registerReportTools } from "./sdk-v1-tools.ts"

/** How long, in milliseconds, a dead process keeps its tasks from those that come after it. */
const lease = Number(process.env["TASKS_LEASE"] ?? 30_000)

const tasks = await openSdkTasks(process.env["TASKS_URL"] ?? "sqlite:tasks.db", {
  pollInterval: 200,
  lease,
  recovery: { interval: lease / 3 },
  // The one client has gone, and nobody waits for what is still at work.
  shutdownTimeout: 0
})

const server = new McpServer(
  { name: "reports", version: "1.0.0" },
  {
    capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
    taskStore: tasks.taskStore,
    taskMessageQueue: tasks.taskMessageQueue
  }
)
registerReportTools(server)

server.server.onclose = () => {
  tasks.close().then(() => process.exit(0), () => process.exit(1))
}
process.stdin.once("end", () => server.close())

await server.connect(new StdioServerTransport())
console.error(`Serving tasks from ${tasks.storage.backendName}`)
