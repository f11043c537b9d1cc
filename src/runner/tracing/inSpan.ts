/**
 * Spans of what a task does.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as References from "effect/References"
import type * as Tracer from "effect/Tracer"
import { isTraced } from "../../domain/telemetry/isTraced.ts"
import { traceAttributes } from "../../domain/telemetry/TraceNames.ts"
import { classOfThrown } from "../handler/describeThrown.ts"

/** What a span says of a failure: its class, and where to read the rest. Errors may quote payloads, and spans never do. */
class SpanFailure extends Data.Error<{ readonly message: string }> {
  override readonly name: string
  override readonly stack = ""

  constructor(errorType: string) {
    super({ message: `Failed with ${errorType}; the task has the details` })
    this.name = errorType
  }
}

/**
 * What a span is called, and what it says.
 *
 * @since 0.2.0
 * @category models
 */
export interface SpanDescription extends Pick<Tracer.SpanOptionsNoTrace, "kind" | "attributes"> {
  readonly name: string
}

/**
 * Runs an effect in a span of its own, if its caller is traced.
 *
 * @since 0.2.0
 * @category combinators
 */
export const inSpan = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  describe: () => SpanDescription
): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    if (!isTraced(fiber)) return effect
    const { name, ...options } = describe()
    return Effect.useSpan(name, options, (span) =>
      Effect.onExit(within(span, effect), (exit) =>
        endSpan(span, exit, failureIn(exit))))
  })

const failureIn = (exit: Exit.Exit<unknown, unknown>): string | undefined =>
  Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause) ? undefined : classOfThrown(Cause.squash(exit.cause))

/**
 * Runs an effect within a span, which somebody else ends.
 *
 * @since 0.2.0
 * @category combinators
 */
export const within = <A, E, R>(span: Tracer.AnySpan, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withParentSpan(effect, span, { captureStackTrace: false })

/**
 * Ends a span, as a failure if there is one. That something was interrupted is none.
 *
 * @since 0.2.0
 * @category combinators
 */
export const endSpan = (
  span: Tracer.Span,
  exit: Exit.Exit<unknown, unknown>,
  errorType: string | undefined
): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    if (errorType !== undefined) span.attribute(traceAttributes.errorType, errorType)
    const now = fiber.getRef(References.TracerTimingEnabled) ? fiber.getRef(Clock.Clock).currentTimeNanosUnsafe() : 0n
    span.end(now, errorType === undefined ? withoutValue(exit) : Exit.fail(new SpanFailure(errorType)))
    return Effect.void
  })

const withoutValue = (exit: Exit.Exit<unknown, unknown>): Exit.Exit<void> =>
  Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause) ? Exit.interrupt() : Exit.void
