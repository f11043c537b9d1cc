/**
 * The tools that the official conformance suite calls in its tasks scenarios.
 */
import { acceptedContent, inputRequired } from "@modelcontextprotocol/server"
import { TaskFailure, type TasksExtension } from "mcp-task-storage/sdk-v2"
import { setTimeout as sleep } from "node:timers/promises"
import * as z from "zod"

const say = (text: string) => ({ content: [{ type: "text" as const, text }] })

const question = (message: string, name = "confirm", type = "boolean") => ({
  mode: "form" as const,
  message,
  requestedSchema: { type: "object" as const, properties: { [name]: { type } }, required: [name] }
})

const nothing = z.object({})

export const greetInput = z.object({ name: z.string() })

export const registerConformanceTools = (tasks: TasksExtension): void => {
  tasks.registerTool("slow_compute", {
    inputSchema: z.object({ seconds: z.number(), label: z.string().optional() })
  }, async ({ label, seconds }, { progress, signal }) => {
    await progress(`Computing for ${seconds} seconds`)
    await sleep(seconds * 1000, undefined, { signal })
    return say(`Computed ${label ?? "something"}`)
  })

  tasks.registerTool("failing_job", { inputSchema: nothing, taskSupport: "required" }, async (_, { signal }) => {
    await sleep(1000, undefined, { signal })
    return { ...say("The job failed"), isError: true }
  })

  tasks.registerTool("protocol_error_job", { inputSchema: nothing, taskSupport: "required" }, () => {
    throw new TaskFailure({ code: -32603, message: "The job broke" })
  })

  tasks.registerTool("confirm_delete", {
    inputSchema: z.object({ filename: z.string() }),
    taskSupport: "required"
  }, async ({ filename }, { elicit }) => {
    const { action } = await elicit("confirm", question(`Delete ${filename}?`))
    return say(action === "accept" ? `Deleted ${filename}` : `Kept ${filename}`)
  })

  tasks.registerTool("multi_input", { inputSchema: nothing, taskSupport: "required" }, async (_, { request }) => {
    const answers = await request({
      first: { method: "elicitation/create", params: question("First?") },
      second: { method: "elicitation/create", params: question("Second?") }
    })
    return say(JSON.stringify(answers))
  })

  tasks.registerTool("test_tool_with_task", {
    inputSchema: nothing,
    taskSupport: "required",
    prepare: (_, { mcpReq }) =>
      acceptedContent(mcpReq.inputResponses, "user_name") === undefined
        ? inputRequired({
          inputRequests: {
            user_name: inputRequired.elicit({
              message: "What is your name?",
              requestedSchema: { type: "object", properties: { name: { type: "string" } }, required: ["name"] }
            })
          },
          requestState: "asked"
        })
        : undefined
  }, (_, { answers }) => say(`Hello ${JSON.stringify(answers["user_name"])}`))
}
