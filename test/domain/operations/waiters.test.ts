/** How those who wait for a task hear of its writes. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import type { TaskDriver, TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import { fromDriver } from "../../../src/domain/fromDriver.ts"
import type { StoredTask } from "../../../src/domain/task/StoredTask.ts"
import type { TaskStorageError } from "../../../src/domain/task/TaskError.ts"
import { broken, call, open, quietMemory, success } from "../quietMemory.ts"

describe("waiters", () => {
  it.effect("wake when their own process writes, whether the driver answers at once or later", () =>
    Effect.gen(function*() {
      const later = (driver: TaskDriver): TaskDriver => ({
        ...driver,
        patch: (...args) => Effect.andThen(Effect.yieldNow, driver.patch(...args)),
        remove: (...args) => Effect.andThen(Effect.yieldNow, driver.remove(...args))
      })
      for (const change of [(driver: TaskDriver) => driver, later]) {
        const storage = yield* open(change)
        const task = yield* storage.createTask(call)
        const waiting = yield* Effect.forkChild(storage.awaitTask(task.taskId), { startImmediately: true })
        const doomed = yield* storage.createTask(call)
        const disappointed = yield* Effect.forkChild(storage.awaitTask(doomed.taskId), { startImmediately: true })
        yield* Effect.yieldNow
        yield* storage.settleTask(task.taskId, success)
        yield* storage.deleteTask(doomed.taskId)
        expect((yield* Fiber.join(waiting)).status).toBe("completed")
        expect(yield* Effect.flip(Fiber.join(disappointed))).toMatchObject({ _tag: "TaskNotFound" })
      }
    }))

  it.effect("wake after the commit where the driver joins a transaction", () =>
    Effect.gen(function*() {
      const committed: Array<Effect.Effect<void>> = []
      const storage = yield* open((driver) => ({
        ...driver,
        afterCommit: (effect) => Effect.sync(() => void committed.push(effect))
      }))
      const { taskId } = yield* storage.createTask(call)
      const waiting = yield* Effect.forkChild(storage.awaitTask(taskId), { startImmediately: true })
      yield* Effect.yieldNow
      yield* storage.settleTask(taskId, success)
      yield* Effect.yieldNow
      expect(waiting.pollUnsafe()).toBeUndefined()
      expect(committed).toHaveLength(1)
      yield* Effect.all(committed)
      expect((yield* Fiber.join(waiting)).status).toBe("completed")
    }))

  it.effect("wake after the commit of a write that was there before they were", () =>
    Effect.gen(function*() {
      const committed: Array<Effect.Effect<void>> = []
      let isCommitted = false
      const before = new Map<string, StoredTask>()
      const storage = yield* open((driver) => ({
        ...driver,
        find: (taskId, scope) =>
          Effect.map(driver.find(taskId, scope), (task) => isCommitted ? task : before.get(taskId) ?? task),
        patch: (taskId, scope, guard, patch) =>
          Effect.gen(function*() {
            const task = yield* driver.find(taskId, scope)
            if (task !== undefined) before.set(taskId, task)
            return yield* driver.patch(taskId, scope, guard, patch)
          }),
        afterCommit: (effect) => Effect.sync(() => void committed.push(effect))
      }))
      const { taskId } = yield* storage.createTask(call)
      yield* storage.settleTask(taskId, success)
      const waiting = yield* Effect.forkChild(storage.awaitTask(taskId), { startImmediately: true })
      yield* Effect.yieldNow
      expect(waiting.pollUnsafe()).toBeUndefined()
      isCommitted = true
      yield* Effect.all(committed)
      expect((yield* Fiber.join(waiting)).status).toBe("completed")
    }))

  it.effect("are not given a later task of the same id that comes between two reads", () =>
    Effect.gen(function*() {
      let replace: Effect.Effect<unknown, TaskStorageError> = Effect.void
      const driver = yield* quietMemory
      const storage = yield* fromDriver({
        ...driver,
        findSummary: (...args) =>
          Effect.tap(driver.findSummary(...args), () => Effect.ignore(Effect.suspend(() => replace)))
      }, { maintenance: false })
      const other = yield* fromDriver(driver, { maintenance: false })
      const { taskId } = yield* storage.createTask(call)
      const waiting = yield* Effect.forkChild(storage.awaitTask(taskId), { startImmediately: true })
      yield* TestClock.adjust(1)
      replace = Effect.suspend(() => {
        replace = Effect.void
        const recreated = other.createTask({ ...call, taskId, status: "completed" })
        return Effect.andThen(other.deleteTask(taskId), recreated)
      })
      yield* other.touchTask(taskId)
      yield* TestClock.adjust(300)
      expect(yield* Effect.flip(Fiber.join(waiting))).toMatchObject({ _tag: "TaskNotFound" })
    }))

  it.effect("wake for the tasks that a recovery ended before it failed", () =>
    Effect.gen(function*() {
      const storage = yield* open((driver) => ({
        ...driver,
        patch: (taskId, ...args) => taskId === "b" ? Effect.fail(broken) : driver.patch(taskId, ...args)
      }))
      for (const taskId of ["a", "b"]) yield* storage.createTask({ ...call, taskId })
      const waiting = yield* Effect.forkChild(storage.awaitTask("a"), { startImmediately: true })
      yield* Effect.yieldNow
      yield* TestClock.adjust(1)
      expect(yield* Effect.flip(storage.recoverStuckTasks(0))).toMatchObject({ reason: "the disk is on fire" })
      expect((yield* Fiber.join(waiting)).status).toBe("failed")
    }))

  it.live("look by themselves where the driver does not signal what others write", () =>
    Effect.gen(function*() {
      const driver = yield* quietMemory
      const [here, there] = [yield* fromDriver(driver), yield* fromDriver(driver)]
      const { taskId } = yield* here.createTask(call)
      const waiting = yield* Effect.forkChild(here.awaitTask(taskId), { startImmediately: true })
      yield* Effect.sleep(20)
      yield* there.settleTask(taskId, success)
      expect((yield* Effect.timeout(Fiber.join(waiting), "60 seconds")).status).toBe("completed")
    }))

  it.effect("are looked at together where the driver can do that, and read only what has changed", () =>
    Effect.gen(function*() {
      const signals = yield* Queue.unbounded<undefined>()
      const asked: Array<ReadonlyArray<string>> = []
      const read: Array<string> = []
      let works = true
      const { driver, storage: other } = yield* Effect.flatMap(
        quietMemory,
        (driver) => Effect.map(fromDriver(driver, { maintenance: false }), (storage) => ({ driver, storage }))
      )
      const storage = yield* fromDriver({
        ...driver,
        foreignWrites: Stream.fromQueue(signals),
        findSummary: (taskId, scope) => {
          read.push(taskId)
          return driver.findSummary(taskId, scope)
        },
        findRevisions: (taskIds) =>
          Effect.gen(function*() {
            asked.push(taskIds)
            if (!works) return yield* broken
            const found = new Map<string, StoredTask>()
            for (const taskId of taskIds) {
              const task = yield* driver.find(taskId, { now: 0, session: undefined })
              if (task !== undefined) found.set(taskId, task)
            }
            return found
          })
      }, { maintenance: false })
      const look = Effect.andThen(Queue.offer(signals, undefined), TestClock.adjust(1))
      const taskIds = ["a", "b", "c"]
      for (const taskId of taskIds) yield* storage.createTask({ ...call, taskId })
      const waiting = yield* Effect.forEach(taskIds, (taskId) => Effect.forkChild(storage.awaitTask(taskId)))
      yield* TestClock.adjust(1)
      read.length = 0

      yield* look
      expect(asked).toEqual([taskIds])
      expect(read).toEqual([])

      yield* other.touchTask("a")
      yield* look
      expect(read).toEqual(["a"])

      yield* other.settleTask("b", success)
      yield* other.deleteTask("c")
      works = false
      yield* look
      expect(waiting.map((fiber) => fiber.pollUnsafe())).toEqual([undefined, undefined, undefined])
      works = true
      yield* look
      expect(yield* Effect.all(waiting.slice(1).map((fiber) => Effect.exit(Fiber.join(fiber))))).toMatchObject([
        { _tag: "Success", value: { status: "completed" } },
        { _tag: "Failure" }
      ])
      yield* look
      expect(asked.at(-1)).toEqual(["a"])
      yield* Fiber.interruptAll(waiting)
    }))

  it.effect("listen for other writers only when their task has not ended, and together", () =>
    Effect.gen(function*() {
      let listeners = 0
      const storage = yield* open((driver) => ({
        ...driver,
        foreignWrites: Stream.unwrap(Effect.acquireRelease(
          Effect.sync(() => {
            listeners++
            return Stream.never
          }),
          () =>
            Effect.sync(() => {
              listeners--
            })
        ))
      }))
      const { taskId } = yield* storage.createTask(call)
      const waiting = yield* Effect.forEach([1, 2], () => Effect.forkChild(storage.awaitTask(taskId)))
      yield* TestClock.adjust(1)
      expect(listeners).toBe(1)
      yield* storage.settleTask(taskId, success)
      yield* Effect.forEach(waiting, (fiber) => Fiber.join(fiber))
      expect(listeners).toBe(0)
      let most = 0
      yield* Effect.all([
        storage.awaitTask(taskId),
        Effect.forEach([1, 2, 3], () =>
          Effect.andThen(Effect.yieldNow, Effect.sync(() => (most = Math.max(most, listeners)))))
      ], { concurrency: 2 })
      expect(most).toBe(0)
    }))

  it.effect("outlast an engine that fails for a while, even when their own process meets it", () =>
    Effect.gen(function*() {
      let works = true
      const failing = <A>(effect: Effect.Effect<A, TaskDriverError>): Effect.Effect<A, TaskDriverError> =>
        Effect.suspend((): Effect.Effect<A, TaskDriverError> => works ? effect : Effect.fail(broken))
      const storage = yield* open((driver) => ({
        ...driver,
        find: (...args) => failing(driver.find(...args)),
        findSummary: (...args) => failing(driver.findSummary(...args)),
        patch: (...args) => failing(driver.patch(...args))
      }))
      const { taskId } = yield* storage.createTask(call)
      const waiting = yield* Effect.forkChild(storage.awaitTask(taskId), { startImmediately: true })
      yield* TestClock.adjust(10)
      works = false
      expect(yield* Effect.flip(storage.touchTask(taskId))).toMatchObject({ _tag: "TaskStorageUnavailable" })
      yield* TestClock.adjust("1 minute")
      expect(waiting.pollUnsafe()).toBeUndefined()
      works = true
      yield* storage.settleTask(taskId, success)
      yield* TestClock.adjust("1 second")
      expect((yield* Fiber.join(waiting)).status).toBe("completed")
    }))

  it.effect("notice the end of a task in time, however long the engine takes to answer", () =>
    Effect.gen(function*() {
      const storage = yield* open((driver) => ({
        ...driver,
        foreignWrites: Stream.never,
        findSummary: (...args) => Effect.delay(driver.findSummary(...args), 100)
      }))
      const { taskId } = yield* storage.createTask({ ...call, ttl: 1000 })
      const waiting = yield* Effect.forkChild(storage.awaitTask(taskId), { startImmediately: true })
      yield* TestClock.adjust(999)
      expect(waiting.pollUnsafe()).toBeUndefined()
      yield* TestClock.adjust(101)
      expect(waiting.pollUnsafe()).toMatchObject({ _tag: "Failure" })
    }))

  it.effect("wake when the write was interrupted, which may have happened", () =>
    Effect.gen(function*() {
      const storage = yield* open((driver) => ({
        ...driver,
        patch: (...args) => Effect.andThen(driver.patch(...args), Effect.never)
      }))
      const { taskId } = yield* storage.createTask(call)
      const waiting = yield* Effect.forkChild(storage.awaitTask(taskId), { startImmediately: true })
      yield* Effect.yieldNow
      const writing = yield* Effect.forkChild(storage.settleTask(taskId, success), { startImmediately: true })
      yield* Fiber.interrupt(writing)
      expect((yield* Fiber.join(waiting)).status).toBe("completed")
    }))
})
