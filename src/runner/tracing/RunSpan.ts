/**
 * The span of a run: one worker's time with a task.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import { resultKind, type TaskOutcomeInput } from "../../domain/task/TaskOutcome.ts"
import type { TaskSummary } from "../../domain/task/TaskRecord.ts"
import { remoteSpan, type TraceContext, traceContextOf, traceparentOf } from "../../domain/telemetry/TraceContext.ts"
import { traceAttributes, traceSpans } from "../../domain/telemetry/TraceNames.ts"
import { classOfThrown, quietly } from "../handler/describeThrown.ts"
import type { TaskOfKind } from "../handler/HandlerRegistry.ts"
import { endSpan, within } from "./inSpan.ts"

/**
 * The span of a run that somebody sees.
 *
 * @since 0.2.0
 * @category models
 */
export class RunSpan {
  readonly #span: Tracer.Span
  #errorType: string | undefined
  #errorCode: string | undefined
  #isRefused = false

  constructor(span: Tracer.Span) {
    this.#span = span
  }

  /** Its trace context, for what comes after this run. Nobody could follow a link to a span that is not sampled. */
  get traceparent(): string | undefined {
    return this.#span.sampled ? traceparentOf(this.#span) : undefined
  }

  /** The trace context that it continues. */
  get continued(): TraceContext {
    return Option.match(this.#span.parent, { onNone: () => ({}), onSome: traceContextOf })
  }

  /** Says which task it is that runs, and for the how manieth time. */
  begin({ attempt = 1, taskId }: Pick<TaskSummary, "attempt" | "taskId">): void {
    this.#span.attribute(traceAttributes.taskId, taskId)
    this.#span.attribute(traceAttributes.attempt, attempt)
  }

  /** Runs an effect within the span. */
  around<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return within(this.#span, effect)
  }

  /** Notes the outcome that the run leads to. */
  noteOutcome(outcome: TaskOutcomeInput): void {
    if (outcome._tag === "Success") {
      this.#errorType = quietly(() => resultKind(outcome)) === "tool_error" ? "tool_error" : undefined
      return
    }
    this.#errorType = this.#errorCode = String(outcome.code)
  }

  /** Notes that the outcome came too late: what it says is not what became of the task. */
  noteRefusal(): void {
    this.#isRefused = true
  }

  /** Notes what the work threw, if that leads to no outcome. */
  noteThrown(thrown: unknown): void {
    this.#errorType = classOfThrown(thrown)
  }

  /** Ends the span. An end from outside, such as a cancel, is no failure of the run. */
  end(exit: Exit.Exit<string, unknown>, { status }: Pick<TaskSummary, "status">): Effect.Effect<void> {
    return Effect.suspend(() => {
      const span = this.#span
      if (Exit.isSuccess(exit)) span.attribute(traceAttributes.runResult, exit.value)
      if (this.#isRefused) return endSpan(span, exit, undefined)
      span.attribute(traceAttributes.status, status)
      if (this.#errorCode !== undefined) span.attribute(traceAttributes.errorCode, this.#errorCode)
      return endSpan(span, exit, this.#errorType)
    })
  }

  /** Ends the span of a call that has not become a task. */
  endCall(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#errorCode !== undefined) this.#span.attribute(traceAttributes.errorCode, this.#errorCode)
      return endSpan(this.#span, exit, this.#errorType)
    })
  }

  /** Ends the span of a run that did not come about. */
  fail(thrown: unknown): Effect.Effect<void> {
    return Effect.suspend(() => endSpan(this.#span, Exit.void, classOfThrown(thrown)))
  }
}

/**
 * Begins the span of a run. `target` is the name that its handler is registered under: clients choose the names of other tasks, and
 * each would be a name of spans.
 *
 * @since 0.2.0
 * @category constructors
 */
export const startRunSpan = (
  task: TaskOfKind,
  target: string | undefined,
  from: Pick<Tracer.SpanOptionsNoTrace, "parent" | "root" | "links">
): Effect.Effect<RunSpan> => {
  const { originalMethod } = task
  return Effect.map(
    Effect.makeSpan(target === undefined ? originalMethod : `${originalMethod} ${target}`, {
      kind: traceSpans.run.kind,
      attributes: attributesOf(task),
      ...from
    }),
    (span) => new RunSpan(span)
  )
}

/**
 * Links a run to an earlier one of its task, if that is known.
 *
 * @since 0.2.0
 * @category constructors
 */
export const linkToEarlier = (
  { runTraceparent }: Pick<TaskSummary, "runTraceparent">
): ReadonlyArray<Tracer.SpanLink> => {
  const earlier = remoteSpan({ traceparent: runTraceparent })
  return earlier === undefined ? [] : [linkTo(earlier, "earlier_run")]
}

/**
 * Links a run to the request in which it began, unless it is in the trace of that.
 *
 * @since 0.2.0
 * @category constructors
 */
export const linkToRequest = (
  request: Tracer.AnySpan | undefined,
  parent: Tracer.AnySpan | undefined
): ReadonlyArray<Tracer.SpanLink> =>
  request === undefined || parent === undefined || !request.sampled || request.traceId === parent.traceId
    ? []
    : [linkTo(request, "request")]

const linkTo = (span: Tracer.AnySpan, reason: "earlier_run" | "request"): Tracer.SpanLink => ({
  span,
  attributes: { [traceAttributes.link]: reason }
})

const attributesOf = ({ name, originalMethod }: TaskOfKind): Record<string, string> => {
  const method = { [traceAttributes.method]: originalMethod }
  switch (originalMethod) {
    case "tools/call":
      return { ...method, [traceAttributes.operation]: "execute_tool", ...named(traceAttributes.tool, name) }
    case "prompts/get":
      return { ...method, ...named(traceAttributes.prompt, name) }
    default:
      return { ...method, ...named(traceAttributes.name, name) }
  }
}

const named = (attribute: string, name: string | undefined): Record<string, string> =>
  name === undefined ? {} : { [attribute]: name }
