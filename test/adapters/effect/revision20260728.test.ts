/** The Tasks extension of revision 2026-07-28 on the wire. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { modern, taskIdOf, tasksExtension } from "../../support/wire.ts"
import { memory, serveUsers } from "./servers.ts"

const user = { user: "ann" }
const missing = { requiredCapabilities: { extensions: { [tasksExtension]: {} } } }

const acknowledgement = {
  resultType: "complete",
  _meta: { "io.modelcontextprotocol/serverInfo": { name: "test", version: "1.0.0" } }
}

describe("revision 2026-07-28", () => {
  it.live("declares the extension, with nothing in it, and no tasks of the other revision", () =>
    Effect.gen(function*() {
      const client = modern(yield* serveUsers(memory), user)
      const { result } = yield* client.call("server/discover")
      assert.deepStrictEqual(result.capabilities.extensions, { [tasksExtension]: {} })
      assert.isUndefined(result.capabilities.tasks)
      const tools = yield* client.call("tools/list")
      assert.include(JSON.stringify(tools.result), "slow_compute")
      assert.notInclude(JSON.stringify(tools.result), "taskSupport")
    }))

  it.live("answers with a task where the client can take one, and with the result where not", () =>
    Effect.gen(function*() {
      const url = yield* serveUsers(memory)
      const inline = yield* modern(url, { ...user, capabilities: {} }).tool("slow_compute", { seconds: 0, label: "x" })
      assert.strictEqual(inline.result.resultType, "complete")
      assert.deepStrictEqual(inline.result.structuredContent, { text: "done x" })
      const client = modern(url, user)
      const created = yield* client.tool("slow_compute", { seconds: 0, label: "x" })
      assert.sameMembers(Object.keys(created.result), [
        "resultType",
        "taskId",
        "status",
        "createdAt",
        "lastUpdatedAt",
        "ttlMs",
        "pollIntervalMs",
        "_meta"
      ])
      assert.strictEqual(created.result.resultType, "task")
      assert.strictEqual(created.result.ttlMs, 24 * 60 * 60 * 1000)
      assert.strictEqual(created.result.pollIntervalMs, 100)
      const done = yield* client.until(taskIdOf(created), "completed")
      assert.strictEqual(done.result.resultType, "complete")
      // Exactly what the request would have returned.
      assert.deepStrictEqual(done.result.result, inline.result)
    }))

  it.live("refuses what needs a task without the extension: -32021, HTTP 400", () =>
    Effect.gen(function*() {
      const url = yield* serveUsers(memory)
      const plain = modern(url, { ...user, capabilities: {} })
      const task = taskIdOf(yield* modern(url, user).tool("slow_compute", { seconds: 9 }))
      for (
        const answer of [
          yield* plain.tool("failing_job"),
          yield* plain.get(task),
          yield* plain.call("tasks/cancel", { taskId: task }),
          yield* plain.call("tasks/update", { taskId: task, inputResponses: {} }),
          yield* plain.call("subscriptions/listen", { notifications: { taskIds: [task] } })
        ]
      ) {
        assert.strictEqual(answer.status, 400)
        assert.strictEqual(answer.error?.code, -32021)
        assert.deepStrictEqual(answer.error?.data, missing)
      }
    }))

  it.live("wants the id in the header Mcp-Name, plain or in Base64: -32020, HTTP 400", () =>
    Effect.gen(function*() {
      const client = modern(yield* serveUsers(memory), user)
      const taskId = taskIdOf(yield* client.tool("slow_compute", { seconds: 9 }))
      for (const name of [undefined, "another", "=?base64?!!?="]) {
        for (const method of ["tasks/get", "tasks/cancel", "tasks/update"]) {
          const answer = yield* client.call(method, { taskId, inputResponses: {} }, { "mcp-name": name })
          assert.strictEqual(answer.status, 400)
          assert.strictEqual(answer.error?.code, -32020)
        }
      }
      const encoded = `=?base64?${Buffer.from(taskId).toString("base64")}?=`
      const answer = yield* client.call("tasks/get", { taskId }, { "mcp-name": encoded })
      assert.strictEqual(answer.result.status, "working")
    }))

  it.live("shows a tool that fails as completed, and a JSON-RPC error as failed", () =>
    Effect.gen(function*() {
      const client = modern(yield* serveUsers(memory), user)
      const failing = yield* client.until(taskIdOf(yield* client.tool("failing_job")), "completed")
      assert.isTrue(failing.result.result.isError)
      assert.include(failing.result.result.content[0].text, "the job failed")
      const failed = yield* client.until(taskIdOf(yield* client.tool("protocol_error_job")), "failed")
      assert.deepStrictEqual(failed.result.error, { code: -32050, message: "no such account", data: { id: 7 } })
      assert.isUndefined(failed.result.result)
    }))

  it.live("refuses wrong arguments before there is a task", () =>
    Effect.gen(function*() {
      const client = modern(yield* serveUsers(memory), user)
      const answer = yield* client.tool("slow_compute", { seconds: "soon" })
      assert.strictEqual(answer.result.resultType, "complete")
      assert.isTrue(answer.result.isError)
    }))

  it.live("asks in tasks/get, takes answers by tasks/update, and ignores what it did not ask", () =>
    Effect.gen(function*() {
      const client = modern(yield* serveUsers(memory), user)
      const taskId = taskIdOf(yield* client.tool("multi_input"))
      const asking = yield* client.until(taskId, "input_required")
      assert.sameMembers(Object.keys(asking.result.inputRequests), ["first", "second"])
      assert.strictEqual(asking.result.inputRequests.first.method, "elicitation/create")
      const answer = { action: "accept", content: { confirm: true } }
      const update = (inputResponses: { readonly [key: string]: unknown }) =>
        client.call("tasks/update", { taskId, inputResponses })
      const acknowledged = yield* update({ first: answer, third: answer })
      assert.deepStrictEqual(acknowledged.result, acknowledgement)
      assert.sameMembers(Object.keys((yield* client.get(taskId)).result.inputRequests), ["second"])
      yield* update({ first: { action: "decline" }, second: answer })
      const done = yield* client.until(taskId, "completed")
      assert.deepStrictEqual(JSON.parse(done.result.result.structuredContent), { first: answer, second: answer })
      // Late answers are like those that nobody asked for.
      assert.deepStrictEqual((yield* update({ first: answer })).result, acknowledgement)
    }))

  it.live("cancels, and acknowledges the cancellation of what has ended", () =>
    Effect.gen(function*() {
      const client = modern(yield* serveUsers(memory), user)
      const taskId = taskIdOf(yield* client.tool("slow_compute", { seconds: 60 }))
      const cancel = client.call("tasks/cancel", { taskId })
      assert.deepStrictEqual((yield* cancel).result, acknowledgement)
      assert.strictEqual((yield* client.get(taskId)).result.status, "cancelled")
      assert.deepStrictEqual((yield* cancel).result, acknowledgement)
    }))

  it.live("knows neither tasks/list nor tasks/result, and no task of an unknown id", () =>
    Effect.gen(function*() {
      const client = modern(yield* serveUsers(memory), user)
      for (const method of ["tasks/list", "tasks/result"]) {
        const answer = yield* client.call(method, { taskId: "x" })
        assert.strictEqual(answer.error?.code, -32601)
      }
      for (const taskId of ["unknown", "x".repeat(255), "a\u0007b"]) {
        const name = `=?base64?${Buffer.from(taskId).toString("base64")}?=`
        for (const method of ["tasks/get", "tasks/cancel", "tasks/update"]) {
          const { error } = yield* client.call(method, { taskId, inputResponses: {} }, { "mcp-name": name })
          assert.deepStrictEqual(error, { code: -32602, message: `Task not found: ${taskId}` })
        }
      }
    }))

  it.live("asks before there is a task where a tool prepares itself so", () =>
    Effect.gen(function*() {
      const client = modern(yield* serveUsers(memory), user)
      const first = yield* client.tool("test_tool_with_task")
      assert.strictEqual(first.result.resultType, "input_required")
      const second = yield* client.call("tools/call", {
        name: "test_tool_with_task",
        arguments: {},
        requestState: first.result.requestState,
        inputResponses: { user_name: { action: "accept", content: { name: "Alice" } } }
      })
      const done = yield* client.until(taskIdOf(second), "completed")
      assert.strictEqual(done.result.result.content[0].text, "Hello Alice")
    }))

  it.live("tells subscribers of their tasks: the acknowledgement, what there is, then what changes", () =>
    Effect.gen(function*() {
      const client = modern(yield* serveUsers(memory), user)
      const taskId = taskIdOf(yield* client.tool("confirm_delete", { filename: "a.txt" }))
      yield* client.until(taskId, "input_required")
      const stream = yield* client.open("subscriptions/listen", { notifications: { taskIds: [taskId, "unknown"] } })
      const acknowledged = yield* stream.next
      assert.strictEqual(acknowledged.method, "notifications/subscriptions/acknowledged")
      assert.deepStrictEqual(acknowledged.params?.["notifications"], { taskIds: [taskId] })
      const snapshot = yield* stream.next
      assert.strictEqual(snapshot.method, "notifications/tasks")
      assert.strictEqual(snapshot.params?.["status"], "input_required")
      assert.isDefined(snapshot.params?.["inputRequests"].confirm)
      assert.deepStrictEqual(snapshot.params?.["_meta"], acknowledged.params?.["_meta"])
      yield* client.call("tasks/update", { taskId, inputResponses: { confirm: { action: "decline" } } })
      let last = yield* stream.next
      while (last.params?.["status"] === "working") last = yield* stream.next
      assert.strictEqual(last.params?.["status"], "completed")
      assert.strictEqual(last.params?.["result"].structuredContent, "kept a.txt")
    }))
})
