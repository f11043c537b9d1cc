/**
 * A stdio MCP server on version 1 of the official SDK whose tools run as tasks that survive a crash.
 *
 * `report` takes as long as it is told to, `publish` asks a person and waits for the answer without a worker, and `upload`
 * fails. Tasks are kept where the environment variable `TASKS_URL` says, in the SQLite file `tasks.db` by default. Stdout
 * belongs to the protocol, so everything else goes to stderr.
 */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js"
import { openSdkTasks, registerTaskTool } from "mcp-task-storage/sdk"
import { setTimeout as sleep } from "node:timers/promises"
import * as z from "zod"

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

const pages = 10

registerTaskTool(server, "report", {
  description: "Writes a report, which takes a while",
  inputSchema: { title: z.string(), seconds: z.number().min(0).max(3600) }
}, async ({ seconds, title }, { progress, signal, taskId }) => {
  signal.addEventListener("abort", () => console.error(`Stopped working on task ${taskId}`))
  for (let page = 1; page <= pages; page++) {
    await sleep((seconds * 1000) / pages, undefined, { signal })
    await progress(`${page} of ${pages} pages`)
  }
  const text = `${title}: ${pages} pages, finished at ${new Date().toISOString()}`
  return { content: [{ type: "text", text }] }
})

const Agreement = z.object({ action: z.literal("accept"), content: z.object({ agree: z.literal(true) }) })

registerTaskTool(server, "publish", {
  description: "Publishes a report, once a person has agreed",
  inputSchema: { title: z.string() }
}, async ({ title }, { step, suspend }) => {
  // The tool begins anew when the answer is there, in whichever process; what is in a step is not done again.
  const draft = await step("draft", () => `${title}, drafted at ${new Date().toISOString()}`)
  const { agree } = await suspend({
    agree: {
      method: "elicitation/create",
      params: {
        mode: "form",
        message: `Publish "${draft}"?`,
        requestedSchema: { type: "object", properties: { agree: { type: "boolean" } }, required: ["agree"] }
      }
    }
  })
  const text = Agreement.safeParse(agree).success ? `Published: ${draft}` : "Not published"
  return { content: [{ type: "text", text }] }
})

registerTaskTool(server, "upload", {
  description: "Uploads a report to a disk that is full",
  inputSchema: { title: z.string() }
}, async ({ title }, { signal }) => {
  await sleep(1000, undefined, { signal })
  return { content: [{ type: "text", text: `No space left for ${title}` }], isError: true }
})

server.server.onclose = () => {
  tasks.close().then(() => process.exit(0), () => process.exit(1))
}
process.stdin.once("end", () => server.close())

await server.connect(new StdioServerTransport())
console.error(`Serving tasks from ${tasks.storage.backendName}`)
