/** The tools that the official conformance suite asks for, and some more of its kind. */
import * as McpSchema from "effect/ai/McpSchema"
import * as McpServer from "effect/ai/McpServer"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as McpTasks from "../../../src/adapters/effect/index.ts"
import { TaskContext, TaskFailure } from "../../../src/runner/handler/TaskContext.ts"

const SlowCompute = Tool.make("slow_compute", {
  description: "Slow compute, as the suite has it",
  parameters: Schema.Struct({ seconds: Schema.Finite, label: Schema.optional(Schema.String) }),
  success: Schema.Struct({ text: Schema.String }),
  dependencies: [TaskContext]
}).annotate(McpTasks.TaskSupport, "optional").annotate(Tool.Idempotent, true)

const FailingJob = Tool.make("failing_job", {
  description: "Failing job, as the suite has it",
  parameters: Tool.EmptyParams,
  success: Schema.String,
  failure: Schema.String
}).annotate(McpTasks.TaskSupport, "required")

const ProtocolErrorJob = Tool.make("protocol_error_job", {
  description: "Protocol error job, as the suite has it",
  parameters: Tool.EmptyParams,
  success: Schema.String,
  failure: TaskFailure
}).annotate(McpTasks.TaskSupport, "required")

const ConfirmDelete = Tool.make("confirm_delete", {
  description: "Confirm delete, as the suite has it",
  parameters: Schema.Struct({ filename: Schema.String }),
  success: Schema.String,
  dependencies: [TaskContext]
}).annotate(McpTasks.TaskSupport, "required")

const MultiInput = Tool.make("multi_input", {
  description: "Multi input, as the suite has it",
  parameters: Tool.EmptyParams,
  success: Schema.String,
  dependencies: [TaskContext]
}).annotate(McpTasks.TaskSupport, "required")

const AskAnything = Tool.make("ask_anything", {
  description: "Ask anything, as the suite has it",
  parameters: Tool.EmptyParams,
  success: Schema.String,
  dependencies: [TaskContext]
}).annotate(McpTasks.TaskSupport, "required")

const TaskKit = Toolkit.make(SlowCompute, FailingJob, ProtocolErrorJob, ConfirmDelete, MultiInput, AskAnything)

const confirmation = (message: string) => ({
  message,
  requestedSchema: { type: "object", properties: { confirm: { type: "boolean" } }, required: ["confirm"] }
})

const taskHandlers = TaskKit.toLayer({
  slow_compute: Effect.fnUntraced(function*({ label, seconds }) {
    const task = yield* TaskContext
    yield* task.progress(`sleeping for ${seconds} s`)
    yield* Effect.sleep(seconds * 1000)
    return { text: `done ${label ?? ""}` }
  }),
  failing_job: () => Effect.andThen(Effect.sleep(1000), Effect.fail("the job failed")),
  protocol_error_job: () => Effect.fail(new TaskFailure({ code: -32050, message: "no such account", data: { id: 7 } })),
  confirm_delete: Effect.fnUntraced(function*({ filename }) {
    const task = yield* TaskContext
    const answer = yield* task.elicit("confirm", confirmation(`Delete ${filename}?`))
    return answer.action === "accept" ? `deleted ${filename}` : `kept ${filename}`
  }),
  multi_input: Effect.fnUntraced(function*() {
    const task = yield* TaskContext
    return JSON.stringify(
      yield* Effect.orDie(task.request({
        first: { method: "elicitation/create", params: confirmation("First?") },
        second: { method: "elicitation/create", params: confirmation("Second?") }
      }))
    )
  }),
  ask_anything: Effect.fnUntraced(function*() {
    const task = yield* TaskContext
    const messages = [{ role: "user", content: { type: "text", text: "Why?" } }]
    return JSON.stringify(
      yield* Effect.orDie(task.request({
        model: { method: "sampling/createMessage", params: { messages, maxTokens: 10 } },
        custom: { method: "x/custom", params: { a: 1 } }
      }))
    )
  })
})

export const text = (text: string) => new McpSchema.CallToolResult({ content: [{ type: "text", text }] })

export const inputSchema = { type: "object" as const, properties: {} }

const greet = Effect.flatMap(McpServer.McpServer, (server) =>
  server.addTool({
    tool: new McpSchema.Tool({ name: "greet", description: "Greets", inputSchema }),
    annotations: Context.empty(),
    handle: (args: unknown) =>
      Effect.succeed(text(`Hello, ${Predicate.hasProperty(args, "name") ? String(args.name) : "nobody"}!`))
  }))

const nameOf = (answer: McpSchema.McpInputResponse | undefined): unknown =>
  answer?.["action"] === "accept" && Predicate.hasProperty(answer["content"], "name")
    ? answer["content"].name
    : undefined

const withTask = McpTasks.addTool({
  tool: new McpSchema.Tool({ name: "test_tool_with_task", description: "Asks, then runs", inputSchema }),
  taskSupport: "required",
  prepare: () =>
    Effect.map(McpSchema.McpRequestContext, ({ inputResponses }) => {
      const name = nameOf(inputResponses?.["user_name"])
      if (name !== undefined) return { arguments: { name } }
      return new McpSchema.InputRequired({
        inputRequests: {
          user_name: {
            method: "elicitation/create",
            params: {
              mode: "form",
              message: "What is your name?",
              requestedSchema: { type: "object", properties: { name: { type: "string" } }, required: ["name"] }
            }
          }
        },
        requestState: "asked"
      })
    }),
  handle: (args) => Effect.succeed(text(`Hello ${Predicate.hasProperty(args, "name") ? String(args.name) : "?"}`))
})

/** All of them, for a server with tasks. */
export const taskTools = Layer.mergeAll(
  McpTasks.toolkit(TaskKit).pipe(Layer.provide(taskHandlers)),
  Layer.effectDiscard(greet),
  Layer.effectDiscard(withTask)
)
