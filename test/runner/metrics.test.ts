/** What a runner counts and traces. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import { TaskStorage } from "mcp-task-storage"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { makeTaskRunner, RunnerMetrics } from "mcp-task-storage/runner"

const call = { originalMethod: "own" }

it.effect("runs are counted, measured and traced", () =>
  Effect.gen(function*() {
    const spans: Array<Tracer.Span> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    const runner = yield* Effect.provideService(makeTaskRunner({ recovery: false }), Tracer.Tracer, tracer)
    const { awaitTask, createTask } = yield* TaskStorage
    const ended = (status: string) =>
      Effect.map(Metric.value(Metric.withAttributes(RunnerMetrics.settled, { status })), ({ count }) => Number(count))
    const before = yield* Effect.all([ended("completed"), ended("failed")])

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

    const after = yield* Effect.all([ended("completed"), ended("failed")])
    const cancelled = yield* ended("cancelled")
    const unwanted = yield* runner.startTask(call, () => Effect.never)
    yield* TestClock.adjust("1 second")
    yield* runner.cancelTask(unwanted.taskId)
    while ((yield* runner.running) > 0) yield* Effect.yieldNow
    assert.strictEqual(yield* ended("cancelled"), cancelled + 1)

    assert.deepEqual(after, [before[0] + 1, before[1] + 2])
    assert.isAtLeast((yield* Metric.value(RunnerMetrics.duration)).count, 2)
    assert.strictEqual((yield* Metric.value(RunnerMetrics.running)).value, 0)
    const runs = spans.filter(({ name }) => name === "TaskRunner.run")
    const traced = runs.map(({ attributes }) => attributes.get("mcp.task.id"))
    assert.deepEqual(traced, [taskId, failing.taskId, unwanted.taskId])
  }).pipe(Effect.scoped, Effect.provide(MemoryTaskStorage.layer({ maintenance: false }))))
