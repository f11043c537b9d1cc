/** A process that stood still while it took a task, so that others have thought it dead before it begins. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { TaskStorage, type TaskStorageShape } from "mcp-task-storage"
import { makeTaskRunner } from "mcp-task-storage/runner"
import { call, end, get, quiet, tool } from "./oneTask.ts"
import { withoutLog } from "./withStorage.ts"

/** A process that hears nothing from the next call of this kind on, until it may. Gives how often its work began. */
const scene = Effect.fnUntraced(function*(slow: "claimTasks" | "createTask") {
  const storage = yield* TaskStorage
  const written = yield* Deferred.make<void>()
  const answers = yield* Deferred.make<void>()
  let isSlow = false
  const late = <A, E>(write: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.tap(
      write,
      () => isSlow ? Effect.andThen(Deferred.succeed(written, undefined), Deferred.await(answers)) : Effect.void
    )
  const slowed: TaskStorageShape = {
    ...storage,
    renewWorker: (workerId, options) =>
      Effect.suspend(() =>
        isSlow
          ? Effect.andThen(Deferred.await(answers), storage.renewWorker(workerId, options))
          : storage.renewWorker(workerId, options)
      ),
    [slow]: slow === "claimTasks"
      ? (options: Parameters<TaskStorageShape["claimTasks"]>[0]) => late(storage.claimTasks(options))
      : (task: Parameters<TaskStorageShape["createTask"]>[0]) => late(storage.createTask(task))
  }
  let begun = 0
  const runner = yield* Effect.provideService(makeTaskRunner(quiet), TaskStorage, slowed)
  yield* runner.register(
    tool(
      "job",
      Effect.as(Effect.suspend(() => Effect.andThen(Effect.sync(() => begun++), Effect.sleep("1 second"))), "done")
    )
  )
  // It registers.
  yield* runner.startTask(call("job"))
  yield* TestClock.adjust("1 second")
  begun = 0
  isSlow = true
  const { taskId } = slow === "claimTasks"
    ? yield* storage.createTask({ ...call("job"), lease: 0, taskId: "late" })
    : { taskId: "late" }
  yield* Effect.forkChild(slow === "claimTasks" ? runner.recover : runner.startTask({ ...call("job"), taskId }))
  yield* Deferred.await(written)
  return { storage, taskId, begun: () => begun, answer: Deferred.succeed(answers, undefined) }
})

/** The clock goes on for longer than a lease, and the process asks for nothing. */
const stand = TestClock.adjust("40 seconds")

/** Time to renew after what seemed an outage. */
const settle = Effect.repeat(TestClock.adjust("1 second"), { times: 40 })

describe.each(["claimTasks", "createTask"] as const)("a process that stood still in %s", (slow) => {
  it.effect("begins nothing that others have taken since", () =>
    withoutLog(Effect.gen(function*() {
      const { answer, begun, storage, taskId } = yield* scene(slow)
      yield* stand
      yield* storage.declareDeadWorkers({ overdueFor: 0 })
      const { workerId } = yield* storage.registerWorker({ lease: "1 hour" })
      const { record } = yield* storage.claimTask(taskId, { worker: workerId })
      yield* answer
      yield* settle
      assert.strictEqual(begun(), 0)
      assert.strictEqual((yield* get(taskId)).attempt, record.attempt)
    })))

  it.effect("begins what nobody has taken", () =>
    withoutLog(Effect.gen(function*() {
      const { answer, begun, taskId } = yield* scene(slow)
      yield* stand
      yield* answer
      yield* settle
      assert.strictEqual(begun(), 1)
      assert.deepEqual((yield* end(taskId)).result, { _tag: "Success", value: "done" })
    })))
})
