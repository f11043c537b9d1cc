/**
 * The extension on a connection that lasts: the SDK's stdio entry, over a transport in memory and in a process of its own.
 */
import { InMemoryTransport, type JSONRPCMessage, McpServer } from "@modelcontextprotocol/server"
import { serveStdio } from "@modelcontextprotocol/server/stdio"
import { TasksExtension } from "mcp-task-storage/sdk-v2"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
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

const envelope = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "raw", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": capable
}
const call = { name: "confirm", arguments: { file: "a" } }

test.each<[string, ReadonlyArray<object>, RegExp]>([
  ["of a task", [{ id: 1, method: "tools/call", params: { ...call, _meta: envelope } }], /"resultType":"task"/],
  ["of a plain call", [
    {
      id: 1,
      method: "tools/call",
      params: { ...call, _meta: { ...envelope, "io.modelcontextprotocol/clientCapabilities": { elicitation: {} } } }
    }
  ], /"resultType":"input_required"/],
  ["of a plain call of 2025-11-25", [
    {
      id: 1,
      method: "initialize",
      params: {
        protocolVersion: "2025-11-25",
        clientInfo: { name: "raw", version: "1" },
        capabilities: { elicitation: {} }
      }
    },
    { method: "notifications/initialized" },
    { id: 2, method: "tools/call", params: call }
  ], /"method":"elicitation\/create"/]
])("a process whose input ends while a question %s is open ends too", async (_, messages, asked) => {
  const folder = mkdtempSync(join(tmpdir(), "stdio-"))
  const script = fileURLToPath(new URL("stdioServer.ts", import.meta.url))
  const child = spawn(process.execPath, [
    "--conditions=mcp-task-storage-source",
    script,
    join(folder, "tasks.db")
  ], { stdio: ["pipe", "pipe", "inherit"] })
  onTestFinished(() => {
    child.kill("SIGKILL")
    rmSync(folder, { recursive: true, force: true })
  })
  for (const message of messages) child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
  for await (const line of createInterface({ input: child.stdout })) if (asked.test(line)) break
  // The task asks soon after its creation was answered.
  await sleep(300)
  const began = performance.now()
  const ended = once(child, "exit")
  child.stdin.end()
  expect(await ended).toStrictEqual([0, null])
  // Half a second is for the work to end.
  expect(performance.now() - began).toBeLessThan(8_000)
})
