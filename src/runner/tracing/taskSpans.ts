/**
 * The spans of what work does with the context of its task. Keys are not in them: encryption seals keys.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import { traceAttributes, traceSpans } from "../../domain/telemetry/TraceNames.ts"
import type { InputRequests } from "../handler/asking.ts"
import { inSpan } from "./inSpan.ts"

/**
 * Does a step in a span.
 *
 * @since 0.2.0
 * @category combinators
 */
export const inStepSpan = <A, E, R>(taskId: string, step: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  inSpan(step, () => {
    const { kind, name } = traceSpans.step
    return { name, kind, attributes: { [traceAttributes.taskId]: taskId } }
  })

/**
 * Begins a sleep of so many milliseconds in a span. It ends when the work does: the rest is slept without a worker.
 *
 * @since 0.2.0
 * @category combinators
 */
export const inSleepSpan = <A, E>(taskId: string, millis: number, sleep: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  inSpan(sleep, () => {
    const { kind, name } = traceSpans.sleep
    return { name, kind, attributes: { [traceAttributes.taskId]: taskId, [traceAttributes.sleepMillis]: millis } }
  })

/**
 * Asks in a span, and waits for the answers there. Questions of one method have the span that OpenTelemetry describes for it.
 *
 * @since 0.2.0
 * @category combinators
 */
export const inQuestionSpan = <A, E>(
  taskId: string,
  requests: InputRequests,
  asking: Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  inSpan(asking, () => {
    const asked = Object.values(requests)
    const attributes = { [traceAttributes.taskId]: taskId, [traceAttributes.questions]: asked.length }
    const method = asked[0]?.method
    const { kind, name } = traceSpans.questions
    return method !== undefined && asked.every((request) => request.method === method)
      ? { name: method, kind, attributes: { ...attributes, [traceAttributes.method]: method } }
      : { name, kind, attributes }
  })
