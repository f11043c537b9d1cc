/** The spans of tasks: one trace from the client to the end, in whichever processes that is. */
import { OtelTraceState } from "@effect/opentelemetry/OtelTracer"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import type * as Tracer from "effect/Tracer"
import { TaskStorage } from "mcp-task-storage"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import {
  makeTaskRunner,
  TaskContext,
  TaskFailure,
  type TaskHandler,
  type TaskRunnerOptions
} from "mcp-task-storage/runner"
import { remoteSpan } from "../../src/domain/telemetry/TraceContext.ts"
import { type TraceSpan, traceSpans } from "../../src/domain/telemetry/TraceNames.ts"
import { MemoryTracer, parentId } from "../support/MemoryTracer.ts"
import { quiet } from "./oneTask.ts"
import { withoutLog } from "./withStorage.ts"

const tool = { originalMethod: "tools/call", originalParams: { name: "report" } }
const secret = "payload-of-the-task"

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736"
const callerId = "00f067aa0ba902b7"
const caller = { traceparent: `00-${traceId}-${callerId}-01`, tracestate: "rojo=1,congo=2" }
const unsampled = { traceparent: `00-${traceId}-${callerId}-00` }

/** A runner of a process of its own, with its tracer. */
const process = (options: TaskRunnerOptions = quiet) =>
  Effect.gen(function*() {
    const seen = new MemoryTracer()
    const runner = yield* seen.provide(makeTaskRunner(options))
    return { runner, seen }
  })

/** The work of a task, which may also use the storage. */
type Run = (
  task: Parameters<TaskHandler["run"]>[0],
  storage: TaskStorage["Service"]
) => Effect.Effect<unknown, string | object, TaskContext>

const reporter = (run: TaskHandler["run"], more: Partial<TaskHandler> = {}): TaskHandler => ({
  method: "tools/call",
  name: "report",
  run,
  ...more
})

const only = <A>(values: ReadonlyArray<A>): A => {
  assert.lengthOf(values, 1)
  const [value] = values
  assert.isDefined(value)
  return value
}

const attributesOf = (span: Tracer.Span) => Object.fromEntries(span.attributes)

/** Every span is one of those that are listed, and says nothing of payloads. */
const requireListed = (spans: ReadonlyArray<Tracer.NativeSpan>): void => {
  const listed: ReadonlyArray<TraceSpan> = Object.values(traceSpans)
  for (const span of spans) {
    const { attributes, events, kind, name, status } = span
    const own = listed.find((known) =>
      known.kind === kind && [...attributes.keys()].every((key) => known.attributes.some((other) => other === key))
    )
    assert.isDefined(own, `${kind} span ${name} with ${[...attributes.keys()].join(", ")}`)
    assert.isEmpty(events)
    assert.notInclude(name, secret)
    assert.notInclude(JSON.stringify([...attributes]), secret)
    if (status._tag === "Ended" && status.exit._tag === "Failure") {
      assert.notInclude(Cause.pretty(status.exit.cause), secret)
    }
  }
}

describe("the span of a run", () => {
  it.effect("continues the trace of the request, in whichever process it runs", () =>
    withoutLog(Effect.gen(function*() {
      const { awaitTask, createTask } = yield* TaskStorage
      const here = yield* process()
      const there = yield* process()
      yield* there.runner.register(reporter(() => Effect.void))
      const started = yield* here.runner.startTask({ ...tool, ...caller }, () => Effect.void)
      const created = yield* createTask({ ...tool, ...caller, lease: 0 })
      yield* there.runner.recover
      yield* Effect.forEach([started, created], ({ taskId }) => awaitTask(taskId))
      yield* TestClock.adjust(0)
      const runs = [only(here.seen.named("tools/call")), only(there.seen.named("tools/call report"))]
      for (const span of runs) {
        assert.strictEqual(span.traceId, traceId)
        assert.strictEqual(parentId(span), callerId)
        assert.strictEqual(span.status._tag, "Ended")
        // OpenTelemetry passes it on to the spans below.
        const { annotations } = Option.getOrThrow(span.parent)
        assert.strictEqual(Context.getOrUndefined(annotations, OtelTraceState)?.serialize(), caller.tracestate)
      }
      assert.notStrictEqual(runs[0]?.spanId, runs[1]?.spanId)
    })))

  const callers = [["sampled", true, "01"], ["not sampled", false, "00"]] as const
  it.effect.each(callers)(
    "continues the trace of a caller whose span is %s, in another process too",
    ([, sampled, flags]) =>
      withoutLog(Effect.gen(function*() {
        const { awaitTask, getTask } = yield* TaskStorage
        const here = yield* process({ ...quiet, maxRunning: 1 })
        const there = yield* process()
        yield* here.runner.register(reporter(() => Effect.never))
        yield* here.runner.startTask(tool)
        yield* there.runner.register(reporter(() => Effect.void))
        const remote = remoteSpan(caller)
        assert.isDefined(remote)
        const started = here.seen.provide(Effect.withParentSpan(
          Effect.withSpan(here.runner.startTask(tool), "request", { sampled }),
          remote
        ))
        const { taskId, traceparent, tracestate } = yield* started
        const request = only(here.seen.named("request"))
        assert.deepEqual([traceparent, tracestate], [`00-${traceId}-${request.spanId}-${flags}`, caller.tracestate])
        yield* there.runner.recover
        yield* awaitTask(taskId)
        yield* TestClock.adjust(0)
        const run = only(there.seen.named("tools/call report"))
        assert.deepEqual([run.traceId, parentId(run), run.sampled], [traceId, request.spanId, sampled])
        // The tracer of Effect makes spans for nobody, whose ids lead nowhere.
        const nobody = yield* Effect.withSpan(here.runner.startTask(tool), "request")
        assert.isUndefined(Option.getOrThrow(yield* getTask(nobody.taskId)).traceparent)
      }))
  )

  const untraceable = { "no trace context": {}, "what is none": { traceparent: "no trace context" } }
  it.effect.each(Object.entries(untraceable))(
    "begins a trace where the request had %s",
    ([, context]) =>
      withoutLog(Effect.gen(function*() {
        const { awaitTask, createTask } = yield* TaskStorage
        const seen = new MemoryTracer()
        const { taskId } = yield* createTask({ ...tool, ...context, lease: 0 })
        // The process began within a span, which has nothing to do with its tasks.
        const runner = yield* seen.provide(Effect.withSpan(makeTaskRunner(quiet), "start of the process"))
        yield* seen.provide(Effect.withSpan(
          runner.register(reporter(() => Effect.withSpan(Effect.void, "work"))),
          "registration"
        ))
        yield* runner.recover
        yield* awaitTask(taskId)
        const run = only(seen.named("tools/call report"))
        assert.isTrue(Option.isNone(run.parent))
        assert.strictEqual(parentId(only(seen.named("work"))), run.spanId)
      }))
  )

  it.effect("is not sampled where the caller does not sample, nor is anything below it", () =>
    withoutLog(Effect.gen(function*() {
      const { awaitTask } = yield* TaskStorage
      const { runner, seen } = yield* process()
      const { taskId } = yield* runner.startTask(
        { ...tool, ...unsampled },
        () =>
          Effect.flatMap(
            TaskContext,
            ({ step }) => step("one", Schema.Number, Effect.withSpan(Effect.succeed(1), "work"))
          )
      )
      yield* awaitTask(taskId)
      yield* TestClock.adjust(0)
      assert.deepEqual(seen.exported.map(({ name }) => name), [])
      // What the work itself traces stays in the trace, for the caller has decided for all of it.
      assert.strictEqual(only(seen.named("work")).traceId, traceId)
      assert.deepEqual(seen.names, ["tools/call", "work"])
    })))

  const ends: Record<string, {
    readonly run: Run
    readonly handler?: Partial<TaskHandler>
    readonly shown: Record<string, unknown>
    readonly fails: boolean
  }> = {
    "that succeeds": {
      run: () => Effect.succeed({ content: [secret] }),
      shown: { "mcp.task.status": "completed", "mcp.task.run_result": "settled" },
      fails: false
    },
    "whose tool says that it failed": {
      run: () => Effect.succeed({ content: [secret], isError: true }),
      shown: { "mcp.task.status": "completed", "mcp.task.run_result": "settled", "error.type": "tool_error" },
      fails: true
    },
    "that fails with an error for the client": {
      run: () => Effect.fail(new TaskFailure({ code: -32001, message: secret })),
      shown: {
        "mcp.task.status": "failed",
        "mcp.task.run_result": "settled",
        "error.type": "-32001",
        "rpc.response.status_code": "-32001"
      },
      fails: true
    },
    "that throws": {
      run: () => Effect.die(new TypeError(secret)),
      shown: {
        "mcp.task.status": "failed",
        "mcp.task.run_result": "settled",
        "error.type": "-32603",
        "rpc.response.status_code": "-32603"
      },
      fails: true
    },
    "that throws and is retried": {
      run: () => Effect.tryPromise(() => Promise.reject(new TypeError(secret))),
      handler: { retry: { times: 1, delay: "1 hour" } },
      shown: { "mcp.task.status": "working", "mcp.task.run_result": "suspended", "error.type": "TypeError" },
      fails: true
    },
    "that sleeps": {
      run: () => Effect.flatMap(TaskContext, ({ sleep }) => sleep("night", "8 hours")),
      shown: { "mcp.task.status": "working", "mcp.task.run_result": "suspended" },
      fails: false
    },
    "that is cancelled": {
      run: (task, { updateTaskStatus }) =>
        Effect.andThen(Effect.orDie(updateTaskStatus(task.taskId, "cancelled")), Effect.never),
      shown: { "mcp.task.status": "cancelled", "mcp.task.run_result": "settled" },
      fails: false
    },
    "that fails after it was cancelled": {
      run: (task, { updateTaskStatus }) =>
        Effect.andThen(Effect.orDie(updateTaskStatus(task.taskId, "cancelled")), Effect.fail("too late")),
      shown: { "mcp.task.run_result": "settled" },
      fails: false
    }
  }

  it.effect.each(Object.entries(ends))(
    "says what became of a run %s",
    ([, { fails, handler, run, shown }]) =>
      withoutLog(Effect.gen(function*() {
        const { runner, seen } = yield* process()
        const storage = yield* TaskStorage
        yield* runner.register(reporter((task) => run(task, storage), handler))
        const { taskId } = yield* runner.startTask({
          ...tool,
          ...caller,
          sessionId: `session-${secret}`,
          principal: secret,
          originalParams: { ...tool.originalParams, arguments: { secret } }
        })
        yield* TestClock.adjust("1 second")
        const span = only(seen.named("tools/call report"))
        assert.deepEqual(attributesOf(span), {
          "mcp.method.name": "tools/call",
          "gen_ai.operation.name": "execute_tool",
          "gen_ai.tool.name": "report",
          "mcp.task.id": taskId,
          "mcp.task.attempt": 1,
          ...shown
        })
        assert(span.status._tag === "Ended")
        assert.strictEqual(span.status.exit._tag, fails ? "Failure" : "Success")
        requireListed(seen.spans)
      }))
  )

  const kinds = [
    ["tools/call", "gen_ai.tool.name"],
    ["prompts/get", "gen_ai.prompt.name"],
    ["own", "mcp.task.name"]
  ] as const
  it.effect.each(kinds)(
    "of %s has the name as %s, and in its own name only if a handler is registered under it",
    ([method, attribute]) =>
      withoutLog(Effect.gen(function*() {
        const { awaitTask } = yield* TaskStorage
        const { runner, seen } = yield* process()
        const run = () => Effect.void
        yield* runner.register({ method, run })
        yield* runner.register({ method, name: "known", run })
        for (const name of ["known", "chosen"]) {
          yield* awaitTask((yield* runner.startTask({ originalMethod: method, originalParams: { name } })).taskId)
        }
        yield* TestClock.adjust(0)
        assert.deepEqual(seen.names.filter((name) => name.startsWith(method)), [`${method} known`, method])
        const named = seen.spans.map(({ attributes }) => attributes.get(attribute)).filter((name) => name !== undefined)
        assert.deepEqual(named, ["known", "chosen"])
      }))
  )
})

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
