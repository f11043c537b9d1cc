/** Runners that are called for each task, and have no timers. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import { TestClock } from "effect/testing"
import { TaskStorage } from "mcp-task-storage"
import { makeTaskRunner, twoPart } from "mcp-task-storage/runner"
import { call, end, get, quiet, tool } from "./oneTask.ts"
import { withStorage } from "./withStorage.ts"

const ask = { message: "Sure?", requestedSchema: { type: "object", properties: {} } }

const yes = { action: "accept", content: { sure: true } }

const wrongDispatchers: ReadonlyArray<readonly [how: string, fails: () => Effect.Effect<never>]> = [
  ["dies", () => Effect.die(new Error("no queue"))],
  ["is interrupted", () => Effect.interrupt],
  ["throws", () => {
    throw new Error("no queue")
  }]
]

describe("without timers", () => {
  it.effect("a task is dispatched, run by id, and dispatched again by its last answer", () =>
    withStorage(Effect.gen(function*() {
      const queue: Array<string> = []
      const dispatch = (taskId: string) => Effect.asVoid(Effect.sync(() => queue.push(taskId)))
      const runner = yield* makeTaskRunner({ ...quiet, dispatch })
      yield* runner.register({
        method: "tools/call",
        name: "two",
        run: twoPart({
          ask: () => Effect.succeed({ sure: { method: "elicitation/create", params: ask } }),
          answer: () => Effect.succeed("done")
        })
      })
      const { taskId } = yield* runner.startTask(call("two"))
      assert.deepEqual(queue, [taskId])
      assert.strictEqual(yield* runner.runTask(taskId), "suspended")
      assert.strictEqual(yield* runner.runTask(taskId), "suspended")
      assert.strictEqual((yield* get(taskId)).attempt, 1)
      yield* runner.provideInput(taskId, { sure: yes })
      assert.deepEqual(queue, [taskId, taskId])
      assert.strictEqual(yield* runner.runTask(taskId), "settled")
      assert.strictEqual(yield* runner.runTask(taskId), "skipped")
      assert.deepEqual((yield* end(taskId)).result, { _tag: "Success", value: "done" })
    })))

  it.effect("what is recovered is dispatched", () =>
    withStorage(Effect.gen(function*() {
      const storage = yield* TaskStorage
      const queue: Array<string> = []
      const dispatch = (taskId: string) => Effect.asVoid(Effect.sync(() => queue.push(taskId)))
      const runner = yield* makeTaskRunner({ dispatch })
      yield* runner.register(tool("job", Effect.die("ran here"), { maxAttempts: 2 }))
      const { taskId } = yield* storage.createTask({ ...call("job"), lease: "30 seconds" })
      yield* TestClock.adjust("1 hour")
      assert.deepEqual(queue, [])
      assert.deepEqual(yield* runner.recover, [taskId])
      assert.deepEqual(queue, [taskId])
      assert.strictEqual((yield* get(taskId)).attempt, 1)
    })))

  it.effect.each(wrongDispatchers)(
    "a dispatcher that %s once fails nothing, and takes no other task its turn",
    ([, fails]) =>
      withStorage(Effect.gen(function*() {
        const storage = yield* TaskStorage
        const logged: Array<unknown> = []
        const logger = Logger.make(({ fiber, message }) =>
          logged.push([message, fiber.getRef(References.CurrentLogAnnotations)["mcp.task.id"]])
        )
        const asked: Array<string> = []
        const runner = yield* makeTaskRunner({
          ...quiet,
          dispatch: (taskId) => asked.push(taskId) === 1 || taskId === "bad" ? fails() : Effect.void
        })
        const { taskId } = yield* Effect.provide(runner.startTask(call("job")), Logger.layer([logger]))
        assert.deepEqual(asked, [taskId])
        assert.deepEqual(logged, [[["A task cannot be dispatched, and waits to be recovered"], taskId]])
        yield* storage.deleteTask(taskId)
        yield* storage.createTask({ ...call("job"), taskId: "bad", lease: 0 })
        yield* storage.createTask({ ...call("job"), taskId: "good", lease: 0 })
        const found = yield* Effect.provide(runner.recover, Logger.layer([]))
        assert.sameMembers([...found], ["bad", "good"])
        assert.sameMembers(asked, [taskId, "bad", "good"])
      }))
  )

  it.effect("tasks that stay free though they are dispatched keep no other owner's from being dispatched", () =>
    withStorage(Effect.gen(function*() {
      const storage = yield* TaskStorage
      const queue: Array<string> = []
      const dispatch = (taskId: string) => Effect.asVoid(Effect.sync(() => queue.push(taskId)))
      const runner = yield* makeTaskRunner({ ...quiet, dispatch })
      for (let owner = 1_000; owner < 2_010; owner++) {
        yield* storage.createTask({ ...call("job"), sessionId: `owner ${owner}`, lease: 0 })
      }
      yield* TestClock.adjust("1 minute")
      yield* runner.recover
      yield* runner.recover
      assert.lengthOf(new Set(queue), 1_010)
    })))

  it.effect.each(
    [
      [{ maxAttempts: 5 }, "released", "working"],
      ["fail", "settled", "failed"]
    ] as const
  )("a deadline ends the work: %o", ([policy, result, status]) =>
    withStorage(Effect.gen(function*() {
      const queue: Array<string> = []
      const dispatch = (taskId: string) => Effect.asVoid(Effect.sync(() => queue.push(taskId)))
      const runner = yield* makeTaskRunner({ ...quiet, dispatch })
      yield* runner.register(tool("slow", Effect.never, policy))
      const { taskId } = yield* runner.startTask(call("slow"))
      const running = yield* Effect.forkChild(runner.runTask(taskId, { timeout: "1 minute" }))
      yield* TestClock.adjust("1 second")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(running), result)
      assert.strictEqual((yield* get(taskId)).status, status)
      assert.strictEqual(queue.length, result === "released" ? 2 : 1)
    })))
})
