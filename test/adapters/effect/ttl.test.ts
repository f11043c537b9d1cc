/** How long a task may live, whoever says so. */
import { assert, it } from "@effect/vitest"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as McpTasks from "../../../src/adapters/effect/index.ts"
import * as TaskRunner from "../../../src/runner/index.ts"
import { legacy } from "../../support/wire.ts"
import { serve } from "./server.ts"
import { memory } from "./servers.ts"

const Prolong = Tool.make("prolong", {
  parameters: Tool.EmptyParams,
  success: Schema.String,
  dependencies: [TaskRunner.TaskContext]
}).annotate(McpTasks.TaskSupport, "required")

const Kept = Tool.make("kept", { parameters: Tool.EmptyParams, success: Schema.String })
  .annotate(McpTasks.TaskSupport, "required")

const Forgotten = Tool.make("forgotten", { parameters: Tool.EmptyParams, success: Schema.String })
  .annotate(McpTasks.TaskSupport, "required")
  .annotate(McpTasks.ResultTtl, "1 minute")

const kit = Toolkit.make(Prolong, Kept, Forgotten)

const handlers = kit.toLayer({
  prolong: () => Effect.flatMap(TaskRunner.TaskContext, ({ setTtl }) => Effect.as(setTtl(null), "prolonged")),
  kept: () => Effect.succeed("kept"),
  forgotten: () => Effect.succeed("forgotten")
})

it.live("a tool gives its task no more time than the server allows", () =>
  Effect.gen(function*() {
    const url = yield* serve(
      McpTasks.layerHttp({
        name: "test",
        version: "1.0.0",
        path: "/mcp",
        protocols: [McpProtocol.v2025_11_25],
        registrations: McpTasks.toolkit(kit).pipe(Layer.provide(handlers)),
        owner: McpTasks.anonymous,
        defaultTtl: "1 minute",
        maxTtl: "1 hour"
      }).pipe(Layer.provide(TaskRunner.layer()), Layer.provide(memory))
    )
    const client = yield* legacy(url)
    const { result } = yield* client.task("prolong", {}, {})
    const { taskId, ttl } = result.task
    assert.strictEqual(ttl, 60_000)
    yield* client.call("tasks/result", { taskId })
    assert.strictEqual((yield* client.call("tasks/get", { taskId })).result.ttl, 3_600_000)
  }))

it.live("an ended task lives as its tool says, and else as the server has it", () =>
  Effect.gen(function*() {
    const url = yield* serve(
      McpTasks.layerHttp({
        name: "test",
        version: "1.0.0",
        path: "/mcp",
        protocols: [McpProtocol.v2025_11_25],
        registrations: McpTasks.toolkit(kit).pipe(Layer.provide(handlers)),
        owner: McpTasks.anonymous,
        resultTtl: "10 minutes"
      }).pipe(Layer.provide(TaskRunner.layer()), Layer.provide(memory))
    )
    const client = yield* legacy(url)
    for (const [name, resultTtl] of [["kept", 600_000], ["forgotten", 60_000]] as const) {
      const { taskId } = (yield* client.task(name, {}, { ttl: 3_600_000 })).result.task
      const { result } = yield* client.until(taskId, "completed")
      assert.strictEqual(result.ttl, Date.parse(result.lastUpdatedAt) - Date.parse(result.createdAt) + resultTtl)
    }
  }))
