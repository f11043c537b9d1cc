/** A server over stdio, in a process of its own. Its one argument is the SQLite file. */
import { McpServer } from "@modelcontextprotocol/server"
import { serveStdio } from "@modelcontextprotocol/server/stdio"
import { anonymous, TasksExtension } from "mcp-task-storage/sdk-v2"
import { registerTools } from "./tools.ts"

const tasks = new TasksExtension({ storage: `sqlite:${process.argv[2]}`, owner: anonymous, shutdownTimeout: 500 })
registerTools(tasks)
serveStdio(() => {
  const server = new McpServer({ name: "test", version: "1" })
  tasks.attach(server)
  return server
})
