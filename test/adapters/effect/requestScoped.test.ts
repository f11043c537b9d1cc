/** Tasks where execution belongs to each request, and a queue wakes the workers. */
import { assert, describe, it } from "@effect/vitest"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import * as McpTasks from "../../../src/adapters/effect/index.ts"
import * as TaskRunner from "../../../src/runner/index.ts"
import { modern, taskIdOf } from "../../support/wire.ts"
import { serve } from "./server.ts"
import { memory, userOfHeader } from "./servers.ts"
import { taskTools } from "./tools.ts"

describe("a server whose execution belongs to requests", () => {
  it.live("creates tasks, which whoever is woken with the id runs", () =>
    Effect.gen(function*() {
      const queue: Array<string> = []
      const runner = yield* Layer.build(
        TaskRunner.layer({
          recovery: false,
          dispatch: (taskId) =>
            Effect.sync(() => {
              queue.push(taskId)
            })
        }).pipe(Layer.provideMerge(memory))
      )
      const url = yield* serve(
        McpTasks.layerHttpRequestScoped({
          name: "test",
          version: "1.0.0",
          path: "/mcp",
          protocols: [McpProtocol.v2026_07_28],
          registrations: taskTools,
          owner: userOfHeader
        }).pipe(Layer.provide(Layer.succeedContext(runner)))
      )
      const client = modern(url, { user: "ann" })
      const taskId = taskIdOf(yield* client.tool("slow_compute", { seconds: 0 }))
      assert.deepStrictEqual(queue, [taskId])
      assert.strictEqual((yield* client.get(taskId)).result.status, "working")
      assert.strictEqual(yield* Context.get(runner, TaskRunner.TaskRunner).runTask(taskId), "settled")
      assert.strictEqual((yield* client.get(taskId)).result.status, "completed")
      const listening = yield* client.call("subscriptions/listen", { notifications: { taskIds: [taskId] } })
      assert.strictEqual(listening.error?.code, -32601)
    }))

  it.live("also as a web handler", () =>
    Effect.gen(function*() {
      const app = McpTasks.layerHttpRequestScoped({
        name: "test",
        version: "1.0.0",
        path: "/mcp",
        protocols: [McpProtocol.v2026_07_28],
        registrations: taskTools,
        owner: McpTasks.anonymous
      }).pipe(Layer.provide(TaskRunner.layer({ shutdownTimeout: 10 })), Layer.provide(memory))
      const { handler } = yield* Effect.acquireRelease(
        Effect.sync(() => HttpRouter.toWebHandler(app, { disableLogger: true })),
        ({ dispose }) => Effect.promise(dispose)
      )
      const _meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {}
      }
      const response = yield* Effect.promise(() =>
        handler(
          new Request("http://localhost/mcp", {
            method: "POST",
            headers: {
              "content-type": "application/json",
              accept: "application/json, text/event-stream",
              "mcp-protocol-version": "2026-07-28",
              "mcp-method": "tools/call",
              "mcp-name": "failing_job"
            },
            body: JSON.stringify({
              jsonrpc: "2.0",
              id: 1,
              method: "tools/call",
              params: { name: "failing_job", arguments: {}, _meta }
            })
          })
        )
      )
      assert.strictEqual(response.status, 400)
      assert.include(yield* Effect.promise(() => response.text()), "-32021")
    }))
})
