/** A tracer that keeps its spans. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

export class MemoryTracer {
  /** Every span that was begun, in order. */
  readonly spans: Array<Tracer.NativeSpan> = []

  readonly tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      this.spans.push(span)
      return span
    }
  })

  /** Runs an effect as a program with this tracer would. */
  readonly provide = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.provideService(effect, Tracer.Tracer, this.tracer)

  get names(): ReadonlyArray<string> {
    return this.spans.map(({ name }) => name)
  }

  /** What an exporter would send: spans that have ended and are sampled. */
  get exported(): ReadonlyArray<Tracer.NativeSpan> {
    return this.spans.filter(({ sampled, status }) => sampled && status._tag === "Ended")
  }

  /** The spans of one name. */
  named(name: string): ReadonlyArray<Tracer.NativeSpan> {
    return this.spans.filter((span) => span.name === name)
  }
}

/** The id of the span above a span. */
export const parentId = (span: Tracer.Span | undefined): string | undefined =>
  span === undefined ? undefined : Option.getOrUndefined(span.parent)?.spanId
