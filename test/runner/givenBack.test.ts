/** Tasks that a runner claims, and then has no room for, or no time. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { TaskStorage, type TaskStorageShape, TaskStorageUnavailable } from "mcp-task-storage"
import { makeTaskRunner, type TaskRunnerOptions } from "mcp-task-storage/runner"
import { call, end, get, quiet, tool } from "./oneTask.ts"
import { withoutLog } from "./withStorage.ts"
import { type AroundWrite, wrapWrites } from "./wrapWrites.ts"

const unavailable = new TaskStorageUnavailable({ operation: "any", reason: "locked", retryable: true, applied: "no" })

/** A runner in a scope of its own, whose answers to claims wait until they may come. */
const scene = Effect.fnUntraced(function*(
  options: TaskRunnerOptions = {},
  around: AroundWrite = (write) => write
) {
  const storage = yield* TaskStorage
  const claimed = yield* Deferred.make<void>()
  const answers = yield* Deferred.make<void>()
  const slow: TaskStorageShape = {
    ...wrapWrites(storage, around),
    claimTasks: (options) =>
      storage.claimTasks(options).pipe(
        Effect.tap(Deferred.succeed(claimed, undefined)),
        Effect.tap(Deferred.await(answers))
      )
  }
  const scope = yield* Scope.make()
  const runner = yield* makeTaskRunner({ ...quiet, ...options }).pipe(
    Effect.provideService(TaskStorage, slow),
    Effect.provideService(Scope.Scope, scope)
  )
  return {
    storage,
    runner,
    claimed: Deferred.await(claimed),
    answer: Deferred.succeed(answers, undefined),
    close: Scope.close(scope, Exit.void)
  }
})

/** A task that a runner claims while its only slot is taken by another one. Gives that other one, which can be let go. */
const claimTooMany = Effect.fnUntraced(function*(around?: AroundWrite) {
  const { answer, claimed, runner } = yield* scene({ maxRunning: 1 }, around)
  const go = yield* Deferred.make<void>()
  yield* runner.register(tool("job", Effect.die("it ran where there was no room")))
  yield* runner.register(tool("long", Deferred.await(go)))
  const looking = yield* Effect.forkChild(runner.recover)
  yield* claimed
  yield* runner.startTask(call("long"))
  yield* answer
  yield* Fiber.join(looking)
  yield* TestClock.adjust("1 second")
  return { runner, finish: Deferred.succeed(go, undefined) }
})

describe("a task that was claimed where there is no room for it", () => {
  it.effect("waits for another worker", () =>
    withoutLog(Effect.gen(function*() {
      const storage = yield* TaskStorage
      const { taskId } = yield* storage.createTask({ ...call("job"), lease: 0 })
      yield* claimTooMany()
      const other = yield* makeTaskRunner(quiet)
      yield* other.register(tool("job", Effect.succeed("done")))
      assert.deepEqual(yield* other.recover, [taskId])
      assert.deepEqual((yield* end(taskId)).result, { _tag: "Success", value: "done" })
    })))

  it.effect("stays abandoned, if it was: its policy decides whether it runs again", () =>
    withoutLog(Effect.gen(function*() {
      const storage = yield* TaskStorage
      yield* TestClock.adjust("1 second")
      const { workerId } = yield* storage.registerWorker({ lease: "30 seconds" })
      const { taskId } = yield* storage.createTask({ ...call("job"), worker: workerId })
      yield* storage.endWorker(workerId)
      yield* claimTooMany()
      const other = yield* makeTaskRunner(quiet)
      yield* other.register(tool("job", Effect.die("it ran twice")))
      assert.deepEqual(yield* other.recover, [taskId])
      assert.include((yield* end(taskId)).statusMessage, "Interrupted")
    })))

  it.effect("is given back when the engine answers again", () =>
    withoutLog(Effect.gen(function*() {
      const storage = yield* TaskStorage
      const { taskId } = yield* storage.createTask({ ...call("job"), lease: 0 })
      let isDown = true
      const { runner } = yield* claimTooMany((write, { name }) =>
        name === "touchTask" && isDown ? Effect.fail(unavailable) : write
      )
      yield* TestClock.adjust("2 minutes")
      assert.deepEqual(yield* storage.claimableTasks(), [])
      isDown = false
      yield* TestClock.adjust("10 seconds")
      assert.deepEqual(yield* storage.claimableTasks(), [taskId])
      assert.strictEqual(yield* runner.running, 1)
    })))
})

it.effect("a task that is being claimed when its runner ends was never begun, and waits for another worker", () =>
  withoutLog(Effect.gen(function*() {
    const { answer, claimed, close, runner, storage } = yield* scene({ shutdownTimeout: "10 seconds" })
    const { taskId } = yield* storage.createTask({ ...call("job"), lease: 0 })
    yield* runner.register(tool("job", Effect.die("it ran in a runner that ends")))
    const looking = yield* Effect.forkChild(runner.recover)
    yield* claimed
    const closing = yield* Effect.forkChild(close)
    yield* TestClock.adjust("5 seconds")
    // To end the registration now would abandon the task.
    assert.deepEqual(yield* storage.claimableTasks(), [])
    yield* answer
    yield* Fiber.await(looking)
    yield* TestClock.adjust("100 millis")
    assert.isDefined(closing.pollUnsafe())
    assert.strictEqual((yield* get(taskId)).leaseExpiresAt?.epochMilliseconds, 0)
  })))
