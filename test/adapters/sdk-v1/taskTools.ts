/** Tools that run as tasks, on any server. */
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { McpError, UrlElicitationRequiredError } from "@modelcontextprotocol/sdk/types.js"
import { registerTaskTool, TaskFailure } from "mcp-task-storage/sdk"
import * as z from "zod"

const text = (value: string) => ({ content: [{ type: "text" as const, text: value }] })

/** What the tools saw of their work. */
export interface Seen {
  readonly begun: Array<string>
  readonly stopped: Array<string>
}

const detail = { detail: z.string().default("") }
const pollInterval = 20

export const registerTaskTools = (server: McpServer, seen: Seen): void => {
  registerTaskTool(server, "report", {
    title: "Report",
    description: "Reads a city's weather",
    taskSupport: "required",
    inputSchema: { days: z.string().transform(Number) },
    pollInterval
  }, async ({ days }, { progress }) => {
    await progress(`Reading ${days} days`)
    await new Promise((resolve) => setTimeout(resolve, 60))
    return text(String(days + 1))
  })

  registerTaskTool(server, "plain", { pollInterval, ttl: 70_000 }, (args) => text(JSON.stringify(args)))

  registerTaskTool(
    server,
    "measure",
    { pollInterval, inputSchema: detail, outputSchema: { celsius: z.number() } },
    ({ detail }) => ({ ...text(detail), structuredContent: { celsius: detail === "" ? 7 : detail } })
  )

  registerTaskTool(server, "whole", { pollInterval, inputSchema: z.object({ a: z.number() }) }, ({ a }) => text(`${a}`))

  registerTaskTool(server, "sleep", { pollInterval, inputSchema: detail }, async ({ detail }, { signal, taskId }) => {
    seen.begun.push(taskId)
    await new Promise((resolve) => signal.addEventListener("abort", resolve))
    seen.stopped.push(taskId)
    return text(detail)
  })

  registerTaskTool(server, "throw", { pollInterval, inputSchema: detail }, ({ detail }) => {
    if (detail === "failure") throw new TaskFailure({ code: -32042, message: "No such city", data: { city: "Ur" } })
    if (detail === "mcp") throw new McpError(-32043, "No such country", { country: "Ur" })
    if (detail === "url") {
      throw new UrlElicitationRequiredError([
        { mode: "url", elicitationId: "1", message: "Sign in", url: "https://example.com/sign-in" }
      ])
    }
    if (detail === "nothing") return Reflect.get({}, "nothing")
    if (detail === "odd") return { content: [Reflect.get({ block: { type: "smell" } }, "block")] }
    if (detail === "string") throw "just so"
    if (detail === "result") return { ...text("no paper"), isError: true }
    throw new Error("password=secret")
  })

  registerTaskTool(server, "count", { pollInterval }, async (_, { progress }) => {
    for (let step = 1; step <= 50; step++) await progress(`step ${step}`, { progress: step, total: 50 })
    return text("counted")
  })

  registerTaskTool(
    server,
    "large",
    { pollInterval, inputSchema: { size: z.number() } },
    ({ size }) => text("x".repeat(size))
  )

  registerTaskTool(
    server,
    "ask",
    { pollInterval, inputSchema: detail },
    async ({ detail }, { elicit }) => {
      const requestedSchema = { type: "object", properties: { name: { type: "string" } } }
      const first = await elicit("first", { message: `${detail} first?`, requestedSchema })
      const second = await elicit("second", { message: `${detail} second?`, requestedSchema })
      return text(JSON.stringify([first.action, first.content, second.action]))
    }
  )

  registerTaskTool(server, "suspend", { pollInterval }, async (_, { suspend }) => {
    const params = { message: "Who?", requestedSchema: { type: "object", properties: { name: { type: "string" } } } }
    return text(JSON.stringify(await suspend({ who: { method: "elicitation/create", params } })))
  })

  registerTaskTool(
    server,
    "sample",
    { pollInterval },
    async (_, { sample }) => text(JSON.stringify(await sample("model", { messages: [], maxTokens: 5 })))
  )

  registerTaskTool(
    server,
    "who",
    { pollInterval },
    (_, { principal, sessionId }) => text(JSON.stringify([principal, sessionId ?? null]))
  )

  registerTaskTool(
    server,
    "again",
    { pollInterval, annotations: { idempotentHint: true } },
    async (_, { attempt, taskId }) => {
      seen.begun.push(taskId)
      return attempt === 1 ? new Promise(() => {}) : text(`attempt ${attempt}`)
    }
  )

  registerTaskTool(
    server,
    "once",
    { pollInterval },
    (_, { taskId }) => {
      seen.begun.push(taskId)
      return new Promise(() => {})
    }
  )
}
