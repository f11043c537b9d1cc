/** How long a `tasks/result` keeps its place whose client is gone, on a server whose streams can be resumed. */
import { InMemoryEventStore } from "@modelcontextprotocol/sdk/examples/shared/inMemoryEventStore.js"
import { anonymous, openSdkTasks, registerTaskTool } from "mcp-task-storage/sdk"
import { setTimeout } from "node:timers/promises"
import { expect, onTestFinished, test, vi } from "vitest"
import { serveHttp } from "./httpServer.ts"
import { WireClient } from "./WireClient.ts"

/** A client of a server that has a place for one result that waits, and a tool that takes so many milliseconds. */
const begin = async (duration: number) => {
  const tasks = await openSdkTasks("memory:", {
    shutdownTimeout: 0,
    owner: anonymous,
    limits: { allBlockedResults: 1, answerTimeout: "1 second" }
  })
  onTestFinished(() => tasks.close())
  const client = new WireClient(
    await serveHttp(tasks, {
      eventStore: new InMemoryEventStore(),
      register: (server) => {
        registerTaskTool(server, "slow", {}, async () => {
          await setTimeout(duration, undefined, { ref: false })
          return { content: [{ type: "text", text: "done" }] }
        })
      }
    })
  )
  await client.begin()
  return client
}

/** Whether a result may wait, which is refused at once where there is no place. */
const hasPlace = async (client: WireClient, taskId: string): Promise<boolean> => {
  const waiting = client.request("tasks/result", { taskId })
  const refused = await Promise.race([waiting.response, setTimeout(1_000)])
  waiting.drop()
  return refused === undefined
}

test("a client that does not come back in time has no place any more", async () => {
  const client = await begin(60_000)
  const [first, second] = [await client.start("slow"), await client.start("slow")]
  const waiting = client.request("tasks/result", { taskId: first })
  await waiting.begun
  await vi.waitFor(async () => expect(await hasPlace(client, second)).toBe(false), { timeout: 60_000 })
  waiting.drop()
  expect(await hasPlace(client, second)).toBe(false)
  await vi.waitFor(async () => expect(await hasPlace(client, second)).toBe(true), { timeout: 60_000, interval: 300 })
  expect(await client.ask("tasks/get", { taskId: first })).toMatchObject({ status: "working" })
})

test("a client that comes back keeps its place, and gets the result", async () => {
  const client = await begin(4000)
  const waiting = client.request("tasks/result", { taskId: await client.start("slow") })
  await waiting.begun
  await setTimeout(200)
  waiting.drop()
  await setTimeout(500)
  const { response } = waiting.resume()
  expect(await response).toMatchObject({ result: { content: [{ text: "done" }] } })
})
