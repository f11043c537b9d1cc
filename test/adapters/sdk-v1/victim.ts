/** A server process that begins tasks on the storage it is given, tells their ids, and waits to be killed. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { CreateTaskResultSchema } from "@modelcontextprotocol/sdk/types.js"
import { openSdkTasks } from "mcp-task-storage/sdk"
import { registerTaskTools, type Seen } from "./taskTools.ts"

const [, , url = "", ...names] = process.argv
const { storage, taskMessageQueue, taskStore } = await openSdkTasks(url, { lease: 300 })
const server = new McpServer({ name: "victim", version: "1" }, {
  capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
  taskStore,
  taskMessageQueue
})
const seen: Seen = { begun: [], stopped: [] }
registerTaskTools(server, seen)
const client = new Client({ name: "client", version: "1" }, { capabilities: { elicitation: {} } })
const [clientSide, serverSide] = InMemoryTransport.createLinkedPair()
await server.connect(serverSide)
await client.connect(clientSide)
for (const name of names) {
  const { task } = await client.request(
    { method: "tools/call", params: { name, arguments: {} } },
    CreateTaskResultSchema,
    { task: {} }
  )
  const isUnderWay = async () =>
    seen.begun.includes(task.taskId) || (await storage.getTaskSummary(task.taskId))?.status === "input_required"
  while (!(await isUnderWay())) await new Promise((resolve) => setTimeout(resolve, 5))
  console.log(task.taskId)
}
setInterval(() => {}, 1000)
