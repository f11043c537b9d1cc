/** How a runner finds tasks that nobody runs. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { TaskStorage, type TaskStorageShape } from "mcp-task-storage"
import { makeTaskRunner } from "mcp-task-storage/runner"
import { call, end, get, quiet, tool } from "./oneTask.ts"
import { withoutLog, withStorage } from "./withStorage.ts"

describe("a runner", () => {
  it.effect("tasks of no known kind are left alone for an hour of the runner, then fail", () =>
    withStorage(Effect.gen(function*() {
      const storage = yield* TaskStorage
      const { taskId } = yield* storage.createTask({ ...call("dropped"), lease: 0 })
      yield* TestClock.adjust("2 hours")
      const runner = yield* makeTaskRunner(quiet)
      yield* runner.register(tool("kept", Effect.void))
      assert.deepEqual(yield* runner.recover, [])
      yield* TestClock.adjust("59 minutes")
      assert.deepEqual(yield* runner.recover, [])
      yield* TestClock.adjust("1 minute")
      assert.deepEqual(yield* runner.recover, [taskId])
      assert.strictEqual((yield* end(taskId)).status, "failed")
    })))

  it.effect("tasks that no runner made are nobody's to take", () =>
    withStorage(Effect.gen(function*() {
      const storage = yield* TaskStorage
      yield* storage.createTask(call("job"))
      const runner = yield* makeTaskRunner(quiet)
      yield* runner.register(tool("job", Effect.void))
      yield* TestClock.adjust("1 day")
      assert.deepEqual(yield* runner.recover, [])
    })))

  it.effect("looks for tasks without a worker at the start and from time to time", () =>
    withStorage(Effect.gen(function*() {
      const storage = yield* TaskStorage
      yield* storage.createTask({ ...call("job"), taskId: "early", lease: 0 })
      const runner = yield* makeTaskRunner({ recovery: { interval: "10 seconds" } })
      yield* runner.register(tool("job", Effect.void))
      yield* TestClock.adjust("1 second")
      yield* storage.createTask({ ...call("job"), taskId: "late", lease: 0 })
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* end("early")).status, "completed")
      assert.strictEqual((yield* end("late")).status, "completed")
    })))

  it.effect("asks once in each look where nothing is free", () =>
    withStorage(Effect.gen(function*() {
      const storage = yield* TaskStorage
      let asked = 0
      const count = <A, E>(call: Effect.Effect<A, E>) => Effect.andThen(Effect.sync(() => asked++), call)
      const counted: TaskStorageShape = {
        ...storage,
        claimableTasks: (...args) => count(storage.claimableTasks(...args)),
        claimTasks: (...args) => count(storage.claimTasks(...args))
      }
      const runner = yield* Effect.provideService(
        makeTaskRunner({ recovery: { interval: "10 seconds" } }),
        TaskStorage,
        counted
      )
      yield* runner.register(tool("job", Effect.void))
      yield* TestClock.adjust("1 second")
      asked = 0
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(asked, 60)
    })))

  it.effect("takes up what it passed by as soon as somebody knows how", () =>
    withStorage(Effect.gen(function*() {
      const storage = yield* TaskStorage
      yield* storage.createTask({ ...call("job"), taskId: "early", lease: 0 })
      const runner = yield* makeTaskRunner({ recovery: { interval: "10 minutes" } })
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* get("early")).attempt, undefined)
      yield* runner.register(tool("job", Effect.void))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* end("early")).status, "completed")
    })))

  it.effect("tasks that it passes by keep it from no others", () =>
    withStorage(Effect.gen(function*() {
      const storage = yield* TaskStorage
      for (let count = 0; count < 120; count++) yield* storage.createTask({ ...call("unknown"), lease: 0 })
      yield* TestClock.adjust("1 second")
      const { taskId } = yield* storage.createTask({ ...call("job"), lease: 0 })
      const runner = yield* makeTaskRunner(quiet)
      yield* runner.register(tool("job", Effect.void))
      for (let look = 0; look < 3; look++) yield* runner.recover
      assert.strictEqual((yield* end(taskId)).status, "completed")
    })))

  it.effect.each(["job", "dropped"])(
    "fails what nobody knows after a few looks, however many owners are busy whose tasks of the kind %s stay free",
    (name) =>
      withoutLog(Effect.gen(function*() {
        const storage = yield* TaskStorage
        const runner = yield* makeTaskRunner({ ...quiet, maxRunningPerSession: 1 })
        yield* runner.register(tool("job", Effect.void))
        const owners = Array.from({ length: 120 }, (_, index) => `owner ${index + 100}`)
        yield* Effect.forEach(
          owners,
          (sessionId) => runner.startTask({ ...call("busy"), sessionId }, () => Effect.never)
        )
        yield* Effect.forEach(owners, (sessionId) => storage.createTask({ ...call(name), sessionId, lease: 0 }))
        yield* storage.createTask({ ...call("dropped"), taskId: "same kind", sessionId: "the last owner", lease: 0 })
        yield* storage.createTask({ ...call("the last kind"), taskId: "other kind", lease: 0 })
        yield* TestClock.adjust("2 hours")
        const taken = yield* Effect.forEach([1, 2, 3, 4], () => runner.recover)
        assert.sameMembers(taken.flat(), ["same kind", "other kind"])
        for (const taskId of taken.flat()) assert.strictEqual((yield* end(taskId)).status, "failed")
      }))
  )

  it.effect("fails tasks without a name that none of its handlers with a name knows", () =>
    withoutLog(Effect.gen(function*() {
      const storage = yield* TaskStorage
      const runner = yield* makeTaskRunner(quiet)
      yield* runner.register(tool("job", Effect.void))
      const { taskId } = yield* storage.createTask({ originalMethod: "tools/call", lease: 0 })
      yield* TestClock.adjust("59 minutes")
      assert.deepEqual(yield* runner.recover, [])
      yield* TestClock.adjust("1 minute")
      assert.deepEqual(yield* runner.recover, [taskId])
      assert.strictEqual((yield* end(taskId)).status, "failed")
    })))
})
