/** Requests with wrong params, in revision 2025-11-25: refused with what is wrong, before anything runs. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { legacy } from "../../support/wire.ts"
import { type Row, rowOf } from "./Row.ts"
import { noIds } from "./wrongParams.ts"

const row = rowOf("2025-11-25")

const monthOfMillis = 30 * 24 * 60 * 60 * 1000

const noTtls = [-1, 0, 1.5, "60000", true, {}, []]
const noTtl = "Invalid ttl: must be a whole number of milliseconds, at least 1"

export const params20251125: ReadonlyArray<Row> = [
  row("an id that is no text is told as that", (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, { user: "ann" })
      for (const method of ["tasks/get", "tasks/result", "tasks/cancel"]) {
        for (const taskId of noIds) {
          const { error } = yield* client.call(method, { taskId })
          assert.deepStrictEqual(error, { code: -32602, message: "taskId must be a string" })
        }
        assert.strictEqual((yield* client.call(method, {})).error?.message, "taskId must be a string")
      }
    })),

  row("an id that can be none is not repeated in full", (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, { user: "ann" })
      for (const method of ["tasks/get", "tasks/result", "tasks/cancel"]) {
        const { error } = yield* client.call(method, { taskId: "x".repeat(100_000) })
        assert.deepStrictEqual(error, { code: -32602, message: `Task not found: ${"x".repeat(255)}…` })
      }
    })),

  row("a cursor that is no text is told as that", (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, { user: "ann" })
      for (const cursor of [5, {}, true]) {
        const { error } = yield* client.call("tasks/list", { cursor })
        assert.deepStrictEqual(error, { code: -32602, message: "cursor must be a string" })
      }
    })),

  row("a task that is none, and a ttl that is none, are told as that", (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, { user: "ann" })
      const call = (task: unknown) => client.call("tools/call", { name: "greet", arguments: {}, task })
      for (const task of ["x", 5, true, []]) {
        assert.deepStrictEqual((yield* call(task)).error, { code: -32602, message: "task must be an object" })
      }
      for (const ttl of noTtls) {
        assert.deepStrictEqual((yield* call({ ttl })).error, { code: -32602, message: noTtl })
      }
      assert.deepStrictEqual((yield* client.call("tasks/list")).result.tasks, [])
      for (const ttl of [1e300, Number.MAX_SAFE_INTEGER, null]) {
        assert.strictEqual((yield* call({ ttl })).result.task.ttl, monthOfMillis)
      }
    })),

  row("arguments that are no object are wrong params", (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, { user: "ann" })
      for (const given of [[], "x", 5]) {
        for (const task of [undefined, {}]) {
          const { error } = yield* client.call("tools/call", { name: "greet", arguments: given, task })
          assert.strictEqual(error?.code, -32602)
        }
      }
    })),

  row("a task of a tool that there is not is refused, and names the tool", (url) =>
    Effect.gen(function*() {
      const client = yield* legacy(url, { user: "ann" })
      for (const name of ["nope", "constructor", "__proto__"]) {
        const { error } = yield* client.task(name)
        assert.strictEqual(error?.code, -32602)
        assert.match(`${error?.message}`, new RegExp(`^Tool '?${name}'? not found$`))
      }
    }))
]
