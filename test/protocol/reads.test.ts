/** What answering costs: payloads are read only for a status that shows them. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { getTask20251125 } from "../../src/protocol/Tasks20251125.ts"
import { getTask20260728, updateTask20260728 } from "../../src/protocol/Tasks20260728.ts"
import { form, memory, setUp } from "./setup.ts"

describe("tasks/get", () => {
  it.live("reads no payload while the task works", () =>
    Effect.gen(function*() {
      const { begin, owned, storage, tasks } = yield* setUp()
      const whole: Array<string> = []
      const counted = {
        ...owned,
        storage: {
          ...owned.storage,
          getTask: (taskId: string) => Effect.suspend(() => (whole.push(taskId), owned.storage.getTask(taskId)))
        }
      }
      const mayAsk = yield* Deferred.make<void>()
      const taskId = yield* begin(({ elicit }) => Effect.andThen(Deferred.await(mayAsk), elicit("a", form)))
      assert.strictEqual((yield* getTask20260728(counted, taskId))["status"], "working")
      assert.strictEqual((yield* getTask20251125(tasks, counted, taskId))["status"], "working")
      assert.deepStrictEqual(whole, [])
      yield* Deferred.succeed(mayAsk, undefined)
      yield* Effect.repeat(storage.getTaskSummary(taskId), {
        until: (found) => found._tag === "Some" && found.value.status === "input_required"
      })
      assert.property((yield* getTask20260728(counted, taskId))["inputRequests"], "a")
      assert.strictEqual(whole.length, 1)
      yield* owned.runner.cancelTask(taskId)
      assert.strictEqual((yield* getTask20260728(counted, taskId))["status"], "cancelled")
      assert.strictEqual(whole.length, 1)
    }).pipe(Effect.provide(memory)))

  it.live("says in 2025-11-25 why a tool failed", () =>
    Effect.gen(function*() {
      const { begin, owned, storage, tasks } = yield* setUp()
      const text = "The disk is full. ".repeat(50)
      const taskId = yield* begin(() => Effect.succeed({ content: [{ type: "text", text }], isError: true }))
      yield* storage.awaitTask(taskId)
      const { status, statusMessage } = yield* getTask20251125(tasks, owned, taskId)
      assert.strictEqual(status, "failed")
      assert.strictEqual(statusMessage, `${text.slice(0, 300)}…`)
    }).pipe(Effect.provide(memory)))
})

describe("tasks/update", () => {
  it.live("refuses what is no answer with -32602, and the question stays", () =>
    Effect.gen(function*() {
      const { begin, owned, storage } = yield* setUp()
      const taskId = yield* begin(({ elicit }) => Effect.map(elicit("a", form), (answer) => ({ answer })))
      let asked: unknown
      yield* Effect.repeat(
        Effect.map(storage.getTask(taskId), (found) => {
          asked = found._tag === "Some" ? found.value.inputRequests : undefined
          return asked !== undefined
        }),
        { until: (is) => is }
      )
      const levels = (depth: number): unknown => depth === 0 ? {} : { a: levels(depth - 1) }
      const wrong = [null, "yes", [], levels(600), { x: "x".repeat(8 * 1024 * 1024) }]
      for (const answer of wrong) {
        const { code, message } = yield* Effect.flip(updateTask20260728(owned, taskId, { a: answer }))
        assert.strictEqual(code, -32602)
        assert.notInclude(message, "not found")
      }
      assert.strictEqual((yield* Effect.flip(updateTask20260728(owned, taskId, "x"))).code, -32602)
      assert.strictEqual((yield* getTask20260728(owned, taskId))["status"], "input_required")
      yield* updateTask20260728(owned, taskId, { a: { action: "decline" }, ["__proto__"]: { action: "accept" } })
      const { result } = yield* storage.awaitTask(taskId)
      assert.deepStrictEqual(result, { _tag: "Success", value: { answer: { action: "decline" } } })
    }).pipe(Effect.provide(memory)))
})
