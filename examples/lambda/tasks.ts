/**
 * The tools and the tasks, which both functions share.
 *
 * The server function only stores a call and sends its id to the queue. The worker function runs it. So each of them has a
 * runner with `dispatch`, which begins nothing by itself and has no timers: Lambda freezes a process between two requests.
 */
import { openTaskRunner } from "mcp-task-storage/promise"
import { TasksExtension } from "mcp-task-storage/sdk-v2"
import { setTimeout as sleep } from "node:timers/promises"
import * as z from "zod"
import { send } from "./queue.ts"

const runner = await openTaskRunner(process.env["TASKS_URL"] ?? "dynamodb://mcp-tasks", {
  dispatch: send,
  maintenance: false,
  dynamodb: {
    // In AWS the table is made with the functions, and a cold start does not look at it.
    schema: process.env["AWS_LAMBDA_FUNCTION_NAME"] === undefined ? "migrate" : "trust",
    shards: 8
  }
})

const tasks = new TasksExtension({ runner, owner: (authInfo) => authInfo?.clientId, pollInterval: "2 seconds" })

tasks.registerTool("report", {
  description: "Writes a report, page by page",
  inputSchema: z.object({ title: z.string(), pages: z.number().int().min(1).max(100) }),
  taskSupport: "required",
  // An invocation may end in the middle. The next one begins anew, and finds the pages that are done.
  annotations: { idempotentHint: true }
}, async ({ pages, title }, { progress, signal, step }) => {
  const written: Array<string> = []
  for (let page = 1; page <= pages; page++) {
    written.push(
      await step(`page-${page}`, async () => {
        await sleep(100, undefined, { signal })
        return `${title}, page ${page}`
      })
    )
    await progress(`${page} of ${pages} pages`)
  }
  return { content: [{ type: "text", text: written.join("\n") }] }
})

tasks.registerTool("publish", {
  description: "Publishes a report, once a person has agreed",
  inputSchema: z.object({ title: z.string() }),
  taskSupport: "required",
  annotations: { idempotentHint: true },
  // A person may take weeks to agree. No function runs meanwhile.
  ttl: "30 days"
}, async ({ title }, { step, suspend }) => {
  const draft = await step("draft", () => `${title}, drafted at ${new Date().toISOString()}`)
  const { agree } = await suspend({
    agree: {
      method: "elicitation/create",
      params: { mode: "form", message: `Publish "${draft}"?`, requestedSchema: { type: "object", properties: {} } }
    }
  })
  const isAgreed = z.object({ action: z.literal("accept") }).safeParse(agree).success
  return { content: [{ type: "text", text: isAgreed ? `Published: ${draft}` : "Not published" }] }
})

await tasks.ready()

export { runner, tasks }
