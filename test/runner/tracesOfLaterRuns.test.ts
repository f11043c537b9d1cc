/** How the span of a later run is linked to that of the run before, in whichever process that was. */
import { assert, describe, it } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import type * as Tracer from "effect/Tracer"
import { TaskStorage } from "mcp-task-storage"
import { makeTaskRunner, TaskContext, type TaskHandler } from "mcp-task-storage/runner"
import type { MemoryTracer } from "../support/MemoryTracer.ts"
import { parentId } from "../support/MemoryTracer.ts"
import { quiet } from "./oneTask.ts"
import { caller, only, process, reporter, type Run, tool, unsampled } from "./tracing.ts"
import { withoutLog } from "./withStorage.ts"

describe("a later run is linked to the one before", () => {
  const runs = (seen: MemoryTracer) => seen.named("tools/call report")
  const linksOf = (span: Tracer.NativeSpan | undefined) =>
    span?.links.map((link) => [link.span.spanId, link.span.traceId, link.attributes["mcp.task.link"]])
  const requireLinked = (before: Tracer.NativeSpan | undefined, after: Tracer.NativeSpan | undefined) => {
    assert.isDefined(before)
    assert.isDefined(after)
    assert.deepEqual(linksOf(after), [[before.spanId, before.traceId, "earlier_run"]])
  }

  /** What happens between the two runs, and what the first one is. */
  const between: Record<string, {
    readonly run: (attempt: number) => Effect.Effect<unknown, string, TaskContext>
    readonly handler?: Partial<TaskHandler>
    readonly wait: Duration.Input
  }> = {
    "slept": {
      run: () => Effect.flatMap(TaskContext, ({ sleep }) => sleep("nap", "1 hour")),
      wait: "1 hour"
    },
    "failed, and is retried": {
      run: (attempt) => attempt === 1 ? Effect.fail("at first") : Effect.void,
      handler: { retry: { times: 1, delay: "1 hour" } },
      wait: "1 hour"
    }
  }
  for (const [name, { handler, run, wait }] of Object.entries(between)) {
    for (const [how, context] of Object.entries({ "of a caller": caller, "of its own": {} })) {
      it.effect(`that ${name}, in a trace ${how}, whether it was started or claimed`, () =>
        withoutLog(Effect.gen(function*() {
          const { awaitTask, createTask, getTask } = yield* TaskStorage
          for (const start of ["started", "claimed"]) {
            const { runner, seen } = yield* process()
            yield* runner.register(reporter(() => Effect.flatMap(TaskContext, ({ attempt }) => run(attempt)), handler))
            const { taskId } = start === "started"
              ? yield* runner.startTask({ ...tool, ...context })
              : yield* createTask({ ...tool, ...context, lease: 0 })
            if (start === "claimed") yield* runner.recover
            yield* TestClock.adjust("1 second")
            yield* TestClock.adjust(wait)
            yield* awaitTask(taskId)
            yield* TestClock.adjust(0)
            const [first, second] = runs(seen)
            assert.lengthOf(runs(seen), 2)
            assert.deepEqual(linksOf(first), [])
            requireLinked(first, second)
            assert.strictEqual(second?.traceId === first?.traceId, "traceparent" in context)
            const record = Option.getOrThrow(yield* getTask(taskId))
            assert.strictEqual(record.runTraceparent, `00-${second?.traceId}-${second?.spanId}-01`)
          }
        })))
    }
  }

  const losses: ReadonlyArray<readonly [name: string, run: Run]> = [
    ["before it wrote anything", () => Effect.never],
    [
      "after a step",
      () =>
        Effect.flatMap(
          TaskContext,
          ({ step }) => Effect.andThen(step("one", Schema.Number, Effect.succeed(1)), Effect.never)
        )
    ]
  ]
  it.effect.each(losses)("whose process died %s", ([, run]) =>
    withoutLog(Effect.gen(function*() {
      const storage = yield* TaskStorage
      const dying = yield* Scope.make()
      const here = yield* Scope.provide(process(), dying)
      const { taskId } = yield* here.runner.startTask(tool, (task) => run(task, storage))
      yield* TestClock.adjust("1 second")
      const there = yield* process()
      yield* there.runner.register(reporter(() => Effect.void, { lostWorker: { maxAttempts: 2 } }))
      const { worker } = Option.getOrThrow(yield* storage.getTask(taskId))
      assert.isDefined(worker)
      yield* storage.endWorker(worker)
      yield* there.runner.recover
      yield* storage.awaitTask(taskId)
      yield* TestClock.adjust(0)
      requireLinked(here.seen.named("tools/call")[0], runs(there.seen)[0])
      yield* Scope.close(dying, Exit.void)
    })))

  it.effect("that was given back, or that a rerun does again", () =>
    withoutLog(Effect.gen(function*() {
      const { awaitTask, createTask, rerunTask } = yield* TaskStorage
      const { runner, seen } = yield* process()
      const isOver = yield* Ref.make(false)
      yield* runner.register(
        reporter(() => Effect.flatMap(Ref.get(isOver), (isOver) => isOver ? Effect.void : Effect.never), {
          lostWorker: { maxAttempts: 2 }
        })
      )
      const { taskId } = yield* createTask({ ...tool, lease: 0 })
      const released = yield* Effect.forkChild(runner.runTask(taskId, { timeout: "1 second" }))
      yield* TestClock.adjust(0)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* Fiber.join(released), "released")
      yield* Ref.set(isOver, true)
      assert.strictEqual(yield* runner.runTask(taskId), "settled")
      const rerun = yield* rerunTask(taskId)
      yield* runner.recover
      yield* awaitTask(rerun.taskId)
      yield* TestClock.adjust(0)
      const [first, second, third] = runs(seen)
      requireLinked(first, second)
      requireLinked(second, third)
    })))

  it.effect("and to its request, where that is in another trace", () =>
    withoutLog(Effect.gen(function*() {
      const { runner, seen } = yield* process()
      yield* seen.provide(Effect.withSpan(runner.startTask({ ...tool, ...caller }, () => Effect.void), "HTTP POST"))
      yield* seen.provide(Effect.withSpan(runner.startTask(tool, () => Effect.void), "own"))
      yield* TestClock.adjust("1 second")
      const [other, same] = seen.named("tools/call")
      const request = only(seen.named("HTTP POST"))
      assert.deepEqual(linksOf(other), [[request.spanId, request.traceId, "request"]])
      assert.deepEqual(linksOf(same), [])
      assert.strictEqual(parentId(same), only(seen.named("own")).spanId)
    })))

  const silent: ReadonlyArray<readonly [how: string, context: { readonly traceparent?: string }, isTraced: boolean]> = [
    ["there is no tracer", caller, false],
    ["the caller does not sample", unsampled, true]
  ]
  it.effect.each(silent)(
    "but nothing of a run is stored where %s",
    ([, context, isTraced]) =>
      withoutLog(Effect.gen(function*() {
        const { awaitTask, createTask } = yield* TaskStorage
        const runner = isTraced ? (yield* process()).runner : yield* makeTaskRunner(quiet)
        const run = () => Effect.flatMap(TaskContext, ({ step }) => step("one", Schema.Number, Effect.succeed(1)))
        yield* runner.register(reporter(run))
        const started = yield* runner.startTask({ ...tool, ...context })
        const created = yield* createTask({ ...tool, ...context, lease: 0 })
        yield* runner.recover
        for (const { taskId } of [started, created]) {
          assert.isUndefined((yield* awaitTask(taskId)).runTraceparent)
        }
      }))
  )
})
