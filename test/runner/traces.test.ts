/** The spans of tasks: one trace from the client to the end, in whichever processes that is. */
import { OtelTraceState } from "@effect/opentelemetry/OtelTracer"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { TaskStorage } from "mcp-task-storage"
import { makeTaskRunner, TaskContext, TaskFailure, type TaskHandler } from "mcp-task-storage/runner"
import { remoteSpan } from "../../src/domain/telemetry/TraceContext.ts"
import { MemoryTracer, parentId } from "../support/MemoryTracer.ts"
import { quiet } from "./oneTask.ts"
import {
  attributesOf,
  caller,
  callerId,
  only,
  process,
  reporter,
  requireListed,
  type Run,
  secret,
  tool,
  traceId,
  unsampled
} from "./tracing.ts"
import { withoutLog } from "./withStorage.ts"

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
