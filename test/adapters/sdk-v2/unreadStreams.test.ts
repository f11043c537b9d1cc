/**
 * Subscribers that never read: what they have not read costs nothing.
 */
import { openTaskStorage } from "mcp-task-storage/promise"
import { anonymous, TasksExtension } from "mcp-task-storage/sdk-v2"
import type { Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { expect, onTestFinished, test } from "vitest"
import * as z from "zod"
import { unreadRequest } from "../../support/unreadRequest.ts"
import { listenRequest } from "./listenRequest.ts"
import { RawClient } from "./RawClient.ts"
import { serve } from "./serve.ts"

const tasksOfAll = 40
const streams = 5
const megabyte = 1_000_000

/** Opens a subscription of which nothing is ever read. */
const subscribe = (url: string, taskIds: ReadonlyArray<string>): Socket => {
  const { body, headers } = listenRequest({ taskIds })
  const socket = unreadRequest(url, headers, body)
  onTestFinished(() => void socket.destroy())
  return socket
}

test("a client that never reads costs a notification, however many tasks it watches", { timeout: 60_000 }, async () => {
  const storage = await openTaskStorage("memory:")
  onTestFinished(() => storage.close())
  const tasks = new TasksExtension({ storage, owner: anonymous, shutdownTimeout: 0 })
  tasks.registerTool("large", { inputSchema: z.object({}) }, () => ({
    content: [{ type: "text", text: "x".repeat(2 * megabyte) }]
  }))
  const { url } = await serve(tasks)
  const client = new RawClient({ url })
  const taskIds: Array<string> = []
  for (let index = 0; index < tasksOfAll; index++) taskIds.push(await client.start("large"))
  for (const taskId of taskIds) await storage.awaitTask(taskId)
  const before = process.memoryUsage()
  const sockets = Array.from({ length: streams }, () => subscribe(url, taskIds))
  let most = 0
  for (let waits = 0; waits < 30; waits++) {
    await sleep(100)
    const { arrayBuffers, external, heapUsed } = process.memoryUsage()
    most = Math.max(most, heapUsed + external + arrayBuffers - before.heapUsed - before.external - before.arrayBuffers)
  }
  // All that they watch, encoded, are 400 MB.
  expect(most / megabyte).toBeLessThan(250)
  // Who reads gets it all.
  const [socket] = sockets
  const told = new Set<string>()
  let text = ""
  for await (const chunk of socket ?? []) {
    text = (text + String(chunk)).slice(-100_000)
    for (const [, taskId = ""] of text.matchAll(/"taskId":"([^"]+)"/g)) told.add(taskId)
    if (told.size === tasksOfAll) break
  }
  expect([...told].sort()).toStrictEqual(taskIds.toSorted())
})
