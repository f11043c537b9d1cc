/** That runners of several processes keep to the limits of active tasks together, and that everything has its turn. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { TestClock } from "effect/testing"
import { TaskStorage, type TaskStorageOptions, type TaskStorageShape } from "mcp-task-storage"
import { makeTaskRunner, TaskContext, type TaskRunnerOptions } from "mcp-task-storage/runner"
import type { TaskDriver } from "../../src/domain/driver/TaskDriver.ts"
import { traceAttributes } from "../../src/domain/telemetry/TraceNames.ts"
import { makeDriver, makeStore } from "../../src/layers/MemoryTaskStorage.ts"
import { startRunSpan } from "../../src/runner/tracing/RunSpan.ts"
import { MemoryTracer } from "../support/MemoryTracer.ts"

const call = { originalMethod: "tools/call", originalParams: { name: "job" } }

/** Two runners on one store, each with a storage of its own, and what runs at the same time. */
const scene = Effect.fnUntraced(function*(
  limits: TaskStorageOptions,
  options: TaskRunnerOptions = { recovery: { interval: "1 second" } }
) {
  const store = yield* makeStore
  const state = { running: 0, most: 0, ended: new Array<string>(), looks: 0 }
  const run = (taskId: string) =>
    Effect.gen(function*() {
      state.most = Math.max(state.most, ++state.running)
      yield* Effect.sleep(20)
      state.running--
      state.ended.push(taskId)
    })
  const makeOne = Effect.gen(function*() {
    const made = yield* TaskStorage.fromDriver(makeDriver(store), {
      maintenance: false,
      whenMaxActive: "wait",
      ...limits
    })
    const storage: TaskStorageShape = {
      ...made,
      claimTasks: (options) => {
        state.looks++
        return made.claimTasks(options)
      }
    }
    const runner = yield* Effect.provideService(
      makeTaskRunner({ shutdownTimeout: 0, ...options }),
      TaskStorage,
      storage
    )
    yield* runner.register({ method: "tools/call", name: "job", run: ({ taskId }) => run(taskId) })
    return { runner, storage }
  })
  return { first: yield* makeOne, second: yield* makeOne, state, run }
})

/** Lets time pass in small steps. */
const pass = (millis: number) =>
  Effect.repeat(Effect.andThen(Effect.yieldNow, TestClock.adjust(10)), { times: millis / 10 - 1 })

describe("tasks that wait for seats", () => {
  it.effect("never run over the limit in two processes, and all of them end", () =>
    Effect.scoped(Effect.gen(function*() {
      const { first, second, state } = yield* scene({ maxActive: 3 })
      for (let index = 0; index < 15; index++) {
        for (const { runner } of [first, second]) yield* runner.startTask({ ...call, sessionId: `s${index % 4}` })
      }
      const waiting = yield* first.storage.listTaskSummaries({ limit: 50 })
      assert.lengthOf(waiting.tasks.filter(({ worker }) => worker !== undefined), 3)
      yield* pass(8_000)
      assert.lengthOf(state.ended, 30)
      assert.lengthOf(new Set(state.ended), 30)
      assert.strictEqual(state.most, 3)
    })))

  it.effect("begin as soon as one has ended in their process, however seldom it looks", () =>
    Effect.scoped(Effect.gen(function*() {
      const { first, state } = yield* scene({ maxActive: 1 }, { recovery: { interval: "1 hour" } })
      for (let index = 0; index < 10; index++) yield* first.runner.startTask(call)
      yield* pass(1_000)
      assert.lengthOf(state.ended, 10)
      assert.strictEqual(state.most, 1)
    })))

  it.effect.each([["a kind of their process", "alone"], ["their own process", "other"]] as const)(
    "are not overtaken without end by tasks that are created later, of %s",
    ([, name]) =>
      Effect.scoped(Effect.gen(function*() {
        const { first, run, state } = yield* scene({ maxActive: 2 }, { recovery: { interval: "1 hour" } })
        yield* first.runner.register({ method: "tools/call", name: "alone", run: ({ taskId }) => run(taskId) })
        const start = () =>
          name === "alone"
            ? first.runner.startTask({ originalMethod: "tools/call", name })
            : first.runner.startTask({ originalMethod: name }, ({ taskId }) => run(taskId))
        const old = yield* Effect.forEach([1, 2, 3, 4, 5, 6], () => Effect.tap(start(), () => TestClock.adjust(1)))
        let count = 0
        // One comes sooner after each end than a look does.
        while (count < 300 && !old.every(({ taskId }) => state.ended.includes(taskId))) {
          yield* start()
          yield* TestClock.adjust(3)
          yield* Effect.repeat(Effect.yieldNow, { times: 30 })
          count++
        }
        assert.isBelow(count, 100)
        assert.strictEqual(state.most, 2)
        yield* pass(20_000)
        assert.lengthOf(state.ended, 6 + count)
      }))
  )

  it.effect("of one owner hold up no other's, who begins with the first look or none", () =>
    Effect.scoped(Effect.gen(function*() {
      const { first, second, state } = yield* scene({ maxActive: 4, maxActivePerSession: 2 })
      for (let index = 0; index < 300; index++) yield* first.runner.startTask({ ...call, sessionId: "greedy" })
      const { worker } = yield* second.runner.startTask({ ...call, sessionId: "modest", taskId: "modest" })
      assert.isDefined(worker)
      yield* second.storage.createTask({ ...call, lease: 0, sessionId: "third", taskId: "third" })
      const before = state.looks
      yield* second.runner.recover
      yield* pass(30)
      assert.includeMembers(state.ended, ["modest", "third"])
      // One for those that have begun and one for those that wait, of each runner.
      assert.isAtMost(state.looks - before, 8)
      assert.isAtMost(state.most, 4)
    })))

  it.effect("run the work of their own process too", () =>
    Effect.scoped(Effect.gen(function*() {
      const { first, run, state } = yield* scene({ maxActive: 1 })
      yield* first.runner.startTask({ ...call, taskId: "registered" })
      for (const taskId of ["own 1", "own 2"]) {
        yield* first.runner.startTask({ originalMethod: "other", taskId }, ({ taskId }) => run(taskId))
      }
      yield* pass(3_000)
      assert.sameMembers(state.ended, ["registered", "own 1", "own 2"])
      assert.strictEqual(state.most, 1)
    })))

  it.effect.each(
    [
      ["sessions", { greedy: { sessionId: "a" }, modest: { sessionId: "b" } }],
      ["a session and tasks of none", { greedy: {}, modest: { sessionId: "a" } }],
      ["sessions of several kinds", { greedy: { sessionId: "a" }, modest: { sessionId: "b", name: "second" } }],
      ["kinds of one session", { greedy: { sessionId: "a" }, modest: { sessionId: "a", name: "second" } }],
      ["kinds of no session", { greedy: {}, modest: { name: "second" } }],
      ["names of one handler", { greedy: { name: "third" }, modest: { name: "younger" } }]
    ] as const
  )(
    "take turns where seats become free one by one: %s",
    ([, { greedy, modest }]) =>
      Effect.scoped(Effect.gen(function*() {
        const { first, run, second, state } = yield* scene({ maxActive: 1 })
        for (const { runner } of [first, second]) {
          yield* runner.register({ method: "tools/call", name: "second", run: ({ taskId }) => run(taskId) })
          yield* runner.register({ method: "tools/call", run: ({ taskId }) => run(taskId) })
        }
        for (let index = 0; index < 40; index++) {
          yield* first.runner.startTask({ originalMethod: "tools/call", name: "job", ...greedy })
        }
        yield* first.runner.startTask({ originalMethod: "tools/call", name: "job", ...modest, taskId: "modest" })
        yield* pass(500)
        assert.include(state.ended, "modest")
        assert.isBelow(state.ended.indexOf("modest"), 5)
      }))
  )

  it.effect.each(
    [
      ["behind looks", { recovery: { interval: "1 hour" } }],
      ["without looks", { recovery: false }]
    ] as const
  )(
    "whose work is of their process begin though one before them was cancelled, %s",
    ([, options]) =>
      Effect.scoped(Effect.gen(function*() {
        const { first, run, state } = yield* scene({ maxActive: 1 }, options)
        const ids = Array.from({ length: 6 }, (_, index) => `own ${index}`)
        for (const taskId of ids) {
          yield* first.runner.startTask({ originalMethod: "other", taskId }, ({ taskId }) => run(taskId))
        }
        for (const taskId of ["own 1", "own 2", "own 4"]) yield* first.runner.cancelTask(taskId)
        yield* pass(1_000)
        assert.sameMembers(state.ended, ["own 0", "own 3", "own 5"])
      }))
  )

  it.effect.each(
    [
      ["of a look", { recovery: { interval: "1 second" } }],
      ["of recover", { recovery: false }]
    ] as const
  )(
    "whose work is of their process begin with all seats that others left, at the time %s",
    ([, options]) =>
      Effect.scoped(Effect.gen(function*() {
        const { first, run, second, state } = yield* scene({ maxActive: 3 }, options)
        const busy = ["busy 1", "busy 2", "busy 3"]
        for (const taskId of busy) yield* second.storage.createTask({ ...call, taskId, lease: "1 hour" })
        for (const taskId of ["own 1", "own 2", "own 3"]) {
          yield* first.runner.startTask({ originalMethod: "other", taskId }, ({ taskId }) => run(taskId))
        }
        for (const taskId of busy) yield* second.storage.updateTaskStatus(taskId, "cancelled")
        if (options.recovery === false) yield* first.runner.recover
        yield* pass(1_200)
        assert.lengthOf(state.ended, 3)
        assert.strictEqual(state.most, 3)
      }))
  )

  it.effect("whose work is of their process take turns, with each other and with those of any process", () =>
    Effect.scoped(Effect.gen(function*() {
      const { first, run, state } = yield* scene({ maxActive: 1 })
      for (let index = 0; index < 30; index++) {
        yield* first.runner.startTask({ originalMethod: "other", sessionId: "greedy" }, ({ taskId }) => run(taskId))
      }
      yield* first.runner.startTask({ originalMethod: "other", sessionId: "modest", taskId: "own" }, () => run("own"))
      yield* first.runner.startTask({ ...call, sessionId: "third", taskId: "registered" })
      yield* pass(600)
      for (const taskId of ["own", "registered"]) {
        assert.include(state.ended, taskId)
        assert.isBelow(state.ended.indexOf(taskId), 6)
      }
    })))

  it.effect("are no calls that run already, which others would run once more", () =>
    Effect.scoped(Effect.gen(function*() {
      const { first, second, state } = yield* scene({ maxActive: 1 })
      yield* second.storage.createTask({ ...call, taskId: "busy", lease: "1 hour" })
      const tasks = first.runner.forSession("s")
      const slot = yield* tasks.reserveSlot({ originalMethod: "tools/call", name: "job" })
      let runs = 0
      if (slot._tag === "Some") {
        runs++
        yield* slot.value.startTask(call, () => Effect.never)
      } else yield* tasks.startTask(call)
      yield* second.storage.updateTaskStatus("busy", "cancelled")
      yield* second.runner.recover
      yield* pass(500)
      assert.strictEqual(runs + state.ended.length, 1)
    })))

  it.effect("leave the span of a call under way open until its run has ended", () => {
    const tracer = new MemoryTracer()
    return tracer.provide(Effect.scoped(Effect.gen(function*() {
      const { first, run, second } = yield* scene({ maxActive: 1 })
      yield* second.storage.createTask({ ...call, taskId: "busy", lease: "1 hour" })
      const span = yield* startRunSpan({ originalMethod: "tools/call", name: "job" }, "job", { root: true })
      yield* first.runner.startTask(call, ({ taskId }) => run(taskId), { isUnderWay: true, span })
      yield* pass(200)
      assert.deepStrictEqual(tracer.named("tools/call job").map(({ status }) => status._tag), ["Started"])
      yield* second.storage.updateTaskStatus("busy", "cancelled")
      yield* pass(1_200)
      const [ended, ...others] = tracer.named("tools/call job")
      assert.lengthOf(others, 0)
      assert.strictEqual(ended?.status._tag, "Ended")
      assert.strictEqual(ended?.attributes.get(traceAttributes.status), "completed")
    })))
  })

  it.effect.each(
    [
      ["looks find", false],
      ["is its own", true]
    ] as const
  )(
    "begin in their process though another one has work for every seat that it leaves, which %s",
    ([, isOwn]) =>
      Effect.scoped(Effect.gen(function*() {
        const { first, run, second, state } = yield* scene({ maxActive: 1 }, { recovery: { interval: "1 hour" } })
        yield* second.runner.register({ method: "other", run: ({ taskId }) => run(taskId) })
        // It is told of a seat before the next one is left.
        const work = () => Effect.sleep(700)
        yield* first.runner.register({ method: "greedy", run: work })
        for (let index = 0; index < 100; index++) {
          yield* first.runner.startTask({ originalMethod: isOwn ? "own" : "greedy" }, isOwn ? work : undefined)
        }
        yield* second.runner.startTask({ originalMethod: "other", taskId: "modest" })
        yield* pass(30_000)
        assert.include(state.ended, "modest")
      }))
  )

  it.effect("take turns where each is dispatched, too", () =>
    Effect.scoped(Effect.gen(function*() {
      const queue: Array<string> = []
      const dispatch = (taskId: string) => Effect.sync(() => void queue.push(taskId))
      const { first, state } = yield* scene({ maxActive: 1 }, { dispatch, recovery: false })
      for (let index = 0; index < 20; index++) yield* first.runner.startTask({ ...call, sessionId: "greedy" })
      yield* first.runner.startTask({ ...call, sessionId: "modest", taskId: "modest" })
      queue.splice(0)
      for (let look = 0; look < 6; look++) {
        yield* first.runner.recover
        for (const taskId of queue.splice(0)) yield* Effect.forkChild(first.runner.runTask(taskId))
        yield* pass(100)
      }
      assert.lengthOf(state.ended, 6)
      assert.include(state.ended, "modest")
    })))

  it.effect.each(
    [
      ["a registered kind", (taskId: string) => ({ ...call, taskId }), undefined],
      ["its own work", (taskId: string) => ({ originalMethod: "other", taskId }), () => Effect.void]
    ] as const
  )(
    "begin though the seat became free while they were being stored: %s",
    ([, taskOf, own]) =>
      Effect.scoped(Effect.gen(function*() {
        const driver = makeDriver(yield* makeStore)
        const slow: TaskDriver = {
          ...driver,
          insert: (task, bounds, now) =>
            Effect.andThen(task.attempt === 0 ? Effect.sleep(200) : Effect.void, driver.insert(task, bounds, now))
        }
        const limits = { maintenance: false, whenMaxActive: "wait", maxActive: 1 } as const
        const storage = yield* TaskStorage.fromDriver(slow, limits)
        const making = makeTaskRunner({ shutdownTimeout: 0, recovery: { interval: "1 hour" } })
        const runner = yield* Effect.provideService(making, TaskStorage, storage)
        yield* runner.register({ method: "tools/call", run: () => Effect.sleep(50) })
        yield* runner.startTask(call)
        yield* Effect.forkChild(runner.startTask(taskOf("late"), own), { startImmediately: true })
        yield* pass(1_000)
        assert.strictEqual(Option.getOrUndefined(yield* storage.getTask("late"))?.status, "completed")
      }))
  )

  it.effect("begin when one is cancelled that sleeps", () =>
    Effect.scoped(Effect.gen(function*() {
      const { first, state } = yield* scene({ maxActive: 1 }, { recovery: { interval: "1 hour" } })
      yield* first.runner.register({
        method: "tools/call",
        name: "sleeper",
        run: () => Effect.flatMap(TaskContext, ({ sleep }) => sleep("nap", "1 day"))
      })
      yield* first.runner.startTask({ ...call, originalParams: { name: "sleeper" }, taskId: "sleeper" })
      yield* pass(50)
      yield* first.runner.startTask({ ...call, taskId: "waits" })
      yield* pass(50)
      assert.deepStrictEqual(state.ended, [])
      yield* first.runner.cancelTask("sleeper")
      yield* pass(100)
      assert.deepStrictEqual(state.ended, ["waits"])
    })))

  it.effect("are dispatched when one has ended or was cancelled, whenever the next look comes", () =>
    Effect.scoped(Effect.gen(function*() {
      const queue: Array<string> = []
      const dispatch = (taskId: string) => Effect.sync(() => void queue.push(taskId))
      const { first, state } = yield* scene({ maxActive: 1 }, { dispatch, recovery: false })
      const runAll = Effect.gen(function*() {
        for (const taskId of queue.splice(0)) yield* Effect.forkChild(first.runner.runTask(taskId))
        yield* pass(50)
      })
      yield* first.storage.createTask({ ...call, taskId: "busy", lease: "1 hour" })
      for (let index = 0; index < 5; index++) yield* first.runner.startTask(call)
      yield* runAll
      assert.deepStrictEqual([state.ended, queue], [[], []])
      yield* first.runner.cancelTask("busy")
      for (let ended = 1; ended <= 5; ended++) {
        assert.lengthOf(queue, 1)
        yield* runAll
        assert.lengthOf(state.ended, ended)
      }
      assert.strictEqual(state.most, 1)
    })))
})
