/** What a runner counts, traces and logs of what happens every day. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as References from "effect/References"
import { TestClock } from "effect/testing"
import { TaskStorage, type TaskStorageShape } from "mcp-task-storage"
import { makeTaskRunner, RunnerMetrics, TaskContext } from "mcp-task-storage/runner"
import { withStorage } from "./withStorage.ts"

const call = { originalMethod: "own" }
const tool = (name: string) => ({ originalMethod: "tools/call", originalParams: { name } })
const question = { sure: { method: "elicitation/create", params: { message: "Sure?", requestedSchema: {} } } }

const settled = (labels: Record<string, string>) =>
  Effect.map(Metric.value(Metric.withAttributes(RunnerMetrics.settled, labels)), ({ count }) => Number(count))

it.effect("runs are counted and measured", () =>
  withStorage(Effect.gen(function*() {
    const runner = yield* makeTaskRunner({ recovery: false })
    const { awaitTask, createTask } = yield* TaskStorage
    const ended = (status: string, kind?: string) =>
      settled({ status, method: "own", ...(kind === undefined ? {} : { result_kind: kind }) })
    const before = yield* Effect.all([ended("completed", "success"), ended("failed", "error")])

    const { taskId } = yield* runner.startTask(call, () => Effect.void)
    yield* awaitTask(taskId)
    const failing = yield* runner.startTask(call, () => Effect.fail("no"))
    yield* awaitTask(failing.taskId)

    // A worker had this one, and is gone.
    const recovered = yield* Metric.value(RunnerMetrics.recovered)
    const lost = yield* createTask({ ...call, lease: 1 })
    yield* TestClock.adjust("1 second")
    yield* runner.register({ method: "own", run: () => Effect.void })
    yield* runner.recover
    yield* awaitTask(lost.taskId)
    assert.strictEqual((yield* Metric.value(RunnerMetrics.recovered)).count, recovered.count + 1)
    while ((yield* runner.running) > 0) yield* Effect.yieldNow

    const after = yield* Effect.all([ended("completed", "success"), ended("failed", "error")])
    const cancelled = yield* ended("cancelled")
    const unwanted = yield* runner.startTask(call, () => Effect.never)
    yield* TestClock.adjust("1 second")
    yield* runner.cancelTask(unwanted.taskId)
    while ((yield* runner.running) > 0) yield* Effect.yieldNow
    assert.strictEqual(yield* ended("cancelled"), cancelled + 1)

    assert.deepEqual(after, [before[0] + 1, before[1] + 2])
    const measured = Metric.withAttributes(RunnerMetrics.duration, {
      status: "completed",
      method: "own",
      result_kind: "success"
    })
    assert.isAtLeast((yield* Metric.value(measured)).count, 1)
    assert.strictEqual((yield* Metric.value(RunnerMetrics.running)).value, 0)
  })))

it.effect("a tool that says that it failed does not count as one that did its work", () =>
  withStorage(Effect.gen(function*() {
    const runner = yield* makeTaskRunner({ recovery: false })
    const { awaitTask } = yield* TaskStorage
    const labels = { status: "completed", method: "tools/call", name: "crash", result_kind: "tool_error" }
    const before = yield* settled(labels)
    yield* runner.register({
      method: "tools/call",
      name: "crash",
      run: () => Effect.succeed({ content: [], isError: true })
    })
    const { taskId } = yield* runner.startTask(tool("crash"))
    yield* awaitTask(taskId)
    while ((yield* runner.running) > 0) yield* Effect.yieldNow
    assert.strictEqual(yield* settled(labels), before + 1)
    assert.strictEqual((yield* Metric.value(Metric.withAttributes(RunnerMetrics.duration, labels))).count, before + 1)
  })))

it.effect("a name is a label only where a handler is registered under it, for clients choose the others", () =>
  withStorage(Effect.gen(function*() {
    const runner = yield* makeTaskRunner({ recovery: false })
    const { awaitTask } = yield* TaskStorage
    const run = () => Effect.succeed({ content: [] })
    yield* runner.register({ method: "tools/call", run })
    yield* runner.register({ method: "tools/call", name: "known", run })
    const counted = Effect.gen(function*() {
      const labels = (yield* Metric.snapshot)
        .filter(({ id }) => id === "mcp_tasks_settled" || id === "mcp_tasks_duration")
        .map(({ attributes }) => attributes?.["name"])
      return new Set(labels)
    })
    const before = yield* counted
    for (const name of ["known", "chosen1", "chosen2", "chosen3"]) {
      yield* awaitTask((yield* runner.startTask(tool(name))).taskId)
      // Work of the caller's own, beside what is registered.
      yield* awaitTask((yield* runner.startTask(tool(name), run)).taskId)
    }
    while ((yield* runner.running) > 0) yield* Effect.yieldNow
    const after = yield* counted
    for (const name of before) after.delete(name)
    assert.deepEqual([...after], ["known"])
    const without = { status: "completed", method: "tools/call", result_kind: "success" }
    assert.strictEqual(yield* settled(without), 6)
    assert.strictEqual(yield* settled({ ...without, name: "known" }), 2)
  })))

it.effect("what waits for room, and what waits for an answer, can be seen", () =>
  withStorage(Effect.gen(function*() {
    const gauges = Effect.all([
      Effect.map(Metric.value(RunnerMetrics.waitingForWorker), ({ value }) => value),
      Effect.map(Metric.value(RunnerMetrics.waitingForInput), ({ value }) => value)
    ])
    const runner = yield* makeTaskRunner({ recovery: false, maxRunning: 1, shutdownTimeout: 0 })
    yield* runner.register({
      method: "tools/call",
      run: () =>
        Effect.flatMap(TaskContext, ({ elicit }) =>
          Effect.all([elicit("one", question.sure.params), elicit("two", question.sure.params)], {
            concurrency: "unbounded"
          }))
    })
    const first = yield* runner.startTask(tool("ask"))
    const second = yield* runner.startTask(tool("ask"))
    yield* runner.startTask(tool("ask"))
    yield* TestClock.adjust("1 second")
    assert.deepEqual(yield* gauges, [2, 1])
    yield* runner.provideInput(first.taskId, { one: {}, two: {} })
    yield* TestClock.adjust("1 second")
    yield* TestClock.adjust("1 second")
    assert.deepEqual(yield* gauges, [1, 1])
    yield* runner.cancelTask(second.taskId)
    yield* TestClock.adjust("1 second")
    yield* TestClock.adjust("1 second")
    assert.deepEqual(yield* gauges, [0, 1])
  })).pipe(
    Effect.andThen(Metric.value(RunnerMetrics.waitingForInput)),
    Effect.map(({ value }) =>
      assert.strictEqual(value, 0)
    )
  ))

const goneBy = {
  "is deleted": (taskId: string) => Effect.flatMap(TaskStorage, ({ deleteTask }) => deleteTask(taskId)),
  "expires": () => TestClock.adjust("2 minutes"),
  "is cancelled": (taskId: string) =>
    Effect.flatMap(TaskStorage, ({ updateTaskStatus }) => updateTaskStatus(taskId, "cancelled"))
}

it.effect.each(Object.entries(goneBy))(
  "a task that runs and %s is one line at debug",
  ([, goes]) =>
    withStorage(Effect.gen(function*() {
      const lines: Array<string> = []
      const logger = Logger.make(({ cause, logLevel }) => lines.push(`${logLevel} ${cause.reasons.length}`))
      const runner = yield* makeTaskRunner({ recovery: false }).pipe(
        Effect.provide(Logger.layer([logger])),
        Effect.provideService(References.MinimumLogLevel, "All")
      )
      const { taskId } = yield* runner.startTask({ ...call, ttl: "1 minute" }, () => Effect.never)
      yield* TestClock.adjust("1 second")
      yield* goes(taskId)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* runner.running, 0)
      assert.deepEqual(lines, ["Debug 0"])
    }))
)

it.effect("what two runners of a process run adds up", () =>
  withStorage(Effect.gen(function*() {
    const one = yield* makeTaskRunner({ recovery: false, shutdownTimeout: 0 })
    const other = yield* makeTaskRunner({ recovery: false, shutdownTimeout: 0 })
    const started = yield* Effect.forEach([one, one, other], (runner) => runner.startTask(call, () => Effect.never))
    yield* TestClock.adjust("1 second")
    const running = Effect.map(Metric.value(RunnerMetrics.running), ({ value }) => value)
    assert.strictEqual(yield* running, 3)
    yield* Effect.forEach(started, ({ taskId }, at) => (at < 2 ? one : other).cancelTask(taskId))
    yield* TestClock.adjust("1 second")
    assert.strictEqual(yield* running, 0)
  })).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

it.effect("a task that is tried again is counted, and has not failed yet", () =>
  withStorage(Effect.gen(function*() {
    const runner = yield* makeTaskRunner({ recovery: false })
    const retried = RunnerMetrics.retriedOf("tools/call", "shaky")
    const before = Number((yield* Metric.value(retried)).count)
    yield* runner.register({
      method: "tools/call",
      name: "shaky",
      retry: { times: 2, delay: "1 second" },
      run: () => Effect.fail("no")
    })
    yield* runner.startTask(tool("shaky"))
    yield* TestClock.adjust("1 minute")
    assert.strictEqual((yield* Metric.value(retried)).count, before + 2)
    assert.strictEqual(
      yield* settled({ status: "failed", method: "tools/call", name: "shaky", result_kind: "error" }),
      1
    )
  })))

it.effect("how long a task has waited that nobody takes can be seen, and that all are taken", () =>
  withStorage(Effect.gen(function*() {
    const { createTask } = yield* TaskStorage
    const overdue = Effect.map(Metric.value(RunnerMetrics.overdue), ({ value }) => value)
    const runner = yield* makeTaskRunner({ recovery: { interval: "1 second" } })
    yield* TestClock.adjust("30 seconds")
    yield* createTask({ ...call, lease: 0 })
    assert.strictEqual(yield* overdue, 0)
    yield* TestClock.adjust("5 minutes")
    assert.isAtLeast(Number(yield* overdue), 4 * 60_000)
    assert.isAtMost(Number(yield* overdue), 5 * 60_000)
    yield* runner.register({ method: "own", run: () => Effect.void })
    yield* TestClock.adjust("2 minutes")
    assert.strictEqual(yield* overdue, 0)
  })).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

it.effect("the task that is free for longest is not forgotten while none may be taken over after a slow answer", () =>
  withStorage(Effect.gen(function*() {
    const storage = yield* TaskStorage
    const overdue = Effect.map(Metric.value(RunnerMetrics.overdue), ({ value }) => Number(value))
    let delay = 0
    const slow: TaskStorageShape = {
      ...storage,
      declareDeadWorkers: (options) => Effect.suspend(() => Effect.delay(storage.declareDeadWorkers(options), delay))
    }
    const runner = yield* Effect.provideService(
      makeTaskRunner({ recovery: { interval: "10 seconds" }, lease: "30 seconds" }),
      TaskStorage,
      slow
    )
    yield* runner.register({ method: "other", run: () => Effect.void })
    yield* storage.createTask({ ...call, lease: "1 second" })
    yield* TestClock.adjust("5 minutes")
    assert.isAtLeast(yield* overdue, 3 * 60_000)
    delay = 12_000
    yield* TestClock.adjust("20 seconds")
    delay = 0
    yield* TestClock.adjust("5 seconds")
    yield* runner.recover
    assert.isAtLeast(yield* overdue, 3 * 60_000)
  })).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

it.effect("the task that is free for longest is not forgotten where more are free than one look sees", () =>
  withStorage(Effect.gen(function*() {
    const { createTask, deleteTask } = yield* TaskStorage
    const overdue = Effect.map(Metric.value(RunnerMetrics.overdue), ({ value }) => value)
    yield* makeTaskRunner({ recovery: { interval: "1 second" } })
    yield* createTask({ originalMethod: "a", lease: 0, taskId: "oldest" })
    yield* TestClock.adjust("10 minutes")
    for (let index = 0; index < 120; index++) yield* createTask({ originalMethod: `b${index}`, lease: 0 })
    for (let minute = 1; minute <= 6; minute++) {
      yield* TestClock.adjust("1 minute")
      assert.isAtLeast(Number(yield* overdue), (9 + minute) * 60_000)
    }
    yield* deleteTask("oldest")
    yield* TestClock.adjust("1 minute")
    assert.isBelow(Number(yield* overdue), 8 * 60_000)
    assert.isAtLeast(Number(yield* overdue), 6 * 60_000)
  })).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

it.effect("what has not grown yet is shown at zero, so that its first growth is seen", () => {
  const registry: Metric.MetricRegistry = new Map()
  return withStorage(Effect.andThen(
    makeTaskRunner({ recovery: false }),
    Effect.sync(() => {
      const names = [...registry.values()].map(({ id }) => id)
      for (const name of ["mcp_tasks_running", "mcp_tasks_recovered", "mcp_tasks_lease_lost", "mcp_tasks_overdue"]) {
        assert.include(names, name)
      }
    })
  )).pipe(Effect.provideService(Metric.MetricRegistry, registry))
})
