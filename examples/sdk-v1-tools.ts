/**
 * The tools of the example servers on version 1 of the official SDK: `report` takes as long as it is told to, `publish` asks a
 * person and waits for the answer without a worker, for weeks if need be, and `upload` fails.
 */
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { registerTaskTool } from "mcp-task-storage/sdk"
import { setTimeout as sleep } from "node:timers/promises"
import * as z from "zod"

const pages = 10

const Agreement = z.object({ action: z.literal("accept"), content: z.object({ agree: z.literal(true) }) })

/** Registers the tools on a server that was made with the stores of `openSdkTasks`. */
export const registerReportTools = (server: McpServer): void => {
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

  registerTaskTool(server, "publish", {
    description: "Publishes a report, once a person has agreed",
    inputSchema: { title: z.string() },
    taskSupport: "required",
    // A person may take weeks to agree; without it the task would live for a day.
    ttl: "30 days"
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
}
