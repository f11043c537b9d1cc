/**
 * The tracer of Effect that makes spans of OpenTelemetry.
 *
 * @since 0.2.0
 */
import * as OtelTracer from "@effect/opentelemetry/OtelTracer"
import { trace } from "@opentelemetry/api"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import { scopeName } from "./scopeName.ts"

/**
 * Makes the tracer, on the global provider. Spans have the parents that Effect knows, and no others: what runs in the background was
 * begun in whatever was active then, and is no part of it.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeTracer: Effect.Effect<Tracer.Tracer> = Effect.map(
  Effect.provideService(OtelTracer.make, OtelTracer.OtelTracer, trace.getTracer(scopeName)),
  (tracer) => ({
    span: (options) => tracer.span({ ...options, root: options.root || Option.isNone(options.parent) }),
    // It is asked for every step of an effect, and to make a context for each of them takes longer than most.
    context: (primitive, fiber) =>
      tracer.context === undefined || isActive(fiber.cache.span)
        ? primitive["~effect/Effect/evaluate"](fiber)
        : tracer.context(primitive, fiber)
  })
)

const isActive = (span: Tracer.AnySpan | undefined): boolean =>
  span === undefined || trace.getActiveSpan()?.spanContext().spanId === span.spanId
