/** Open storage neither keeps a process alive nor forgets its maintenance. */
import { openTaskStorage } from "mcp-task-storage/promise"
import { execFile } from "node:child_process"
import { setTimeout } from "node:timers/promises"
import { promisify } from "node:util"
import { describe, expect, test } from "vitest"

const run = (code: string) =>
  promisify(execFile)(
    process.execPath,
    ["--conditions=mcp-task-storage-source", "--input-type=module", "--eval", code],
    { cwd: import.meta.dirname, timeout: 90_000 }
  )

describe("a process that does not close its storage", () => {
  test.each(["memory:", "sqlite::memory:"])("ends by itself: %s", async (url) => {
    const { stdout } = await run(`
      import { openTaskStorage } from "mcp-task-storage/promise"
      const storage = await openTaskStorage(${JSON.stringify(url)})
      const { taskId } = await storage.createTask({ originalMethod: "tools/call" })
      console.log((await storage.getTask(taskId)).status)
    `)
    expect(stdout).toBe("working\n")
  })
})

describe("a runner whose task waits for an answer", () => {
  test.each(["memory:", "sqlite::memory:"])("keeps no process alive: %s", async (url) => {
    const { stdout } = await run(`
      import { openTaskRunner } from "mcp-task-storage/promise"
      const runner = await openTaskRunner(${JSON.stringify(url)}, { defaultTtl: "1 day" })
      const params = { message: "Sure?", requestedSchema: {} }
      await runner.startTask({ originalMethod: "asks" }, (_, { elicit }) => elicit("sure", params))
      await new Promise((resolve) => setTimeout(resolve, 200))
      console.log("its client has gone")
    `)
    expect(stdout).toBe("its client has gone\n")
  })
})

test("whoever waits for a task that others may end keeps the process alive", async () => {
  const { stdout } = await run(`
    import { openTaskStorage } from "mcp-task-storage/promise"
    const storage = await openTaskStorage("sqlite::memory:")
    const { taskId } = await storage.createTask({ originalMethod: "tools/call" })
    setTimeout(() => storage.settleTask(taskId, { _tag: "Success", value: null }), 600).unref()
    console.log((await storage.awaitTask(taskId)).status)
  `)
  expect(stdout).toBe("completed\n")
})

test("maintenance runs on the real clock, again and again", async () => {
  await using storage = await openTaskStorage("memory:", { maxTasks: 1, maintenance: { interval: 10 } })
  /** Where it is full, an expired task leaves room only once it is swept. */
  const create = async () => {
    const created = await storage.createTask({ originalMethod: "tools/call", ttl: 1 }).catch(() => undefined)
    return created ?? setTimeout(5)
  }
  for (let made = 0; made < 4;) if (await create() !== undefined) made++
})
