/**
 * Whether anybody sees spans.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import * as References from "effect/References"
import { type AnySpan, nativeTracer, Tracer } from "effect/Tracer"

/**
 * Tells whether somebody sees the spans that are made in a context. The tracer that Effect has by default makes spans for nobody, which
 * take several times as long as a read from memory.
 *
 * @since 0.2.0
 * @category guards
 */
export const hasTracer = (context: Context.Context<never>): boolean =>
  Context.get(context, Tracer) !== nativeTracer && Context.get(context, References.TracerEnabled)

/**
 * Tells whether a fiber runs within a span that somebody sees. Nobody wants a trace of what runs outside of
 * one, such as looks for work, and nobody would see what runs within one that is not sampled.
 *
 * @since 0.2.0
 * @category guards
 */
export const isTraced = (fiber: Fiber.Fiber<unknown, unknown>): boolean => tracedSpan(fiber)?.sampled === true

/**
 * Gives the span that a fiber runs within, sampled or not, if there is a tracer that somebody sees the spans of.
 *
 * @since 0.2.0
 * @category accessors
 */
export const tracedSpan = (fiber: Fiber.Fiber<unknown, unknown>): AnySpan | undefined =>
  fiber.cache.span !== undefined && isTracing(fiber) ? fiber.cache.span : undefined

/**
 * Tells whether somebody sees the spans that a fiber makes, within a span or not.
 *
 * @since 0.2.0
 * @category guards
 */
export const isTracing = ({ cache }: Fiber.Fiber<unknown, unknown>): boolean =>
  cache.tracerEnabled && cache.tracer !== undefined && cache.tracer !== nativeTracer
