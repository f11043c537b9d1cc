/** What one owner may take of a server, in revision 2025-11-25. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { TasksLimits } from "../../../src/protocol/TasksOptions.ts"
import { legacy, type Message, taskIdOf } from "../../support/wire.ts"
import { nested, requireLimit, sendInChunks, soon, storedElsewhere } from "./requireLimit.ts"
import { type Row, rowOf } from "./Row.ts"

const row = rowOf("2025-11-25")

const isAsked = ({ method }: Message) => method === "sampling/createMessage"
const isAnswer = ({ method }: Message) => method === undefined

/** Two sessions of one owner, who has the same limits in both, and one of another. */
const sessions = (url: string) =>
  Effect.all([legacy(url, { user: "ann" }), legacy(url, { user: "ann" }), legacy(url, { user: "bob" })])

/** What a task makes of an answer: the refusal that it gets. */
const refused = Effect.fnUntraced(function*(url: string, call: "task" | "tool", answer: unknown) {
  const client = yield* legacy(url, { user: "ann" })
  const stream = call === "task"
    ? yield* client.open("tasks/result", { taskId: taskIdOf(yield* client.task("samples")) })
    : yield* client.open("tools/call", { name: "samples", arguments: {} })
  yield* client.respond(yield* Effect.repeat(stream.next, { until: isAsked }), answer)
  const { result } = yield* Effect.repeat(stream.next, { until: isAnswer })
  return JSON.parse(result.content[0].text).message
})

const answerLimits: TasksLimits = { answerBytes: 1000, answerDepth: 6 }

export const limits20251125: ReadonlyArray<Row> = [
  row(
    "a plain call stops, and leaves its place, when its client loses its stream",
    { openCalls: 1 },
    (url) =>
      Effect.gen(function*() {
        const client = yield* legacy(url, { user: "ann" })
        const stream = yield* client.open("tools/call", { name: "slow", arguments: {} })
        requireLimit(yield* client.tool("greet"), "openCalls", 1)
        yield* stream.close
        yield* soon(client.tool("greet"))
      })
  ),

  row(
    "an owner stores so many tasks, whoever stored them",
    { storedTasks: 2 },
    (url, storage) =>
      Effect.gen(function*() {
        const [one, two, other] = yield* sessions(url)
        yield* storedElsewhere(storage)
        yield* one.until(taskIdOf(yield* one.task("greet")), "completed")
        requireLimit(yield* two.task("greet"), "storedTasks", 2)
        assert.isUndefined((yield* other.task("greet")).error)
        // What stores nothing needs no room.
        assert.isUndefined((yield* two.tool("greet")).error)
      })
  ),

  row("an owner has so many tasks that have not ended", { activeTasks: 2 }, (url, storage) =>
    Effect.gen(function*() {
      const [one, two, other] = yield* sessions(url)
      yield* storedElsewhere(storage)
      const taskId = taskIdOf(yield* one.task("slow"))
      requireLimit(yield* two.task("slow"), "activeTasks", 2)
      assert.isUndefined((yield* other.task("slow")).error)
      yield* one.call("tasks/cancel", { taskId })
      yield* soon(two.task("slow"))
    })),

  row("an owner has so many calls open that are no tasks", { openCalls: 2 }, (url) =>
    Effect.gen(function*() {
      const [one, two, other] = yield* sessions(url)
      for (const client of [one, two]) yield* client.open("tools/call", { name: "slow", arguments: {} })
      requireLimit(yield* two.tool("greet"), "openCalls", 2)
      assert.isUndefined((yield* two.task("greet")).error)
      for (let index = 0; index < 5; index++) assert.isUndefined((yield* other.tool("greet")).error)
    })),

  row("an owner waits for so many results", { blockedResults: 2 }, (url) =>
    Effect.gen(function*() {
      const [one, two, other] = yield* sessions(url)
      const taskId = taskIdOf(yield* one.task("slow"))
      yield* one.open("tasks/result", { taskId })
      const open = yield* two.open("tasks/result", { taskId })
      const third = two.call("tasks/result", { taskId }).pipe(
        Effect.repeat({ until: ({ error }) => error !== undefined }),
        Effect.timeout("60 seconds")
      )
      requireLimit(yield* third, "blockedResults", 2)
      const soon = taskIdOf(yield* other.task("soon"))
      assert.strictEqual((yield* other.call("tasks/result", { taskId: soon })).result.content[0].text, "soon")
      const greeted = taskIdOf(yield* one.task("greet"))
      yield* one.until(greeted, "completed")
      assert.strictEqual((yield* two.call("tasks/result", { taskId: greeted })).result.content[0].text, "hello")
      yield* open.close
    })),

  row("a request takes so many bytes, however it is sent", { requestBytes: 5000 }, (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, { user: "ann" })
      const args = { text: "x".repeat(6000) }
      const refusal = yield* client.task("greet", args)
      assert.strictEqual(refusal.status, 413)
      requireLimit(refusal, "requestBytes", 5000)
      const { headers, message } = client.envelope("tools/call", { name: "greet", arguments: args, task: {} })
      requireLimit(yield* sendInChunks(url, headers, message), "requestBytes", 5000)
      // All that a client sends is counted, and not just the arguments of a call.
      const list = client.envelope("tools/list", { _meta: { padding: "x".repeat(6000) } })
      const refused = yield* sendInChunks(url, list.headers, list.message)
      assert.strictEqual(refused.status, 413)
      requireLimit(refused, "requestBytes", 5000)
      assert.isUndefined((yield* sendInChunks(url, list.headers, { ...list.message, params: {} })).error)
      assert.isUndefined((yield* client.task("greet", { text: "x".repeat(2000) })).error)
    })),

  row(
    "an answer takes so many bytes, and so many levels, or is refused",
    answerLimits,
    (url) =>
      Effect.gen(function*() {
        const content = { type: "text", text: "Because." }
        for (const call of ["task", "tool"] as const) {
          const long = { role: "assistant", model: "m", content: { ...content, text: "x".repeat(1000) } }
          assert.match(yield* refused(url, call, long), /^The answers take more than 1000 bytes/)
          const deep = { role: "assistant", model: "m", content: { ...content, _meta: nested(6) } }
          assert.match(yield* refused(url, call, deep), /^The answers are nested in more than 6 levels/)
        }
      })
  )
]
