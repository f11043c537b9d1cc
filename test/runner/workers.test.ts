/** The process as one registered worker, with time that is turned by hand. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { TaskStorage, type TaskStorageShape, TaskStorageUnavailable } from "mcp-task-storage"
import { makeTaskRunner, type TaskRunnerOptions } from "mcp-task-storage/runner"
import { hostname } from "node:os"
import { notingIn } from "./notingIn.ts"
import { withStorage } from "./withStorage.ts"

const lease = 30_000
const call = { originalMethod: "own" }

/** A runner in a scope of its own, what it asked its storage for, and what it logged. */
const scene = Effect.fnUntraced(function*(
  options: TaskRunnerOptions = {},
  change: (storage: TaskStorageShape) => Partial<TaskStorageShape> = () => ({})
) {
  const storage = yield* TaskStorage
  const asked: Array<string> = []
  const noting = notingIn(asked)
  const noted: TaskStorageShape = {
    ...storage,
    registerWorker: noting("registerWorker", storage.registerWorker),
    renewWorker: noting("renewWorker", storage.renewWorker),
    endWorker: noting("endWorker", storage.endWorker),
    declareDeadWorkers: noting("declareDeadWorkers", storage.declareDeadWorkers),
    createTask: noting("createTask", storage.createTask),
    claimTask: noting("claimTask", storage.claimTask),
    changes: noting("changes", storage.changes),
    withSummary: {
      ...storage.withSummary,
      touchTask: noting("touchTask", storage.withSummary.touchTask),
      settleTask: noting("settleTask", storage.withSummary.settleTask)
    }
  }
  const logged: Array<string> = []
  const scope = yield* Scope.make()
  const runner = yield* makeTaskRunner({ recovery: false, lease, shutdownTimeout: 0, ...options }).pipe(
    Effect.provideService(TaskStorage, { ...noted, ...change(noted) }),
    Effect.provideService(Scope.Scope, scope),
    Effect.provide(
      Logger.layer([Logger.make(({ logLevel, message }) => logged.push(`${logLevel} ${String(message)}`))])
    )
  )
  yield* runner.register({ method: "own", run: () => Effect.never, lostWorker: { maxAttempts: 9 } })
  return { storage, runner, asked, logged, close: Scope.close(scope, Exit.void) }
})

const unavailable = (applied: "no" | "unknown") =>
  new TaskStorageUnavailable({ operation: "any", reason: "the connection was lost", retryable: true, applied })

const count = (asked: ReadonlyArray<string>, name: string) => asked.filter((one) => one === name).length

describe("a process", () => {
  it.effect("registers before its first task, and renews once for all of them", () =>
    withStorage(Effect.gen(function*() {
      const { asked, runner, storage } = yield* scene({ worker: { name: "reports", version: "1.2" } })
      assert.deepEqual(asked, [])
      for (let task = 0; task < 20; task++) yield* runner.startTask(call)
      assert.deepEqual([asked[0], count(asked, "registerWorker")], ["registerWorker", 1])
      asked.length = 0
      yield* TestClock.adjust(2 * lease)
      yield* TestClock.adjust(2 * lease)
      assert.deepEqual(asked, Array.from({ length: 12 }, () => "renewWorker"))
      const [listed] = yield* storage.listWorkers()
      const { host, name, pid, version } = listed?.worker ?? {}
      assert.deepEqual([host, pid, name, version], [hostname(), process.pid, "reports", "1.2"])
      assert.strictEqual(listed?.tasks, 20)
    })))

  it.effect("that ends gives up all of its tasks with one call", () =>
    withStorage(Effect.gen(function*() {
      const { asked, close, runner, storage } = yield* scene()
      for (let task = 0; task < 20; task++) yield* runner.startTask(call)
      yield* TestClock.adjust("1 second")
      asked.length = 0
      const closing = yield* Effect.forkChild(close)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(closing)
      assert.deepEqual(asked, ["endWorker"])
      assert.strictEqual((yield* storage.claimableTasks({ limit: 100 })).length, 20)
      const [ended] = yield* storage.listWorkers()
      assert.isDefined(ended?.worker.diedAt)
      assert.strictEqual(ended?.tasks, 0)
    })))

  it.effect("that was declared dead goes on with what nobody took, and stops the rest", () =>
    withStorage(Effect.gen(function*() {
      let isFrozen = false
      const { asked, logged, runner, storage } = yield* scene({}, (storage) => ({
        renewWorker: (...args) => isFrozen ? Effect.never : storage.renewWorker(...args)
      }))
      const go = yield* Deferred.make<void>()
      const interrupted: Array<string> = []
      yield* runner.register({
        method: "waits",
        run: ({ taskId }) =>
          Effect.onInterrupt(
            Effect.as(Deferred.await(go), "done"),
            () => Effect.sync(() => interrupted.push(taskId))
          )
      })
      const started = yield* Effect.forEach(
        ["kept", "taken", "had"],
        (taskId) => runner.startTask({ originalMethod: "waits", taskId })
      )
      yield* TestClock.adjust("1 second")
      isFrozen = true
      yield* TestClock.adjust(2 * lease)
      yield* storage.declareDeadWorkers()
      yield* storage.claimTask("taken", { lease: "1 hour" })
      const had = yield* storage.claimTask("had", { lease: "1 hour" })
      yield* storage.touchTask("had", { attempt: had.record.attempt, lease: 0 })
      isFrozen = false
      yield* TestClock.adjust(2 * lease)
      assert.deepEqual(interrupted.toSorted(), ["had", "taken"])
      assert.strictEqual(count(asked, "registerWorker"), 2)
      assert.strictEqual(logged.filter((line) => line.includes("was declared dead")).length, 1)
      // The one that somebody else gave back is free for others again.
      assert.deepEqual(yield* storage.claimableTasks(), ["had"])
      yield* Deferred.succeed(go, undefined)
      const kept = yield* storage.awaitTask("kept")
      assert.deepEqual([kept.status, kept.attempt, kept.result], ["completed", 2, { _tag: "Success", value: "done" }])
      assert.strictEqual(Option.getOrThrow(yield* storage.getTask("taken")).status, "working")
      assert.strictEqual(started.length, 3)
      assert.strictEqual(yield* runner.running, 0)
    })))

  it.effect("whose lease may have run out renews before it takes a task", () =>
    withStorage(Effect.gen(function*() {
      let isDown = false
      const { asked, runner } = yield* scene({}, (storage) => ({
        renewWorker: (...args) => isDown ? Effect.fail(unavailable("no")) : storage.renewWorker(...args)
      }))
      yield* runner.startTask(call)
      isDown = true
      yield* TestClock.adjust(lease)
      yield* TestClock.adjust(lease)
      isDown = false
      asked.length = 0
      const starting = yield* Effect.forkChild(runner.startTask(call))
      yield* TestClock.adjust(lease)
      yield* Fiber.join(starting)
      assert.isAbove(asked.indexOf("createTask"), asked.indexOf("renewWorker"))
      assert.strictEqual(asked[0], "renewWorker")
    })))

  it.effect("whose clock is wrong declares nobody dead, and says so once", () =>
    withStorage(Effect.gen(function*() {
      let clockSkew = lease
      const { asked, logged, runner } = yield* scene({ recovery: { interval: "10 seconds" } }, (storage) => ({
        renewWorker: (...args) => Effect.map(storage.renewWorker(...args), (renewed) => ({ ...renewed, clockSkew }))
      }))
      yield* runner.startTask(call)
      yield* TestClock.adjust("15 seconds")
      asked.length = 0
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(count(asked, "declareDeadWorkers"), 0)
      assert.strictEqual(logged.filter((line) => line.startsWith("Warn The clock")).length, 1)
      clockSkew = lease / 4
      yield* TestClock.adjust("1 minute")
      assert.isAbove(count(asked, "declareDeadWorkers"), 0)
    })))

  it.effect("takes no more for a registration that may hold what it does not know of, and ends that with its last task", () =>
    withStorage(Effect.gen(function*() {
      let isLost = false
      const { asked, runner, storage } = yield* scene({}, (storage) => ({
        createTask: (task) =>
          Effect.flatMap(storage.createTask(task), (record) =>
            isLost
              ? Effect.fail(unavailable("unknown"))
              : Effect.succeed(record))
      }))
      const go = yield* Deferred.make<void>()
      yield* runner.register({ method: "waits", run: () => Deferred.await(go) })
      const { taskId } = yield* runner.startTask({ originalMethod: "waits" })
      isLost = true
      yield* Effect.flip(runner.startTask({ ...call, taskId: "unknown" }))
      isLost = false
      yield* runner.startTask(call)
      assert.strictEqual(count(asked, "registerWorker"), 2)
      yield* TestClock.adjust("1 second")
      // It is nobody's any more, though its registration has another task.
      assert.deepEqual(yield* storage.claimableTasks(), ["unknown"])
      assert.deepEqual(yield* storage.claimableTasks({ leases: "released" }), [])
      assert.strictEqual(count(asked, "endWorker"), 0)
      yield* Deferred.succeed(go, undefined)
      yield* storage.awaitTask(taskId)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(count(asked, "endWorker"), 1)
    })))
})

describe("runTask", () => {
  it.effect.each([["1 minute", 0], ["20 seconds", 4]] as const)(
    "with a deadline of half a minute under a lease of %s",
    ([ownLease, beats]) =>
      withStorage(Effect.gen(function*() {
        const { asked, runner, storage } = yield* scene({ lease: ownLease, dispatch: () => Effect.void })
        const { taskId } = yield* runner.startTask(call)
        asked.length = 0
        const running = yield* Effect.forkChild(runner.runTask(taskId, { timeout: "30 seconds" }))
        yield* TestClock.adjust("1 second")
        yield* TestClock.adjust("28 seconds")
        assert.strictEqual(count(asked, "touchTask"), beats)
        assert.strictEqual(count(asked, "registerWorker"), 0)
        yield* TestClock.adjust("3 seconds")
        assert.strictEqual(yield* Fiber.join(running), "released")
        assert.deepEqual(yield* storage.claimableTasks(), [taskId])
      }))
  )
})
