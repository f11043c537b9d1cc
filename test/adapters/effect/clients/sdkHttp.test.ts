/** The client of the official SDK of version 1 and the Effect server, over HTTP. */
import { describe, expect, test } from "vitest"
import { until } from "../../../support/until.ts"
import { connectHttp } from "./connectSdk.ts"
import { freshDatabase, startServer } from "./serve.ts"

const relatedTo = (taskId: string) => ({ "io.modelcontextprotocol/related-task": { taskId } })
const yes = () => Promise.resolve({ action: "accept" as const, content: { confirm: true } })

describe("the client of SDK v1 over HTTP", () => {
  test("sees tasks, and which tools support them", async () => {
    const { url } = await startServer()
    const { client } = await connectHttp(url)
    expect(client.getServerCapabilities()?.tasks).toStrictEqual({
      list: {},
      cancel: {},
      requests: { tools: { call: {} } }
    })
    const { tools } = await client.listTools()
    expect(Object.fromEntries(tools.map(({ execution, name }) => [name, execution?.taskSupport]))).toMatchObject({
      add: "optional",
      plain: undefined,
      failing: "required"
    })
  })

  test("creates, polls and waits for the result", async () => {
    const { url } = await startServer()
    const { call, get, result, start } = await connectHttp(url)
    const task = await start("add", { a: 20, b: 22 }, 60_000)
    expect(task).toMatchObject({ ttl: 60_000, pollInterval: 20 })
    const waited = await result(task.taskId)
    expect(waited).toStrictEqual({ ...(await call("add", { a: 20, b: 22 })), _meta: relatedTo(task.taskId) })
    expect(waited.structuredContent).toStrictEqual({ sum: 42 })
    const { lastUpdatedAt: _, status, ...rest } = await get(task.taskId)
    expect(status).toBe("completed")
    expect(task).toMatchObject(rest)
  })

  test("waits for the end of what runs for ever", async () => {
    const { url } = await startServer()
    const { cancel, get, result, start } = await connectHttp(url)
    const { taskId } = await start("endless")
    await until(async () => (await get(taskId)).statusMessage === "begun")
    const waiting = expect(result(taskId)).rejects.toMatchObject({ code: -32603 })
    expect(await cancel(taskId)).toMatchObject({ taskId, status: "cancelled" })
    await waiting
    expect(await get(taskId)).toMatchObject({ status: "cancelled" })
    await expect(cancel(taskId)).rejects.toMatchObject({ code: -32602 })
    await expect(result(taskId)).rejects.toMatchObject({ code: -32603 })
  })

  test("calls a tool as a task in its own way", async () => {
    const { url } = await startServer()
    const { stream } = await connectHttp(url)
    const seen = await stream("add", { a: 1, b: 2 })
    expect(seen[0]).toBe("created")
    expect(seen.slice(-2)).toStrictEqual(["completed", `{"sum":3}`])
    // It asks for no result of a task that failed.
    expect((await stream("failing")).slice(-2)).toStrictEqual([
      "failed",
      "MCP error -32603: Task ID failed"
    ])
  })

  test("answers, in its own way of calling, what a task asks", async () => {
    const { url } = await startServer()
    const { asked, stream } = await connectHttp(url, { answer: yes })
    const seen = await stream("confirm", { file: "a.txt" })
    expect(seen.slice(-2)).toStrictEqual(["input_required", `{"deleted":true}`])
    expect(asked).toHaveLength(1)
  })

  test("is asked on the stream of tasks/result, and the task is named", async () => {
    const { url } = await startServer()
    const { asked, get, result, start, told } = await connectHttp(url, { answer: yes })
    const { taskId } = await start("confirm", { file: "a.txt" })
    await until(async () => (await get(taskId)).status === "input_required")
    // The server has no stream beside those of requests, and polls carry nothing.
    expect([asked, told]).toStrictEqual([[], []])
    expect((await result(taskId)).structuredContent).toStrictEqual({ deleted: true })
    expect(asked).toMatchObject([{ message: "Delete a.txt?", _meta: relatedTo(taskId) }])
    expect(told.at(-1)).toMatchObject({ taskId, status: "completed" })
  })

  test("samples for a task", async () => {
    const { url } = await startServer()
    const { asked, result, start } = await connectHttp(url)
    const { taskId } = await start("ask_model")
    expect((await result(taskId)).structuredContent).toMatchObject({ said: { content: { text: "Because." } } })
    expect(asked).toMatchObject([{ maxTokens: 10, _meta: relatedTo(taskId) }])
  })

  test("sees a failed tool as failed, and its result whole", async () => {
    const { url } = await startServer()
    const { get, result, start } = await connectHttp(url)
    const { taskId } = await start("failing")
    expect(await result(taskId)).toMatchObject({
      isError: true,
      content: [{ type: "text", text: expect.stringContaining("the disk is full") }],
      _meta: relatedTo(taskId)
    })
    expect((await get(taskId)).status).toBe("failed")
  })

  test("gets the JSON-RPC error of a task", async () => {
    const { url } = await startServer()
    const { get, result, start } = await connectHttp(url)
    const { taskId } = await start("refusing")
    await expect(result(taskId)).rejects.toMatchObject({ code: -32050, data: { reason: "rules" } })
    expect((await get(taskId)).status).toBe("failed")
  })

  test("is refused wrong calls before there is a task", async () => {
    const { url } = await startServer()
    const { call, cancel, get, list, result, start } = await connectHttp(url)
    await expect(start("plain")).rejects.toMatchObject({ code: -32601 })
    await expect(call("failing")).rejects.toMatchObject({ code: -32601 })
    await expect(start("add", { a: "one", b: 2 })).rejects.toMatchObject({ code: -32602 })
    await expect(start("nothing")).rejects.toMatchObject({ code: -32602 })
    await expect(start("add", { a: 1, b: 2 }, -1)).rejects.toMatchObject({ code: -32602 })
    for (const request of [get, result, cancel]) {
      await expect(request("unknown")).rejects.toMatchObject({ code: -32602 })
    }
    expect((await list()).tasks).toStrictEqual([])
  })

  test("lists page by page, and nobody else's", async () => {
    const { url } = await startServer()
    const ann = await connectHttp(url)
    const bob = await connectHttp(url, { user: "bob" })
    const started: Array<string> = []
    for (let i = 0; i < 51; i++) started.push((await ann.start("add", { a: i, b: 1 })).taskId)
    const { taskId } = await bob.start("add", { a: 1, b: 2 })
    const first = await ann.list()
    const second = await ann.list(first.nextCursor)
    expect([first.tasks.length, second.tasks.length, second.nextCursor]).toStrictEqual([50, 1, undefined])
    expect([...first.tasks, ...second.tasks].map((task) => task.taskId).sort()).toStrictEqual(started.sort())
    expect((await bob.list()).tasks).toMatchObject([{ taskId }])
    for (const request of [ann.get, ann.result, ann.cancel]) {
      await expect(request(taskId)).rejects.toMatchObject({ code: -32602 })
    }
    await expect(ann.list("nonsense")).rejects.toMatchObject({ code: -32602 })
  })

  test("goes on with its tasks on the next server, in another session", async () => {
    const filename = freshDatabase()
    const before = await startServer({ filename })
    const old = await connectHttp(before.url)
    const ended = await old.start("add", { a: 20, b: 22 })
    const result = await old.result(ended.taskId)
    const asking = await old.start("confirm", { file: "a.txt" })
    await until(async () => (await old.get(asking.taskId)).status === "input_required")
    await old.client.close()
    await before.stop()
    const { url } = await startServer({ filename })
    const client = await connectHttp(url, { answer: yes })
    expect(await client.result(ended.taskId)).toStrictEqual(result)
    expect((await client.get(asking.taskId)).status).toBe("input_required")
    expect((await client.result(asking.taskId)).structuredContent).toStrictEqual({ deleted: true })
    expect(client.asked).toHaveLength(1)
  })
})
