/** The client of the official SDK of version 1 and the example server in a process of its own, over restarts. */
import { describe, expect, test } from "vitest"
import { until } from "../../../support/until.ts"
import { connectStdio } from "./connectSdk.ts"
import { freshDatabase } from "./serve.ts"

const relatedTo = (taskId: string) => ({ "io.modelcontextprotocol/related-task": { taskId } })
const yes = () => Promise.resolve({ action: "accept" as const, content: { agree: true } })

describe("the client of SDK v1 over stdio", () => {
  test("creates, waits, is asked, lists and cancels", async () => {
    const { asked, cancel, client, get, list, result, start, stream } = await connectStdio(freshDatabase(), {
      answer: yes
    })
    expect(client.getServerCapabilities()?.tasks).toMatchObject({ list: {}, cancel: {} })

    expect((await stream("report", { title: "A", seconds: 0 })).at(-1)).toContain("A: 10 pages")

    const publishing = await start("publish", { title: "B" }, 60_000)
    expect(publishing).toMatchObject({ ttl: 60_000, pollInterval: 200 })
    const published = await result(publishing.taskId)
    expect(published).toMatchObject({
      structuredContent: { text: expect.stringMatching(/^Published: B/) },
      _meta: relatedTo(publishing.taskId)
    })
    expect(asked).toMatchObject([{ message: expect.stringContaining("B"), _meta: relatedTo(publishing.taskId) }])

    const uploading = await start("upload", { title: "C", seconds: 0 })
    expect(await result(uploading.taskId)).toMatchObject({ isError: true, _meta: relatedTo(uploading.taskId) })
    expect((await get(uploading.taskId)).status).toBe("failed")

    const long = await start("report", { title: "D", seconds: 3600 })
    expect(await cancel(long.taskId)).toMatchObject({ status: "cancelled" })
    await expect(cancel(long.taskId)).rejects.toMatchObject({ code: -32602 })
    expect((await list()).tasks.map(({ status }) => status).sort()).toStrictEqual([
      "cancelled",
      "completed",
      "completed",
      "failed"
    ])
  })

  test("is refused wrong calls before there is a task", async () => {
    const { call, cancel, get, list, result, start } = await connectStdio(freshDatabase())
    await expect(call("publish", { title: "A" })).rejects.toMatchObject({ code: -32601 })
    await expect(start("publish", { title: 1 })).rejects.toMatchObject({ code: -32602 })
    await expect(start("nothing")).rejects.toMatchObject({ code: -32602 })
    for (const request of [get, result, cancel]) {
      await expect(request("unknown")).rejects.toMatchObject({ code: -32602 })
    }
    expect((await list()).tasks).toStrictEqual([])
  })

  test("goes on with its tasks when the server has died and is started again", async () => {
    const filename = freshDatabase()
    const old = await connectStdio(filename)
    const ended = await old.start("report", { title: "A", seconds: 0 })
    const result = await old.result(ended.taskId)
    const task = await old.get(ended.taskId)
    const asking = await old.start("publish", { title: "B" })
    await until(async () => (await old.get(asking.taskId)).status === "input_required")
    // Somebody is being asked when the server dies.
    const unanswered = expect(old.result(asking.taskId)).rejects.toThrow("Connection closed")
    await until(() => old.asked.length === 1)
    await old.kill()
    await unanswered
    const client = await connectStdio(filename, { answer: yes })
    expect(await client.get(ended.taskId)).toStrictEqual(task)
    expect(await client.result(ended.taskId)).toStrictEqual(result)
    expect((await client.get(asking.taskId)).status).toBe("input_required")
    expect((await client.result(asking.taskId)).structuredContent).toMatchObject({
      text: expect.stringMatching(/^Published: B/)
    })
    expect(client.asked).toMatchObject([{ message: old.asked[0]?.["message"] }])
    expect((await client.list()).tasks).toHaveLength(2)
  })
})
