/** Requests with wrong params, in revision 2026-07-28: refused with what is wrong, before anything runs. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { modern, taskIdOf } from "../../support/wire.ts"
import { type Row, rowOf } from "./Row.ts"
import { noIds } from "./wrongParams.ts"

const row = rowOf("2026-07-28")

export const params20260728: ReadonlyArray<Row> = [
  row("an id that is no text is told as that", (url) =>
    Effect.gen(function*() {
      const client = modern(url, { user: "ann" })
      for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
        for (const taskId of [...noIds, undefined]) {
          const { error } = yield* client.call(method, { taskId, inputResponses: {} })
          assert.deepStrictEqual(error, { code: -32602, message: "taskId must be a string" })
        }
      }
    })),

  row("an id that can be none is not repeated in full", (url) =>
    Effect.gen(function*() {
      const client = modern(url, { user: "ann" })
      for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
        const { error } = yield* client.call(method, { taskId: "x".repeat(1000), inputResponses: {} })
        assert.deepStrictEqual(error, { code: -32602, message: `Task not found: ${"x".repeat(255)}…` })
      }
    })),

  row("tasks to listen to that are no list of ids are told as that", (url) =>
    Effect.gen(function*() {
      const client = modern(url, { user: "ann" })
      for (const taskIds of ["x", 5, {}, [5], ["x", 5]]) {
        const { error } = yield* client.call("subscriptions/listen", { notifications: { taskIds } })
        assert.deepStrictEqual(error, { code: -32602, message: "taskIds must be an array of strings" })
      }
    })),

  row("answers that are missing are told as that", (url) =>
    Effect.gen(function*() {
      const client = modern(url, { user: "ann" })
      const taskId = taskIdOf(yield* client.tool("asks"))
      yield* client.until(taskId, "input_required")
      const { error } = yield* client.call("tasks/update", { taskId })
      assert.deepStrictEqual(error, { code: -32602, message: "inputResponses must be an object" })
    })),

  row("answers that are no object are told as that", (url) =>
    Effect.gen(function*() {
      const client = modern(url, { user: "ann" })
      const taskId = taskIdOf(yield* client.tool("asks"))
      yield* client.until(taskId, "input_required")
      for (const inputResponses of ["x", 5, [{ action: "accept" }]]) {
        const { error } = yield* client.call("tasks/update", { taskId, inputResponses })
        assert.deepStrictEqual(error, { code: -32602, message: "inputResponses must be an object" })
      }
    })),

  row("each answer says who the server is", (url) =>
    Effect.gen(function*() {
      const client = modern(url, { user: "ann" })
      const own = (yield* client.call("server/discover")).result._meta
      assert.isObject(own["io.modelcontextprotocol/serverInfo"])
      const created = yield* client.tool("asks")
      const taskId = taskIdOf(created)
      const asked = yield* client.until(taskId, "input_required")
      const updated = yield* client.call("tasks/update", { taskId, inputResponses: { sure: { action: "decline" } } })
      const ended = yield* client.until(taskId, "completed")
      const cancelled = yield* client.call("tasks/cancel", { taskId })
      const questions = yield* modern(url, { user: "ann", capabilities: { elicitation: { form: {} } } }).tool("asks")
      for (const { result } of [created, asked, updated, ended, cancelled, questions]) {
        assert.deepStrictEqual(result._meta, own)
      }
      assert.deepStrictEqual(ended.result.result._meta, own)
    }))
]
