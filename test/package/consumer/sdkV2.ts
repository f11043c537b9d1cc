/** A server on version 2 of the official SDK. */
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server"
import { TasksExtension } from "mcp-task-storage/sdk-v2"
import * as z from "zod"

const tasks = new TasksExtension({ storage: "sqlite:tasks.db", owner: (authInfo) => authInfo?.clientId })

tasks.registerTool("report", { inputSchema: z.object({ title: z.string() }) }, async ({ title }, { progress }) => {
  // @ts-expect-error: It is a text.
  title.toFixed()
  await progress("Reading")
  return { content: [{ type: "text", text: title.toUpperCase() }] }
})

export const handler = tasks.listen(createMcpHandler(() => {
  const server = new McpServer({ name: "reports", version: "1.0.0" })
  tasks.attach(server)
  return server
}))
