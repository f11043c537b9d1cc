/**
 * The task that a call becomes.
 *
 * @since 0.2.0
 */
import { maxTraceparentLength, maxTracestateLength } from "../domain/telemetry/TraceContext.ts"
import type { StartTask } from "../runner/service/TaskRunner.ts"
import { toolsCall } from "./names.ts"
import type { OwnedTasks } from "./OwnedTasks.ts"
import { clientMeta, ownProperty } from "./TaskClient.ts"
import type { ReadyCall, ToolCall } from "./ToolCall.ts"

/**
 * Drafts the task of a call.
 *
 * @since 0.2.0
 * @category constructors
 */
export const taskDraft = <A, E>(
  { client, meta, tool: { name, policy } }: ToolCall<A, E>,
  { principal }: OwnedTasks,
  { arguments: given, inputResponses }: ReadyCall<A>
): StartTask => ({
  originalMethod: toolsCall,
  originalParams: { name, arguments: given, inputResponses },
  ttl: policy.ttl,
  pollInterval: policy.pollInterval,
  meta: clientMeta(client),
  ...traceOf(meta),
  ...(principal === undefined ? {} : { principal })
})

/**
 * Gives the trace context of a request (SEP-414), of its `_meta`. What is none is no reason to refuse a call.
 *
 * @since 0.2.0
 * @category accessors
 */
export const traceOf = (meta: unknown): Pick<StartTask, "traceparent" | "tracestate"> => {
  const traceparent = ownProperty(meta, "traceparent")
  const tracestate = ownProperty(meta, "tracestate")
  if (!isTrace(traceparent, maxTraceparentLength)) return {}
  return isTrace(tracestate, maxTracestateLength) ? { traceparent, tracestate } : { traceparent }
}

const isTrace = (value: unknown, longest: number): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= longest && /^[\x20-\x7e]+$/.test(value)
