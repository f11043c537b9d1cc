/** Tasks that end elsewhere at the moment at which their worker is about to give them up. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { TaskStorage } from "mcp-task-storage"
import { makeTaskRunner, TaskContext } from "mcp-task-storage/runner"
import { call, end, quiet, tool } from "./oneTask.ts"
import { withStorage } from "./withStorage.ts"

/** Work that is cancelled while it cleans up. It has reported once more than is written yet. */
const cancelledInTheEnd = Effect.gen(function*() {
  const { progress, taskId } = yield* TaskContext
  const storage = yield* TaskStorage
  yield* progress("one")
  yield* progress("two")
  return yield* Effect.onInterrupt(Effect.never, () => Effect.orDie(storage.updateTaskStatus(taskId, "cancelled")))
})

describe("a worker that is to give up its task", () => {
  it.effect("when its time is over, and finds it cancelled, takes no longer for that and wakes nobody", () =>
    withStorage(Effect.gen(function*() {
      const queue: Array<string> = []
      const dispatch = (taskId: string) => Effect.asVoid(Effect.sync(() => queue.push(taskId)))
      const runner = yield* makeTaskRunner({ ...quiet, dispatch })
      yield* runner.register(tool("job", cancelledInTheEnd, { maxAttempts: 3 }))
      const { taskId } = yield* runner.startTask(call("job"))
      const running = yield* Effect.forkChild(runner.runTask(taskId, { timeout: "1 minute" }))
      // It begins before time goes on.
      yield* TestClock.adjust("1 second")
      yield* TestClock.adjust("1 minute")
      const atOnce = running.pollUnsafe()
      yield* TestClock.adjust("1 minute")
      assert.deepEqual(atOnce, Exit.succeed("settled"))
      assert.deepEqual(queue, [taskId])
      assert.strictEqual((yield* end(taskId)).status, "cancelled")
    })))

  it.effect("when the runner ends, and finds it cancelled, does not hold that up", () =>
    withStorage(Effect.gen(function*() {
      const scope = yield* Scope.make()
      const runner = yield* Effect.provideService(makeTaskRunner(quiet), Scope.Scope, scope)
      yield* runner.register(tool("job", cancelledInTheEnd, { maxAttempts: 3 }))
      const { taskId } = yield* runner.startTask(call("job"))
      yield* TestClock.adjust("50 millis")
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("1 milli")
      const atOnce = closing.pollUnsafe()
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(closing)
      assert.isDefined(atOnce)
      assert.strictEqual((yield* end(taskId)).status, "cancelled")
    })))
})
