/**
 * The JSON schema of a tool's arguments, which a server reads before each call of the tool.
 */
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server"
import { anonymous, TasksExtension } from "mcp-task-storage/sdk-v2"
import { expect, onTestFinished, test } from "vitest"
import * as z from "zod"
import { toolCall } from "../../support/toolCall.ts"

const standard = z.object({ region: z.string().meta({ "x-mcp-header": "Region" }) })["~standard"]

/** Serves a tool with a server for each request, and gives what calls it, and how often its schema was made into JSON. */
const serveTool = () => {
  let made = 0
  const input: typeof standard.jsonSchema.input = (options) => {
    made++
    return standard.jsonSchema.input(options)
  }
  const inputSchema = { "~standard": { ...standard, jsonSchema: { ...standard.jsonSchema, input } } }
  const tasks = new TasksExtension({ storage: "memory:", owner: anonymous, taskAfter: "1 minute" })
  onTestFinished(() => tasks.close())
  tasks.registerTool("tool", { inputSchema }, ({ region }) => ({ content: [{ type: "text", text: region }] }))
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: "test", version: "1" })
    tasks.attach(server)
    return server
  })
  const call = async (header: Record<string, string>): Promise<unknown> => {
    const response = await handler.fetch(toolCall("tool", { region: "north" }, { headers: header }))
    return response.json()
  }
  return { call, made: () => made }
}

const north = { "mcp-param-region": "north" }

test("is made twice at most, however many servers there are", async () => {
  const { call, made } = serveTool()
  for (let calls = 0; calls < 5; calls++) {
    expect(await call(north)).toMatchObject({ result: { content: [{ text: "north" }] } })
  }
  expect(made()).toBeLessThanOrEqual(2)
})

test("is what headers are compared with, in each call", async () => {
  const { call } = serveTool()
  for (let calls = 0; calls < 5; calls++) {
    expect(await call({ "mcp-param-region": "south" })).toMatchObject({ error: { code: -32020 } })
  }
})
