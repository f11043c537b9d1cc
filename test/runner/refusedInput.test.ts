/** What work hears of a client that refuses a request, and what a client sees of work that throws. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { TaskStorage } from "mcp-task-storage"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { makeTaskRunner, TaskContext } from "mcp-task-storage/runner"
import { refusedAnswer } from "../../src/runner/handler/InputRefused.ts"

const refusal = { code: -32000, message: "No model here" }
const task = { originalMethod: "tools/call" }

describe("a request that the client refuses", () => {
  it.live("fails with InputRefused, and an elicitation is cancelled", () =>
    Effect.scoped(Effect.gen(function*() {
      const storage = yield* TaskStorage
      const runner = yield* makeTaskRunner()
      const { taskId } = yield* runner.startTask(task, () =>
        Effect.gen(function*() {
          const { elicit, request, sample } = yield* TaskContext
          const sampled = yield* Effect.flip(sample("model", {}))
          const elicited = yield* elicit("form", { message: "?", requestedSchema: {} })
          const both = yield* Effect.flip(request({ custom: { method: "x/custom" } }))
          return { sampled: { ...sampled, message: sampled.message }, elicited, both: both._tag }
        }))
      for (
        const [key, method] of [["model", "sampling/createMessage"], ["form", "elicitation/create"], ["custom", "x"]]
      ) {
        yield* Effect.repeat(storage.getTask(taskId), {
          until: (found) => found._tag === "Some" && found.value.inputRequests?.[`${key}`] !== undefined
        })
        yield* runner.provideInput(taskId, { [`${key}`]: refusedAnswer(`${method}`, refusal) })
      }
      const { result } = yield* storage.awaitTask(taskId)
      assert.deepStrictEqual(result, {
        _tag: "Success",
        value: {
          sampled: { _tag: "InputRefused", key: "model", ...refusal },
          elicited: { action: "cancel" },
          both: "InputRefused"
        }
      })
    })).pipe(Effect.provide(MemoryTaskStorage.layer())))
})

describe("work that throws", () => {
  it.live("ends with the result that its handler gives for it, and else with an internal error", () =>
    Effect.scoped(Effect.gen(function*() {
      const storage = yield* TaskStorage
      const runner = yield* makeTaskRunner()
      const run = () => Effect.die(new Error("oops"))
      yield* runner.register({ method: "m", name: "told", run, resultOfFailure: () => ({ isError: true }) })
      yield* runner.register({ method: "m", name: "hidden", run })
      const outcomeOf = Effect.fnUntraced(function*(name: string) {
        const { taskId } = yield* runner.startTask({ originalMethod: "m", originalParams: { name } })
        return (yield* storage.awaitTask(taskId)).result
      })
      assert.deepStrictEqual(yield* outcomeOf("told"), { _tag: "Success", value: { isError: true } })
      assert.deepStrictEqual(yield* outcomeOf("hidden"), { _tag: "Error", code: -32603, message: "Internal error" })
    })).pipe(Effect.provide(Layer.merge(MemoryTaskStorage.layer(), Logger.layer([])))))
})
