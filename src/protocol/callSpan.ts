/**
 * The span of a call while it is no task.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { isTracing } from "../domain/telemetry/isTraced.ts"
import { remoteSpan } from "../domain/telemetry/TraceContext.ts"
import { failureOf } from "../runner/handler/failureOf.ts"
import { linkToRequest, type RunSpan, startRunSpan } from "../runner/tracing/RunSpan.ts"
import { toolsCall } from "./names.ts"
import { traceOf } from "./taskDraft.ts"
import type { ToolCall } from "./ToolCall.ts"

/**
 * Begins the span of a call. It continues the trace that the request names.
 *
 * @since 0.2.0
 * @category constructors
 */
export const startCallSpan = (
  { meta, tool: { name } }: Pick<ToolCall<unknown, unknown>, "meta" | "tool">
): Effect.Effect<RunSpan> =>
  Effect.withFiber((fiber) => {
    const parent = remoteSpan(traceOf(meta))
    return startRunSpan({ originalMethod: toolsCall, name }, name, {
      parent,
      links: linkToRequest(fiber.cache.span, parent)
    })
  })

/**
 * Ends the span of a call that was answered with what its work gave.
 *
 * @since 0.2.0
 * @category combinators
 */
export const endCallSpan = (span: RunSpan, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> => {
  if (Exit.isSuccess(exit)) span.noteOutcome({ _tag: "Success", value: exit.value })
  else if (!Cause.hasInterruptsOnly(exit.cause)) {
    const told = failureOf(exit.cause)
    if (told === undefined) span.noteThrown(Cause.squash(exit.cause))
    else span.noteOutcome({ _tag: "Error", code: told.code, message: told.message })
  }
  return span.endCall(exit)
}

/**
 * Does the work of a call that never becomes a task in the span of that call, if somebody traces its server.
 *
 * @since 0.2.0
 * @category combinators
 */
export const inCallSpan = <A, E>(
  call: Pick<ToolCall<unknown, unknown>, "meta" | "tool">,
  work: Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.withFiber((fiber) =>
    isTracing(fiber)
      ? Effect.flatMap(
        startCallSpan(call),
        (span) => Effect.onExit(span.around(work), (exit) => endCallSpan(span, exit))
      )
      : work
  )
