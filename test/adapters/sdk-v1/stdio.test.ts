/** A server on standard input and output ends when its client goes, whatever it was asked. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { describe, expect, onTestFinished, test } from "vitest"
import { until } from "../../support/until.ts"

type Message = { readonly [key: string]: unknown }

const isMessage = (value: unknown): value is Message => typeof value === "object" && value !== null

/** Begins a connection to a process of its own. */
const connect = async (close: string) => {
  const folder = mkdtempSync(join(tmpdir(), "mcp-task-storage-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const program = fileURLToPath(new URL("./stdioServer.ts", import.meta.url))
  const url = `sqlite:${join(folder, "tasks.db")}`
  const child = spawn(process.execPath, ["--conditions=mcp-task-storage-source", program, url, close], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  onTestFinished(() => {
    child.kill("SIGKILL")
  })
  const messages: Array<Message> = []
  createInterface(child.stdout).on("line", (line) => {
    const message: unknown = JSON.parse(line)
    if (isMessage(message)) messages.push(message)
  })
  let id = 0
  const send = (message: Message): void => void child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
  const request = (method: string, params: Message): number => {
    send({ id: ++id, method, params })
    return id
  }
  const answerTo = async (id: number): Promise<unknown> => {
    const isAnswer = (message: Message) => message["id"] === id && message["method"] === undefined
    await until(() => messages.some(isAnswer), 60_000)
    return messages.find(isAnswer)?.["result"]
  }
  await answerTo(request("initialize", {
    protocolVersion: "2025-11-25",
    capabilities: { elicitation: {} },
    clientInfo: { name: "wire", version: "1" }
  }))
  send({ method: "notifications/initialized" })
  const isAsked = () => messages.some(({ method }) => method === "elicitation/create")
  return { answerTo, child, isAsked, messages, request }
}

describe.each(["close", "nothing"])("at the end of its input, with a question open (%s)", (close) => {
  test("of a task, it ends", async () => {
    const { answerTo, child, isAsked, request } = await connect(close)
    const created: unknown = await answerTo(request("tools/call", { name: "ask", arguments: {}, task: {} }))
    const task: unknown = isMessage(created) ? created["task"] : undefined
    request("tasks/result", { taskId: isMessage(task) ? task["taskId"] : "" })
    await until(isAsked, 60_000)
    const began = performance.now()
    child.stdin.end()
    expect((await once(child, "exit"))[0]).toBe(0)
    expect(performance.now() - began).toBeLessThan(20_000)
  })

  test("of a plain call, it ends, and the call with it", async () => {
    const { child, isAsked, messages, request } = await connect(close)
    const call = request("tools/call", { name: "ask", arguments: {} })
    await until(isAsked, 60_000)
    const began = performance.now()
    child.stdin.end()
    expect((await once(child, "exit"))[0]).toBe(0)
    expect(performance.now() - began).toBeLessThan(20_000)
    if (close === "nothing") expect(messages).toContainEqual(expect.objectContaining({ id: call }))
  })
})
