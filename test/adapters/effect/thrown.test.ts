/** What tools of toolkits throw: what the client sees, and what the operator does. */
import { assert, describe, it } from "@effect/vitest"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as McpTasks from "../../../src/adapters/effect/index.ts"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import * as TaskRunner from "../../../src/runner/index.ts"
import { legacy, modern, taskIdOf } from "../../support/wire.ts"
import { serve } from "./server.ts"
import { bothRevisions, memory } from "./servers.ts"

const tool = <Name extends string>(name: Name) =>
  Tool.make(name, { parameters: Tool.EmptyParams, success: Schema.String, failure: Schema.String })
    .annotate(McpTasks.TaskSupport, "optional")

const Kit = Toolkit.make(tool("breaks"), tool("rejects"), tool("declares"))

const handlers = Kit.toLayer({
  breaks: () => Effect.die(new TypeError("hunter2")),
  rejects: () => Effect.promise(() => Promise.reject(new RangeError("hunter2"))),
  declares: () => Effect.fail("the disk is full")
})

describe("what a tool of a toolkit throws", () => {
  it.live("is to its client what it is without a task, and to the operator what it was", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(message)))
      const storage = yield* TaskStorage
      const url = yield* serve(
        McpTasks.layerHttp({
          name: "test",
          version: "1.0.0",
          path: "/mcp",
          protocols: bothRevisions,
          registrations: McpTasks.toolkit(Kit).pipe(Layer.provide(handlers)),
          owner: McpTasks.anonymous
        }).pipe(Layer.provide(TaskRunner.layer()), Layer.provide(Layer.succeed(TaskStorage, storage)))
      ).pipe(Effect.provide(Logger.layer([logger])))
      const client = modern(url)
      const inline = modern(url, { capabilities: {} })
      const old = yield* legacy(url)
      for (const [name, failure] of [["breaks", "TypeError"], ["rejects", "RangeError"], ["declares", undefined]]) {
        const { result: answered } = yield* inline.tool(`${name}`)
        assert.isTrue(answered.isError)
        lines.length = 0
        const taskId = taskIdOf(yield* client.tool(`${name}`))
        const { result } = yield* client.until(taskId, "completed")
        assert.deepStrictEqual(result.result, answered)
        assert.notInclude(JSON.stringify(result), "hunter2")
        const found = yield* storage.getTask(taskId)
        assert.strictEqual(found._tag === "Some" ? found.value.failure?.name : "none", failure)
        assert.strictEqual(lines.length, failure === undefined ? 0 : 1)
        assert.strictEqual((yield* old.call("tasks/get", { taskId })).result.status, "failed")
      }
    }).pipe(Effect.provide(memory)))
})
