/** That a task of either revision is read, answered and cancelled in the other, by official clients. */
import { resultFromTaskOutcome, TaskFailedError, type ToolExecution } from "@modelcontextprotocol/ext-tasks/client"
import { taskId } from "@modelcontextprotocol/ext-tasks/core"
import { describe, expect, test } from "vitest"
import { until } from "../../../support/until.ts"
import { connectExtTasks, type Revision } from "./connectExtTasks.ts"
import { connectHttp } from "./connectSdk.ts"
import { startServer } from "./serve.ts"

const yes = () => Promise.resolve({ action: "accept" as const, content: { confirm: true } })

/** A client of each revision, of the same person, who answers in one of them. */
const connectBoth = async (answeredIn?: Revision) => {
  const { url } = await startServer()
  const answering = (revision: Revision) => revision === answeredIn ? { answer: yes } : {}
  const old = await connectHttp(url, answering("2025-11-25"))
  const modern = await connectExtTasks(url, "2026-07-28", answering("2026-07-28"))
  return { asked: modern.asked, old, session: modern.session }
}

const idOf = (execution: ToolExecution<unknown>) => {
  if (execution.kind === "immediate") throw new Error("There is no task")
  return execution.handle.taskId
}

const meta = "_meta"
const related = "io.modelcontextprotocol/related-task"

describe("a task of revision 2025-11-25, in revision 2026-07-28", () => {
  test("is read with its result", async () => {
    const { old, session } = await connectBoth()
    const task = await old.start("add", { a: 20, b: 22 }, 60_000)
    const expected = await old.result(task.taskId)
    const controller = session.task(taskId(task.taskId))
    const result = resultFromTaskOutcome(await controller.result())
    expect(result).toMatchObject({ content: expected.content, structuredContent: { sum: 42 } })
    expect(result[meta]).not.toHaveProperty(related)
    expect(await controller.snapshot()).toMatchObject({
      status: "completed",
      createdAt: task.createdAt,
      retentionMs: 60_000,
      suggestedPollIntervalMs: 20
    })
  })

  test("has completed where its tool failed, and failed with a JSON-RPC error", async () => {
    const { old, session } = await connectBoth()
    const failing = await old.start("failing")
    expect((await old.result(failing.taskId)).isError).toBe(true)
    expect((await old.get(failing.taskId)).status).toBe("failed")
    expect(await session.task(taskId(failing.taskId)).result()).toMatchObject({
      status: "completed",
      result: { isError: true }
    })
    const refusing = await old.start("refusing")
    const outcome = await session.task(taskId(refusing.taskId)).result()
    expect(() => resultFromTaskOutcome(outcome)).toThrow(TaskFailedError)
    expect(outcome).toMatchObject({ error: { code: -32050, message: "Refused", data: { reason: "rules" } } })
  })

  test("is answered and cancelled", async () => {
    const { asked, old, session } = await connectBoth("2026-07-28")
    const { taskId: confirming } = await old.start("confirm", { file: "a.txt" })
    const resumed = await session.resumeTask({
      endpointId: session.endpointId,
      generation: "v2",
      taskId: taskId(confirming),
      originalOperation: "tools/call"
    })
    await resumed.settle()
    expect(asked).toHaveLength(1)
    expect((await old.result(confirming)).structuredContent).toStrictEqual({ deleted: true })
    const { taskId: endless } = await old.start("endless")
    await session.cancelTask(taskId(endless))
    expect((await old.get(endless)).status).toBe("cancelled")
  })
})

describe("a task of revision 2026-07-28, in revision 2025-11-25", () => {
  test("is read with its result, and listed", async () => {
    const { old, session } = await connectBoth()
    const execution = await session.callTool("add", { a: 20, b: 22 })
    const { outcome } = await execution.settle()
    const { content, structuredContent } = resultFromTaskOutcome(outcome)
    const id = idOf(execution)
    const result = await old.result(id)
    expect(result).toStrictEqual({ content, structuredContent, isError: false, [meta]: { [related]: { taskId: id } } })
    const task = await old.get(id)
    expect(task).toMatchObject({ taskId: id, status: "completed", ttl: 86_400_000, pollInterval: 20 })
    expect((await old.list()).tasks).toStrictEqual([task])
  })

  test("has failed, whether its tool did or with a JSON-RPC error", async () => {
    const { old, session } = await connectBoth()
    const failing = await session.callTool("failing", {})
    expect((await failing.settle()).outcome.status).toBe("completed")
    expect((await old.get(idOf(failing))).status).toBe("failed")
    expect((await old.result(idOf(failing))).isError).toBe(true)
    const refusing = await session.callTool("refusing", {})
    await expect(old.result(idOf(refusing))).rejects.toMatchObject({ code: -32050, data: { reason: "rules" } })
    expect((await old.get(idOf(refusing))).status).toBe("failed")
  })

  test("is answered and cancelled", async () => {
    const { old, session } = await connectBoth("2025-11-25")
    const confirming = await session.callTool("confirm", { file: "a.txt" })
    const id = idOf(confirming)
    await confirming.detach()
    await until(async () => (await old.get(id)).status === "input_required")
    expect((await old.result(id)).structuredContent).toStrictEqual({ deleted: true })
    expect(old.asked).toHaveLength(1)
    expect(resultFromTaskOutcome(await session.task(id).result())).toMatchObject({
      structuredContent: { deleted: true }
    })
    const endless = await session.callTool("endless", {})
    expect((await old.cancel(idOf(endless))).status).toBe("cancelled")
    expect((await endless.settle()).outcome.status).toBe("cancelled")
  })
})
