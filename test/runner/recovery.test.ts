/** How a runner finds tasks that nobody runs: in batches, by kind, in turns, and as soon as there is room. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { TestClock } from "effect/testing"
import { TaskStorage, type TaskStorageShape } from "mcp-task-storage"
import { makeTaskRunner, type TaskRunnerOptions } from "mcp-task-storage/runner"
import type { TaskDriver } from "../../src/domain/driver/TaskDriver.ts"
import { makeDriver, makeStore } from "../../src/layers/MemoryTaskStorage.ts"
import { notingIn } from "./notingIn.ts"
import { withStorage } from "./withStorage.ts"

/** A runner whose tasks take so many milliseconds, and what it asked its storage for. */
const scene = Effect.fnUntraced(function*(options: TaskRunnerOptions, millis = 20) {
  const storage = yield* TaskStorage
  const asked: Array<string> = []
  const ran: Array<string> = []
  const noting = notingIn(asked)
  const noted: TaskStorageShape = {
    ...storage,
    claimTasks: noting("claimTasks", storage.claimTasks),
    claimTask: noting("claimTask", storage.claimTask),
    getTask: noting("getTask", storage.getTask),
    getTaskSummary: noting("getTaskSummary", storage.getTaskSummary)
  }
  const runner = yield* makeTaskRunner({ shutdownTimeout: 0, ...options }).pipe(
    Effect.provideService(TaskStorage, noted)
  )
  yield* runner.register({
    method: "tools/call",
    name: "job",
    lostWorker: { maxAttempts: 5 },
    run: ({ taskId }) => Effect.andThen(Effect.sync(() => ran.push(taskId)), Effect.sleep(millis))
  })
  return { storage, runner, asked, ran }
})

const call = (name: string) => ({ originalMethod: "tools/call", originalParams: { name } })

const many = (storage: TaskStorageShape, count: number, task: object = {}, name = "job") =>
  Effect.forEach(
    Array.from({ length: count }),
    () => storage.createTask({ ...call(name), lease: 0, ...task }),
    { discard: true }
  )

/** Lets time pass in small steps. */
const pass = (millis: number, step = 10) =>
  Effect.repeat(Effect.andThen(Effect.yieldNow, TestClock.adjust(step)), { times: millis / step - 1 })

describe("abandoned tasks", () => {
  it.effect("are all claimed in one look, many at once", () =>
    withStorage(Effect.gen(function*() {
      const { asked, runner, storage } = yield* scene({ recovery: false })
      const dead = yield* storage.registerWorker({ lease: "30 seconds" })
      for (let task = 0; task < 950; task++) yield* storage.createTask({ ...call("job"), worker: dead.workerId })
      yield* runner.recover
      yield* TestClock.adjust("31 seconds")
      asked.length = 0
      assert.strictEqual((yield* runner.recover).length, 950)
      assert.deepEqual(asked.filter((name) => name.startsWith("claim")), Array.from({ length: 5 }, () => "claimTasks"))
      assert.notInclude(asked, "getTask")
      assert.strictEqual(yield* runner.running, 950)
    })))

  it.effect("are taken as slots become free, however seldom the runner looks", () =>
    withStorage(Effect.gen(function*() {
      const { ran, runner, storage } = yield* scene({ maxRunning: 1, recovery: { interval: "1 hour" } })
      yield* many(storage, 30)
      yield* runner.register({ method: "other", run: () => Effect.void })
      yield* pass(3_000)
      assert.strictEqual(ran.length, 30)
    })))

  it.effect("of one owner hold up no other's, in the storage and in the process", () =>
    withStorage(Effect.gen(function*() {
      const { ran, runner, storage } = yield* scene(
        { maxRunning: 4, maxRunningPerSession: 2, recovery: { interval: "1 second" } },
        500
      )
      yield* many(storage, 500, { sessionId: "greedy" })
      for (let task = 0; task < 500; task++) yield* runner.startTask({ ...call("job"), sessionId: "greedy" })
      yield* storage.createTask({ ...call("job"), lease: 0, sessionId: "modest", taskId: "modest" })
      yield* runner.startTask({ ...call("job"), sessionId: "here", taskId: "here" })
      yield* pass(2_000, 20)
      assert.include(ran, "modest")
      assert.include(ran, "here")
    })))

  it.effect("of no session wait for no others, and those that a full process starts give them turns", () =>
    withStorage(Effect.gen(function*() {
      const { ran, runner, storage } = yield* scene({ maxRunning: 2, recovery: { interval: "1 second" } }, 200)
      for (let task = 0; task < 200; task++) yield* runner.startTask({ ...call("job"), sessionId: "busy" })
      yield* storage.createTask({ ...call("job"), lease: 0, sessionId: "other", taskId: "other" })
      yield* pass(4_000, 20)
      assert.include(ran, "other")
    })))

  it.effect("of kinds without a handler are not read, however many there are", () =>
    withStorage(Effect.gen(function*() {
      const { asked, ran, runner, storage } = yield* scene({ recovery: { interval: "1 second" } })
      yield* many(storage, 300, {}, "unknown")
      yield* many(storage, 1)
      yield* pass(1_000)
      asked.length = 0
      yield* pass(20_000, 100)
      assert.deepEqual(asked.filter((name) => name.startsWith("get")), [])
      assert.strictEqual(ran.length, 1)
      assert.strictEqual(yield* runner.running, 0)
    })))
})

it.effect("tasks that were stored before tasks had names are found by the names in their params", () =>
  Effect.scoped(Effect.gen(function*() {
    const driver = makeDriver(yield* makeStore)
    const old: TaskDriver = {
      ...driver,
      insert: (task, ...rest) => driver.insert({ ...task, name: null }, ...rest)
    }
    const earlier = yield* TaskStorage.fromDriver(old, { maintenance: false })
    const storage = yield* TaskStorage.fromDriver(driver, { maintenance: false })
    const { ran, runner } = yield* Effect.provideService(scene({ recovery: false }), TaskStorage, storage)
    const { taskId } = yield* earlier.createTask({ ...call("job"), lease: 0 })
    yield* earlier.createTask({ ...call("unknown"), lease: 0, taskId: "unknown" })
    assert.deepEqual(yield* runner.recover, [taskId])
    yield* TestClock.adjust("1 second")
    assert.deepEqual(ran, [taskId])
    assert.strictEqual(Option.getOrThrow(yield* storage.getTask("unknown")).attempt, undefined)
  })))
