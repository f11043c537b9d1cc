/** What the programs with web frameworks have in common. */
import { resultFromTaskOutcome, type ToolExecution } from "@modelcontextprotocol/ext-tasks/client"
import { openTaskStorage } from "mcp-task-storage/promise"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished } from "vitest"
import { connectExtTasks, type Revision } from "../adapters/effect/clients/connectExtTasks.ts"
import { listenRequest } from "../adapters/sdk-v2/listenRequest.ts"
import { endWith, type StartedServer } from "../support/startServer.ts"
import { until } from "../support/until.ts"

const revisions: ReadonlyArray<Revision> = ["2025-11-25", "2026-07-28"]

const as = (name: string) => ({ headers: { authorization: `Bearer ${name}` } })

const yes = () => Promise.resolve({ action: "accept" as const, content: { agree: true } })

const asTask = { task: { preference: "require" } } as const

const idOf = (execution: ToolExecution<unknown>) => {
  if (execution.kind === "immediate") throw new Error("There is no task")
  return execution.handle.taskId
}

const json = { "content-type": "application/json", accept: "application/json, text/event-stream" }

type StartProgram = (env: { readonly TASKS_URL: string; readonly TASKS_LEASE: string }) => Promise<StartedServer>

/** Checks that a program serves both revisions, refuses strangers, and goes on after a restart. */
export const checkProgram = async (startProgram: StartProgram): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "mcp-task-storage-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const tasksUrl = `sqlite:${join(folder, "tasks.db")}`
  const start = async () => {
    const { child, url } = await startProgram({ TASKS_URL: tasksUrl, TASKS_LEASE: "1500" })
    return { child, url: new URL("/mcp", url).href }
  }
  const { child, url } = await start()

  const statusOf = async (body: string, headers: Readonly<Record<string, string>> = {}) =>
    (await fetch(url, { method: "POST", headers: { ...json, ...headers }, body })).status
  expect((await fetch(new URL("/health", url))).status).toBe(200)
  expect(await statusOf("{}")).toBe(401)
  expect(await statusOf("{}", { ...as("ann").headers, origin: "https://evil.example" })).toBe(403)
  expect(await statusOf(JSON.stringify("x".repeat(1_000_000)), as("ann").headers)).toBe(413)

  for (const revision of revisions) {
    const ann = await connectExtTasks(url, revision, as("ann"))
    const bob = await connectExtTasks(url, revision, as("bob"))
    const execution = await ann.session.callTool("report", { title: "May", seconds: 0 }, asTask)
    const { outcome } = await execution.settle()
    const text = `May: 10 pages, written by process ${child.pid}`
    expect(resultFromTaskOutcome(outcome)).toMatchObject({ content: [{ text }] })
    await expect(bob.session.task(idOf(execution)).snapshot()).rejects.toMatchObject({ code: -32602 })
  }

  // However often it was loaded, it was opened once.
  const storage = await openTaskStorage(tasksUrl)
  expect(await storage.listWorkers()).toHaveLength(1)
  await storage.close()

  const { session } = await connectExtTasks(url, "2026-07-28", { ...as("ann"), answer: yes })
  const published = await (await session.callTool("publish", { title: "May" })).settle()
  expect(resultFromTaskOutcome(published.outcome)).toMatchObject({ content: [{ text: "Published: May" }] })

  const bob = await connectExtTasks(url, "2026-07-28", as("bob"))
  const unanswered = await bob.session.callTool("publish", { title: "June" })
  await unanswered.detach()
  const listen = async () => {
    const left = new AbortController()
    const request = listenRequest({ taskIds: [idOf(unanswered)] }, "bob")
    const response = await fetch(url, { method: "POST", signal: left.signal, ...request })
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    return { leave: () => left.abort(), text: (await reader?.read())?.value }
  }
  // The server hears of clients that leave: a user may have 32 streams.
  for (let streams = 0; streams < 32; streams++) (await listen()).leave()
  // A stream that is open does not keep the process from ending.
  await until(async () => (await listen()).text?.includes("notifications/subscriptions/acknowledged") === true)

  const running = await Promise.all(revisions.map(async (revision) => {
    const ann = await connectExtTasks(url, revision, as("ann"))
    const execution = await ann.session.callTool("report", { title: revision, seconds: 4 }, asTask)
    await execution.detach()
    return { id: idOf(execution), revision }
  }))
  const before = performance.now()
  expect(await endWith(child, "SIGTERM")).toEqual([0, null])
  expect(performance.now() - before).toBeLessThan(20_000)

  const again = await start()
  for (const { id, revision } of running) {
    const ann = await connectExtTasks(again.url, revision, as("ann"))
    const text = `${revision}: 10 pages, written by process ${again.child.pid}`
    expect(resultFromTaskOutcome(await ann.session.task(id).result())).toMatchObject({ content: [{ text }] })
  }
}
