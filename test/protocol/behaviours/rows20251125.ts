/** What clients of revision 2025-11-25 see. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { legacy, type Message, type Open, taskIdOf } from "../../support/wire.ts"
import { abandonedTask } from "./abandonedTask.ts"
import { requireBrief } from "./requireBrief.ts"
import { type Row, rowOf } from "./Row.ts"

const ann = { user: "ann" }
const day = 24 * 60 * 60 * 1000
const relatedTo = (taskId: string) => ({ "io.modelcontextprotocol/related-task": { taskId } })

const nextOf = (stream: Open, isIt: (message: Message) => boolean): Effect.Effect<Message> =>
  Effect.flatMap(stream.next, (message) => isIt(message) ? Effect.succeed(message) : nextOf(stream, isIt))

const isAnswer = ({ method }: Message) => method === undefined
const textOf = (result: Message["result"]): string => result.content[0].text

const row = rowOf("2025-11-25")

export const rows20251125: ReadonlyArray<Row> = [
  row("the client decides, as far as the tool supports it", (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, ann)
      const { tools } = (yield* client.call("tools/list")).result
      const supportOf = (name: string) =>
        tools.find((tool: { readonly name: string }) => tool.name === name).execution?.taskSupport
      assert.strictEqual(supportOf("greet"), "optional")
      assert.strictEqual(supportOf("only"), "required")
      assert.include([undefined, "forbidden"], supportOf("plain"))
      assert.strictEqual(textOf((yield* client.tool("greet")).result), "hello")
      assert.isString((yield* client.task("greet")).result.task.taskId)
      assert.strictEqual((yield* client.task("plain")).error?.code, -32601)
      assert.strictEqual((yield* client.tool("only")).error?.code, -32601)
    })),

  row("a created task has these fields, a ttl of a day, and of 30 days at most", (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, ann)
      const { result } = yield* client.task("soon")
      assert.deepStrictEqual(Object.keys(result), ["task"])
      const { createdAt, lastUpdatedAt, taskId, ...rest } = result.task
      assert.isString(taskId)
      assert.match(createdAt, /^\d{4}-\d\d-\d\dT.*Z$/)
      assert.match(lastUpdatedAt, /^\d{4}-\d\d-\d\dT.*Z$/)
      assert.deepStrictEqual(rest, { status: "working", ttl: day, pollInterval: 1000 })
      assert.strictEqual((yield* client.task("soon", {}, { ttl: 1000 * day })).result.task.ttl, 30 * day)
      assert.strictEqual((yield* client.task("soon", {}, { ttl: 60_000 })).result.task.ttl, 60_000)
      assert.strictEqual((yield* client.task("soon", {}, { ttl: 0 })).error?.code, -32602)
    })),

  row("tasks/result waits, and gives what the call would have been answered", (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, ann)
      for (const name of ["soon", "fails", "throws"]) {
        const inline = yield* client.tool(name)
        const taskId = taskIdOf(yield* client.task(name))
        const { error, result } = yield* client.call("tasks/result", { taskId })
        assert.deepStrictEqual(error, inline.error)
        if (inline.result !== undefined) {
          assert.deepStrictEqual(result, { ...inline.result, _meta: { ...inline.result._meta, ...relatedTo(taskId) } })
        }
      }
      const { error } = yield* client.call("tasks/result", { taskId: taskIdOf(yield* client.task("refuses")) })
      assert.strictEqual(error?.code, -32050)
      assert.deepStrictEqual(error?.data, { id: 7 })
    })),

  row("a tool's own mistake is named, in a task and in a plain call", (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, ann)
      const inline = yield* client.tool("mistakes")
      const taskId = taskIdOf(yield* client.task("mistakes"))
      const { error, result } = yield* client.call("tasks/result", { taskId })
      assert.deepStrictEqual([error, result?.content], [inline.error, inline.result?.content])
      assert.include(error?.message ?? textOf(result), "Invalid ttl")
    })),

  row(
    "a task that failed runs again as its tool says, and ends as its last try; a plain call does not",
    (url) =>
      Effect.gen(function*() {
        const client = yield* legacy(url, ann)
        const again = taskIdOf(yield* client.task("triedAgain"))
        assert.strictEqual(textOf((yield* client.call("tasks/result", { taskId: again })).result), "try 3")
        for (const name of ["triedInVain", "triedAgain"]) {
          const inline = yield* client.tool(name)
          assert.isTrue(inline.result === undefined || inline.result.isError)
        }
        const inline = yield* client.tool("triedInVain")
        const taskId = taskIdOf(yield* client.task("triedInVain"))
        const { error, result } = yield* client.call("tasks/result", { taskId })
        assert.deepStrictEqual(error, inline.error)
        assert.deepStrictEqual(result?.content, inline.result?.content)
      })
  ),

  row("a tool error shows as failed, and says why", (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, ann)
      const { result } = yield* client.until(taskIdOf(yield* client.task("fails")), "failed")
      assert.strictEqual(result.statusMessage, "The disk is full")
    })),

  row("tasks/list names the owner's tasks, and no plain call", (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, ann)
      yield* client.tool("greet")
      const taskId = taskIdOf(yield* client.task("greet"))
      const { tasks } = (yield* client.call("tasks/list")).result
      assert.deepStrictEqual(tasks.map((task: { readonly taskId: string }) => task.taskId), [taskId])
      const other = yield* legacy(url, { user: "bob" })
      assert.deepStrictEqual((yield* other.call("tasks/list")).result.tasks, [])
      assert.strictEqual((yield* client.call("tasks/list", { cursor: "nonsense" })).error?.code, -32602)
    })),

  row("what has ended cannot be cancelled", (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, ann)
      const taskId = taskIdOf(yield* client.task("slow"))
      assert.strictEqual((yield* client.call("tasks/cancel", { taskId })).result.status, "cancelled")
      assert.strictEqual((yield* client.call("tasks/cancel", { taskId })).error?.code, -32602)
      assert.isDefined((yield* client.call("tasks/result", { taskId })).error)
    })),

  row("a task asks on the stream of tasks/result, and names itself", (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, ann)
      const taskId = taskIdOf(yield* client.task("asks"))
      const stream = yield* client.open("tasks/result", { taskId })
      const asked = yield* nextOf(stream, ({ method }) => method === "elicitation/create")
      assert.deepStrictEqual(asked.params?.["_meta"], relatedTo(taskId))
      yield* client.respond(asked, { action: "accept", content: { sure: true } })
      const { result } = yield* nextOf(stream, isAnswer)
      assert.deepStrictEqual(JSON.parse(textOf(result)), { action: "accept", content: { sure: true } })
    })),

  row("a client that answers with an error has answered", (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, ann)
      const error = { code: -32000, message: "No" }
      for (const [name, answer] of [["asks", { action: "cancel" }], ["samples", error]] as const) {
        const stream = yield* client.open("tasks/result", { taskId: taskIdOf(yield* client.task(name)) })
        const asked = yield* nextOf(stream, ({ id, method }) => method !== undefined && id !== undefined)
        yield* client.refuse(asked, error)
        assert.deepStrictEqual(JSON.parse(textOf((yield* nextOf(stream, isAnswer)).result)), answer)
      }
    })),

  row("an answer that cannot be stored is a refusal, with the reason", (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, ann)
      const levels = (depth: number): unknown => depth === 0 ? {} : { a: levels(depth - 1) }
      const stream = yield* client.open("tasks/result", { taskId: taskIdOf(yield* client.task("samples")) })
      const asked = yield* nextOf(stream, ({ id, method }) => method !== undefined && id !== undefined)
      const content = { type: "text", text: "Because.", _meta: levels(600) }
      yield* client.respond(asked, { role: "assistant", model: "m", content })
      const { code, message } = JSON.parse(textOf((yield* nextOf(stream, isAnswer)).result))
      assert.strictEqual(code, -32602)
      assert.match(message, /cannot be stored|nested/)
    })),

  row("a plain call asks on its own stream", (url, storage) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, ann)
      const stream = yield* client.open("tools/call", { name: "asks", arguments: {} })
      const asked = yield* nextOf(stream, ({ method }) => method === "elicitation/create")
      assert.isUndefined(asked.params?.["_meta"]?.["io.modelcontextprotocol/related-task"])
      yield* client.respond(asked, { action: "decline" })
      assert.deepStrictEqual(JSON.parse(textOf((yield* nextOf(stream, isAnswer)).result)), { action: "decline" })
      assert.strictEqual(yield* storage.taskCount(), 0)
    })),

  row("nobody is asked who does not declare that they answer", (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, { ...ann, capabilities: {} })
      const { result } = yield* client.call("tasks/result", { taskId: taskIdOf(yield* client.task("asks")) })
      assert.deepStrictEqual(JSON.parse(textOf(result)), { action: "cancel" })
      const sampled = yield* client.call("tasks/result", { taskId: taskIdOf(yield* client.task("samples")) })
      assert.strictEqual(JSON.parse(textOf(sampled.result)).code, -32601)
      assert.deepStrictEqual(JSON.parse(textOf((yield* client.tool("asks")).result)), { action: "cancel" })
    })),

  row("a listener whose stream is lost is asked again when it listens anew", (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, ann)
      const taskId = taskIdOf(yield* client.task("asks"))
      const isAsked = ({ method }: Message) => method === "elicitation/create"
      const first = yield* client.open("tasks/result", { taskId })
      yield* nextOf(first, isAsked)
      yield* first.close
      const second = yield* client.open("tasks/result", { taskId })
      yield* client.respond(yield* nextOf(second, isAsked), { action: "decline" })
      assert.deepStrictEqual(JSON.parse(textOf((yield* nextOf(second, isAnswer)).result)), { action: "decline" })
    })),

  row("a question that is withdrawn is cancelled at once, and an answered one is not", (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, ann)
      const taskId = taskIdOf(yield* client.task("asks"))
      const stream = yield* client.open("tasks/result", { taskId })
      const asked = yield* nextOf(stream, ({ method }) => method === "elicitation/create")
      yield* client.call("tasks/cancel", { taskId })
      const withdrawn = yield* nextOf(stream, ({ method }) => method === "notifications/cancelled")
      assert.strictEqual(withdrawn.params?.["requestId"], asked.id)
      const answered = taskIdOf(yield* client.task("asks"))
      const other = yield* client.open("tasks/result", { taskId: answered })
      yield* client.respond(yield* nextOf(other, ({ method }) => method === "elicitation/create"), {
        action: "decline"
      })
      const last = yield* nextOf(other, ({ method }) => method !== "notifications/tasks/status")
      assert.isUndefined(last.method)
    })),

  row("unknown, and another owner's, are the same", (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, ann)
      const taskId = taskIdOf(yield* client.task("slow"))
      const other = yield* legacy(url, { user: "bob" })
      for (const method of ["tasks/get", "tasks/result", "tasks/cancel"]) {
        for (const id of [taskId, "unknown", "", "x".repeat(300)]) {
          assert.strictEqual((yield* other.call(method, { taskId: id })).error?.code, -32602, `${method} ${id}`)
        }
      }
      assert.strictEqual((yield* client.call("tasks/get", { taskId })).result.status, "working")
    })),

  row("who has no owner has no tasks", (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, {})
      assert.isDefined((yield* client.task("greet")).error)
      assert.isDefined((yield* client.call("tasks/list")).error)
    })),

  row("arguments that cannot be stored are refused as that", (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, ann)
      const levels = (depth: number): Record<string, unknown> => depth === 0 ? {} : { a: levels(depth - 1) }
      const { error } = yield* client.task("greet", levels(600))
      assert.strictEqual(error?.code, -32602)
      assert.match(`${error?.message}`, /arguments|nest/)
    })),

  row(
    "a task whose worker died fails, or runs again where the tool is idempotent",
    (url, storage) =>
      Effect.gen(function*() {
        const failed = yield* abandonedTask(storage, "greet")
        const again = yield* abandonedTask(storage, "again")
        const client = yield* legacy(url, ann)
        yield* client.until(failed, "failed")
        yield* client.until(again, "completed")
      })
  ),

  row(
    "a task lives for the resultTtl of its tool once it has ended, however it ends",
    (url, storage) =>
      Effect.gen(function*() {
        const abandoned = yield* abandonedTask(storage, "brief")
        const client = yield* legacy(url, ann)
        const done = taskIdOf(yield* client.task("brief"))
        const created = yield* client.task("briefWhenCancelled")
        assert.strictEqual(created.result.task.ttl, 3_600_000)
        const cancelled = taskIdOf(created)
        yield* client.call("tasks/cancel", { taskId: cancelled })
        const ended = [[done, "completed"], [cancelled, "cancelled"], [abandoned, "failed"]] as const
        yield* Effect.forEach(ended, ([taskId, status]) =>
          Effect.flatMap(
            client.until(taskId, status),
            ({ result }) => requireBrief(result, result.ttl, client.call("tasks/get", { taskId }))
          ), { concurrency: "unbounded" })
      })
  ),

  row("the trace context of a call is kept with its task", (url, storage) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, ann)
      const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
      const created = yield* client.call("tools/call", {
        name: "greet",
        arguments: {},
        task: {},
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
      const client = yield* legacy(url, ann)
      const { messages, result } = yield* client.call("tools/call", {
        name: "counts",
        arguments: {},
        _meta: { progressToken: "p" }
      })
      assert.strictEqual(textOf(result), "counted")
      const told = messages.filter(({ method }) => method === "notifications/progress").map(({ params }) => params)
      assert.deepStrictEqual(told.at(-1), { progressToken: "p", progress: 30, total: 30, message: "30 of 30" })
      assert.isAtLeast(told.length, 2)
      // Ten a second at most, besides the first and the last one.
      assert.isAtMost(told.length, (performance.now() - startedAt) / 100 + 2)
    }))
]
