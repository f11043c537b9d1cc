/** The tasks of revision 2025-11-25 on the wire. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { legacy, type Message, type Open, taskIdOf } from "../../support/wire.ts"
import { memory, serveUsers } from "./servers.ts"

const user = { user: "ann" }
const relatedTo = (taskId: string) => ({ "io.modelcontextprotocol/related-task": { taskId } })

/** Reads on until there is a message of this kind. */
const nextOf = (stream: Open, isIt: (message: Message) => boolean): Effect.Effect<Message> =>
  Effect.flatMap(stream.next, (message) => isIt(message) ? Effect.succeed(message) : nextOf(stream, isIt))

const isAnswer = ({ method }: Message) => method === undefined

describe("revision 2025-11-25", () => {
  it.live("declares its tasks, and what each tool supports", () =>
    Effect.gen(function*() {
      const client = yield* legacy(yield* serveUsers(memory), user)
      const { capabilities } = client.initialized.result
      assert.deepStrictEqual(capabilities.tasks, { list: {}, cancel: {}, requests: { tools: { call: {} } } })
      assert.isUndefined(capabilities.extensions)
      const { tools } = (yield* client.call("tools/list")).result
      const support = Object.fromEntries(
        tools.map((tool: { name: string; execution?: { taskSupport: string } }) => [
          tool.name,
          tool.execution?.taskSupport
        ])
      )
      assert.deepStrictEqual(support, {
        slow_compute: "optional",
        failing_job: "required",
        protocol_error_job: "required",
        confirm_delete: "required",
        multi_input: "required",
        ask_anything: "required",
        greet: undefined,
        test_tool_with_task: "required"
      })
    }))

  it.live("creates a task where the client asks for one, and answers with the result where not", () =>
    Effect.gen(function*() {
      const client = yield* legacy(yield* serveUsers(memory), user)
      const inline = yield* client.tool("slow_compute", { seconds: 0, label: "x" })
      assert.deepStrictEqual(inline.result.structuredContent, { text: "done x" })
      const created = yield* client.task("slow_compute", { seconds: 0, label: "x" }, { ttl: 60_000 })
      assert.deepStrictEqual(Object.keys(created.result), ["task"])
      const { task } = created.result
      assert.sameMembers(Object.keys(task), [
        "taskId",
        "status",
        "createdAt",
        "lastUpdatedAt",
        "ttl",
        "pollInterval"
      ])
      assert.strictEqual(task.ttl, 60_000)
      assert.strictEqual(task.pollInterval, 100)
      const result = yield* client.call("tasks/result", { taskId: task.taskId })
      assert.deepStrictEqual(result.result, { ...inline.result, _meta: relatedTo(task.taskId) })
      const got = yield* client.call("tasks/get", { taskId: task.taskId })
      assert.strictEqual(got.result.status, "completed")
      assert.isUndefined(got.result._meta)
    }))

  it.live("lets tasks live a day, or what the client asks, and a month at most", () =>
    Effect.gen(function*() {
      const client = yield* legacy(yield* serveUsers(memory), user)
      const day = 24 * 60 * 60 * 1000
      const ttlOf = (task: { readonly ttl?: number | null }) =>
        Effect.map(client.task("slow_compute", { seconds: 0 }, task), ({ error, result }) => error ?? result.task.ttl)
      assert.strictEqual(yield* ttlOf({}), day)
      assert.strictEqual(yield* ttlOf({ ttl: 1000 * day }), 30 * day)
      assert.strictEqual(yield* ttlOf({ ttl: null }), 30 * day)
      for (const ttl of [0, -1, 1.5]) assert.strictEqual((yield* ttlOf({ ttl })).code, -32602)
    }))

  it.live("refuses what does not fit the tool before anything runs: -32601", () =>
    Effect.gen(function*() {
      const client = yield* legacy(yield* serveUsers(memory), user)
      assert.strictEqual((yield* client.task("greet", { name: "Bob" })).error?.code, -32601)
      assert.strictEqual((yield* client.tool("failing_job")).error?.code, -32601)
      assert.strictEqual((yield* client.task("nothing")).error?.code, -32602)
      assert.deepStrictEqual((yield* client.call("tasks/list")).result.tasks, [])
    }))

  it.live("refuses wrong arguments of a task with an error of the protocol", () =>
    Effect.gen(function*() {
      const client = yield* legacy(yield* serveUsers(memory), user)
      assert.strictEqual((yield* client.task("slow_compute", { seconds: "soon" })).error?.code, -32602)
      assert.isTrue((yield* client.tool("slow_compute", { seconds: "soon" })).result.isError)
      assert.deepStrictEqual((yield* client.call("tasks/list")).result.tasks, [])
    }))

  it.live("waits in tasks/result, and tells of changes meanwhile", () =>
    Effect.gen(function*() {
      const client = yield* legacy(yield* serveUsers(memory), user)
      const taskId = taskIdOf(yield* client.task("slow_compute", { seconds: 1.5 }))
      const { messages, result } = yield* client.call("tasks/result", { taskId })
      assert.deepStrictEqual(result.structuredContent, { text: "done " })
      const told = messages.filter(({ method }) => method === "notifications/tasks/status")
      assert.isAbove(told.length, 0)
      assert.strictEqual(told.at(-1)?.params?.["taskId"], taskId)
      assert.strictEqual(told.at(-1)?.params?.["status"], "completed")
      assert.isUndefined(told.at(-1)?.params?.["_meta"])
    }))

  it.live("runs a task that reports progress to a call whose stream has ended", () =>
    Effect.gen(function*() {
      const client = yield* legacy(yield* serveUsers(memory), user)
      const slow = { name: "slow_compute", arguments: { seconds: 0.2 }, task: {}, _meta: { progressToken: 0 } }
      const taskId = taskIdOf(yield* client.call("tools/call", slow))
      const { result } = yield* client.call("tasks/result", { taskId })
      assert.deepStrictEqual(result.structuredContent, { text: "done " })
    }))

  it.live("shows a tool that fails as failed, and gives its result", () =>
    Effect.gen(function*() {
      const client = yield* legacy(yield* serveUsers(memory), user)
      const taskId = taskIdOf(yield* client.task("failing_job"))
      const { result } = yield* client.call("tasks/result", { taskId })
      assert.isTrue(result.isError)
      assert.deepStrictEqual(result._meta, relatedTo(taskId))
      assert.strictEqual((yield* client.call("tasks/get", { taskId })).result.status, "failed")
      const { tasks } = (yield* client.call("tasks/list", {})).result
      assert.deepStrictEqual(tasks.map((task: { status: string }) => task.status), ["failed"])
      const broken = taskIdOf(yield* client.task("protocol_error_job"))
      const { error } = yield* client.call("tasks/result", { taskId: broken })
      assert.deepStrictEqual(error, { code: -32050, message: "no such account", data: { id: 7 } })
      assert.strictEqual((yield* client.call("tasks/get", { taskId: broken })).result.status, "failed")
    }))

  it.live("asks on the stream of tasks/result, and goes on with the answers", () =>
    Effect.gen(function*() {
      const client = yield* legacy(yield* serveUsers(memory), user)
      const taskId = taskIdOf(yield* client.task("multi_input"))
      const stream = yield* client.open("tasks/result", { taskId })
      const asked: Array<Message> = []
      while (asked.length < 2) {
        asked.push(yield* nextOf(stream, ({ method }) => method === "elicitation/create"))
      }
      for (const request of asked) {
        assert.deepStrictEqual(request.params?.["_meta"], relatedTo(taskId))
        const content = { confirm: request.params?.["message"] === "First?" }
        yield* client.respond(request, { action: "accept", content })
      }
      const { result } = yield* nextOf(stream, isAnswer)
      assert.deepStrictEqual(JSON.parse(result.content[0].text), {
        first: { action: "accept", content: { confirm: true } },
        second: { action: "accept", content: { confirm: false } }
      })
    }))

  it.live("asks once, whoever waits, and asks the next when a client goes away", () =>
    Effect.gen(function*() {
      const client = yield* legacy(yield* serveUsers(memory), user)
      const taskId = taskIdOf(yield* client.task("confirm_delete", { filename: "a.txt" }))
      const isAsked = ({ method }: Message) => method === "elicitation/create"
      const first = yield* client.open("tasks/result", { taskId })
      yield* nextOf(first, isAsked)
      const second = yield* legacy(client.url, user)
      const waiting = yield* Effect.forkChild(
        Effect.flatMap(second.open("tasks/result", { taskId }), (stream) =>
          Effect.map(nextOf(stream, isAsked), (request) => ({ stream, request })))
      )
      yield* Effect.sleep("300 millis")
      assert.isUndefined(waiting.pollUnsafe())
      yield* first.close
      const { request, stream } = yield* Fiber.join(waiting)
      yield* second.respond(request, { action: "accept", content: { confirm: true } })
      const { result } = yield* nextOf(stream, isAnswer)
      assert.strictEqual(result.content[0].text, "deleted a.txt")
    }))

  it.live("delivers sampling and any other request as it was stored", () =>
    Effect.gen(function*() {
      const client = yield* legacy(yield* serveUsers(memory), user)
      const taskId = taskIdOf(yield* client.task("ask_anything"))
      const stream = yield* client.open("tasks/result", { taskId })
      const asked: Array<Message> = []
      while (asked.length < 2) {
        asked.push(yield* nextOf(stream, ({ method }) => method !== undefined && !method.startsWith("notifications/")))
      }
      const sampling = asked.find(({ method }) => method === "sampling/createMessage")
      assert.deepStrictEqual(sampling?.params, {
        messages: [{ role: "user", content: { type: "text", text: "Why?" } }],
        maxTokens: 10,
        _meta: relatedTo(taskId)
      })
      const custom = asked.find(({ method }) => method === "x/custom")
      assert.deepStrictEqual(custom?.params, { a: 1, _meta: relatedTo(taskId) })
      const sampled = { role: "assistant", model: "m", content: { type: "text", text: "Because." } }
      for (const request of asked) yield* client.respond(request, request === custom ? { b: 2 } : sampled)
      const { result } = yield* nextOf(stream, isAnswer)
      assert.deepStrictEqual(JSON.parse(result.content[0].text), { model: sampled, custom: { b: 2 } })
    }))

  it.live("cancels once: what has ended is -32602, and its result an error", () =>
    Effect.gen(function*() {
      const client = yield* legacy(yield* serveUsers(memory), user)
      const taskId = taskIdOf(yield* client.task("slow_compute", { seconds: 60 }))
      const cancelled = yield* client.call("tasks/cancel", { taskId })
      assert.strictEqual(cancelled.result.taskId, taskId)
      assert.strictEqual(cancelled.result.status, "cancelled")
      assert.strictEqual((yield* client.call("tasks/cancel", { taskId })).error?.code, -32602)
      assert.strictEqual((yield* client.call("tasks/result", { taskId })).error?.code, -32603)
    }))

  it.live("knows no task of an unknown id", () =>
    Effect.gen(function*() {
      const client = yield* legacy(yield* serveUsers(memory), user)
      for (const method of ["tasks/get", "tasks/result", "tasks/cancel"]) {
        for (const taskId of ["unknown", "", "x".repeat(255)]) {
          const { error, status } = yield* client.call(method, { taskId })
          assert.strictEqual(status, 200)
          assert.deepStrictEqual(error, { code: -32602, message: `Task not found: ${taskId}` })
        }
        assert.strictEqual((yield* client.call(method, {})).error?.code, -32602)
      }
      assert.strictEqual((yield* client.call("tasks/update", { taskId: "x" })).error?.code, -32601)
    }))

  it.live("lists page by page, with or without parameters", () =>
    Effect.gen(function*() {
      const client = yield* legacy(yield* serveUsers(memory), user)
      for (let i = 0; i < 51; i++) yield* client.task("slow_compute", { seconds: 0 })
      const first = (yield* client.call("tasks/list")).result
      assert.strictEqual(first.tasks.length, 50)
      const second = (yield* client.call("tasks/list", { cursor: first.nextCursor })).result
      assert.strictEqual(second.tasks.length, 1)
      assert.isUndefined(second.nextCursor)
      assert.deepStrictEqual((yield* client.call("tasks/list", { cursor: "nonsense" })).error, {
        code: -32602,
        message: "Invalid cursor"
      })
    }))

  it.live("asks on polls too, where it was told to", () =>
    Effect.gen(function*() {
      const client = yield* legacy(yield* serveUsers(memory, { inputOnPoll: true }), user)
      const taskId = taskIdOf(yield* client.task("confirm_delete", { filename: "a.txt" }))
      const request = yield* Effect.scoped(Effect.gen(function*() {
        // A poll before the task asks is answered at once.
        const askedBy = Effect.gen(function*() {
          const stream = yield* client.open("tasks/get", { taskId })
          return { stream, request: yield* stream.next }
        })
        const { request, stream } = yield* Effect.repeat(askedBy, {
          until: ({ request }) => request.method === "elicitation/create"
        })
        yield* client.respond(request, { action: "accept", content: { confirm: true } })
        const { result } = yield* nextOf(stream, isAnswer)
        assert.notStrictEqual(result.status, "input_required")
        return request
      }))
      assert.deepStrictEqual(request.params?.["_meta"], relatedTo(taskId))
      assert.strictEqual((yield* client.call("tasks/result", { taskId })).result.content[0].text, "deleted a.txt")
    }))
})
