/**
 * The `tracestate` of W3C trace contexts, in the form in which OpenTelemetry carries it.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Option from "effect/Option"
import type { AnySpan } from "effect/Tracer"

/**
 * The same as `TraceState` of `@opentelemetry/api`, which need not be installed. It never changes.
 *
 * @since 0.2.0
 * @category models
 */
export interface TraceState {
  readonly get: (key: string) => string | undefined
  readonly set: (key: string, value: string) => TraceState
  readonly unset: (key: string) => TraceState
  readonly serialize: () => string
}

/**
 * Where `@effect/opentelemetry` looks for the trace state of a span of another process. Its spans pass it on from there. The key is
 * that of its `OtelTraceState`.
 *
 * @since 0.2.0
 * @category services
 */
export class SpanTraceState extends Context.Service<SpanTraceState, TraceState>()(
  "@effect/opentelemetry/Tracer/OtelTraceState"
) {}

/** As many as the standard lets a `tracestate` have. */
const mostEntries = 32

/**
 * Parses a `tracestate`. Entries that are none are left out.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseTraceState = (text: string): TraceState =>
  makeTraceState(
    text.split(",").flatMap((entry): ReadonlyArray<Entry> => {
      const [, key, value] = /^\s*([^=\s]+)=([^=]*?)\s*$/.exec(entry) ?? []
      return key === undefined || value === undefined ? [] : [[key, value]]
    }).slice(0, mostEntries)
  )

type Entry = readonly [key: string, value: string]

const makeTraceState = (entries: ReadonlyArray<Entry>): TraceState => {
  const without = (key: string): ReadonlyArray<Entry> => entries.filter(([other]) => other !== key)
  return {
    get: (key) => entries.find(([other]) => other === key)?.[1],
    // The latest change comes first, says the standard.
    set: (key, value) => makeTraceState([[key, value], ...without(key)]),
    unset: (key) => makeTraceState(without(key)),
    serialize: () => entries.map(([key, value]) => `${key}=${value}`).join(",")
  }
}

/**
 * Gives the `tracestate` that a span passes on: that of the nearest span above it that came from another process.
 *
 * @since 0.2.0
 * @category accessors
 */
export const tracestateOf = (span: AnySpan): string | undefined => {
  const state = Context.getOrUndefined(span.annotations, SpanTraceState)?.serialize()
  if (state !== undefined) return state === "" ? undefined : state
  const parent = span._tag === "Span" ? Option.getOrUndefined(span.parent) : undefined
  return parent === undefined ? undefined : tracestateOf(parent)
}
