/** When a runner takes tasks from others, and when it does not, with time that is turned by hand. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { TaskStorage, type TaskStorageShape, TaskStorageUnavailable } from "mcp-task-storage"
import { makeTaskRunner, TaskContext, type TaskHandler, type TaskRunnerOptions } from "mcp-task-storage/runner"
import { withStorage } from "./withStorage.ts"
import { wrapWrites } from "./wrapWrites.ts"

const lease = 30_000
const policies = ["fail", { maxAttempts: 5 }] as const
const millis = 1_000_000n

/** A clock that can be set forward, and loses time while its process stands still. */
const makeOwnClock = Clock.clockWith((clock) =>
  Effect.sync(() => {
    const state = { ahead: 0, lost: 0 }
    const currentTimeMillisUnsafe = () => clock.currentTimeMillisUnsafe() + state.ahead + state.lost
    const monotonicTimeNanosUnsafe = () => clock.monotonicTimeNanosUnsafe() + BigInt(state.lost) * millis
    const currentTimeNanosUnsafe = () => BigInt(currentTimeMillisUnsafe()) * millis
    const own: Clock.Clock = {
      currentTimeMillisUnsafe,
      currentTimeMillis: Effect.sync(currentTimeMillisUnsafe),
      currentTimeNanosUnsafe,
      currentTimeNanos: Effect.sync(currentTimeNanosUnsafe),
      monotonicTimeNanosUnsafe,
      monotonicTimeNanos: Effect.sync(monotonicTimeNanosUnsafe),
      sleep: (duration) => clock.sleep(duration)
    }
    return { clock: own, state }
  })
)

const unavailable = new TaskStorageUnavailable({ operation: "any", reason: "down", retryable: true, applied: "no" })

/** Processes of one machine: one clock, one engine, which may be down, and one work, which never runs twice at once. */
const scene = Effect.gen(function*() {
  const storage = yield* TaskStorage
  const { clock, state } = yield* makeOwnClock
  const engine = { isDown: false }
  const unless = <A, E>(call: Effect.Effect<A, E>) =>
    Effect.suspend((): Effect.Effect<A, E | TaskStorageUnavailable> => engine.isDown ? Effect.fail(unavailable) : call)
  let begun = 0
  const openRunner = Effect.fnUntraced(function*(options: TaskRunnerOptions = {}) {
    const process = { isDead: false }
    const unlessDead = <A, E>(call: Effect.Effect<A, E>) =>
      Effect.suspend((): Effect.Effect<A, E | TaskStorageUnavailable> => process.isDead ? Effect.never : unless(call))
    const ofProcess: TaskStorageShape = {
      ...wrapWrites(storage, unlessDead),
      claimTask: (...args) => unlessDead(storage.claimTask(...args)),
      claimTasks: (...args) => unlessDead(storage.claimTasks(...args)),
      claimableTasks: (...args) => unlessDead(storage.claimableTasks(...args)),
      declareDeadWorkers: (...args) => unlessDead(storage.declareDeadWorkers(...args))
    }
    const runner = yield* makeTaskRunner({
      lease,
      shutdownTimeout: 0,
      recovery: { interval: "10 seconds" },
      ...options
    }).pipe(
      Effect.provideService(TaskStorage, ofProcess),
      Effect.provideService(Clock.Clock, clock),
      Effect.provide(Logger.layer([])),
      Effect.provideService(Scope.Scope, Scope.makeUnsafe())
    )
    const work = Effect.suspend(() => {
      begun++
      return Effect.never
    })
    for (const [index, lostWorker] of policies.entries()) {
      yield* runner.register({ method: "tools/call", name: `job${index}`, run: () => work, lostWorker })
    }
    const start = Effect.forEach(policies, (_, index) =>
      Effect.map(
        runner.startTask({ originalMethod: "tools/call", originalParams: { name: `job${index}` } }),
        ({ taskId }) => taskId
      ))
    return {
      // Asked by hand, a runner is on the clock of its process too.
      recover: Effect.provideService(runner.recover, Clock.Clock, clock),
      runTask: (taskId: string) => Effect.provideService(runner.runTask(taskId), Clock.Clock, clock),
      start,
      die: Effect.sync(() => process.isDead = true)
    }
  })
  const attempts = (taskIds: ReadonlyArray<string>) =>
    Effect.forEach(taskIds, (taskId) =>
      Effect.map(
        Effect.map(storage.getTask(taskId), Option.getOrThrow),
        ({ attempt, status }) => `${status} ${attempt}`
      ))
  return { storage, state, engine, openRunner, attempts, begun: () => begun }
})

const untouched = ["working 1", "working 1"]

describe("a clock that is set forward", () => {
  it.effect("makes no process take what it runs itself", () =>
    withStorage(Effect.gen(function*() {
      const { attempts, begun, openRunner, state } = yield* scene
      const { recover, runTask, start } = yield* openRunner()
      const taskIds = yield* start
      yield* TestClock.adjust("5 seconds")
      state.ahead += 60_000
      for (const taskId of taskIds) assert.strictEqual(yield* runTask(taskId), "skipped")
      assert.deepEqual(yield* recover, [])
      yield* TestClock.adjust("5 minutes")
      assert.deepEqual(yield* attempts(taskIds), untouched)
      assert.strictEqual(begun(), 2)
    })))

  it.effect("makes no process take what others run, and the dead are found one lease later", () =>
    withStorage(Effect.gen(function*() {
      const { attempts, openRunner, state } = yield* scene
      const living = yield* openRunner()
      const dead = yield* openRunner()
      const other = yield* openRunner({ recovery: false })
      const alive = yield* living.start
      const lost = yield* dead.start
      yield* TestClock.adjust("4 seconds")
      yield* dead.die
      state.ahead += 60_000
      assert.deepEqual(yield* other.recover, [])
      assert.strictEqual(yield* other.runTask(alive[1] ?? ""), "skipped")
      yield* TestClock.adjust("25 seconds")
      assert.deepEqual(yield* other.recover, [])
      assert.deepEqual(yield* attempts([...alive, ...lost]), [...untouched, ...untouched])
      yield* TestClock.adjust("15 seconds")
      assert.deepEqual(yield* attempts(alive), untouched)
      assert.deepEqual(yield* attempts(lost), ["failed 2", "working 2"])
    })))

  it.effect("makes a process renew its own worker before it looks for others'", () =>
    withStorage(Effect.gen(function*() {
      const { openRunner, state, storage } = yield* scene
      const { recover, start } = yield* openRunner({ recovery: false })
      yield* start
      yield* TestClock.adjust("5 seconds")
      state.ahead += 60_000
      yield* recover
      const [listed] = yield* storage.listWorkers()
      assert.strictEqual(listed?.worker.leaseExpiresAt.epochMilliseconds, 65_000 + lease)
    })))
})

it.effect("a process that stood still believes nobody gone for one lease", () =>
  withStorage(Effect.gen(function*() {
    const { attempts, openRunner, state } = yield* scene
    const first = yield* openRunner()
    yield* openRunner()
    const taskIds = yield* first.start
    yield* TestClock.adjust("9 seconds")
    state.lost += 60_000
    yield* TestClock.adjust("5 minutes")
    assert.deepEqual(yield* attempts(taskIds), untouched)
  })))

describe("an outage of the engine", () => {
  it.effect("that outlasts the leases of all lets nobody take from the others", () =>
    withStorage(Effect.gen(function*() {
      const { attempts, engine, openRunner } = yield* scene
      const first = yield* openRunner()
      const second = yield* openRunner()
      const taskIds = yield* first.start
      yield* TestClock.adjust("1 second")
      engine.isDown = true
      yield* TestClock.adjust("2 minutes")
      engine.isDown = false
      assert.deepEqual(yield* second.recover, [])
      assert.strictEqual(yield* second.runTask(taskIds[1] ?? ""), "skipped")
      yield* TestClock.adjust("5 minutes")
      assert.deepEqual(yield* attempts(taskIds), untouched)
    })))

  it.effect("in which all processes stand still too lets nobody take from the others", () =>
    withStorage(Effect.gen(function*() {
      const { attempts, begun, engine, openRunner, state } = yield* scene
      const first = yield* openRunner()
      const second = yield* openRunner()
      const taskIds = [...(yield* first.start), ...(yield* second.start)]
      yield* TestClock.adjust("5 seconds")
      engine.isDown = true
      yield* TestClock.adjust("20 seconds")
      state.lost += 90_000
      yield* TestClock.adjust("20 seconds")
      engine.isDown = false
      assert.deepEqual(yield* second.recover, [])
      yield* TestClock.adjust("5 minutes")
      assert.deepEqual(yield* attempts(taskIds), [...untouched, ...untouched])
      assert.strictEqual(begun(), taskIds.length)
    })))

  it.effect("puts off what the dead have left by one lease, and what is free by nothing", () =>
    withStorage(Effect.gen(function*() {
      const { attempts, engine, openRunner, storage } = yield* scene
      const dead = yield* openRunner()
      const lost = yield* dead.start
      yield* dead.die
      yield* openRunner()
      engine.isDown = true
      yield* TestClock.adjust("1 minute")
      engine.isDown = false
      const call = { originalMethod: "tools/call", originalParams: { name: "job0" } }
      const { taskId } = yield* storage.createTask({ ...call, lease: 0 })
      yield* TestClock.adjust("20 seconds")
      assert.deepEqual(yield* attempts([...lost, taskId]), [...untouched, "working 1"])
      yield* TestClock.adjust("30 seconds")
      assert.deepEqual(yield* attempts(lost), ["failed 2", "working 2"])
    })))
})

it.effect("a task that is answered while its worker cleans up begins anew when that one is gone", () =>
  withStorage(Effect.gen(function*() {
    const runner = yield* makeTaskRunner({ recovery: false, lease, shutdownTimeout: 0 })
    const cleaned = yield* Deferred.make<void>()
    let atOnce = 0
    const question = { sure: { method: "elicitation/create", params: { message: "Sure?", requestedSchema: {} } } }
    const handler: TaskHandler = {
      method: "ask",
      run: () =>
        Effect.acquireUseRelease(
          Effect.sync(() => ++atOnce),
          (running) => Effect.flatMap(TaskContext, ({ suspend }) => Effect.as(suspend(question), running)),
          () => Effect.andThen(Deferred.await(cleaned), Effect.sync(() => atOnce--))
        )
    }
    yield* runner.register(handler)
    const { awaitTask } = yield* TaskStorage
    const { taskId } = yield* runner.startTask({ originalMethod: "ask" })
    yield* TestClock.adjust("1 second")
    yield* runner.provideInput(taskId, { sure: { action: "accept" } })
    yield* TestClock.adjust("1 second")
    assert.strictEqual(yield* runner.running, 1)
    yield* Deferred.succeed(cleaned, undefined)
    assert.deepEqual((yield* awaitTask(taskId)).result, { _tag: "Success", value: 1 })
  })))
