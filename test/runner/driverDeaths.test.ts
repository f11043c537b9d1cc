/** A driver that dies or is interrupted once, instead of failing, in the middle of what a runner does. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { TestClock } from "effect/testing"
import { TaskStorage, type TaskStorageShape } from "mcp-task-storage"
import { makeTaskRunner, type TaskRunnerOptions } from "mcp-task-storage/runner"
import { call, end, quiet, tool } from "./oneTask.ts"
import { withoutLog, withStorage } from "./withStorage.ts"

const deaths = {
  dies: Effect.die(new Error("a mistake of the driver")),
  "is interrupted": Effect.interrupt
} satisfies { readonly [how: string]: Effect.Effect<never> }

/** A runner on a storage of which some operation dies once it is told to. */
const runnerOn = Effect.fnUntraced(function*(
  death: Effect.Effect<never>,
  options: TaskRunnerOptions,
  change: (
    storage: TaskStorageShape,
    mortal: <A, E, R>(call: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  ) => Partial<TaskStorageShape>
) {
  const storage = yield* TaskStorage
  let deathsLeft = 0
  const mortal = <A, E, R>(call: Effect.Effect<A, E, R>) => Effect.suspend(() => deathsLeft-- > 0 ? death : call)
  const runner = yield* Effect.provideService(makeTaskRunner(options), TaskStorage, {
    ...storage,
    ...change(storage, mortal)
  })
  return {
    runner,
    storage,
    dieOnce: Effect.sync(() => {
      deathsLeft = 1
    }),
    hasDied: () => deathsLeft < 1
  }
})

describe.each(Object.entries(deaths))("a driver that %s", (_, death) => {
  it.effect("when a runner claims a task leaves it the place of that task", () =>
    withoutLog(Effect.gen(function*() {
      const { dieOnce, runner, storage } = yield* runnerOn(death, quiet, ({ claimTask }, mortal) => ({
        claimTask: (taskId, options) => mortal(claimTask(taskId, options))
      }))
      yield* runner.register(tool("job", Effect.void))
      const { taskId } = yield* storage.createTask({ ...call("job"), lease: 0 })
      yield* dieOnce
      const error = yield* Effect.flip(runner.runTask(taskId))
      assert.deepInclude(error, { _tag: "TaskStorageUnavailable", applied: "unknown" })
      assert.strictEqual(yield* runner.running, 0)
      assert.strictEqual(yield* runner.runTask(taskId), "settled")
    })))

  it.effect("when a task that waited has its turn does not take its place from the others", () =>
    withoutLog(Effect.gen(function*() {
      const options: TaskRunnerOptions = { recovery: { interval: "10 seconds" }, maxRunning: 1 }
      const { dieOnce, hasDied, runner } = yield* runnerOn(death, options, ({ claimTask }, mortal) => ({
        claimTask: (taskId, options) => mortal(claimTask(taskId, options))
      }))
      yield* runner.register(tool("job", Effect.sleep("1 second")))
      const first = yield* runner.startTask(call("job"))
      const second = yield* runner.startTask(call("job"))
      yield* dieOnce
      yield* TestClock.adjust("1 second")
      assert.isTrue(hasDied())
      for (let step = 0; step < 15; step++) yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* end(first.taskId)).status, "completed")
      assert.strictEqual((yield* end(second.taskId)).status, "completed")
    })))

  it.effect("when a runner reads the pauses does not end its renewals", () =>
    withoutLog(Effect.gen(function*() {
      const { dieOnce, hasDied, runner, storage } = yield* runnerOn(death, quiet, ({ pausedTasks }, mortal) => ({
        pausedTasks: () => mortal(pausedTasks())
      }))
      yield* runner.register(tool("long", Effect.never))
      yield* runner.startTask(call("long"))
      yield* dieOnce
      for (let step = 0; step < 12; step++) yield* TestClock.adjust("10 seconds")
      assert.isTrue(hasDied())
      assert.deepEqual(yield* storage.declareDeadWorkers(), [])
    })))

  it.effect("when it is asked for tasks that wait for a seat fails no cancellation", () =>
    withStorage(
      Effect.provide(
        Effect.gen(function*() {
          const options: TaskRunnerOptions = { ...quiet, dispatch: () => Effect.void }
          const { dieOnce, hasDied, runner } = yield* runnerOn(death, options, ({ claimableTasks }, mortal) => ({
            claimableTasks: (options) => mortal(claimableTasks(options))
          }))
          const { taskId } = yield* runner.startTask(call("job"))
          yield* dieOnce
          assert.strictEqual((yield* runner.cancelTask(taskId)).status, "cancelled")
          assert.isTrue(hasDied())
        }),
        Logger.layer([])
      ),
      { maxActive: 1, whenMaxActive: "wait" }
    ))
})
