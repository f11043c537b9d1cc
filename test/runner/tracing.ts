/** Runners that are traced, each as a process of its own, and what their spans are held to. */
import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Tracer from "effect/Tracer"
import type { TaskStorage } from "mcp-task-storage"
import { makeTaskRunner, type TaskContext, type TaskHandler, type TaskRunnerOptions } from "mcp-task-storage/runner"
import { type TraceSpan, traceSpans } from "../../src/domain/telemetry/TraceNames.ts"
import { MemoryTracer } from "../support/MemoryTracer.ts"
import { quiet } from "./oneTask.ts"

export const tool = { originalMethod: "tools/call", originalParams: { name: "report" } }
export const secret = "payload-of-the-task"

export const traceId = "4bf92f3577b34da6a3ce929d0e0e4736"
export const callerId = "00f067aa0ba902b7"
export const caller = { traceparent: `00-${traceId}-${callerId}-01`, tracestate: "rojo=1,congo=2" }
export const unsampled = { traceparent: `00-${traceId}-${callerId}-00` }

/** A runner of a process of its own, with its tracer. */
export const process = (options: TaskRunnerOptions = quiet) =>
  Effect.gen(function*() {
    const seen = new MemoryTracer()
    const runner = yield* seen.provide(makeTaskRunner(options))
    return { runner, seen }
  })

/** The work of a task, which may also use the storage. */
export type Run = (
  task: Parameters<TaskHandler["run"]>[0],
  storage: TaskStorage["Service"]
) => Effect.Effect<unknown, string | object, TaskContext>

export const reporter = (run: TaskHandler["run"], more: Partial<TaskHandler> = {}): TaskHandler => ({
  method: "tools/call",
  name: "report",
  run,
  ...more
})

export const only = <A>(values: ReadonlyArray<A>): A => {
  assert.lengthOf(values, 1)
  const [value] = values
  assert.isDefined(value)
  return value
}

export const attributesOf = (span: Tracer.Span) => Object.fromEntries(span.attributes)

/** Every span is one of those that are listed, and says nothing of payloads. */
export const requireListed = (spans: ReadonlyArray<Tracer.NativeSpan>): void => {
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
