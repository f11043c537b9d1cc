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

const Kit = Toolkit.make(
  tool("breaks"),
  tool("rejects"),
  tool("declares"),
  tool("retried").annotate(McpTasks.Retry, { times: 2, delay: 20 }),
  tool("answered").annotate(McpTasks.Retry, { times: 2, delay: 20 })
)

const tries = { retried: 0, answered: 0 }

const handlers = Kit.toLayer({
  breaks: () => Effect.die(new TypeError("hunter2")),
  rejects: () => Effect.promise(() => Promise.reject(new RangeError("hunter2"))),
  declares: () => Effect.fail("the disk is full"),
  retried: () => Effect.suspend(() => ++tries.retried < 3 ? Effect.die(new Error("not yet")) : Effect.succeed("done")),
  answered: () => Effect.suspend(() => Effect.fail(`try ${++tries.answered}`))
})

const serveKit = (storage: TaskStorage["Service"]) =>
  serve(
    McpTasks.layerHttp({
      name: "test",
      version: "1.0.0",
      path: "/mcp",
      protocols: bothRevisions,
      registrations: McpTasks.toolkit(Kit).pipe(Layer.provide(handlers)),
      owner: McpTasks.anonymous
    }).pipe(Layer.provide(TaskRunner.layer()), Layer.provide(Layer.succeed(TaskStorage, storage)))
  )

describe("what a tool of a toolkit throws", () => {
  it.live("is to its client what it is without a task, and to the operator what it was", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(message)))
      const storage = yield* TaskStorage
      const url = yield* serveKit(storage).pipe(Effect.provide(Logger.layer([logger])))
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

  it.live("is tried again as its annotation says, and a failure that it declares is not", () =>
    Effect.gen(function*() {
      const url = yield* serveKit(yield* TaskStorage).pipe(Effect.provide(Logger.layer([])))
      const client = modern(url)
      for (const [name, text, count] of [["retried", "done", 3], ["answered", "try 1", 1]] as const) {
        const { result } = yield* client.until(taskIdOf(yield* client.tool(name)), "completed")
        assert.include(result.result.content[0].text, text)
        assert.strictEqual(tries[name], count)
      }
    }).pipe(Effect.provide(memory)))
})
