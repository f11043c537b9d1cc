/**
 * Three tools that take their time, as an ordinary Effect toolkit. What makes tasks of them is their annotation.
 */
import { Clock, DateTime, Effect, Layer, Schema } from "effect"
import { Tool, Toolkit } from "effect/ai"
import * as McpTasks from "mcp-task-storage/mcp"
import { TaskContext } from "mcp-task-storage/runner"

/** Takes as long as it is told to. Where its process dies, another one writes the report anew. */
const Report = Tool.make("report", {
  description: "Writes a report, which takes a while",
  parameters: Schema.Struct({
    title: Schema.String,
    seconds: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 3600 }))
  }),
  success: Schema.Struct({ text: Schema.String }),
  dependencies: [TaskContext]
}).annotate(McpTasks.TaskSupport, "optional").annotate(Tool.Idempotent, true)

/** Asks a person and waits for the answer without a worker, for weeks if need be. */
const Publish = Tool.make("publish", {
  description: "Publishes a report, once a person has agreed",
  parameters: Schema.Struct({ title: Schema.String }),
  success: Schema.Struct({ text: Schema.String }),
  dependencies: [TaskContext]
  // A person may take weeks to agree; without a ttl the task would live for a day.
}).annotate(McpTasks.TaskSupport, "required").annotate(McpTasks.TaskTtl, "30 days")

/** Fails. Nobody may run it twice, so that its tasks fail too where their process dies. */
const Upload = Tool.make("upload", {
  description: "Uploads a report to a disk that is full",
  parameters: Schema.Struct({ title: Schema.String, seconds: Schema.Finite }),
  success: Schema.Struct({ text: Schema.String }),
  failure: Schema.Struct({ problem: Schema.String })
}).annotate(McpTasks.TaskSupport, "optional")

const ReportTools = Toolkit.make(Report, Publish, Upload)

const pages = 10

const isAgreement = Schema.is(Schema.Struct({
  action: Schema.Literal("accept"),
  content: Schema.Struct({ agree: Schema.Literal(true) })
}))

const now = Effect.map(Clock.currentTimeMillis, (millis) => DateTime.formatIso(DateTime.makeUnsafe(millis)))

const handlers = ReportTools.toLayer({
  report: Effect.fnUntraced(function*({ seconds, title }) {
    const { progress } = yield* TaskContext
    for (let page = 1; page <= pages; page++) {
      yield* Effect.sleep((seconds * 1000) / pages)
      yield* progress(`${page} of ${pages} pages`)
    }
    return { text: `${title}: ${pages} pages, finished at ${yield* now}` }
  }),

  publish: Effect.fnUntraced(function*({ title }) {
    const { step, suspend } = yield* TaskContext
    // The tool begins anew when the answer is there, in whichever process; what is in a step is not done again.
    const draft = yield* step("draft", Schema.String, Effect.map(now, (time) => `${title}, drafted at ${time}`))
    // An elicitation that the client refuses is answered with `cancel`; only other requests fail.
    const { agree } = yield* Effect.orDie(suspend({
      agree: {
        method: "elicitation/create",
        params: {
          mode: "form",
          message: `Publish "${draft}"?`,
          requestedSchema: { type: "object", properties: { agree: { type: "boolean" } }, required: ["agree"] }
        }
      }
    }))
    return { text: isAgreement(agree) ? `Published: ${draft}` : "Not published" }
  }),

  upload: Effect.fnUntraced(function*({ seconds, title }) {
    yield* Effect.sleep(seconds * 1000)
    return yield* Effect.fail({ problem: `No space left for ${title}` })
  })
})

/** Registers the tools at whichever server they are given to. */
export const reportTools = McpTasks.toolkit(ReportTools).pipe(Layer.provide(handlers))
