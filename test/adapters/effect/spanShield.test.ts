/** That the arguments of a tool of a toolkit are in no span, and that its handler runs within the span of the task. */
import { assert, describe, it } from "@effect/vitest"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"
import * as McpTasks from "../../../src/adapters/effect/index.ts"
import * as TaskRunner from "../../../src/runner/index.ts"
import { MemoryTracer, parentId } from "../../support/MemoryTracer.ts"
import { legacy, modern, taskIdOf } from "../../support/wire.ts"
import { serve } from "./server.ts"
import { bothRevisions, memory } from "./servers.ts"

const secret = "payload-of-the-client"

const Kit = Toolkit.make(
  Tool.make("report", { parameters: Schema.Struct({ text: Schema.String }), success: Schema.String })
    .annotate(McpTasks.TaskSupport, "optional"),
  Tool.make("plain", { parameters: Schema.Struct({ text: Schema.String }), success: Schema.String })
)

const report = () =>
  Effect.annotateCurrentSpan("report.kind", "monthly").pipe(
    Effect.andThen(Effect.withSpan(Effect.succeed("done"), "report.print"))
  )

const handlers = Kit.toLayer({ report, plain: report })

const served = Effect.gen(function*() {
  const tracer = new MemoryTracer()
  const traced = Layer.succeed(Tracer.Tracer, tracer.tracer)
  const url = yield* tracer.provide(serve(
    McpTasks.layerHttp({
      name: "test",
      version: "1.0.0",
      path: "/mcp",
      protocols: bothRevisions,
      registrations: McpTasks.toolkit(Kit).pipe(Layer.provide(handlers)),
      owner: McpTasks.anonymous,
      pollInterval: 100
    }).pipe(Layer.provide(TaskRunner.layer({ shutdownTimeout: 10 })), Layer.provide(memory), Layer.provideMerge(traced))
  ))
  return { tracer, url }
})

const args = { text: secret }

const calls: ReadonlyArray<readonly [name: string, call: (url: string) => Effect.Effect<unknown>]> = [
  ["as a task", (url) => {
    const client = modern(url)
    return Effect.flatMap(client.tool("report", args), (answer) => client.until(taskIdOf(answer), "completed"))
  }],
  [
    "as a task of the earlier revision",
    (url) =>
      Effect.flatMap(
        legacy(url),
        (client) => Effect.flatMap(client.task("report", args), (answer) => client.until(taskIdOf(answer), "completed"))
      )
  ],
  ["without a task", (url) => modern(url, { capabilities: {} }).tool("report", args)],
  ["of a tool that is no task", (url) => modern(url).tool("plain", args)],
  [
    "of a tool that is no task, in the earlier revision",
    (url) => Effect.flatMap(legacy(url), (client) => client.tool("plain", args))
  ]
]

describe("a call of a tool of a toolkit", () => {
  it.live.each(calls)("%s", ([, call]) =>
    Effect.gen(function*() {
      const { tracer, url } = yield* served
      yield* call(url)
      const [printed] = tracer.named("report.print")
      const above = tracer.spans.find(({ spanId }) => spanId === parentId(printed))
      assert.strictEqual(above?.attributes.get("report.kind"), "monthly")
      assert.match(above?.name ?? "", /^(tools\/call report|McpServer\.@effect\/mcp\/20\d\d-\d\d-\d\d\/tools\/call)$/)
      for (const { attributes, events, name } of tracer.spans) {
        assert.notInclude(JSON.stringify([[...attributes], events.map(String)]), secret, name)
      }
    }))
})
