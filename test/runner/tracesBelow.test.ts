/** What is below the span of a run, and that what is idle makes no spans. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import type * as Tracer from "effect/Tracer"
import { TaskStorage } from "mcp-task-storage"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { makeTaskRunner, TaskContext } from "mcp-task-storage/runner"
import { MemoryTracer, parentId } from "../support/MemoryTracer.ts"
import { quiet } from "./oneTask.ts"
import {
  attributesOf,
  caller,
  only,
  process,
  reporter,
  requireListed,
  type Run,
  secret,
  tool,
  traceId
} from "./tracing.ts"
import { withoutLog } from "./withStorage.ts"

describe("the span of a run has below it", () => {
  const question = { message: secret, requestedSchema: {} }

  it.effect("steps, questions, sleeps and operations of the storage, and none that were done before", () =>
    withoutLog(Effect.gen(function*() {
      const { runner, seen } = yield* process()
      yield* runner.register(
        reporter(() =>
          Effect.flatMap(TaskContext, ({ elicit, progress, request, sleep, step }) =>
            Effect.gen(function*() {
              yield* step(secret, Schema.Number, Effect.withSpan(Effect.succeed(1), "work"))
              yield* progress(secret)
              yield* progress(`${secret} again`)
              yield* elicit(secret, question)
              yield* request({
                a: { method: "elicitation/create", params: question },
                b: { method: "sampling/createMessage", params: {} }
              })
              yield* sleep("night", "8 hours")
            }))
        )
      )
      const { taskId } = yield* runner.startTask({ ...tool, ...caller })
      yield* TestClock.adjust("1 second")
      yield* runner.provideInput(taskId, { [secret]: { action: "decline" } })
      yield* TestClock.adjust("1 second")
      yield* runner.provideInput(taskId, { a: { action: "decline" }, b: {} })
      yield* TestClock.adjust("1 second")

      const run = only(seen.named("tools/call report"))
      const children = (span: Tracer.Span) => seen.spans.filter((child) => parentId(child) === span.spanId)
      const below = (span: Tracer.Span): ReadonlyArray<unknown> =>
        children(span).map((child) => [child.name, ...below(child)])
      assert.deepEqual(below(run), [
        ["TaskContext.step", ["work"], ["TaskStorage.storeTaskStep"]],
        ["TaskStorage.touchTask"],
        ["elicitation/create", ["TaskStorage.touchTask"], ["TaskStorage.requireInput"]],
        ["TaskContext.request", ["TaskStorage.requireInput"]],
        ["TaskContext.sleep", ["TaskStorage.storeTaskStep"], ["TaskStorage.touchTask"]]
      ])
      const asked = only(seen.named("TaskContext.request"))
      assert.deepEqual(attributesOf(asked), { "mcp.task.id": taskId, "mcp.task.questions": 2 })
      assert.deepEqual(attributesOf(only(seen.named("TaskContext.sleep"))), {
        "mcp.task.id": taskId,
        "mcp.task.sleep_ms": 8 * 3_600_000
      })
      assert.isTrue(seen.spans.every(({ status }) => status._tag === "Ended"))
      requireListed(seen.spans.filter(({ name }) => name !== "work"))

      yield* TestClock.adjust("8 hours")
      const again = seen.named("tools/call report")[1]
      assert.isDefined(again)
      assert.deepEqual(below(again), [["TaskStorage.touchTask"], ["TaskStorage.touchTask"], ["TaskStorage.settleTask"]])
      assert.strictEqual(again.traceId, traceId)
    })))

  const broken: Record<string, readonly [span: string, type: string, run: Run]> = {
    "a step that throws": [
      "TaskContext.step",
      "RangeError",
      () =>
        Effect.flatMap(
          TaskContext,
          ({ step }) => step("bad", Schema.Number, Effect.tryPromise(() => Promise.reject(new RangeError(secret))))
        )
    ],
    "a step whose error has no class": [
      "TaskContext.step",
      "_OTHER",
      () =>
        Effect.flatMap(
          TaskContext,
          ({ step }) => step("bad", Schema.Number, Effect.fail({ name: `${secret} is no class`, message: secret }))
        )
    ],
    "an operation that is refused": [
      "TaskStorage.touchTask",
      "TaskNotFound",
      (_, { touchTask }) => touchTask("unknown")
    ]
  }
  it.effect.each(Object.entries(broken))(
    "%s as a failure with its class",
    ([, [name, type, run]]) =>
      withoutLog(Effect.gen(function*() {
        const { runner, seen } = yield* process()
        const storage = yield* TaskStorage
        yield* runner.startTask({ ...tool, ...caller }, (task) => run(task, storage))
        yield* TestClock.adjust("1 second")
        const span = only(seen.named(name))
        assert(span.status._tag === "Ended" && span.status.exit._tag === "Failure")
        assert.strictEqual(span.attributes.get("error.type"), type)
        requireListed(seen.spans)
      }))
  )
})

describe("what is idle makes no spans:", () => {
  it.effect("looks, renewals, sweeps, waiting, and tasks that wait", () => {
    const seen = new MemoryTracer()
    return Effect.gen(function*() {
      const { awaitTask, createTask } = yield* TaskStorage
      const runner = yield* makeTaskRunner({ ...quiet, recovery: { interval: "1 second" } })
      yield* createTask({ originalMethod: "unknown", lease: 0 })
      yield* runner.register(
        reporter(() =>
          Effect.flatMap(TaskContext, ({ elicit }) => elicit("sure", { message: "Sure?", requestedSchema: {} }))
        )
      )
      const { taskId } = yield* runner.startTask(tool)
      // Another process has one task under a lease of its own.
      const invoking = yield* makeTaskRunner(quiet)
      yield* invoking.register({ method: "invoked", run: () => Effect.never })
      const own = yield* createTask({ originalMethod: "invoked", lease: 0 })
      const invoked = yield* Effect.forkChild(invoking.runTask(own.taskId))
      yield* Effect.forkChild(awaitTask(taskId))
      yield* TestClock.adjust("1 second")
      seen.spans.length = 0
      yield* TestClock.adjust("5 minutes")
      assert.deepEqual(seen.names, [])
      // What it finds is traced as ever.
      yield* createTask({ ...tool, lease: 0 })
      yield* TestClock.adjust("2 seconds")
      assert.include(seen.names, "tools/call report")
      yield* Fiber.interrupt(invoked)
    }).pipe(
      Effect.provide([MemoryTaskStorage.layer({ maintenance: { interval: "10 seconds" } }), Logger.layer([])]),
      Effect.scoped,
      Effect.withSpan("server"),
      seen.provide
    )
  })
})
