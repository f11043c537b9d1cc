/**
 * The active span of OpenTelemetry, as Effect knows spans.
 *
 * @since 0.2.0
 */
import { makeExternalSpan } from "@effect/opentelemetry/OtelTracer"
import { isSpanContextValid, trace } from "@opentelemetry/api"
import type { FindCallerSpan } from "../promise/CallerSpan.ts"

/**
 * Gives the active span. Where that is `within` itself, it gives `within`, which knows more.
 *
 * @since 0.2.0
 * @category accessors
 */
export const activeSpan: FindCallerSpan = (within) => {
  const active = trace.getActiveSpan()?.spanContext()
  if (active === undefined || !isSpanContextValid(active) || active.spanId === within?.spanId) return within
  return makeExternalSpan(active)
}
