/**
 * Tasks that ask, and are answered at whichever server.
 */
import { openTaskRunner } from "mcp-task-storage/promise"
import { anonymous, TasksExtension } from "mcp-task-storage/sdk-v2"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import { RawClient } from "./RawClient.ts"
import { serve } from "./serve.ts"
import { registerTools } from "./tools.ts"

const database = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "sdk2-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return `sqlite:${join(folder, "tasks.db")}`
}

const start = async (storage: string) => {
  const tasks = new TasksExtension({
    storage,
    owner: (authInfo) => authInfo?.clientId,
    shutdownTimeout: 0,
    recovery: { interval: 200 }
  })
  const log = registerTools(tasks)
  const { url } = await serve(tasks)
  return { client: new RawClient({ url, token: "ann" }), log, tasks, url }
}

const accept = { action: "accept", content: { confirm: true } }

describe("a question", () => {
  test("is seen by a poll, and its answer goes to the tool", async () => {
    const { client } = await start("memory:")
    const taskId = await client.start("confirm", { file: "a.txt" })
    const asking = await client.until(taskId, "input_required")
    expect(asking["inputRequests"]).toStrictEqual({
      confirm: {
        method: "elicitation/create",
        params: {
          message: "Delete a.txt?",
          requestedSchema: { type: "object", properties: { confirm: { type: "boolean" } }, required: ["confirm"] }
        }
      }
    })
    expect((await client.update(taskId, { unknown: accept })).result).toStrictEqual({
      resultType: "complete",
      _meta: expect.anything()
    })
    expect(await client.until(taskId, "input_required")).toMatchObject({ inputRequests: asking["inputRequests"] })
    expect((await client.update(taskId, { confirm: accept })).error).toBeUndefined()
    expect(await client.until(taskId, "completed")).toMatchObject({
      result: { content: [{ text: `accept {"confirm":true}` }] }
    })
    expect((await client.update(taskId, { confirm: { action: "decline" } })).error).toBeUndefined()
  })

  test("of several is answered one by one, without a worker that waits", async () => {
    const { client, log } = await start("memory:")
    const taskId = await client.start("suspending")
    await client.until(taskId, "input_required")
    await client.update(taskId, { two: accept })
    expect(Object.keys((await client.until(taskId, "input_required"))["inputRequests"] ?? {})).toStrictEqual(["one"])
    await client.update(taskId, { one: { action: "decline" } })
    expect(await client.until(taskId, "completed")).toMatchObject({
      result: {
        content: [{
          text: `attempt 2, price 42: ${JSON.stringify({ one: { action: "decline" }, two: accept })}`
        }]
      }
    })
    expect(log).toStrictEqual(["priced"])
  })
})

describe("two servers on one file", () => {
  test("answer for each other: created at one, answered at the other, read at both", async () => {
    const storage = database()
    const one = await start(storage)
    const two = await start(storage)
    const taskId = await one.client.start("confirm", { file: "a.txt" })
    await two.client.until(taskId, "input_required")
    expect((await two.client.update(taskId, { confirm: accept })).error).toBeUndefined()
    const ended = { result: { content: [{ text: `accept {"confirm":true}` }] } }
    expect(await two.client.until(taskId, "completed")).toMatchObject(ended)
    expect(await one.client.until(taskId, "completed")).toMatchObject(ended)
  })

  test("cancel for each other", async () => {
    const storage = database()
    const one = await start(storage)
    const two = await start(storage)
    const taskId = await one.client.start("wait", { seconds: 60 })
    while (!one.log.includes("wait began")) await one.client.get(taskId)
    expect((await two.client.cancel(taskId)).error).toBeUndefined()
    await one.client.until(taskId, "cancelled")
    while (!one.log.includes("wait aborted")) await one.client.get(taskId)
  })

  test("outlive each other while a person thinks", async () => {
    const storage = database()
    const one = await start(storage)
    const taskId = await one.client.start("suspending")
    await one.client.until(taskId, "input_required")
    await one.tasks.close()
    const two = await start(storage)
    await two.client.update(taskId, { one: accept, two: accept })
    expect(await two.client.until(taskId, "completed")).toMatchObject({
      result: { content: [{ text: expect.stringContaining("attempt 2, price 42") }] }
    })
    expect([one.log, two.log]).toStrictEqual([["priced"], []])
  })
})

describe("dispatch", () => {
  test("is told what is to be run, and leaves it to others", async () => {
    const storage = database()
    const dispatched: Array<string> = []
    const tasks = new TasksExtension({
      storage,
      owner: anonymous,
      recovery: false,
      dispatch: (taskId) => void dispatched.push(taskId)
    })
    registerTools(tasks)
    const client = new RawClient(await serve(tasks))
    const taskId = await client.start("suspending")
    expect(dispatched).toStrictEqual([taskId])
    expect((await client.get(taskId)).result).toMatchObject({ status: "working" })
    const { runTask } = await openWorker(storage)
    expect(await runTask(taskId)).toBe("suspended")
    await client.update(taskId, { one: accept, two: accept })
    expect(dispatched).toStrictEqual([taskId, taskId])
    expect(await runTask(taskId)).toBe("settled")
    expect(await client.until(taskId, "completed")).toMatchObject({
      result: { content: [{ text: expect.stringContaining("attempt 2, price 42") }] }
    })
  })
})

/** A process without HTTP that runs tasks by their id. */
const openWorker = async (storage: string) => {
  const runner = await openTaskRunner(storage, { recovery: false })
  const tasks = new TasksExtension({ runner, owner: anonymous })
  registerTools(tasks)
  await tasks.ready()
  onTestFinished(() => runner.close())
  return runner
}
