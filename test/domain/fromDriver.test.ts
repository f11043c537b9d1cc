import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import { AtOnce } from "../../src/domain/AtOnce.ts"
import { fromDriver } from "../../src/domain/fromDriver.ts"
import { StoredJson } from "../../src/domain/StoredJson.ts"
import type { StoredTask } from "../../src/domain/StoredTask.ts"
import { type TaskDriver, TaskDriverError } from "../../src/domain/TaskDriver.ts"
import type { TaskStorageError } from "../../src/domain/TaskError.ts"
import { makeDriver, makeStore } from "../../src/layers/MemoryTaskStorage.ts"

const success = { _tag: "Success", value: 1 } as const
const call = { originalMethod: "tools/call" } as const

/** Memory as a driver that signals nothing of itself, and that can be changed. */
const quietMemory = Effect.map(makeStore, (store): TaskDriver => {
  const { foreignWrites: _, ...driver } = makeDriver(store)
  return driver
})

const open = (change: (driver: TaskDriver) => TaskDriver = (driver) => driver) =>
  Effect.flatMap(quietMemory, (driver) => fromDriver(change(driver), { maintenance: false }))

const broken = new TaskDriverError({
  reason: "the disk is on fire",
  retryable: true,
  applied: "unknown",
  cause: "smoke"
})

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
      expect((yield* Effect.timeout(Fiber.join(waiting), "5 seconds")).status).toBe("completed")
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

  it.effect("recovers what an index names that goes on to name what was recovered before", () =>
    Effect.gen(function*() {
      const storage = yield* Effect.flatMap(quietMemory, (driver) => {
        const named: Array<{ readonly taskId: string; readonly resultKind: null }> = []
        return fromDriver({
          ...driver,
          insert: (task, ...rest) => {
            named.push({ taskId: task.taskId, resultKind: null })
            return driver.insert(task, ...rest)
          },
          stale: ({ limit }) => Effect.succeed(named.slice(0, limit))
        }, { maintenance: false })
      })
      for (let index = 0; index < 450; index++) yield* storage.createTask(call)
      yield* TestClock.adjust(1)
      expect(yield* storage.recoverStuckTasks(0)).toHaveLength(450)
      expect(yield* storage.recoverStuckTasks(0)).toHaveLength(0)
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

describe("an answer at once", () => {
  it.effect("is not taken before the effect is run, and is taken again when it runs again", () =>
    Effect.gen(function*() {
      let asked = 0
      const answer = new AtOnce(() => ++asked)
      const twice = Effect.all([answer, answer])
      expect(asked).toBe(0)
      expect(yield* twice).toEqual([1, 2])
    }))
})

describe("an engine that fails", () => {
  it.effect("gives each operation an error of its name, with what the driver said", () =>
    Effect.gen(function*() {
      const fail = () => Effect.fail(broken)
      const storage = yield* open((driver) => ({
        ...driver,
        insert: fail,
        find: fail,
        patch: fail,
        count: fail,
        page: fail
      }))
      const operations: { readonly [operation: string]: Effect.Effect<unknown, TaskStorageError> } = {
        createTask: storage.createTask(call),
        getTask: storage.getTask("a"),
        getTaskResult: storage.getTaskResult("a"),
        settleTask: storage.settleTask("a", success),
        provideInput: storage.provideInput("a", {}),
        listTasks: storage.listTasks(),
        taskCount: storage.taskCount(),
        awaitTask: storage.awaitTask("a")
      }
      for (const [operation, effect] of Object.entries(operations)) {
        expect(yield* Effect.flip(Effect.asVoid(effect))).toMatchObject({
          _tag: "TaskStorageUnavailable",
          operation,
          reason: "the disk is on fire",
          retryable: true,
          applied: "unknown",
          cause: "smoke",
          message: `${operation} failed: the disk is on fire.`
        })
      }
    }))

  it.effect("gives an error that quotes nothing for a row that cannot be decoded", () =>
    Effect.gen(function*() {
      const text = "{\"secret payload"
      const storage = yield* open((driver) => ({
        ...driver,
        find: (...args) =>
          Effect.map(driver.find(...args), (task) => task && { ...task, originalParams: StoredJson.fromText(text) })
      }))
      const { taskId } = yield* storage.createTask(call)
      const error = yield* Effect.flip(storage.getTask(taskId))
      expect(error).toMatchObject({ _tag: "TaskStorageUnavailable", retryable: false, applied: "no" })
      expect(JSON.stringify(error) + error.message + String(error.cause)).not.toContain("secret")
    }))

  it.effect("says that a write may have happened whose answer cannot be decoded", () =>
    Effect.gen(function*() {
      const storage = yield* open((driver) => ({
        ...driver,
        patch: (...args) =>
          Effect.map(driver.patch(...args), (result) =>
            result._tag === "Patched"
              ? { ...result, task: { ...result.task, meta: StoredJson.fromText("{") } }
              : result)
      }))
      const { taskId } = yield* storage.createTask(call)
      expect(yield* Effect.flip(storage.settleTask(taskId, success))).toMatchObject({ applied: "unknown" })
      const { taskId: other } = yield* storage.createTask(call)
      expect(yield* Effect.flip(storage.requireInput(other, { a: 1 }))).toMatchObject({ applied: "unknown" })
    }))

  it.effect("merges nothing into a later task of the same id, not even one of the same millisecond", () =>
    Effect.gen(function*() {
      let replace: Effect.Effect<unknown, TaskStorageError> = Effect.void
      const storage = yield* open((driver) => ({
        ...driver,
        find: (...args) => Effect.tap(driver.find(...args), () => Effect.ignore(Effect.suspend(() => replace)))
      }))
      const { taskId } = yield* storage.createTask({ ...call, inputRequests: { a: 1 } })
      replace = Effect.suspend(() => {
        replace = Effect.void
        return Effect.andThen(storage.deleteTask(taskId), storage.createTask({ ...call, taskId }))
      })
      const { complete, record } = yield* storage.provideInput(taskId, { a: 1 })
      expect(complete).toBe(false)
      expect(record).toMatchObject({ revision: 1 })
      expect(record).not.toHaveProperty("inputResponses")
    }))

  it.effect("ends a merge that always loses with an error to try again after", () =>
    Effect.gen(function*() {
      const storage = yield* open((driver) => ({
        ...driver,
        patch: (taskId, scope) =>
          Effect.map(driver.find(taskId, scope), (task) => task ? { _tag: "Rejected", task } : { _tag: "Missing" })
      }))
      const { taskId } = yield* storage.createTask(call)
      expect(yield* Effect.flip(storage.requireInput(taskId, { a: 1 }))).toMatchObject({
        _tag: "TaskStorageUnavailable",
        operation: "requireInput",
        retryable: true,
        applied: "no"
      })
    }))
})

it.effect("a record replaces the task that is there, though it came after the one that was read first", () =>
  Effect.gen(function*() {
    let reads = 0
    const storage = yield* open((driver) => ({
      ...driver,
      find: (taskId, scope) =>
        Effect.tap(driver.find(taskId, scope), (stored) => {
          if (stored === undefined || reads++ > 0) return Effect.void
          const reborn = { ...stored, incarnation: "another" }
          const unlimited = { maxTasks: null, maxTasksPerSession: null }
          return Effect.andThen(driver.remove(taskId, scope), driver.insert(reborn, unlimited, scope.now))
        })
    }))
    const record = yield* storage.createTask(call)
    expect(yield* storage.updateTask({ ...record, statusMessage: "new" })).toMatchObject({ revision: 2 })
    expect(reads).toBe(2)
    // Whoever comes too late is still told by how much.
    expect(yield* Effect.flip(storage.updateTask(record))).toMatchObject({
      _tag: "ConcurrentModification",
      expected: 1,
      actual: 2
    })
  }))

describe("a sweep that fails after it has done something", () => {
  it.effect("says that it may have", () =>
    Effect.gen(function*() {
      const refused = new TaskDriverError({ reason: "the disk is on fire", retryable: true, applied: "no" })
      /** Goes well so many times. */
      const failingAfter = (times: number) => {
        let calls = 0
        return <A>(effect: Effect.Effect<A, TaskDriverError>): Effect.Effect<A, TaskDriverError> =>
          Effect.suspend((): Effect.Effect<A, TaskDriverError> => calls++ < times ? effect : Effect.fail(refused))
      }
      for (const times of [0, 1]) {
        const fails = failingAfter(times)
        const recovering = yield* open((driver) => ({ ...driver, patch: (...args) => fails(driver.patch(...args)) }))
        for (const taskId of ["a", "b"]) yield* recovering.createTask({ ...call, taskId })
        yield* TestClock.adjust(1)
        expect(yield* Effect.flip(recovering.recoverStuckTasks(0))).toMatchObject({
          applied: times === 0 ? "no" : "unknown"
        })

        const sweeps = failingAfter(times)
        const expiring = yield* open((driver) => ({
          ...driver,
          removeExpired: (...args) => sweeps(driver.removeExpired(...args))
        }))
        for (let index = 0; index < 300; index++) yield* expiring.createTask({ ...call, ttl: 1 })
        yield* TestClock.adjust(1)
        expect(yield* Effect.flip(expiring.expireTasks())).toMatchObject({ applied: times === 0 ? "no" : "unknown" })

        const messages = failingAfter(times)
        const tending = yield* open((driver) => ({
          ...driver,
          messages: {
            ...driver.messages,
            removeExpired: (...args) => messages(driver.messages.removeExpired(...args))
          },
          maintain: Effect.fail(refused)
        }))
        yield* tending.createTask({ ...call, ttl: 1 })
        yield* TestClock.adjust(1)
        expect(yield* Effect.flip(tending.maintenance())).toMatchObject({ applied: "unknown" })
        expect(yield* Effect.flip(tending.maintenance())).toMatchObject({ applied: "no" })
      }
    }))
})

describe("maintenance", () => {
  it.effect("sweeps what expired, and goes on after an engine failed", () => {
    const warnings: Array<unknown> = []
    const logger = Logger.make(({ message }) => void warnings.push(message))
    return Effect.gen(function*() {
      const store = yield* makeStore
      let fails = true
      const driver: TaskDriver = {
        ...makeDriver(store),
        removeExpired: (now, limit) =>
          Effect.suspend(() => fails ? Effect.fail(broken) : makeDriver(store).removeExpired(now, limit))
      }
      const storage = yield* fromDriver(driver, { maintenance: { interval: "10 seconds" }, maxTasks: 1 })
      yield* storage.createTask({ ...call, ttl: "1 second" })
      yield* TestClock.adjust("9 seconds")
      expect(warnings).toHaveLength(0)
      yield* TestClock.adjust("1 second")
      expect(String(warnings)).toContain("the disk is on fire")
      expect(yield* Effect.flip(storage.createTask(call))).toMatchObject({ _tag: "MaxTasksReached" })
      fails = false
      yield* TestClock.adjust("10 seconds")
      expect(yield* storage.createTask(call)).toMatchObject({ status: "working" })
    }).pipe(Effect.provide(Logger.layer([logger])))
  })
})

it.effect("maintenance removes messages in batches, all of them", () =>
  Effect.gen(function*() {
    const limits: Array<number> = []
    const storage = yield* open((driver) => ({
      ...driver,
      messages: {
        ...driver.messages,
        removeExpired: (now, limit) => {
          limits.push(limit)
          return driver.messages.removeExpired(now, limit)
        }
      }
    }))
    for (let index = 0; index < 450; index++) yield* storage.messages.enqueue("queue", index, { ttl: 1 })
    yield* TestClock.adjust(1)
    expect(yield* storage.maintenance()).toMatchObject({ expiredMessages: 450 })
    expect(Math.max(...limits)).toBeLessThanOrEqual(200)
  }))

describe("tracing", () => {
  const spans: Array<string> = []
  const tracer = Tracer.make({
    span: (options) => {
      spans.push(options.name)
      return new Tracer.NativeSpan(options)
    }
  })

  it.effect("records a span where the caller is traced, and none where nobody is", () =>
    Effect.gen(function*() {
      const storage = yield* open()
      const { taskId } = yield* storage.createTask(call)
      expect(spans).toEqual([])
      const found = yield* Effect.withSpan(storage.getTask(taskId), "request")
      expect(Option.isSome(found)).toBe(true)
      expect(spans).toEqual(["request", "TaskStorage.getTask"])
    }).pipe(Effect.provideService(Tracer.Tracer, tracer)))
})

describe("forSession", () => {
  it.effect("of something that is no session reaches nothing", () =>
    Effect.gen(function*() {
      const storage = yield* open()
      const { taskId } = yield* storage.createTask(call)
      const none: unknown = undefined
      for (const session of [none, 1, "", "\u0000"]) {
        // What a caller without a compiler can do.
        const tasks: typeof storage = Reflect.apply(storage.forSession, storage, [session])
        const refused = [
          Effect.asVoid(tasks.getTask(taskId)),
          Effect.asVoid(tasks.listTasks()),
          Effect.asVoid(tasks.createTask(call)),
          Effect.asVoid(tasks.taskCount()),
          Effect.asVoid(tasks.awaitTask(taskId))
        ]
        for (const effect of refused) {
          expect(yield* Effect.flip<void, TaskStorageError, never>(effect)).toMatchObject({
            _tag: "InvalidInput",
            field: "sessionId"
          })
        }
      }
    }))
})
