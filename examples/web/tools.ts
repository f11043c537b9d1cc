/**
 * The tools of the servers with web frameworks, once for both versions of the official SDK: `report` takes as long as it is told to,
 * and `publish` asks a person and waits for the answer without a worker, for weeks if need be.
 */
import type { PromiseTaskContext } from "mcp-task-storage/promise"
import { setTimeout as sleep } from "node:timers/promises"
import * as z from "zod"

const pages = 10

const textResult = (text: string) => ({ content: [{ type: "text" as const, text }] })

const Report = z.object({ title: z.string(), seconds: z.number().min(0).max(3600) })

export const report = {
  config: {
    description: "Writes a report, which takes a while",
    inputSchema: Report,
    // If its process dies, another one writes the report anew.
    annotations: { idempotentHint: true }
  },
  run: async ({ seconds, title }: z.infer<typeof Report>, { progress, signal }: PromiseTaskContext) => {
    for (let page = 1; page <= pages; page++) {
      await sleep((seconds * 1000) / pages, undefined, { signal })
      await progress(`${page} of ${pages} pages`)
    }
    return textResult(`${title}: ${pages} pages, written by process ${process.pid}`)
  }
}

const Publish = z.object({ title: z.string() })
const Agreement = z.object({ action: z.literal("accept"), content: z.object({ agree: z.literal(true) }) })

export const publish = {
  config: {
    description: "Publishes a report, once a person has agreed",
    inputSchema: Publish,
    taskSupport: "required" as const,
    // A person may take weeks to agree; without it the task would live for a day.
    ttl: "30 days" as const
  },
  run: async ({ title }: z.infer<typeof Publish>, { suspend }: PromiseTaskContext) => {
    const { agree } = await suspend({
      agree: {
        method: "elicitation/create",
        params: {
          mode: "form",
          message: `Publish "${title}"?`,
          requestedSchema: { type: "object", properties: { agree: { type: "boolean" } }, required: ["agree"] }
        }
      }
    })
    return textResult(Agreement.safeParse(agree).success ? `Published: ${title}` : "Not published")
  }
}
