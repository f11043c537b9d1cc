/** A server on standard input and output whose tools ask, for the test that runs it; `close` says what it does at the end. */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js"
import { openSdkTasks, registerTaskTool } from "mcp-task-storage/sdk"

const [, , url = "memory:", close] = process.argv
const tasks = await openSdkTasks(url, { shutdownTimeout: 500 })
const server = new McpServer({ name: "stdio", version: "1" }, {
  capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
  taskStore: tasks.taskStore,
  taskMessageQueue: tasks.taskMessageQueue
})
registerTaskTool(server, "ask", {}, async (_, { elicit }) => {
  const { action } = await elicit("who", { message: "Who?", requestedSchema: { type: "object", properties: {} } })
  return { content: [{ type: "text", text: action }] }
})
if (close === "close") process.stdin.once("end", () => tasks.close())
await server.connect(new StdioServerTransport())
