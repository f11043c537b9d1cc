/**
 * A stdio MCP server on the official SDK whose tasks survive a crash.
 *
 * Its one tool, `report`, runs as a task and takes as long as it is told to. The tasks are kept where the environment
 * variable `TASKS_URL` says, in the SQLite file `tasks.db` by default. Stdout belongs to the protocol, so everything
 * else goes to stderr.
 */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js"
import type { RequestTaskStore } from "@modelcontextprotocol/sdk/shared/protocol.js"
import { CallToolResultSchema } from "@modelcontextprotocol/sdk/types.js"
import { openSdkTaskStore } from "mcp-task-storage/sdk"
import { setTimeout as sleep } from "node:timers/promises"
import * as z from "zod"

const stores = await openSdkTaskStore(process.env["TASKS_URL"] ?? "sqlite:tasks.db")

// Whatever is unfinished now was left by a predecessor that died: a stdio server has one client and is alone on its
// file, so nobody works on those tasks any more, however short ago they were touched. Where several instances share a
// storage this would fail the healthy tasks of the others; there, let tasks be touched regularly and pass a `maxAge` of
// several such intervals, from a timer instead of at the start.
const interrupted = await stores.storage.recoverStuckTasks(0)
if (interrupted.length > 0) console.error(`Failed ${interrupted.length} tasks that were interrupted`)

const server = new McpServer(
  { name: "reports", version: "1.0.0" },
  {
    capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
    taskStore: stores.taskStore,
    taskMessageQueue: stores.taskMessageQueue
  }
)

interface Report {
  readonly title: string
  readonly seconds: number
}

const pages = 10

/** Writes a report page by page, and stops at once when its task ends otherwise: by a cancellation, or its ttl. */
const writeReport = async (taskId: string, { seconds, title }: Report, tasks: RequestTaskStore): Promise<void> => {
  const ended = new AbortController()
  const stop = () => ended.abort()
  stores.storage.awaitTask(taskId).then(stop, stop)
  for (let page = 1; page <= pages; page++) {
    await sleep((seconds * 1000) / pages, undefined, { signal: ended.signal })
    await tasks.updateTaskStatus(taskId, "working", `${page} of ${pages} pages`)
  }
  const text = `${title}: ${pages} pages, finished at ${new Date().toISOString()}`
  await tasks.storeTaskResult(taskId, "completed", { content: [{ type: "text", text }] })
}

server.experimental.tasks.registerToolTask(
  "report",
  {
    description: "Writes a report, which takes a while",
    inputSchema: { title: z.string(), seconds: z.number().min(0).max(3600) }
  },
  {
    createTask: async (report, { taskRequestedTtl, taskStore }) => {
      const task = await taskStore.createTask({
        pollInterval: 200,
        ...(taskRequestedTtl === undefined ? {} : { ttl: taskRequestedTtl })
      })
      writeReport(task.taskId, report, taskStore).catch((error: unknown) => {
        console.error(`Stopped working on task ${task.taskId}: ${error instanceof Error ? error.message : error}`)
      })
      return { task }
    },
    // The SDK asks for these two and answers from the store without calling them.
    getTask: (_report, { taskId, taskStore }) => taskStore.getTask(taskId),
    getTaskResult: async (_report, { taskId, taskStore }) =>
      CallToolResultSchema.parse(await taskStore.getTaskResult(taskId))
  }
)

server.server.onclose = () => {
  stores.close().then(() => process.exit(0), () => process.exit(1))
}
process.stdin.once("end", () => server.close())

await server.connect(new StdioServerTransport())
console.error(`Serving tasks from ${stores.storage.backendName}`)
