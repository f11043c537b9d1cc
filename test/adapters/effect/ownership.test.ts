/** That a task of somebody else is like one that never was, and that nobody is asked who they are in vain. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as McpTasks from "../../../src/adapters/effect/index.ts"
import * as TaskRunner from "../../../src/runner/index.ts"
import { legacy, modern, taskIdOf } from "../../support/wire.ts"
import { serve } from "./server.ts"
import { bothRevisions, memory, serveUsers } from "./servers.ts"
import { taskTools } from "./tools.ts"

const serveAnybody = serve(
  McpTasks.layerHttp({
    name: "test",
    version: "1.0.0",
    path: "/mcp",
    protocols: bothRevisions,
    registrations: taskTools,
    owner: McpTasks.anonymous
  }).pipe(Layer.provide(TaskRunner.layer({ shutdownTimeout: 10 })), Layer.provide(memory))
)

describe("ownership", () => {
  it.live("makes a task of another principal one that does not exist, on every method", () =>
    Effect.gen(function*() {
      const url = yield* serveUsers(memory)
      const ann = modern(url, { user: "ann" })
      const taskId = taskIdOf(yield* ann.tool("confirm_delete", { filename: "a.txt" }))
      yield* ann.until(taskId, "input_required")
      const unknown = { code: -32602, message: `Task not found: ${taskId}` }
      const bob = modern(url, { user: "bob" })
      assert.deepStrictEqual((yield* bob.get(taskId)).error, unknown)
      assert.deepStrictEqual((yield* bob.call("tasks/cancel", { taskId })).error, unknown)
      const inputResponses = { confirm: { action: "accept" } }
      assert.deepStrictEqual((yield* bob.call("tasks/update", { taskId, inputResponses })).error, unknown)
      const stream = yield* bob.open("subscriptions/listen", { notifications: { taskIds: [taskId] } })
      assert.deepStrictEqual((yield* stream.next).params?.["notifications"], { taskIds: [] })
      const old = yield* legacy(url, { user: "bob" })
      for (const method of ["tasks/get", "tasks/result", "tasks/cancel"]) {
        assert.deepStrictEqual((yield* old.call(method, { taskId })).error, unknown)
      }
      assert.deepStrictEqual((yield* old.call("tasks/list")).result.tasks, [])
      assert.strictEqual((yield* ann.get(taskId)).result.status, "input_required")
    }))

  it.live("asks who it is on every request, and tells the client how that failed", () =>
    Effect.gen(function*() {
      const url = yield* serveUsers(memory)
      const taskId = taskIdOf(yield* modern(url, { user: "ann" }).tool("slow_compute", { seconds: 9 }))
      const nobody = modern(url)
      const refused = { code: -32001, message: "Who are you?" }
      assert.deepStrictEqual((yield* nobody.tool("slow_compute", { seconds: 0 })).error, refused)
      assert.deepStrictEqual((yield* nobody.get(taskId)).error, refused)
      assert.deepStrictEqual((yield* nobody.call("tasks/cancel", { taskId })).error, refused)
      assert.deepStrictEqual((yield* nobody.call("tasks/update", { taskId, inputResponses: {} })).error, refused)
      const listening = yield* nobody.call("subscriptions/listen", { notifications: { taskIds: [taskId] } })
      assert.deepStrictEqual(listening.error, refused)
      // A tool that becomes no task asks nobody.
      assert.strictEqual((yield* nobody.tool("greet", { name: "Bob" })).result.content[0].text, "Hello, Bob!")
      const old = yield* legacy(url)
      for (const method of ["tasks/get", "tasks/result", "tasks/cancel", "tasks/list"]) {
        assert.deepStrictEqual((yield* old.call(method, { taskId })).error, refused)
      }
      assert.deepStrictEqual((yield* old.task("slow_compute", { seconds: 0 })).error, refused)
    }))

  it.live("may be nobody's, when there is no list", () =>
    Effect.gen(function*() {
      const url = yield* serveAnybody
      const client = yield* legacy(url)
      assert.deepStrictEqual(client.initialized.result.capabilities.tasks, {
        cancel: {},
        requests: { tools: { call: {} } }
      })
      const taskId = taskIdOf(yield* client.task("slow_compute", { seconds: 0 }))
      assert.strictEqual((yield* client.call("tasks/list")).error?.code, -32601)
      assert.deepStrictEqual((yield* client.call("tasks/result", { taskId })).result.structuredContent, {
        text: "done "
      })
    }))
})
