/** What the official clients call: tools that end at once, fail in each way, ask, or never end. */
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as McpTasks from "../../../../src/adapters/effect/index.ts"
import { TaskContext, TaskFailure } from "../../../../src/runner/handler/TaskContext.ts"

const Add = Tool.make("add", {
  parameters: Schema.Struct({ a: Schema.Finite, b: Schema.Finite }),
  success: Schema.Struct({ sum: Schema.Finite })
}).annotate(McpTasks.TaskSupport, "optional")

const Plain = Tool.make("plain", { parameters: Tool.EmptyParams, success: Schema.Struct({ done: Schema.Boolean }) })

const Failing = Tool.make("failing", {
  parameters: Tool.EmptyParams,
  success: Schema.Struct({ done: Schema.Boolean }),
  failure: Schema.Struct({ problem: Schema.String })
}).annotate(McpTasks.TaskSupport, "required")

const Refusing = Tool.make("refusing", {
  parameters: Tool.EmptyParams,
  success: Schema.Struct({ done: Schema.Boolean }),
  failure: TaskFailure
}).annotate(McpTasks.TaskSupport, "required")

const Endless = Tool.make("endless", {
  parameters: Tool.EmptyParams,
  success: Schema.Struct({ done: Schema.Boolean }),
  dependencies: [TaskContext]
}).annotate(McpTasks.TaskSupport, "required")

/** It runs again where its server stops, so that it can be answered on the next one. */
const Confirm = Tool.make("confirm", {
  parameters: Schema.Struct({ file: Schema.String }),
  success: Schema.Struct({ deleted: Schema.Boolean }),
  dependencies: [TaskContext]
}).annotate(McpTasks.TaskSupport, "required").annotate(Tool.Idempotent, true)

const AskModel = Tool.make("ask_model", {
  parameters: Tool.EmptyParams,
  success: Schema.Struct({ said: Schema.Json }),
  dependencies: [TaskContext]
}).annotate(McpTasks.TaskSupport, "required")

const Kit = Toolkit.make(Add, Plain, Failing, Refusing, Endless, Confirm, AskModel)

const isYes = Schema.is(Schema.Struct({ confirm: Schema.Literal(true) }))

const handlers = Kit.toLayer({
  add: ({ a, b }) => Effect.succeed({ sum: a + b }),
  plain: () => Effect.succeed({ done: true }),
  failing: () => Effect.fail({ problem: "the disk is full" }),
  refusing: () => Effect.fail(new TaskFailure({ code: -32050, message: "Refused", data: { reason: "rules" } })),
  endless: Effect.fnUntraced(function*() {
    const { progress } = yield* TaskContext
    yield* progress("begun")
    return yield* Effect.never
  }),
  confirm: Effect.fnUntraced(function*({ file }) {
    const { elicit } = yield* TaskContext
    const { action, content } = yield* elicit("confirm", {
      message: `Delete ${file}?`,
      requestedSchema: { type: "object", properties: { confirm: { type: "boolean" } }, required: ["confirm"] }
    })
    return { deleted: action === "accept" && isYes(content) }
  }),
  ask_model: Effect.fnUntraced(function*() {
    const { sample } = yield* TaskContext
    const messages = [{ role: "user", content: { type: "text", text: "Why?" } }]
    return { said: yield* Effect.orDie(sample("model", { messages, maxTokens: 10 })) }
  })
})

export const clientTools = McpTasks.toolkit(Kit).pipe(Layer.provide(handlers))
