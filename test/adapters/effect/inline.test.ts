/** Tools that may be tasks, where they are none. */
import { assert, describe, it } from "@effect/vitest"
import * as McpSchema from "effect/ai/McpSchema"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as McpTasks from "../../../src/adapters/effect/index.ts"
import * as TaskRunner from "../../../src/runner/index.ts"
import { legacy, modern } from "../../support/wire.ts"
import { serve } from "./server.ts"
import { bothRevisions, memory } from "./servers.ts"
import { inputSchema, text } from "./tools.ts"

const tool = (name: string, handle: McpTasks.ToolRegistration<TaskRunner.TaskContext>["handle"]) =>
  McpTasks.addTool({ tool: new McpSchema.Tool({ name, inputSchema }), taskSupport: "optional", handle })

const tools = Effect.all([
  tool("steps", () =>
    Effect.gen(function*() {
      const task = yield* TaskRunner.TaskContext
      yield* task.progress("begun")
      yield* task.setTtl("1 hour")
      return text(yield* task.step("one", Schema.String, Effect.succeed("stepped")))
    })),
  tool("asks", () =>
    Effect.gen(function*() {
      const task = yield* TaskRunner.TaskContext
      const { action, content } = yield* task.elicit("name", { message: "Who?", requestedSchema: { type: "object" } })
      return text(JSON.stringify({ action, content }))
    })),
  tool("fails", () => Effect.fail(new TaskRunner.TaskFailure({ code: -32050, message: "no such account" }))),
  tool("refuses", () => Effect.fail(new McpSchema.InvalidParams({ message: "not this one" }))),
  tool("breaks", () => Effect.die(new Error("hunter2")))
])

const serveTools = serve(
  McpTasks.layerHttp({
    name: "test",
    version: "1.0.0",
    path: "/mcp",
    protocols: bothRevisions,
    registrations: Layer.effectDiscard(tools),
    owner: McpTasks.anonymous
  }).pipe(Layer.provide(TaskRunner.layer()), Layer.provide(memory))
)

describe("a tool that may be a task and is none", () => {
  it.live("makes its steps, and reports progress to nobody", () =>
    Effect.gen(function*() {
      const url = yield* serveTools
      for (const client of [yield* legacy(url), modern(url, { capabilities: {} })]) {
        assert.strictEqual((yield* client.tool("steps")).result.content[0].text, "stepped")
        assert.deepStrictEqual((yield* client.tool("fails")).error, { code: -32050, message: "no such account" })
        const refused = (yield* client.tool("refuses")).result
        assert.isTrue(refused.isError)
        assert.strictEqual(refused.content[0].text, "not this one")
        const broken = yield* client.tool("breaks")
        assert.notInclude(JSON.stringify(broken.messages), "hunter2")
      }
    }).pipe(Effect.provide(Logger.layer([]))))

  it.live("asks nobody who does not declare that they answer", () =>
    Effect.gen(function*() {
      const url = yield* serveTools
      for (const client of [yield* legacy(url, { capabilities: {} }), modern(url, { capabilities: {} })]) {
        assert.strictEqual((yield* client.tool("asks")).result.content[0].text, JSON.stringify({ action: "cancel" }))
      }
    }))

  it.live("asks a client of 2025-11-25 on the stream of the call", () =>
    Effect.gen(function*() {
      const client = yield* legacy(yield* serveTools)
      const stream = yield* client.open("tools/call", { name: "asks", arguments: {} })
      const asked = yield* stream.next
      assert.deepStrictEqual(asked.params, { message: "Who?", requestedSchema: { type: "object" } })
      yield* client.respond(asked, { action: "accept", content: { name: "Bob" } })
      const { result } = yield* stream.next
      assert.strictEqual(result.content[0].text, JSON.stringify({ action: "accept", content: { name: "Bob" } }))
    }))

  it.live("asks a client of 2026-07-28 by a result that says so, and goes on with the next call", () =>
    Effect.gen(function*() {
      const client = modern(yield* serveTools, { capabilities: { elicitation: { form: {} } } })
      const { result: asked } = yield* client.tool("asks")
      assert.strictEqual(asked.resultType, "input_required")
      assert.strictEqual(asked.inputRequests.name.method, "elicitation/create")
      const { requestState } = asked
      const wrong = yield* client.call("tools/call", {
        name: "steps",
        arguments: {},
        requestState,
        inputResponses: { name: { action: "accept" } }
      })
      assert.strictEqual(wrong.error?.code, -32602)
      const { result } = yield* client.call("tools/call", {
        name: "asks",
        arguments: {},
        requestState,
        inputResponses: { name: { action: "accept", content: { name: "Bob" } } }
      })
      assert.strictEqual(result.resultType, "complete")
      assert.strictEqual(result.content[0].text, JSON.stringify({ action: "accept", content: { name: "Bob" } }))
    }))

  it.live("gives as a task what it gives in a request", () =>
    Effect.gen(function*() {
      const url = yield* serveTools
      const client = modern(url)
      const outcomeOf = Effect.fnUntraced(function*(name: string, status: string) {
        const { result } = yield* client.until((yield* client.tool(name)).result.taskId, status)
        return result.error ?? result.result
      })
      const inline = modern(url, { capabilities: {} })
      assert.deepStrictEqual(yield* outcomeOf("steps", "completed"), (yield* inline.tool("steps")).result)
      assert.deepStrictEqual(yield* outcomeOf("fails", "failed"), (yield* inline.tool("fails")).error)
      const refused = yield* outcomeOf("refuses", "completed")
      assert.deepStrictEqual(refused, (yield* inline.tool("refuses")).result)
      assert.deepStrictEqual(yield* outcomeOf("breaks", "failed"), { code: -32603, message: "Internal error" })
    }).pipe(Effect.provide(Logger.layer([]))))
})
