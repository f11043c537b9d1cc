/** The official client of Tasks and the Effect server, in both revisions. */
import {
  resultFromTaskOutcome,
  TaskCancelledError,
  TaskFailedError,
  type ToolExecution
} from "@modelcontextprotocol/ext-tasks/client"
import { taskId } from "@modelcontextprotocol/ext-tasks/core"
import { describe, expect, test } from "vitest"
import { until } from "../../../support/until.ts"
import { connectExtTasks, type Revision } from "./connectExtTasks.ts"
import { freshDatabase, startServer } from "./serve.ts"

const yes = () => Promise.resolve({ action: "accept" as const, content: { confirm: true } })

/** Polls send what a task asks, without which this client would never hear of it in revision 2025-11-25. */
const inputOnPoll = true

const referenceOf = (execution: ToolExecution<unknown>) => {
  if (execution.kind === "immediate") throw new Error("There is no task")
  return execution.serializeReference()
}

describe.each<Revision>(["2025-11-25", "2026-07-28"])("the official client in revision %s", (revision) => {
  test("gets the result of a task", async () => {
    const { url } = await startServer({ inputOnPoll })
    const { session } = await connectExtTasks(url, revision)
    const execution = await session.callTool("add", { a: 20, b: 22 }, { task: { preference: "require" } })
    expect(execution.kind).toBe("task")
    const { lastTask, outcome } = await execution.settle()
    expect(resultFromTaskOutcome(outcome)).toMatchObject({ structuredContent: { sum: 42 } })
    expect(lastTask).toMatchObject({ status: "completed", retentionMs: 86_400_000, suggestedPollIntervalMs: 20 })
  })

  test("gets the result of a tool that is no task", async () => {
    const { url } = await startServer()
    const { session } = await connectExtTasks(url, revision)
    const execution = await session.callTool("plain", {})
    expect(execution.kind).toBe("immediate")
    const { outcome } = await execution.settle()
    expect(resultFromTaskOutcome(outcome)).toMatchObject({ structuredContent: { done: true } })
  })

  test("cancels", async () => {
    const { url } = await startServer({ inputOnPoll })
    const { session } = await connectExtTasks(url, revision)
    const execution = await session.callTool("endless", {})
    await execution.cancel()
    const { outcome } = await execution.settle()
    expect(outcome.status).toBe("cancelled")
    expect(() => resultFromTaskOutcome(outcome)).toThrow(TaskCancelledError)
    const { taskId } = referenceOf(execution)
    expect(await session.task(taskId).snapshot()).toMatchObject({ status: "cancelled" })
  })

  test("answers what a task asks", async () => {
    const { url } = await startServer({ inputOnPoll })
    const { asked, errors, session } = await connectExtTasks(url, revision, { answer: yes })
    const { outcome } = await (await session.callTool("confirm", { file: "a.txt" })).settle()
    expect(resultFromTaskOutcome(outcome)).toMatchObject({ structuredContent: { deleted: true } })
    expect(asked).toMatchObject([{ kind: "elicitation", params: { message: "Delete a.txt?" } }])
    expect(errors).toStrictEqual([])
  })

  test("samples for a task", async () => {
    const { url } = await startServer({ inputOnPoll })
    const { asked, session } = await connectExtTasks(url, revision)
    const { outcome } = await (await session.callTool("ask_model", {})).settle()
    const said = { content: { text: "Because." } }
    expect(resultFromTaskOutcome(outcome)).toMatchObject({ structuredContent: { said } })
    expect(asked).toMatchObject([{ kind: "sampling", params: { maxTokens: 10 } }])
  })

  test("recovers a task in another session, on the next server", async () => {
    const filename = freshDatabase()
    const before = await startServer({ filename, inputOnPoll })
    const old = await connectExtTasks(before.url, revision)
    const execution = await old.session.callTool("confirm", { file: "a.txt" })
    const reference = referenceOf(execution)
    await until(() => old.asked.length > 0)
    // Its session stays open, as closing that would cancel what waits for an answer.
    await old.client.close()
    await before.stop()
    const { url } = await startServer({ filename, inputOnPoll })
    const { asked, session } = await connectExtTasks(url, revision, { answer: yes })
    const resumed = await session.resumeTask(structuredClone(reference))
    const { outcome } = await resumed.settle()
    expect(resultFromTaskOutcome(outcome)).toMatchObject({ structuredContent: { deleted: true } })
    expect(asked).toHaveLength(1)
    // And once more when it has ended.
    const again = await (await session.resumeTask(structuredClone(reference))).settle()
    expect(again.outcome).toMatchObject({ status: "completed" })
  })

  test("does not recover a task of somebody else", async () => {
    const { url } = await startServer()
    const ann = await connectExtTasks(url, revision)
    const bob = await connectExtTasks(url, revision, { headers: { "x-user": "bob" } })
    const execution = await ann.session.callTool("endless", {})
    const reference = referenceOf(execution)
    await expect(bob.session.resumeTask(reference)).rejects.toMatchObject({ code: -32602 })
    await expect(bob.session.cancelTask(reference.taskId)).rejects.toMatchObject({ code: -32602 })
    expect(await ann.session.task(reference.taskId).snapshot()).toMatchObject({ status: "working" })
  })

  test("knows no task of an unknown id", async () => {
    const { url } = await startServer()
    const { session } = await connectExtTasks(url, revision)
    await expect(session.task(taskId("unknown")).snapshot()).rejects.toMatchObject({ code: -32602 })
  })
})

describe("in revision 2025-11-25 alone the official client", () => {
  const start = async () => connectExtTasks((await startServer()).url, "2025-11-25")

  test("sees any failure as failed", async () => {
    const { session } = await start()
    for (const tool of ["failing", "refusing"]) {
      const { outcome } = await (await session.callTool(tool, {})).settle()
      expect(() => resultFromTaskOutcome(outcome)).toThrow(TaskFailedError)
      expect(outcome).toMatchObject({ status: "failed", task: { status: "failed" } })
    }
  })

  test("lists its tasks", async () => {
    const { session } = await start()
    const { taskId } = referenceOf(await session.callTool("endless", {}))
    expect(session.capabilities).toMatchObject({ inventory: "server-list", requestedRetention: true })
    expect((await session.listTasks()).tasks).toMatchObject([{ taskId, status: "working" }])
  })

  test("asks for a time to live", async () => {
    const { session } = await start()
    const task = { retentionMs: 60_000, retention: "require-capability" } as const
    const { taskId } = referenceOf(await session.callTool("endless", {}, { task }))
    expect(await session.task(taskId).snapshot()).toMatchObject({ retentionMs: 60_000 })
  })

  test("gets an error of the protocol for wrong arguments, and no task", async () => {
    const { session } = await start()
    const task = { preference: "require" } as const
    await expect(session.callTool("add", { a: "one", b: 2 }, { task })).rejects.toMatchObject({ code: -32602 })
    expect((await session.listTasks()).tasks).toStrictEqual([])
  })
})

describe("in revision 2026-07-28 alone the official client", () => {
  const start = async () => connectExtTasks((await startServer()).url, "2026-07-28")

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

  test("gets a result that says so for wrong arguments, and no task", async () => {
    const { session } = await start()
    const execution = await session.callTool("add", { a: "one", b: 2 })
    expect(execution.kind).toBe("immediate")
    expect((await execution.settle()).outcome).toMatchObject({ status: "completed", result: { isError: true } })
  })
})
