/** What work asks of its client, and how it goes on with the answers. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { TaskStorage } from "mcp-task-storage"
import { makeTaskRunner, TaskContext, type TaskHandler, twoPart } from "mcp-task-storage/runner"
import { dying } from "./dyingRunner.ts"
import { lookTwice } from "./lookTwice.ts"
import { call, end, get, quiet, tool } from "./oneTask.ts"
import { withStorage } from "./withStorage.ts"

const ask = { message: "Sure?", requestedSchema: { type: "object", properties: {} } }

const yes = { action: "accept", content: { sure: true } }

describe("input", () => {
  it.effect("is asked for, waited for, and given, several at once", () =>
    withStorage(Effect.gen(function*() {
      const runner = yield* makeTaskRunner(quiet)
      yield* runner.register(tool(
        "ask",
        Effect.flatMap(TaskContext, ({ elicit }) =>
          Effect.all([elicit("one", ask), elicit("two", ask)], { concurrency: "unbounded" }))
      ))
      const { taskId } = yield* runner.startTask(call("ask"))
      yield* TestClock.adjust("1 second")
      assert.deepEqual(Object.keys((yield* get(taskId)).inputRequests ?? {}).toSorted(), ["one", "two"])
      yield* runner.provideInput(taskId, { one: yes })
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual((yield* get(taskId)).status, "input_required")
      yield* runner.provideInput(taskId, { two: "nonsense" })
      const task = yield* end(taskId)
      assert.deepEqual(task.result, { _tag: "Success", value: [yes, { action: "cancel" }] })
    })))

  it.effect("that was asked for is not asked for again beside what is new", () =>
    withStorage(Effect.gen(function*() {
      const runner = yield* makeTaskRunner(quiet)
      const question = { method: "elicitation/create", params: ask }
      yield* runner.register(tool(
        "ask",
        Effect.flatMap(TaskContext, ({ elicit, request }) =>
          Effect.andThen(elicit("one", ask), request({ one: question, two: question })))
      ))
      const { taskId } = yield* runner.startTask(call("ask"))
      yield* TestClock.adjust("1 second")
      yield* runner.provideInput(taskId, { one: yes })
      yield* TestClock.adjust("1 second")
      assert.deepEqual(Object.keys((yield* get(taskId)).inputRequests ?? {}), ["two"])
      yield* runner.provideInput(taskId, { two: yes })
      assert.deepEqual((yield* end(taskId)).result, { _tag: "Success", value: { one: yes, two: yes } })
    })))

  it.effect("that was asked for by a worker that waits can be waited for without one", () =>
    withStorage(Effect.gen(function*() {
      const runner = yield* makeTaskRunner(quiet)
      const question = { sure: { method: "elicitation/create", params: ask } }
      yield* runner.register(tool(
        "ask",
        Effect.flatMap(
          TaskContext,
          ({ request, suspend }) =>
            Effect.all([request(question), Effect.andThen(Effect.sleep("1 second"), suspend(question))], {
              concurrency: "unbounded"
            })
        )
      ))
      const { taskId } = yield* runner.startTask(call("ask"))
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* runner.running, 0)
      assert.strictEqual((yield* get(taskId)).leaseExpiresAt?.epochMilliseconds, 0)
    })))

  it.effect("that was answered is not asked for again when the work begins anew", () =>
    withStorage(Effect.gen(function*() {
      const work = Effect.flatMap(
        TaskContext,
        ({ attempt, elicit }) =>
          Effect.flatMap(elicit("sure", ask), (answer) => attempt === 1 ? Effect.never : Effect.succeed(answer))
      )
      const { die, runner } = yield* dying()
      yield* runner.register(tool("ask", work, { maxAttempts: 2 }))
      const { taskId } = yield* runner.startTask(call("ask"))
      yield* TestClock.adjust("1 second")
      yield* runner.provideInput(taskId, { sure: yes })
      yield* TestClock.adjust("1 second")
      yield* die
      yield* TestClock.adjust("41 seconds")
      const other = yield* makeTaskRunner(quiet)
      yield* other.register(tool("ask", work, { maxAttempts: 2 }))
      assert.deepEqual(yield* lookTwice(other), [taskId])
      assert.deepEqual((yield* end(taskId)).result, { _tag: "Success", value: yes })
    })))

  it.effect("that arrives after the worker has gone is taken up at once", () =>
    withStorage(Effect.gen(function*() {
      const handler = tool("ask", Effect.flatMap(TaskContext, ({ elicit }) => elicit("sure", ask)), {
        maxAttempts: 2
      })
      const { die, runner } = yield* dying()
      yield* runner.register(handler)
      const { taskId } = yield* runner.startTask(call("ask"))
      yield* TestClock.adjust("1 second")
      yield* die
      yield* TestClock.adjust("41 seconds")
      const other = yield* makeTaskRunner(quiet)
      yield* other.register(handler)
      // Its look finds the worker dead, and nothing to run yet.
      assert.deepEqual(yield* lookTwice(other), [])
      yield* other.provideInput(taskId, { sure: yes })
      assert.deepEqual((yield* end(taskId)).result, { _tag: "Success", value: yes })
    })))

  it.effect("is waited for without a worker by work in two parts, over deploys, wherever it is answered", () =>
    withStorage(Effect.gen(function*() {
      const storage = yield* TaskStorage
      let asked = 0
      const handler: TaskHandler = {
        method: "tools/call",
        name: "two",
        run: twoPart({
          ask: () =>
            Effect.sync(() => {
              asked++
              return { sure: { method: "elicitation/create", params: ask } }
            }),
          answer: (answers) => Effect.succeed(answers)
        })
      }
      const taskId = yield* Effect.scoped(Effect.gen(function*() {
        const runner = yield* makeTaskRunner(quiet)
        yield* runner.register(handler)
        const { taskId } = yield* runner.startTask(call("two"))
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* runner.running, 0)
        return taskId
      }))
      yield* TestClock.adjust("20 days")
      assert.deepEqual(yield* storage.claimableTasks(), [])
      const other = yield* makeTaskRunner(quiet)
      yield* other.register(handler)
      yield* other.provideInput(taskId, { sure: yes })
      const task = yield* end(taskId)
      assert.deepEqual(task.result, { _tag: "Success", value: { sure: yes } })
      assert.strictEqual(asked, 1)
    })))
})
