/**
 * What a client is told when the server cannot take its task.
 */
import { type OpenOptions, openTaskRunner, openTaskStorage } from "mcp-task-storage/promise"
import { anonymous, TasksExtension } from "mcp-task-storage/sdk-v2"
import { expect, onTestFinished, test } from "vitest"
import { RawClient } from "./RawClient.ts"
import { serve } from "./serve.ts"
import { registerTools } from "./tools.ts"

const limited = async (options: OpenOptions) => {
  const storage = await openTaskStorage("memory:", options)
  onTestFinished(() => storage.close())
  const failures: Array<unknown> = []
  const tasks = new TasksExtension({
    storage,
    owner: (authInfo) => authInfo?.clientId,
    shutdownTimeout: 0,
    onError: (error) => failures.push(error)
  })
  registerTools(tasks)
  const { url } = await serve(tasks)
  return { client: new RawClient({ url, token: "ann" }), failures, url }
}

test("too many tasks of one owner are refused, and those of others are not", async () => {
  const { client, failures, url } = await limited({ maxTasksPerSession: 1 })
  await client.start("wait", { seconds: 60 })
  expect((await client.call("wait", { seconds: 60 })).error).toStrictEqual({
    code: -32603,
    message: "The limit of 1 stored tasks per owner is reached. Wait until some expire, or ask for a shorter ttl.",
    data: { reason: "LimitReached", limit: "storedTasks", most: 1 }
  })
  // That one owner has many tasks is no matter of the operator.
  expect(failures).toStrictEqual([])
  await new RawClient({ url, token: "bob" }).start("wait", { seconds: 60 })
})

test("an ended task lives for the resultTtl of the extension", async () => {
  const tasks = new TasksExtension({ storage: "memory:", owner: anonymous, resultTtl: "1 hour" })
  registerTools(tasks)
  const client = new RawClient(await serve(tasks))
  const taskId = await client.start("add", { a: 1, b: 2 })
  const { createdAt, lastUpdatedAt, ttlMs } = await client.until(taskId, "completed")
  expect(ttlMs).toBe(Date.parse(`${lastUpdatedAt}`) - Date.parse(`${createdAt}`) + 3_600_000)
})

test("too much is refused without being quoted", async () => {
  const { client, failures } = await limited({ maxPayloadBytes: 1000 })
  const tooLarge = {
    code: -32602,
    message: expect.stringMatching(/^The request takes \d+ bytes, and this server stores/)
  }
  expect((await client.call("confirm", { file: "x".repeat(2000) })).error).toStrictEqual(tooLarge)
  const taskId = await client.start("confirm", { file: "a" })
  await client.until(taskId, "input_required")
  const answer = { action: "accept", content: { text: "x".repeat(2000) } }
  expect((await client.update(taskId, { confirm: answer })).error).toStrictEqual(tooLarge)
  expect(failures).toStrictEqual([])
})

test("a runner that is full refuses, and stays open for others when the extension is closed", async () => {
  await using runner = await openTaskRunner("memory:", { maxRunning: 1, whenFull: "refuse", shutdownTimeout: 0 })
  const tasks = new TasksExtension({ runner, owner: anonymous, onError: () => {} })
  registerTools(tasks)
  const client = new RawClient(await serve(tasks))
  const taskId = await client.start("wait", { seconds: 60 })
  expect((await client.call("wait", { seconds: 60 })).error).toMatchObject({
    message: "Too many tasks. Try again later."
  })
  await tasks.close()
  expect(await runner.storage.getTask(taskId)).toMatchObject({ status: "working" })
})
