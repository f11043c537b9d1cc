/**
 * The official client of the Tasks extension, against an SDK v2 server.
 */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import {
  type ApplicationInputRequest,
  createTaskSessionFromClient,
  type RawClientDispatch,
  resultFromTaskOutcome,
  TaskCancelledError,
  TaskFailedError
} from "@modelcontextprotocol/ext-tasks/client"
import { toJsonValue } from "@modelcontextprotocol/ext-tasks/core"
import { anonymous, TasksExtension } from "mcp-task-storage/sdk-v2"
import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, onTestFinished, test } from "vitest"
import { RawClient } from "./RawClient.ts"
import { serve } from "./serve.ts"
import { registerTools } from "./tools.ts"

const params = (request: unknown): { readonly [key: string]: unknown } => Object(Object(request)["params"])

/** The wire codecs of the SDK's client refuse tasks, so the host of it sends what concerns them. */
const dispatchRaw = (url: string): RawClientDispatch => {
  const raw = new RawClient({ url })
  return async (request) => {
    const { error, result } = await raw.send(String(Object(request)["method"]), params(request))
    return error === undefined
      ? { kind: "result", result: toJsonValue(result) }
      : { kind: "error", error: { ...error, data: toJsonValue(error.data ?? null) } }
  }
}

const start = async (answer?: (request: ApplicationInputRequest) => unknown) => {
  const tasks = new TasksExtension({
    storage: "memory:",
    owner: anonymous,
    pollInterval: 20,
    shutdownTimeout: 0,
    onError: () => {}
  })
  const log = registerTools(tasks)
  const { url } = await serve(tasks)
  const clientInfo = { name: "ext-tasks", version: "1" }
  const client = new Client(clientInfo, { versionNegotiation: { mode: "auto" } })
  await client.connect(new StreamableHTTPClientTransport(new URL(url)))
  const asked: Array<unknown> = []
  const session = createTaskSessionFromClient(client, {
    endpointId: url,
    rawDispatch: dispatchRaw(url),
    v2RequestFraming: { protocolVersion: "2026-07-28", clientInfo, clientCapabilities: { elicitation: {} } },
    onInputRequest: async (request) => {
      asked.push(request)
      return Object(await answer?.(request))
    }
  })
  onTestFinished(async () => {
    await session.close()
    await client.close()
  })
  return { asked, client, log, session }
}

describe("the official client", () => {
  test("sees the extension, and gets the result of a task", async () => {
    const { client, session } = await start()
    expect(client.getServerCapabilities()).toMatchObject({ extensions: { "io.modelcontextprotocol/tasks": {} } })
    const execution = await session.callTool("add", { a: 20, b: 22 })
    expect(execution.kind).toBe("task")
    const { lastTask, outcome } = await execution.settle()
    expect(resultFromTaskOutcome(outcome)).toMatchObject({ structuredContent: { sum: 42 } })
    expect(lastTask).toMatchObject({ status: "completed", retentionMs: 86_400_000, suggestedPollIntervalMs: 20 })
  })

  test("gets the result of a failing tool", async () => {
    const { session } = await start()
    const { outcome } = await (await session.callTool("failing", {})).settle()
    expect(outcome).toMatchObject({ status: "completed", result: { isError: true } })
  })

  test("gets the JSON-RPC error of a task", async () => {
    const { session } = await start()
    const { outcome } = await (await session.callTool("refusing", {})).settle()
    expect(() => resultFromTaskOutcome(outcome)).toThrow(TaskFailedError)
    expect(outcome).toMatchObject({
      status: "failed",
      error: { code: -32050, message: "Refused", data: { reason: "rules" } }
    })
  })

  test("cancels", async () => {
    const { log, session } = await start()
    const execution = await session.callTool("wait", { seconds: 60 })
    while (!log.includes("wait began")) await sleep(5)
    await execution.cancel()
    const { outcome } = await execution.settle()
    expect(() => resultFromTaskOutcome(outcome)).toThrow(TaskCancelledError)
    while (!log.includes("wait aborted")) await sleep(5)
  })

  test("answers what a task asks", async () => {
    const { asked, session } = await start(() => ({ action: "accept", content: { confirm: true } }))
    const { outcome } = await (await session.callTool("confirm", { file: "a.txt" })).settle()
    expect(resultFromTaskOutcome(outcome)).toMatchObject({ content: [{ text: `accept {"confirm":true}` }] })
    expect(asked).toMatchObject([{ kind: "elicitation", params: { message: "Delete a.txt?" } }])
  })

  test("answers what a suspended task asks", async () => {
    const { asked, log, session } = await start(() => ({ action: "accept", content: { confirm: true } }))
    const { outcome } = await (await session.callTool("suspending", {})).settle()
    expect(resultFromTaskOutcome(outcome)).toMatchObject({
      content: [{ text: expect.stringContaining("attempt 2, price 42") }]
    })
    expect(asked).toHaveLength(2)
    expect(log).toStrictEqual(["priced"])
  })
})
