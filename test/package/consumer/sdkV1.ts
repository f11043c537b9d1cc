/** A server on version 1 of the official SDK. */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { openSdkTasks, registerTaskTool } from "mcp-task-storage/sdk"
import * as z from "zod"

const tasks = await openSdkTasks("sqlite:tasks.db", { owner: (authInfo) => authInfo?.clientId })

const server = new McpServer({ name: "reports", version: "1.0.0" }, {
  capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
  taskStore: tasks.taskStore,
  taskMessageQueue: tasks.taskMessageQueue
})

registerTaskTool(server, "report", { inputSchema: { title: z.string() } }, async ({ title }, { progress }) => {
  // @ts-expect-error: It is a text.
  title.toFixed()
  await progress("Reading")
  return { content: [{ type: "text", text: title.toUpperCase() }] }
})
