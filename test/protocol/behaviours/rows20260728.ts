/** What clients of revision 2026-07-28 see, with the Tasks extension and without. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type Message, modern, taskIdOf } from "../../support/wire.ts"
import { abandonedTask } from "./abandonedTask.ts"
import { requireBrief } from "./requireBrief.ts"
import { type Row, rowOf } from "./Row.ts"

const ann = { user: "ann" }
const day = 24 * 60 * 60 * 1000
const plain = { ...ann, capabilities: { elicitation: { form: {} }, sampling: {} } }
const textOf = (result: Message["result"]): string => result.content[0].text

const row = rowOf("2026-07-28")

export const rows20260728: ReadonlyArray<Row> = [
  row("the server decides, where the client declares the extension", (url) =>
    Effect.gen(function*() {
      const client = modern(url, ann)
      const { result: { capabilities } } = yield* client.call("server/discover")
      assert.deepStrictEqual(capabilities.extensions["io.modelcontextprotocol/tasks"], {})
      assert.strictEqual((yield* client.tool("greet")).result.resultType, "task")
      assert.strictEqual(textOf((yield* client.tool("plain")).result), "plain")
      const without = modern(url, plain)
      assert.strictEqual(textOf((yield* without.tool("greet")).result), "hello")
      const refused = yield* without.tool("only")
      assert.strictEqual(refused.error?.code, -32021)
      assert.strictEqual(refused.status, 400)
    })),

  row("a created task has these fields, and a ttl of a day", (url) =>
    Effect.gen(function*() {
      const { result } = yield* modern(url, ann).tool("soon")
      const { createdAt, lastUpdatedAt, taskId, ...rest } = result
      assert.isString(taskId)
      assert.match(createdAt, /^\d{4}-\d\d-\d\dT.*Z$/)
      assert.match(lastUpdatedAt, /^\d{4}-\d\d-\d\dT.*Z$/)
      assert.deepInclude(rest, { resultType: "task", status: "working", ttlMs: day, pollIntervalMs: 1000 })
    })),

  row(
    "a call with taskAfter that ends in time is answered with its result, and is never stored",
    (url, storage) =>
      Effect.gen(function*() {
        const client = modern(url, ann)
        const without = modern(url, plain)
        for (const name of ["greetInTime", "failsInTime"]) {
          const { result } = yield* client.tool(name)
          assert.strictEqual(result.resultType, "complete")
          assert.deepStrictEqual(result, (yield* without.tool(name)).result)
        }
        assert.strictEqual(yield* storage.taskCount(), 0)
      })
  ),

  row("a call with taskAfter that goes on becomes a task, with what it has done", (url) =>
    Effect.gen(function*() {
      const client = modern(url, ann)
      const created = yield* client.tool("later")
      assert.deepInclude(created.result, { resultType: "task", status: "working", statusMessage: "begun", ttlMs: day })
      const { result } = yield* client.until(taskIdOf(created), "completed")
      assert.strictEqual(textOf(result.result), "later")
    })),

  row("a call with taskAfter that asks is a task from then on", (url) =>
    Effect.gen(function*() {
      const client = modern(url, ann)
      const taskId = taskIdOf(yield* client.tool("asksInTime"))
      yield* client.until(taskId, "input_required")
      yield* client.call("tasks/update", { taskId, inputResponses: { sure: { action: "decline" } } })
      const { result } = yield* client.until(taskId, "completed")
      assert.deepStrictEqual(JSON.parse(textOf(result.result)), { action: "decline" })
    })),

  row(
    "the methods are tasks/get, tasks/update and tasks/cancel alone, for clients that declare the extension",
    (url) =>
      Effect.gen(function*() {
        const client = modern(url, ann)
        const taskId = taskIdOf(yield* client.tool("slow"))
        for (const method of ["tasks/list", "tasks/result"]) {
          assert.strictEqual((yield* client.call(method, { taskId })).error?.code, -32601)
        }
        const without = modern(url, plain)
        for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
          const { error, status } = yield* without.call(method, { taskId, inputResponses: {} })
          assert.strictEqual(error?.code, -32021)
          assert.strictEqual(status, 400)
        }
      })
  ),

  row("tasks/get has the result that the call would have been answered", (url) =>
    Effect.gen(function*() {
      const client = modern(url, ann)
      const without = modern(url, plain)
      for (const [name, status] of [["soon", "completed"], ["fails", "completed"], ["throws", undefined]] as const) {
        const inline = yield* without.tool(name)
        const ended = status ?? (inline.error === undefined ? "completed" : "failed")
        const { result: task } = yield* client.until(taskIdOf(yield* client.tool(name)), ended)
        assert.deepStrictEqual(task.error, inline.error)
        assert.deepStrictEqual(task.result, inline.result)
        assert.isUndefined(task._meta?.["io.modelcontextprotocol/related-task"])
      }
      const { result: { error } } = yield* client.until(taskIdOf(yield* client.tool("refuses")), "failed")
      assert.deepStrictEqual(error, { code: -32050, message: "no such account", data: { id: 7 } })
    })),

  row(
    "a tool's own mistake is named, in a task, in a plain call, and in one that ends in time",
    (url) =>
      Effect.gen(function*() {
        const client = modern(url, ann)
        const inline = yield* modern(url, plain).tool("mistakes")
        const ended = inline.error === undefined ? "completed" : "failed"
        const { result: task } = yield* client.until(taskIdOf(yield* client.tool("mistakes")), ended)
        const inTime = yield* client.tool("mistakesInTime")
        for (const { error, result } of [task, inline, inTime]) {
          assert.deepStrictEqual([error, result], [inline.error, inline.result])
          assert.include(error?.message ?? textOf(result), "Invalid ttl")
        }
      })
  ),

  row(
    "a task that failed runs again as its tool says, and ends as its last try; a plain call does not",
    (url) =>
      Effect.gen(function*() {
        const client = modern(url, ann)
        const without = modern(url, plain)
        const { result } = yield* client.until(taskIdOf(yield* client.tool("triedAgain")), "completed")
        assert.strictEqual(textOf(result.result), "try 3")
        for (const name of ["triedInVain", "triedAgain"]) {
          const inline = yield* without.tool(name)
          assert.isTrue(inline.result === undefined || inline.result.isError)
        }
        const inline = yield* without.tool("triedInVain")
        const ended = inline.error === undefined ? "completed" : "failed"
        const { result: task } = yield* client.until(taskIdOf(yield* client.tool("triedInVain")), ended)
        assert.deepStrictEqual([task.error, task.result], [inline.error, inline.result])
      })
  ),

  row("cancelling what has ended is acknowledged", (url) =>
    Effect.gen(function*() {
      const client = modern(url, ann)
      const taskId = taskIdOf(yield* client.tool("slow"))
      for (let i = 0; i < 2; i++) {
        const { error, result } = yield* client.call("tasks/cancel", { taskId })
        assert.isUndefined(error)
        assert.isUndefined(result.taskId)
      }
      assert.strictEqual((yield* client.get(taskId)).result.status, "cancelled")
    })),

  row("a task asks in tasks/get, and is answered by tasks/update", (url) =>
    Effect.gen(function*() {
      const client = modern(url, ann)
      const taskId = taskIdOf(yield* client.tool("asks"))
      const { result: { inputRequests } } = yield* client.until(taskId, "input_required")
      assert.deepStrictEqual(Object.keys(inputRequests), ["sure"])
      assert.strictEqual(inputRequests.sure.method, "elicitation/create")
      const update = (inputResponses: unknown) => client.call("tasks/update", { taskId, inputResponses })
      // What is not asked is ignored.
      assert.isUndefined((yield* update({ other: { action: "decline" } })).error)
      assert.isUndefined((yield* update({ sure: { action: "accept", content: { sure: true } } })).error)
      assert.isUndefined((yield* update({ sure: { action: "decline" } })).error)
      const { result } = yield* client.until(taskId, "completed")
      assert.deepStrictEqual(JSON.parse(textOf(result.result)), { action: "accept", content: { sure: true } })
    })),

  row("an answer that cannot be stored is -32602, and the question stays", (url) =>
    Effect.gen(function*() {
      const client = modern(url, ann)
      const taskId = taskIdOf(yield* client.tool("asks"))
      yield* client.until(taskId, "input_required")
      const levels = (depth: number): unknown => depth === 0 ? {} : { a: levels(depth - 1) }
      const wrong = [{ action: "accept", content: levels(600) }, null, "yes"]
      for (const answer of wrong) {
        const { error } = yield* client.call("tasks/update", { taskId, inputResponses: { sure: answer } })
        assert.strictEqual(error?.code, -32602)
        assert.notMatch(`${error?.message}`, /not found/i)
      }
      assert.strictEqual((yield* client.get(taskId)).result.status, "input_required")
    })),

  row("a plain call asks by InputRequired, and goes on with the next", (url, storage) =>
    Effect.gen(function*() {
      const client = modern(url, plain)
      const { result: asked } = yield* client.tool("asks")
      assert.strictEqual(asked.resultType, "input_required")
      const { result } = yield* client.call("tools/call", {
        name: "asks",
        arguments: {},
        requestState: asked.requestState,
        inputResponses: { sure: { action: "decline" } }
      })
      assert.deepStrictEqual(JSON.parse(textOf(result)), { action: "decline" })
      yield* Effect.repeat(storage.taskCount(), { until: (count) => count === 0 }).pipe(Effect.timeout("60 seconds"))
    })),

  row("a plain call that asks nothing is never stored", (url, storage) =>
    Effect.gen(function*() {
      let most = 0
      const watching = yield* Effect.forkChild(Effect.forever(Effect.andThen(
        Effect.map(storage.taskCount(), (count) => void (most = Math.max(most, count))),
        Effect.sleep("5 millis")
      )))
      yield* modern(url, plain).tool("counts")
      watching.interruptUnsafe()
      assert.strictEqual(most, 0)
    })),

  row("nobody is asked who does not declare that they answer", (url) =>
    Effect.gen(function*() {
      const capabilities = { extensions: { "io.modelcontextprotocol/tasks": {} } }
      const client = modern(url, { ...ann, capabilities })
      const ended = yield* client.until(taskIdOf(yield* client.tool("asks")), "completed")
      assert.deepStrictEqual(JSON.parse(textOf(ended.result.result)), { action: "cancel" })
      const sampled = yield* client.until(taskIdOf(yield* client.tool("samples")), "completed")
      assert.strictEqual(JSON.parse(textOf(sampled.result.result)).code, -32601)
      const without = modern(url, { ...ann, capabilities: {} })
      assert.deepStrictEqual(JSON.parse(textOf((yield* without.tool("asks")).result)), { action: "cancel" })
    })),

  row("listeners are told of their tasks, at most 256 of them", (url) =>
    Effect.gen(function*() {
      const client = modern(url, ann)
      const taskId = taskIdOf(yield* client.tool("soon"))
      const stream = yield* client.open("subscriptions/listen", { notifications: { taskIds: [taskId, "unknown"] } })
      const acknowledged = yield* stream.next
      assert.strictEqual(acknowledged.method, "notifications/subscriptions/acknowledged")
      assert.deepStrictEqual(acknowledged.params?.["notifications"].taskIds, [taskId])
      const ended = yield* Effect.repeat(stream.next, { until: ({ params }) => params?.["status"] === "completed" })
      assert.strictEqual(ended.method, "notifications/tasks")
      assert.strictEqual(ended.params?.["taskId"], taskId)
      assert.strictEqual(textOf(ended.params?.["result"]), "soon")
      const taskIds = Array.from({ length: 257 }, (_, index) => `${index}`)
      const { error } = yield* client.call("subscriptions/listen", { notifications: { taskIds } })
      assert.strictEqual(error?.code, -32602)
      assert.match(`${error?.message}`, /256/)
    })),

  row("Mcp-Name is the id of the task", (url) =>
    Effect.gen(function*() {
      const client = modern(url, ann)
      const taskId = taskIdOf(yield* client.tool("slow"))
      for (const name of [undefined, "other"]) {
        const { error, status } = yield* client.call("tasks/get", { taskId }, { "mcp-name": name })
        assert.strictEqual(status, 400)
        assert.strictEqual(error?.code, -32020)
      }
    })),

  row("unknown, and another owner's, are the same", (url) =>
    Effect.gen(function*() {
      const taskId = taskIdOf(yield* modern(url, ann).tool("slow"))
      const other = modern(url, { user: "bob" })
      for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
        for (const id of [taskId, "unknown", "x".repeat(300)]) {
          const { error } = yield* other.call(method, { taskId: id, inputResponses: {} })
          assert.strictEqual(error?.code, -32602, `${method} ${id}`)
        }
      }
      assert.strictEqual((yield* modern(url, ann).get(taskId)).result.status, "working")
    })),

  row("who has no owner has no tasks", (url) =>
    Effect.gen(function*() {
      const client = modern(url, {})
      assert.isDefined((yield* client.tool("greet")).error)
      assert.isDefined((yield* client.get("unknown")).error)
    })),

  row("arguments that cannot be stored are refused as that", (url) =>
    Effect.gen(function*() {
      const levels = (depth: number): Record<string, unknown> => depth === 0 ? {} : { a: levels(depth - 1) }
      const { error } = yield* modern(url, ann).tool("greet", levels(600))
      assert.strictEqual(error?.code, -32602)
      assert.match(`${error?.message}`, /arguments|nest/)
    })),

  row(
    "a task whose worker died fails, or runs again where the tool is idempotent",
    (url, storage) =>
      Effect.gen(function*() {
        const failed = yield* abandonedTask(storage, "greet")
        const again = yield* abandonedTask(storage, "again")
        const client = modern(url, ann)
        yield* client.until(failed, "failed")
        yield* client.until(again, "completed")
      })
  ),

  row(
    "a task lives for the resultTtl of its tool once it has ended, however it ends",
    (url, storage) =>
      Effect.gen(function*() {
        const abandoned = yield* abandonedTask(storage, "brief")
        const client = modern(url, ann)
        const done = taskIdOf(yield* client.tool("brief"))
        const created = yield* client.tool("briefWhenCancelled")
        assert.strictEqual(created.result.ttlMs, 3_600_000)
        const cancelled = taskIdOf(created)
        yield* client.call("tasks/cancel", { taskId: cancelled })
        const ended = [[done, "completed"], [cancelled, "cancelled"], [abandoned, "failed"]] as const
        yield* Effect.forEach(ended, ([taskId, status]) =>
          Effect.flatMap(
            client.until(taskId, status),
            ({ result }) => requireBrief(result, result.ttlMs, client.call("tasks/get", { taskId }))
          ), { concurrency: "unbounded" })
      })
  ),

  row("the trace context of a call is kept with its task", (url, storage) =>
    Effect.gen(function*() {
      const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
      const created = yield* modern(url, ann).call("tools/call", {
        name: "greet",
        arguments: {},
        _meta: { traceparent, tracestate: "a=b" }
      })
      const found = yield* storage.getTask(taskIdOf(created))
      const record = found._tag === "Some" ? found.value : undefined
      assert.strictEqual(record?.traceparent, traceparent)
      assert.strictEqual(record?.tracestate, "a=b")
    })),

  row("progress is told while the call's stream lives, the last one always", (url) =>
    Effect.gen(function*() {
      const startedAt = performance.now()
      const { messages, result } = yield* modern(url, plain).call("tools/call", {
        name: "counts",
        arguments: {},
        _meta: { progressToken: "p" }
      })
      assert.strictEqual(textOf(result), "counted")
      const told = messages.filter(({ method }) => method === "notifications/progress").map(({ params }) => params)
      assert.deepInclude(told.at(-1), { progressToken: "p", progress: 30, total: 30, message: "30 of 30" })
      assert.isAtLeast(told.length, 2)
      // Ten a second at most, besides the first and the last one.
      assert.isAtMost(told.length, (performance.now() - startedAt) / 100 + 2)
    }))
]
