/** The spans of calls: one for each, whether the call becomes a task or not. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { callTool } from "../../src/protocol/callTool.ts"
import type { OwnedTasks } from "../../src/protocol/OwnedTasks.ts"
import { resolveTasksOptions, resolveToolPolicy } from "../../src/protocol/TasksOptions.ts"
import type { ToolCall } from "../../src/protocol/ToolCall.ts"
import { TaskContext, type TaskContextShape, TaskFailure } from "../../src/runner/index.ts"
import { MemoryTracer, parentId } from "../support/MemoryTracer.ts"
import { memory, setUp } from "./setup.ts"

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736"
const callerId = "00f067aa0ba902b7"
const traceparent = `00-${traceId}-${callerId}-01`
const settings = Result.getOrThrow(resolveTasksOptions({}))

const callOf = (
  owned: OwnedTasks,
  work: (context: TaskContextShape) => Effect.Effect<unknown>,
  more: Partial<ToolCall<unknown, never>> = {}
): ToolCall<unknown, never> => ({
  tool: {
    name: "tool",
    policy: Result.getOrThrow(resolveToolPolicy(settings, { taskAfter: 50 }, false)),
    resultOfFailure: () => ({ isError: true })
  },
  client: {
    protocolVersion: "2026-07-28",
    clientCapabilities: { elicitation: {}, extensions: { "io.modelcontextprotocol/tasks": {} } }
  },
  meta: { traceparent },
  task: undefined,
  owned: Effect.succeed(owned),
  prepare: Effect.succeed({ _tag: "Ready", arguments: {} }),
  toWireError: (error) => error,
  run: () => Effect.flatMap(TaskContext, work),
  toWire: (result) => Effect.succeed(result),
  ...more
})

const plain = { client: { protocolVersion: "2025-11-25", clientCapabilities: {} } } as const
const worked = Effect.withSpan(Effect.succeed({ content: [] }), "work")

const answered: Record<string, {
  readonly work: Effect.Effect<unknown>
  readonly more?: Partial<ToolCall<unknown, never>>
  readonly shown: Record<string, string>
}> = {
  "that ends within its taskAfter": { work: worked, shown: {} },
  "that is no task": { work: worked, more: plain, shown: {} },
  "whose tool says that it failed": {
    work: Effect.as(worked, { isError: true }),
    shown: { "error.type": "tool_error" }
  },
  "that fails with an error for the client": {
    work: Effect.andThen(worked, Effect.die(new TaskFailure({ code: -32050, message: "secret" }))),
    more: plain,
    shown: { "error.type": "-32050", "rpc.response.status_code": "-32050" }
  },
  "that throws": {
    work: Effect.andThen(worked, Effect.die(new TypeError("secret"))),
    shown: { "error.type": "TypeError" }
  }
}

describe("a call", () => {
  it.live.each(Object.entries(answered))("%s has a span in the trace of its request", ([, { more, shown, work }]) => {
    const seen = new MemoryTracer()
    return Effect.gen(function*() {
      const { owned, tasks } = yield* setUp()
      yield* Effect.exit(callTool(tasks, callOf(owned, () => work, more)))
      const [span, ...others] = seen.named("tools/call tool")
      assert.deepEqual(others, [])
      assert.deepEqual([span?.traceId, parentId(span), span?.status._tag], [traceId, callerId, "Ended"])
      assert.strictEqual(parentId(seen.named("work")[0]), span?.spanId)
      assert.deepEqual(Object.fromEntries(span?.attributes ?? []), {
        "mcp.method.name": "tools/call",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "tool",
        ...shown
      })
      assert.strictEqual(span?.status._tag === "Ended" && span.status.exit._tag === "Failure", "error.type" in shown)
    }).pipe(Effect.provide(memory), seen.provide)
  })

  const contexts = { "of its request": { traceparent }, "of its own": {} }
  it.live.each(Object.entries(contexts))(
    "that becomes a task goes on in the span that it began in, in a trace %s",
    ([, meta]) => {
      const seen = new MemoryTracer()
      return Effect.gen(function*() {
        const { owned, storage, tasks } = yield* setUp()
        const hasBegun = yield* Deferred.make<void>()
        const work = ({ step }: TaskContextShape) =>
          Effect.gen(function*() {
            yield* Effect.withSpan(Deferred.await(hasBegun), "before")
            yield* step("one", Schema.Int, Effect.withSpan(Effect.succeed(1), "after"))
            return { content: [] }
          }).pipe(Effect.orDie)
        const answer = yield* callTool(tasks, callOf(owned, work, { meta }))
        assert(answer._tag === "Wire")
        const taskId = `${answer.result["taskId"]}`
        // What the work does before the task runs here is of the call. It is answered as soon as the task is stored.
        yield* Effect.sleep("50 millis")
        yield* Deferred.succeed(hasBegun, undefined)
        const record = yield* storage.awaitTask(taskId)
        while ((yield* tasks.runner.running) > 0) yield* Effect.sleep("5 millis")
        const [span, ...others] = seen.named("tools/call tool")
        assert.deepEqual(others, [])
        assert.isDefined(span)
        assert.strictEqual(parentId(seen.named("before")[0]), span.spanId)
        const step = seen.named("TaskContext.step")[0]
        assert.strictEqual(parentId(step), span.spanId)
        assert.strictEqual(parentId(seen.named("after")[0]), step?.spanId)
        assert.deepInclude(Object.fromEntries(span.attributes), {
          "mcp.task.id": taskId,
          "mcp.task.status": "completed",
          "mcp.task.run_result": "settled"
        })
        assert.strictEqual(record.runTraceparent, `00-${span.traceId}-${span.spanId}-01`)
        assert.strictEqual(record.traceparent, "traceparent" in meta ? traceparent : undefined)
        assert.strictEqual(Option.isSome(span.parent), "traceparent" in meta)
      }).pipe(Effect.provide(memory), seen.provide)
    }
  )
})
