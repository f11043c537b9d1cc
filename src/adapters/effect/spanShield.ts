/**
 * The span of a call, which Effect's toolkits would give the arguments of the tool.
 *
 * A span has no payload of a task. Effect's `Toolkit` annotates the present span with all arguments before it runs the handler. So
 * there is no span to annotate on the way to the handler, which has it again.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import { tracedSpan } from "../../domain/telemetry/isTraced.ts"

const ShieldedSpan = Context.Reference<Tracer.Span | undefined>("mcp-task-storage/mcp/ShieldedSpan", {
  defaultValue: () => undefined
})

/**
 * Keeps a call from annotating the span that it runs in. Spans that it makes are below that one.
 *
 * @since 0.2.0
 * @category combinators
 */
export const shieldSpan = <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    const span = tracedSpan(fiber)
    return span?._tag !== "Span"
      ? call
      : Effect.provideContext(
        call,
        Context.make(ShieldedSpan, span).pipe(Context.add(Tracer.ParentSpan, Tracer.externalSpan(span)))
      )
  })

/**
 * Gives the handler the span back.
 *
 * @since 0.2.0
 * @category combinators
 */
export const unshieldSpan = <A, E, R>(handled: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    const span = fiber.getRef(ShieldedSpan)
    return span === undefined
      ? handled
      : Effect.provideContext(handled, Context.make(ShieldedSpan, undefined).pipe(Context.add(Tracer.ParentSpan, span)))
  })
