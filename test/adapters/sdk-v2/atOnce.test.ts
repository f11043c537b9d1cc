/**
 * Calls that are over before anything has to watch them, and those that only begin so.
 */
import { type CallToolResult, createMcpHandler, McpServer } from "@modelcontextprotocol/server"
import { openTaskRunner, type PromiseTaskContext } from "mcp-task-storage/promise"
import { anonymous, TaskFailure, TasksExtension } from "mcp-task-storage/sdk-v2"
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises"
import { expect, onTestFinished, test } from "vitest"
import * as z from "zod"
import { toolCall } from "../../support/toolCall.ts"

type Run = (context: PromiseTaskContext) => Promise<CallToolResult> | CallToolResult

const say = (text: string) => ({ content: [{ type: "text" as const, text }] })

/** Serves one tool, on a runner with room for one call, and gives what calls it. */
const serveTool = async (run: Run) => {
  const runner = await openTaskRunner("memory:", { maxRunning: 1, whenFull: "refuse", shutdownTimeout: 0 })
  onTestFinished(() => runner.close())
  const tasks = new TasksExtension({
    runner,
    owner: anonymous,
    taskAfter: "1 minute",
    limits: { openCalls: 1 },
    onError: () => {}
  })
  await tasks.ready()
  tasks.registerTool("tool", { inputSchema: z.object({}) }, (_, context) => run(context))
  const handler = tasks.listen(createMcpHandler(() => {
    const server = new McpServer({ name: "test", version: "1" })
    tasks.attach(server)
    return server
  }))
  const call = async (): Promise<unknown> => (await handler.fetch(toolCall("tool", {}))).json()
  return { call, runner }
}

const works: ReadonlyArray<readonly [name: string, run: Run, answer: object]> = [
  ["gives its result", () => say("done"), { result: say("done") }],
  ["gives a promise of its result", async () => say("done"), { result: say("done") }],
  ["gives no result", () => JSON.parse("{ \"content\": \"done\" }"), { result: { isError: true } }],
  ["gives what JSON cannot carry", () => ({ content: [], structuredContent: { count: 1n } }), {
    result: { isError: true }
  }],
  ["throws", () => {
    throw new Error("broken")
  }, { result: { ...say("broken"), isError: true } }],
  ["throws a TaskFailure", () => {
    throw new TaskFailure({ code: -32050, message: "no" })
  }, { error: { code: -32050, message: "no" } }],
  ["tells its progress", async ({ progress }) => {
    await progress("half")
    return say("done")
  }, { result: say("done") }],
  ["takes a step, then fails", async ({ step }) => {
    await step("one", () => 1)
    throw new Error("broken")
  }, { result: { ...say("broken"), isError: true } }],
  ["waits for a turn", async () => {
    await turn()
    return say("done")
  }, { result: say("done") }],
  ["waits for a while, and looks whether it is to stop", async ({ signal }) => {
    await sleep(10, undefined, { signal })
    return say(String(signal.aborted))
  }, { result: say("false") }]
]

test.each(works)("work that %s gives up its place", async (_, run, answer) => {
  const { call, runner } = await serveTool(run)
  expect(await call()).toMatchObject(answer)
  // With the place taken, it would be refused.
  expect(await call()).toMatchObject(answer)
  expect(runner.running()).toBe(0)
  expect((await runner.storage.listTaskSummaries()).tasks).toStrictEqual([])
})

test("work has its place while it goes on", async () => {
  const { call } = await serveTool(async () => {
    await turn()
    return say("done")
  })
  const [first, second] = await Promise.all([call(), call()])
  expect(first).toMatchObject({ result: say("done") })
  expect(second).toMatchObject({ error: { message: "Too many tasks. Try again later." } })
})

test("work stops when its runner ends in its first turn", async () => {
  const aborted: Array<boolean> = []
  const { call, runner } = await serveTool(async ({ signal }) => {
    void runner.close()
    await sleep(50)
    aborted.push(signal.aborted)
    return say("done")
  })
  expect(await call()).toMatchObject({ error: { code: -32603 } })
  await expect.poll(() => aborted).toStrictEqual([true])
})

test("an operation of work whose runner has ended never settles", async () => {
  const settled: Array<unknown> = []
  const { call, runner } = await serveTool(async ({ progress }) => {
    await runner.close()
    await progress("half").finally(() => settled.push("settled"))
    return say("done")
  })
  expect(await call()).toMatchObject({ error: { code: -32603 } })
  await sleep(20)
  expect(settled).toStrictEqual([])
})
