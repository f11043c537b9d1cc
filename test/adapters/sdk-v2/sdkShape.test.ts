/**
 * The one thing that is leant on and not published by the SDK: a new version that moves it must fail here, and clearly.
 */
import { McpServer } from "@modelcontextprotocol/server"
import { anonymous, TasksExtension } from "mcp-task-storage/sdk-v2"
import { expect, onTestFinished, test } from "vitest"
import * as z from "zod"

const extension = (): TasksExtension => {
  const tasks = new TasksExtension({ storage: "memory:", owner: anonymous })
  onTestFinished(() => tasks.close())
  tasks.registerTool("tool", { inputSchema: z.object({}) }, () => ({ content: [] }))
  return tasks
}

test("the SDK keeps its request handlers where we look", () => {
  const server = new McpServer({ name: "test", version: "1" })
  extension().attach(server)
  const handlers: unknown = Reflect.get(server.server, "_requestHandlers")
  expect(handlers, "McpServer.server._requestHandlers is gone; see src/adapters/sdk-v2/sdkSeams.ts").toBeInstanceOf(
    Map
  )
})

test("a server says who it is where we look", () => {
  const server = new McpServer({ name: "test", version: "1" })
  const serverInfo: unknown = Reflect.get(server.server, "_serverInfo")
  expect(serverInfo, "McpServer.server._serverInfo is gone; see src/adapters/sdk-v2/sdkSeams.ts").toMatchObject({
    name: "test",
    version: "1"
  })
})

test("where it does not, attaching says so", () => {
  const server = new McpServer({ name: "test", version: "1" })
  server.registerTool("other", {}, () => ({ content: [] }))
  const moved = new Proxy(server.server, {
    get: (target, key) => {
      const value: unknown = key === "_requestHandlers" ? undefined : Reflect.get(target, key)
      return typeof value === "function" ? value.bind(target) : value
    }
  })
  Object.defineProperty(server, "server", { value: moved })
  expect(() => extension().attach(server)).toThrow("keeps its request handlers where mcp-task-storage does not find")
})

test("attaching is cheap enough to do for every request", () => {
  const tasks = extension()
  for (let index = 0; index < 20; index++) {
    tasks.registerTool(`tool-${index}`, { inputSchema: z.object({ a: z.number() }) }, () => ({ content: [] }))
  }
  const rounds = 200
  const began = performance.now()
  for (let round = 0; round < rounds; round++) tasks.attach(new McpServer({ name: "test", version: "1" }))
  expect((performance.now() - began) / rounds).toBeLessThan(10)
})
