/** What one owner may take of a server, in revision 2026-07-28. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { TasksLimits } from "../../../src/protocol/TasksOptions.ts"
import { modern, taskIdOf } from "../../support/wire.ts"
import { nested, requireLimit, sendInChunks, soon, storedElsewhere } from "./requireLimit.ts"
import { type Row, rowOf } from "./Row.ts"

const row = rowOf("2026-07-28")

const clients = (url: string) => ({
  one: modern(url, { user: "ann" }),
  /** One that is answered with questions, and no task. */
  plain: modern(url, { user: "ann", capabilities: { elicitation: { form: {} } } }),
  other: modern(url, { user: "bob" })
})

const answerLimits: TasksLimits = { answerKeys: 2, answerBytes: 1000, answerDepth: 4 }

/** Answers over each of these limits. */
const overLimits = [
  ["answerKeys", 2, { a: { action: "decline" }, b: { action: "decline" }, sure: { action: "decline" } }],
  ["answerBytes", 1000, { sure: { action: "accept", content: { text: "x".repeat(1000) } } }],
  ["answerDepth", 4, { sure: { action: "decline", _meta: nested(4) } }]
] as const

const right = { sure: { action: "accept", content: { sure: true } } }

export const limits20260728: ReadonlyArray<Row> = [
  row(
    "an owner stores so many tasks, whoever stored them",
    { storedTasks: 2 },
    (url, storage) =>
      Effect.gen(function*() {
        const { one, other, plain } = clients(url)
        yield* storedElsewhere(storage)
        yield* one.until(taskIdOf(yield* one.tool("greet")), "completed")
        requireLimit(yield* one.tool("greet"), "storedTasks", 2)
        // These become tasks later, or in secret.
        requireLimit(yield* one.tool("later"), "storedTasks", 2)
        requireLimit(yield* plain.tool("asks"), "storedTasks", 2)
        assert.isUndefined((yield* other.tool("greet")).error)
        // What stores nothing needs no room.
        for (const answer of [yield* plain.tool("greet"), yield* one.tool("greetInTime")]) {
          assert.isUndefined(answer.error)
        }
      })
  ),

  row("an owner has so many tasks that have not ended", { activeTasks: 2 }, (url, storage) =>
    Effect.gen(function*() {
      const { one, other } = clients(url)
      yield* storedElsewhere(storage)
      const taskId = taskIdOf(yield* one.tool("slow"))
      requireLimit(yield* one.tool("slow"), "activeTasks", 2)
      assert.isUndefined((yield* other.tool("slow")).error)
      yield* one.call("tasks/cancel", { taskId })
      yield* soon(one.tool("slow"))
    })),

  row("an owner has so many calls open that are no tasks", { openCalls: 2 }, (url) =>
    Effect.gen(function*() {
      const { one, other, plain } = clients(url)
      assert.strictEqual((yield* one.tool("greetInTime")).result.resultType, "complete")
      const call = plain.open("tools/call", { name: "slow", arguments: {} })
      for (let index = 0; index < 2; index++) yield* Effect.forkScoped(call)
      const third = plain.tool("greet").pipe(
        Effect.repeat({ until: ({ error }) => error !== undefined }),
        Effect.timeout("60 seconds")
      )
      requireLimit(yield* third, "openCalls", 2)
      for (const name of ["greet", "greetInTime"]) {
        assert.strictEqual((yield* one.tool(name)).result.resultType, "task")
      }
      for (let index = 0; index < 5; index++) {
        assert.strictEqual((yield* other.tool("greetInTime")).result.resultType, "complete")
      }
    })),

  row("an owner opens so many subscriptions", { openStreams: 2 }, (url) =>
    Effect.gen(function*() {
      const { one, other } = clients(url)
      const notifications = { taskIds: [taskIdOf(yield* one.tool("slow"))] }
      const streams = yield* Effect.forEach([1, 2], () => one.open("subscriptions/listen", { notifications }))
      for (const { next } of streams) yield* next
      const third = one.call("subscriptions/listen", { notifications })
      const refused = yield* third
      requireLimit(refused, "openStreams", 2)
      assert.strictEqual(refused.status, 429)
      const others = yield* other.open("subscriptions/listen", { notifications: { taskIds: [] } })
      assert.strictEqual((yield* others.next).method, "notifications/subscriptions/acknowledged")
      for (const { close } of streams) yield* close
    })),

  row("a request takes so many bytes, however it is sent", { requestBytes: 5000 }, (url) =>
    Effect.gen(function*() {
      const { one } = clients(url)
      const args = { text: "x".repeat(6000) }
      const refusal = yield* one.tool("greet", args)
      assert.strictEqual(refusal.status, 413)
      requireLimit(refusal, "requestBytes", 5000)
      const { headers, message } = one.envelope("tools/call", { name: "greet", arguments: args })
      requireLimit(yield* sendInChunks(url, headers, message), "requestBytes", 5000)
      // All that a client sends is counted, and not just the arguments of a call.
      const list = (padding: string) => {
        const { headers, message } = one.envelope("tools/list", { padding })
        return sendInChunks(url, headers, message)
      }
      const refused = yield* list("x".repeat(6000))
      assert.strictEqual(refused.status, 413)
      requireLimit(refused, "requestBytes", 5000)
      assert.isUndefined((yield* list("x")).error)
      assert.isUndefined((yield* one.tool("greet", { text: "x".repeat(2000) })).error)
    })),

  row(
    "answers are so many, and take so many bytes and levels, and the question stays",
    answerLimits,
    (url) =>
      Effect.gen(function*() {
        const { one, plain } = clients(url)
        const taskId = taskIdOf(yield* one.tool("asks"))
        yield* one.until(taskId, "input_required")
        const { result: { requestState } } = yield* plain.tool("asks")
        const resume = (inputResponses: unknown) =>
          plain.call("tools/call", { name: "asks", arguments: {}, requestState, inputResponses })
        for (const [limit, most, inputResponses] of overLimits) {
          requireLimit(yield* one.call("tasks/update", { taskId, inputResponses }), limit, most)
          // Effect has a schema for the answers of a call, which nests nothing.
          if (limit === "answerDepth") continue
          requireLimit(yield* resume(inputResponses), limit, most)
          // Answers may come with any call.
          requireLimit(yield* one.call("tools/call", { name: "greet", arguments: {}, inputResponses }), limit, most)
        }
        assert.isUndefined((yield* one.call("tasks/update", { taskId, inputResponses: right })).error)
        const { result } = yield* one.until(taskId, "completed")
        assert.deepStrictEqual(JSON.parse(result.result.content[0].text), right.sure)
        assert.deepStrictEqual(JSON.parse((yield* resume(right)).result.content[0].text), right.sure)
      })
  )
]
