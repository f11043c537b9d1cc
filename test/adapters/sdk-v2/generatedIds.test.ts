/**
 * Calls on a storage that a layer made, with a generator of ids of its own: the generator names whatever becomes a task, and a call under
 * way stays one.
 */
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { openTaskStorage } from "mcp-task-storage/promise"
import { anonymous, TasksExtension, type TasksExtensionOptions } from "mcp-task-storage/sdk-v2"
import { setTimeout as sleep } from "node:timers/promises"
import { expect, onTestFinished, test } from "vitest"
import * as z from "zod"
import { RawClient } from "./RawClient.ts"
import { serve } from "./serve.ts"

const tasks = { extensions: { "io.modelcontextprotocol/tasks": {} } }

const start = async (options: Pick<TasksExtensionOptions, "taskAfter">, capabilities: Record<string, unknown>) => {
  let count = 0
  const storage = await openTaskStorage({ layer: MemoryTaskStorage.layer() }, { generateId: () => `mine-${++count}` })
  onTestFinished(() => storage.close())
  const extension = new TasksExtension({ storage, owner: anonymous, shutdownTimeout: 0, ...options })
  extension.registerTool("slow", { inputSchema: z.object({}) }, async () => {
    await sleep(50)
    return { content: [] }
  })
  extension.registerTool("asking", { inputSchema: z.object({}) }, async (_, { elicit }) => {
    await elicit("name", { message: "Who?", requestedSchema: { type: "object", properties: {} } })
    return { content: [{ type: "text", text: "thanks" }] }
  })
  const { url } = await serve(extension)
  return { client: new RawClient({ url, token: "ann", capabilities }), storage }
}

test.each([
  ["is a task from the start", {}],
  ["goes on as a task", { taskAfter: 1 }]
])("a call that %s", async (_, options) => {
  const { client } = await start(options, tasks)
  expect((await client.call("slow")).result).toMatchObject({ resultType: "task", taskId: "mine-1" })
})

test("a call that asks, while its kind is paused", async () => {
  const { client, storage } = await start({}, { elicitation: {} })
  await storage.pauseTasks({ method: "tools/call", name: "asking" })
  const asked = await client.call("asking")
  expect(asked.result).toMatchObject({ resultType: "input_required" })
  expect(await storage.listTasks()).toMatchObject({ tasks: [{ taskId: "mine-1" }] })
  const answers = {
    requestState: String(asked.result?.["requestState"]),
    inputResponses: { name: { action: "accept" } }
  }
  expect((await client.call("asking", {}, answers)).result).toMatchObject({ content: [{ text: "thanks" }] })
})
