/**
 * The extension on a connection that lasts: the SDK's stdio entry, over a transport in memory.
 */
import { InMemoryTransport, type JSONRPCMessage, McpServer } from "@modelcontextprotocol/server"
import { serveStdio } from "@modelcontextprotocol/server/stdio"
import { TasksExtension } from "mcp-task-storage/sdk-v2"
import { setTimeout as sleep } from "node:timers/promises"
import { expect, onTestFinished, test } from "vitest"
import { capable } from "./RawClient.ts"
import { registerTools } from "./tools.ts"

test("tasks over stdio, with one server for the whole connection", async () => {
  const tasks = new TasksExtension({ storage: "memory:", owner: () => "whoever started the process" })
  registerTools(tasks)
  const [here, there] = InMemoryTransport.createLinkedPair()
  const served = serveStdio(() => {
    const server = new McpServer({ name: "test", version: "1" })
    tasks.attach(server)
    return server
  }, { transport: there })
  onTestFinished(async () => {
    await served.close()
    await tasks.close()
  })
  const received: Array<JSONRPCMessage> = []
  here.onmessage = (message) => received.push(message)
  await here.start()
  let id = 0
  const send = async (
    method: string,
    params: Record<string, unknown>
  ): Promise<{ readonly [key: string]: unknown }> => {
    const _meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "raw", version: "1" },
      "io.modelcontextprotocol/clientCapabilities": capable
    }
    const sent = ++id
    await here.send({ jsonrpc: "2.0", id: sent, method, params: { _meta, ...params } })
    while (true) {
      const answer = received.find((message) => "id" in message && message.id === sent)
      if (answer !== undefined) return Object("result" in answer ? answer.result : answer)
      await sleep(5)
    }
  }
  const { taskId } = await send("tools/call", { name: "confirm", arguments: { file: "a" } })
  const until = async (status: string) => {
    while (true) {
      const task = await send("tasks/get", { taskId })
      if (task["status"] === status) return task
      await sleep(5)
    }
  }
  await until("input_required")
  await send("tasks/update", { taskId, inputResponses: { confirm: { action: "decline" } } })
  expect(await until("completed")).toMatchObject({ result: { content: [{ text: "decline {}" }] } })
})
