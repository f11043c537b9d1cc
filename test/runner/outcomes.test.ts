/** How a runner settles a task, whatever becomes of its work. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { makeTaskRunner, TaskFailure } from "mcp-task-storage/runner"
import { call, end, quiet, tool } from "./oneTask.ts"
import { withStorage } from "./withStorage.ts"

describe("a runner settles a task, whatever becomes of its work:", () => {
  it.effect("success", () =>
    withStorage(Effect.gen(function*() {
      const runner = yield* makeTaskRunner(quiet)
      yield* runner.register(tool("fine", Effect.succeed({ content: [] })))
      const { taskId } = yield* runner.startTask(call("fine"))
      const task = yield* end(taskId)
      assert.deepEqual([task.status, task.result], ["completed", { _tag: "Success", value: { content: [] } }])
      yield* TestClock.adjust("1 second")
      assert.deepEqual(yield* runner.running, 0)
    })))

  it.effect("a TaskFailure, word for word", () =>
    withStorage(Effect.gen(function*() {
      const runner = yield* makeTaskRunner(quiet)
      const failure = new TaskFailure({ code: -32001, message: "Locked", data: { by: "me" } })
      yield* runner.register(tool("locked", Effect.fail(failure)))
      const task = yield* end((yield* runner.startTask(call("locked"))).taskId)
      assert.deepEqual(task.result, { _tag: "Error", code: -32001, message: "Locked", data: { by: "me" } })
      assert.deepEqual([task.status, task.statusMessage], ["failed", "Locked"])
    })))

  const badEnds = {
    failure: Effect.fail("secret"),
    defect: Effect.die(new Error("secret")),
    interruption: Effect.interrupt
  }
  it.effect.each(["failure", "defect", "interruption"] as const)(
    "a %s, without its details",
    (name) =>
      withStorage(Effect.gen(function*() {
        const runner = yield* makeTaskRunner(quiet)
        yield* runner.register(tool("bad", badEnds[name]))
        const task = yield* end((yield* runner.startTask(call("bad"))).taskId)
        assert.strictEqual(task.status, "failed")
        assert.notInclude(JSON.stringify([task.result, task.statusMessage]), "secret")
        assert.include(JSON.stringify(task.result), "-32603")
      }))
  )

  it.effect.each([
    ["too large", "x".repeat(3_000)],
    ["not JSON", { value: 1n }]
  ])("a result that is %s", ([, value]) =>
    withStorage(
      Effect.gen(function*() {
        const runner = yield* makeTaskRunner(quiet)
        yield* runner.register(tool("odd", Effect.succeed(value)))
        const task = yield* end((yield* runner.startTask(call("odd"))).taskId)
        assert.strictEqual(task.status, "failed")
        assert.strictEqual(task.resultKind, "error")
      }),
      { maxPayloadBytes: 2_000 }
    ))

  it.effect("nothing to give", () =>
    withStorage(Effect.gen(function*() {
      const runner = yield* makeTaskRunner(quiet)
      const { taskId } = yield* runner.startTask({ originalMethod: "own" }, () => Effect.void)
      assert.deepEqual((yield* end(taskId)).result, { _tag: "Success", value: null })
    })))
})
