/**
 * The trace of the request that a task came from.
 *
 * @since 0.2.0
 */
import * as Tracer from "effect/Tracer"
import type { TaskRecord } from "../domain/TaskRecord.ts"

/** `version-traceId-parentId-flags`, of whatever version: a later one may only add to this. */
const traceparentForm = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/

/**
 * Gives the links of the span of a run: to the span that the W3C trace context of its task names, in whichever process
 * that was. What is no trace context links to nothing.
 *
 * @since 0.2.0
 * @category accessors
 */
export const remoteParent = (
  { traceparent, tracestate }: Pick<TaskRecord, "traceparent" | "tracestate">
): ReadonlyArray<Tracer.SpanLink> => {
  const [, traceId, spanId, flags] = traceparentForm.exec(traceparent ?? "") ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return []
  const span = Tracer.externalSpan({ traceId, spanId, sampled: (parseInt(flags, 16) & 1) === 1 })
  return [{ span, attributes: tracestate === undefined ? {} : { "w3c.tracestate": tracestate } }]
}
