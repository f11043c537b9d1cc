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

const kit = Toolkit.make(Prolong)

const handlers = kit.toLayer({
  prolong: () => Effect.flatMap(TaskRunner.TaskContext, ({ setTtl }) => Effect.as(setTtl(null), "prolonged"))
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
