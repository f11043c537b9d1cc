/** Kinds of tasks that are paused: they are accepted and wait, and go on once they are resumed, with time that is turned by hand. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Struct from "effect/Struct"
import { TestClock } from "effect/testing"
import { TaskStorage, type TaskStorageShape } from "mcp-task-storage"
import {
  makeTaskRunner,
  TaskContext,
  type TaskHandler,
  type TaskRunnerOptions,
  type TaskRunnerShape
} from "mcp-task-storage/runner"
import type { TaskDriver } from "../../src/domain/driver/TaskDriver.ts"
import { TaskStorageUnavailable } from "../../src/domain/task/TaskError.ts"
import { makeDriver, makeStore } from "../../src/layers/MemoryTaskStorage.ts"
import { withoutLog } from "./withStorage.ts"

const method = "tools/call"
const report = { method, name: "report" }
const call = (name: string) => ({ originalMethod: method, originalParams: { name } })
/** A second, in steps, since news are heard in several. */
const second = Effect.repeat(TestClock.adjust("250 millis"), { times: 3 })

const ways: ReadonlyArray<readonly [name: string, options: TaskRunnerOptions]> = [
  ["that looks for tasks", {}],
  ["that does not look", { recovery: false }]
]

/** A runner of two tools whose tasks take so long, and what began. */
const scene = Effect.fnUntraced(function*(options: TaskRunnerOptions, millis = 10) {
  const began: Array<string> = []
  const runner = yield* makeTaskRunner({ shutdownTimeout: 0, ...options })
  for (const name of ["report", "search"]) {
    yield* runner.register({
      ...report,
      name,
      run: () => Effect.andThen(Effect.sync(() => began.push(name)), millis === 0 ? Effect.void : Effect.sleep(millis))
    })
  }
  return { storage: yield* TaskStorage, runner, began }
})

const statusOf = (taskId: string) =>
  Effect.flatMap(
    TaskStorage,
    (storage) => Effect.map(storage.getTask(taskId), (found) => Option.getOrThrow(found).status)
  )

describe.each(ways)("a runner %s", (_, options) => {
  it.effect("accepts tasks of a paused kind, which wait for nobody in particular, and runs the others", () =>
    withoutLog(Effect.gen(function*() {
      const { began, runner, storage } = yield* scene(options)
      yield* storage.pauseTasks(report)
      const { leaseExpiresAt, taskId, worker } = yield* runner.startTask(call("report"))
      assert.deepEqual([leaseExpiresAt?.epochMilliseconds, worker], [0, undefined])
      yield* runner.startTask(call("search"))
      yield* TestClock.adjust("1 minute")
      assert.deepEqual([began, yield* runner.running], [["search"], 0])
      yield* storage.resumeTasks(report)
      yield* second
      assert.deepEqual([began, yield* statusOf(taskId)], [["search", "report"], "completed"])
    })))

  it.effect("lets tasks end that run, and begins none of those that wait for a slot", () =>
    withoutLog(Effect.gen(function*() {
      const { began, runner, storage } = yield* scene({ ...options, maxRunning: 1 }, 5_000)
      const running = yield* runner.startTask(call("report"))
      const waiting = yield* runner.startTask(call("report"))
      yield* runner.startTask(call("search"))
      yield* second
      yield* storage.pauseTasks({ method, name: "report" })
      yield* TestClock.adjust("1 minute")
      assert.deepEqual(began, ["report", "search"])
      assert.deepEqual([yield* statusOf(running.taskId), yield* statusOf(waiting.taskId)], ["completed", "working"])
      yield* storage.resumeTasks(report)
      yield* second
      assert.deepEqual(began, ["report", "search", "report"])
    })))

  it.effect("begins neither a sleeper that is due, nor a retry, nor what has its answer, before they are resumed", () =>
    withoutLog(Effect.gen(function*() {
      const { runner, storage } = yield* scene(options)
      const began: Array<string> = []
      const note = (name: string) => Effect.sync(() => began.push(name))
      const work: ReadonlyArray<readonly [name: string, handler: Pick<TaskHandler, "run" | "retry">]> = [
        ["sleeps", {
          run: () =>
            Effect.andThen(note("sleeps"), Effect.flatMap(TaskContext, ({ sleep }) => sleep("an hour", "1 hour")))
        }],
        ["fails", {
          retry: { times: 1, delay: "1 hour" },
          run: () =>
            Effect.andThen(note("fails"), Effect.suspend(() => began.length < 4 ? Effect.die("no") : Effect.void))
        }],
        ["asks", {
          run: () =>
            Effect.andThen(
              note("asks"),
              Effect.flatMap(TaskContext, ({ suspend }) =>
                Effect.asVoid(suspend({ which: { method: "elicitation/create", params: {} } })))
            )
        }]
      ]
      const ids: Array<string> = []
      for (const [name, handler] of work) {
        yield* runner.register({ method, name, ...handler })
        ids.push((yield* runner.startTask(call(name))).taskId)
      }
      yield* second
      const before = began.length
      yield* storage.pauseTasks({ method })
      yield* second
      yield* runner.provideInput(ids[2] ?? "", { which: { action: "accept", content: {} } })
      yield* TestClock.adjust("2 hours")
      assert.strictEqual(began.length, before)
      yield* storage.resumeTasks({ method })
      yield* second
      for (const id of ids) assert.strictEqual(yield* statusOf(id), "completed")
      assert.deepEqual(began.toSorted(), ["asks", "asks", "fails", "fails", "sleeps", "sleeps"])
    })))

  it.effect("keeps work of the caller's own until its kind is resumed, but for work that is under way", () =>
    withoutLog(Effect.gen(function*() {
      const { runner, storage } = yield* scene(options)
      const began: Array<string> = []
      const own = (name: string) => () => Effect.sync(() => began.push(name))
      yield* storage.pauseTasks(report)
      const { taskId } = yield* runner.startTask(call("report"), own("own"))
      yield* runner.startTask(call("report"), own("under way"), { isUnderWay: true })
      yield* TestClock.adjust("1 minute")
      assert.deepEqual(began, ["under way"])
      yield* storage.resumeTasks(report)
      yield* second
      assert.deepEqual([began, yield* statusOf(taskId)], [["under way", "own"], "completed"])
    })))

  it.effect("reserves no slot for a call of a paused kind", () =>
    withoutLog(Effect.gen(function*() {
      const { runner, storage } = yield* scene(options)
      const mayRun = (name: string) => Effect.map(runner.reserveSlot({ originalMethod: method, name }), Option.isSome)
      assert.isTrue(yield* mayRun("report"))
      yield* storage.pauseTasks(report)
      yield* second
      assert.deepEqual([yield* mayRun("report"), yield* mayRun("search")], [false, true])
      yield* storage.resumeTasks(report)
      yield* second
      assert.isTrue(yield* mayRun("report"))
    })))
})

describe("a runner that dispatches", () => {
  it.effect("leaves a task of a paused kind alone until its kind is resumed, and does not send its id round", () =>
    withoutLog(Effect.gen(function*() {
      const sent: Array<string> = []
      const options = { dispatch: (taskId: string) => Effect.asVoid(Effect.sync(() => sent.push(taskId))) }
      const { began, runner, storage } = yield* scene(options, 0)
      yield* storage.pauseTasks(report)
      const { taskId } = yield* runner.startTask(call("report"))
      assert.deepEqual(sent, [taskId])
      yield* second
      assert.strictEqual(yield* runner.runTask(taskId), "suspended")
      assert.strictEqual(yield* runner.runTask(taskId, { timeout: 0 }), "suspended")
      assert.deepEqual([yield* runner.recover, sent, began], [[], [taskId], []])
      yield* storage.resumeTasks(report)
      yield* second
      assert.deepEqual([yield* runner.recover, sent], [[taskId], [taskId, taskId]])
      assert.strictEqual(yield* runner.runTask(taskId), "settled")
      assert.strictEqual(yield* runner.runTask(taskId), "skipped")
    })))
})

describe("a look", () => {
  it.effect("costs the same, however many tasks of paused kinds wait", () =>
    withoutLog(Effect.gen(function*() {
      const storage = yield* TaskStorage
      let calls = 0
      const counted = <A>(make: A): A => {
        calls++
        return make
      }
      const noted: TaskStorageShape = {
        ...storage,
        claimTasks: (options) => counted(storage.claimTasks(options)),
        claimableTasks: (options) => counted(storage.claimableTasks(options)),
        getTaskSummary: (taskId) => counted(storage.getTaskSummary(taskId)),
        getTask: (taskId) => counted(storage.getTask(taskId)),
        pausedTasks: () => counted(storage.pausedTasks())
      }
      const { runner } = yield* Effect.provideService(scene({ recovery: false }), TaskStorage, noted)
      yield* storage.pauseTasks({ method })
      yield* runner.recover
      const costs: Array<number> = []
      for (const count of [0, 10, 100]) {
        for (let task = 0; task < count; task++) yield* storage.createTask({ ...call("report"), lease: 0 })
        yield* second
        calls = 0
        yield* runner.recover
        costs.push(calls)
      }
      assert.deepEqual(costs, [costs[0], costs[0], costs[0]])
    })))
})

/** Two processes on a store. The second one has this driver, and a runner that is no worker yet. */
const twoProcesses = Effect.fnUntraced(function*(
  options: TaskRunnerOptions = { recovery: false },
  change: (driver: TaskDriver) => TaskDriver = (driver) => driver
) {
  const store = yield* makeStore
  const open = (driver: TaskDriver) => TaskStorage.fromDriver(driver, { maintenance: false })
  const storage = yield* open(makeDriver(store))
  const other = yield* open(change(makeDriver(store)))
  const began: Array<string> = []
  const runner: TaskRunnerShape = yield* Effect.provideService(
    makeTaskRunner({ lease: "30 seconds", shutdownTimeout: 0, ...options }),
    TaskStorage,
    other
  )
  const register = runner.register({
    ...report,
    run: ({ taskId }) => Effect.asVoid(Effect.sync(() => began.push(taskId)))
  })
  return { storage, runner, register, began }
})

describe("a process", () => {
  it.effect.each([true, false])(
    "does not fail what has waited for a pause to end, with tools of its own: %s",
    (hasTools) =>
      Effect.scoped(Effect.gen(function*() {
        const { register, storage } = yield* twoProcesses({ orphanTimeout: "1 hour" })
        // Without tools it has no tasks, and is no worker.
        if (hasTools) yield* register
        yield* TestClock.adjust("1 minute")
        yield* storage.pauseTasks({ method: "elsewhere" })
        const { taskId } = yield* storage.createTask({ originalMethod: "elsewhere", lease: 0 })
        const status = Effect.map(storage.getTask(taskId), (found) => Option.getOrThrow(found).status)
        yield* TestClock.adjust("5 hours")
        yield* storage.resumeTasks({ method: "elsewhere" })
        yield* TestClock.adjust("50 minutes")
        assert.strictEqual(yield* status, "working")
        yield* TestClock.adjust("20 minutes")
        assert.strictEqual(yield* status, "failed")
      }))
  )

  it.effect("that is no worker begins nothing that is paused when it gets an answer, or the first task", () =>
    Effect.scoped(Effect.gen(function*() {
      const { began, register, runner, storage } = yield* twoProcesses()
      yield* register
      yield* storage.pauseTasks(report)
      const { taskId } = yield* storage.createTask({ ...call("report"), lease: 0, inputRequests: { a: 1 } })
      yield* runner.provideInput(taskId, { a: 1 })
      yield* second
      yield* runner.startTask(call("report"))
      yield* second
      assert.deepEqual(began, [])
      yield* storage.resumeTasks(report)
      yield* second
      assert.strictEqual(began.length, 2)
    })))

  it.effect("reads what is paused when it registers, and once a lease, however many tasks it runs", () =>
    withoutLog(Effect.gen(function*() {
      const storage = yield* TaskStorage
      let reads = 0
      const noted: TaskStorageShape = {
        ...storage,
        pausedTasks: () => Effect.andThen(Effect.sync(() => reads++), storage.pausedTasks())
      }
      const { runner } = yield* Effect.provideService(
        scene({ recovery: false, lease: "30 seconds" }),
        TaskStorage,
        noted
      )
      for (let task = 0; task < 20; task++) yield* runner.startTask(call("report"))
      assert.strictEqual(reads, 1)
      yield* TestClock.adjust("29 seconds")
      for (let task = 0; task < 20; task++) yield* runner.startTask(call("report"))
      assert.strictEqual(reads, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(reads, 2)
    })))

  it.effect("reads what is paused again at its next renewal when a read fails", () =>
    withoutLog(Effect.gen(function*() {
      const storage = yield* TaskStorage
      const gone = new TaskStorageUnavailable({
        operation: "pausedTasks",
        reason: "gone",
        retryable: true,
        applied: "no"
      })
      let reads = 0
      let fails = false
      const noted: TaskStorageShape = {
        ...storage,
        pausedTasks: () =>
          Effect.suspend(() => {
            reads++
            return fails ? Effect.fail(gone) : storage.pausedTasks()
          })
      }
      const { runner } = yield* Effect.provideService(
        scene({ recovery: false, lease: "30 seconds" }),
        TaskStorage,
        noted
      )
      yield* runner.startTask(call("report"))
      fails = true
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(reads, 2)
      fails = false
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(reads, 3)
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual(reads, 3)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(reads, 4)
    })))

  it.effect("finds a pause whose news it never got within a lease", () =>
    Effect.scoped(Effect.gen(function*() {
      const { began, register, runner, storage } = yield* twoProcesses(
        { recovery: false },
        (driver) => ({
          ...Struct.omit(driver, ["foreignWrites"]),
          workers: { ...driver.workers, takeNews: () => Effect.succeed([]) }
        })
      )
      yield* register
      yield* runner.startTask(call("report"))
      yield* second
      yield* storage.pauseTasks(report)
      yield* TestClock.adjust("30 seconds")
      yield* runner.startTask(call("report"))
      yield* second
      assert.strictEqual(began.length, 1)
      yield* storage.resumeTasks(report)
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(began.length, 2)
    })))

  it.effect("lets no call run before a read that is under way has told whether its kind is paused", () =>
    Effect.scoped(Effect.gen(function*() {
      const storage = yield* Effect.flatMap(
        makeStore,
        (store) => TaskStorage.fromDriver(makeDriver(store), { maintenance: false })
      )
      yield* storage.pauseTasks(report)
      const slow: TaskStorageShape = {
        ...storage,
        pausedTasks: () => Effect.delay(storage.pausedTasks(), "200 millis")
      }
      const runner = yield* Effect.provideService(
        makeTaskRunner({ recovery: false, shutdownTimeout: 0 }),
        TaskStorage,
        slow
      )
      const reserve = Effect.map(runner.reserveSlot({ originalMethod: method, name: "report" }), Option.isSome)
      const reserved = yield* Effect.forkChild(Effect.all([reserve, reserve], { concurrency: 2 }))
      yield* second
      assert.deepEqual(yield* Fiber.join(reserved), [false, false])
    })).pipe(Effect.provide(Logger.layer([]))))

  it.effect("goes by what it knows, and holds up no call, where the storage does not answer", () =>
    Effect.scoped(Effect.gen(function*() {
      let isDown = false
      const storage = yield* Effect.flatMap(
        makeStore,
        (store) => TaskStorage.fromDriver(makeDriver(store), { maintenance: false })
      )
      const failing: TaskStorageShape = {
        ...storage,
        pausedTasks: () =>
          isDown
            ? Effect.fail(
              new TaskStorageUnavailable({ operation: "pausedTasks", reason: "gone", retryable: true, applied: "no" })
            )
            : storage.pausedTasks()
      }
      const runner = yield* Effect.provideService(
        makeTaskRunner({ recovery: false, shutdownTimeout: 0 }),
        TaskStorage,
        failing
      )
      const mayRun = Effect.map(runner.reserveSlot({ originalMethod: method, name: "report" }), Option.isSome)
      yield* storage.pauseTasks(report)
      assert.isFalse(yield* mayRun)
      isDown = true
      yield* storage.resumeTasks(report)
      yield* second
      assert.isFalse(yield* mayRun)
      isDown = false
      yield* second
      assert.isTrue(yield* mayRun)
    })).pipe(Effect.provide(Logger.layer([]))))
})
