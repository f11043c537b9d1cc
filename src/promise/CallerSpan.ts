/**
 * The span that a call in promises is made in.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"

/**
 * Gives the span that is active where it is called, which telemetry knows; `within` is the span of the work that makes the call.
 *
 * @since 0.2.0
 * @category models
 */
export type FindCallerSpan = (within: Tracer.AnySpan | undefined) => Tracer.AnySpan | undefined

/**
 * How the span of a caller is found. Without telemetry nobody has one.
 *
 * @since 0.2.0
 * @category services
 */
export const CallerSpan: Context.Reference<FindCallerSpan | undefined> = Context.Reference<FindCallerSpan | undefined>(
  "mcp-task-storage/CallerSpan",
  { defaultValue: () => undefined }
)

/**
 * Makes an effect a child of the span that is active now. Call it before anything else is waited for.
 *
 * @since 0.2.0
 * @category combinators
 */
export const inCallerSpan = <A, E, R>(
  find: FindCallerSpan | undefined,
  effect: Effect.Effect<A, E, R>,
  within?: Tracer.AnySpan
): Effect.Effect<A, E, R> => {
  if (find === undefined) return effect
  const span = find(within)
  return span === undefined || span === within ? effect : Effect.provideService(effect, Tracer.ParentSpan, span)
}

/**
 * Gives a context whose calls are of no caller: what lives longer than the call that opens it must not become a part of that call.
 *
 * @since 0.2.0
 * @category combinators
 */
export const withoutCaller = (context: Context.Context<never>): Context.Context<never> =>
  Context.get(context, CallerSpan) === undefined ? context : Context.add(context, CallerSpan, undefined)
