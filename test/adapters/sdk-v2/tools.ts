/**
 * Tools that tests call.
 */
import { TaskFailure, type TasksExtension } from "mcp-task-storage/sdk-v2"
import { setTimeout as sleep } from "node:timers/promises"
import * as z from "zod"

const say = (text: string) => ({ content: [{ type: "text" as const, text }] })

const form = {
  type: "object",
  properties: { confirm: { type: "boolean" } },
  required: ["confirm"]
}

/** Registers the tools; gives the record of what they did, in order. */
export const registerTools = (tasks: TasksExtension): Array<string> => {
  const log: Array<string> = []

  tasks.registerTool("add", {
    description: "Adds two numbers",
    inputSchema: z.object({ a: z.number(), b: z.number() }),
    outputSchema: z.object({ sum: z.number() })
  }, async ({ a, b }, { progress }) => {
    await progress("adding")
    return { content: [{ type: "text", text: String(a + b) }], structuredContent: { sum: a + b } }
  })

  tasks.registerTool(
    "wait",
    { inputSchema: z.object({ seconds: z.number() }), taskSupport: "required" },
    async ({ seconds }, { signal }) => {
      log.push("wait began")
      signal.addEventListener("abort", () => log.push("wait aborted"))
      await sleep(seconds * 1000, undefined, { signal })
      return say("waited")
    }
  )

  tasks.registerTool("failing", { inputSchema: z.object({}) }, () => ({ ...say("it did not work"), isError: true }))

  tasks.registerTool("refusing", { inputSchema: z.object({}) }, () => {
    throw new TaskFailure({ code: -32050, message: "Refused", data: { reason: "rules" } })
  })

  tasks.registerTool("throwing", { inputSchema: z.object({}) }, () => {
    throw new Error("secret: password=hunter2")
  })

  tasks.registerTool("lying", {
    inputSchema: z.object({}),
    outputSchema: z.object({ sum: z.number() })
  }, () => ({ content: [], structuredContent: { secret: "no sum" } }))

  tasks.registerTool("confirm", { inputSchema: z.object({ file: z.string() }) }, async ({ file }, { elicit }) => {
    const answer = await elicit("confirm", { message: `Delete ${file}?`, requestedSchema: form })
    return say(`${answer.action} ${JSON.stringify(answer.content ?? {})}`)
  })

  tasks.registerTool("suspending", { inputSchema: z.object({}) }, async (_, { attempt, step, suspend }) => {
    const price = await step("price", () => {
      log.push("priced")
      return 42
    })
    const answers = await suspend({
      one: { method: "elicitation/create", params: { mode: "form", message: `Pay ${price}?`, requestedSchema: form } },
      two: { method: "elicitation/create", params: { mode: "form", message: "Really?", requestedSchema: form } }
    })
    return say(`attempt ${attempt}, price ${price}: ${JSON.stringify(answers)}`)
  })

  tasks.registerTool(
    "whoami",
    { inputSchema: z.object({}) },
    (_, { principal, taskId }) => say(JSON.stringify({ principal, taskId }))
  )

  return log
}
