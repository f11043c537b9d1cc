/**
 * Calls that are over before a fiber is made for them.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { identity } from "effect/Function"
import { hasTracer } from "../domain/telemetry/isTraced.ts"
import { TimeOperations } from "../domain/telemetry/StorageMetrics.ts"
import { isStorageOperation, readMillis } from "../domain/telemetry/StorageOperation.ts"
import { CallerSpan } from "./CallerSpan.ts"

/**
 * Begins an effect. It gives an `Exit` where it is over at once, and otherwise the effect that a fiber has to run.
 *
 * @since 0.2.0
 * @category models
 */
export type Begin = <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>

/**
 * Makes what begins effects in a context. An operation of the storage is begun by a plain call, for a fiber costs as much as a
 * read from memory. Traces and timings need the fibers of operations, so with them every operation is left to a fiber.
 *
 * @since 0.2.0
 * @category constructors
 */
export const beginWithoutFiber = (context: Context.Context<never>): Begin => {
  if (hasTracer(context) || Context.get(context, CallerSpan) !== undefined || Context.get(context, TimeOperations)) {
    return identity
  }
  const clock = Context.get(context, Clock.Clock)
  return (effect) => {
    if (!isStorageOperation(effect)) return effect
    try {
      return effect.begin(readMillis(clock))
    } catch (defect) {
      return Exit.die(defect)
    }
  }
}
