/**
 * W3C trace contexts: how one process tells another which trace it continues.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Tracer from "effect/Tracer"
import { parseTraceState, SpanTraceState, tracestateOf } from "./TraceState.ts"

/**
 * A trace context as it is stored, and as `_meta` of a request carries it.
 *
 * @since 0.2.0
 * @category models
 */
export interface TraceContext {
  readonly traceparent?: string | undefined
  readonly tracestate?: string | undefined
}

/**
 * How long a `traceparent` may be. It takes 55 characters, and may take more in later versions of the standard.
 *
 * @since 0.2.0
 * @category constants
 */
export const maxTraceparentLength = 255

/**
 * How long a `tracestate` may be. The standard asks for 512 characters at least.
 *
 * @since 0.2.0
 * @category constants
 */
export const maxTracestateLength = 1024

/** `version-traceId-parentId-flags`, of whatever version: a later one may only add to this. */
const traceparentForm = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/

/**
 * Gives the span that a trace context names, in whichever process that was. It says whether its caller samples the trace. What is
 * no trace context names none.
 *
 * @since 0.2.0
 * @category accessors
 */
export const remoteSpan = ({ traceparent, tracestate }: TraceContext): Tracer.ExternalSpan | undefined => {
  const [, traceId, spanId, flags] = traceparentForm.exec(traceparent ?? "") ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  return Tracer.externalSpan({
    traceId,
    spanId,
    sampled: (parseInt(flags, 16) & 1) === 1,
    annotations: tracestate === undefined
      ? Context.empty()
      : Context.make(SpanTraceState, parseTraceState(tracestate))
  })
}

/**
 * Gives the `traceparent` of a span. Spans of tracers that have other ids have none.
 *
 * @since 0.2.0
 * @category accessors
 */
export const traceparentOf = ({ sampled, spanId, traceId }: Tracer.AnySpan): string | undefined => {
  const traceparent = `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`
  return traceparentForm.test(traceparent) ? traceparent : undefined
}

/**
 * Gives the trace context of a span, for whoever is to continue its trace.
 *
 * @since 0.2.0
 * @category accessors
 */
export const traceContextOf = (span: Tracer.AnySpan): TraceContext => {
  const traceparent = traceparentOf(span)
  if (traceparent === undefined) return {}
  const tracestate = tracestateOf(span)
  return tracestate === undefined || tracestate.length > maxTracestateLength
    ? { traceparent }
    : { traceparent, tracestate }
}
