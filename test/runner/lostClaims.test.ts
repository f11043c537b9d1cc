/** Claims whose answers are lost: the storage has made them, and the process does not know which tasks it holds. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { TaskStorage, type TaskStorageShape, TaskStorageUnavailable } from "mcp-task-storage"
import { makeTaskRunner, TaskContext, type TaskRunnerOptions } from "mcp-task-storage/runner"
import { call, end, get, quiet, tool } from "./oneTask.ts"
import { withoutLog } from "./withStorage.ts"

const lost = new TaskStorageUnavailable({
  operation: "any",
  reason: "the connection was lost",
  retryable: true,
  applied: "unknown"
})

/** A runner that loses the answer to a claim when it is told to. */
const scene = Effect.fnUntraced(function*(options: TaskRunnerOptions = {}) {
  const storage = yield* TaskStorage
  let isNextLost = false
  const losingAnswers = <A, E>(claim: Effect.Effect<A, E>): Effect.Effect<A, E | TaskStorageUnavailable> =>
    Effect.tap(claim, () => {
      if (!isNextLost) return Effect.void
      isNextLost = false
      return Effect.fail(lost)
    })
  const unreliable: TaskStorageShape = {
    ...storage,
    claimTask: (taskId, options) => losingAnswers(storage.claimTask(taskId, options)),
    claimTasks: (options) => losingAnswers(storage.claimTasks(options))
  }
  const runner = yield* Effect.provideService(
    makeTaskRunner({ ...quiet, ...options }),
    TaskStorage,
    unreliable
  )
  yield* TestClock.adjust("1 second")
  return {
    storage,
    runner,
    loseNext: Effect.sync(() => {
      isNextLost = true
    })
  }
})

/** Lets those who search and give back do so. */
const settle = TestClock.adjust("1 second")

describe("a task whose claim was made, and the answer lost,", () => {
  it.effect.each([["many at once", "long"], ["many at once", undefined]] as const)(
    "waits for another claim and is not failed (%s, beside the task %s)",
    ([, other]) =>
      withoutLog(Effect.gen(function*() {
        const { runner, storage, loseNext } = yield* scene()
        yield* runner.register(tool("job", Effect.succeed("done")))
        yield* runner.register(tool("long", Effect.never))
        if (other !== undefined) yield* runner.startTask(call(other))
        const tasks = yield* Effect.forEach(
          Array.from({ length: 5 }),
          () => storage.createTask({ ...call("job"), lease: 0 })
        )
        yield* loseNext
        assert.strictEqual((yield* Effect.flip(runner.recover))._tag, "TaskStorageUnavailable")
        assert.deepEqual(yield* storage.claimableTasks({ leases: "released" }), [])
        yield* settle
        assert.lengthOf(yield* storage.claimableTasks({ leases: "released" }), 5)
        yield* runner.recover
        for (const { taskId } of tasks) {
          assert.deepEqual((yield* end(taskId)).result, { _tag: "Success", value: "done" })
        }
      }))
  )

  it.effect("is begun by the process that alone has its work", () =>
    withoutLog(Effect.gen(function*() {
      const { runner, loseNext } = yield* scene({ maxRunning: 1 })
      const first = yield* runner.startTask(call("own"), () => Effect.sleep("1 second"))
      const { taskId } = yield* runner.startTask(call("own"), () => Effect.succeed("done"))
      yield* loseNext
      yield* TestClock.adjust("1 second")
      yield* end(first.taskId)
      yield* settle
      assert.deepEqual((yield* get(taskId)).result, { _tag: "Success", value: "done" })
    })))

  it.effect("goes on where it slept", () =>
    withoutLog(Effect.gen(function*() {
      const { loseNext, runner } = yield* scene()
      yield* runner.register(
        tool("sleeps", Effect.flatMap(TaskContext, ({ sleep }) => Effect.as(sleep("one", "1 minute"), "awake")))
      )
      const { taskId } = yield* runner.startTask(call("sleeps"))
      yield* TestClock.adjust("1 second")
      yield* loseNext
      yield* TestClock.adjust("2 minutes")
      assert.deepEqual((yield* end(taskId)).result, { _tag: "Success", value: "awake" })
    })))

  it.effect("stays abandoned if somebody may have had it before", () =>
    withoutLog(Effect.gen(function*() {
      const { runner, storage, loseNext } = yield* scene()
      const { workerId } = yield* storage.registerWorker({ lease: "30 seconds" })
      const { taskId } = yield* storage.createTask({ ...call("job"), worker: workerId })
      yield* storage.endWorker(workerId)
      yield* runner.register(tool("job", Effect.die("it ran twice")))
      yield* loseNext
      yield* Effect.flip(runner.recover)
      yield* TestClock.adjust("1 minute")
      assert.deepEqual(yield* storage.claimableTasks({ leases: "released" }), [])
      yield* runner.recover
      assert.include((yield* end(taskId)).statusMessage, "Interrupted")
    })))
})
