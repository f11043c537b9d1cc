/**
 * Calls that are over before a fiber is made for them.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { identity } from "effect/Function"
import { isTaskOperation, type PlainOf } from "../domain/operations/TaskOperation.ts"
import { hasTracer } from "../domain/telemetry/isTraced.ts"
import { TimeOperations } from "../domain/telemetry/StorageMetrics.ts"
import { isStorageOperation } from "../domain/telemetry/StorageOperation.ts"
import { CallerSpan } from "./CallerSpan.ts"

/**
 * Begins effects. It gives an `Exit` where one is over at once, and otherwise the effect that a fiber has to run.
 *
 * @since 0.2.0
 * @category models
 */
export interface Beginner {
  readonly begin: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>

  /** Begins what gives a task, as plain data. The service of a third party gives a record, which is encoded. */
  readonly beginPlain: <A, E>(
    effect: Effect.Effect<A, E>,
    encode: (answer: A) => PlainOf<A>
  ) => Effect.Effect<PlainOf<A>, E>
}

/**
 * Makes what begins effects in a context. An operation of the storage is begun by a plain call, for a fiber costs as much as a
 * read from memory. Traces and timings need the fibers of operations, so with them every operation is left to a fiber.
 *
 * @since 0.2.0
 * @category constructors
 */
export const beginWithoutFiber = (context: Context.Context<never>): Beginner => {
  if (hasTracer(context) || Context.get(context, CallerSpan) !== undefined || Context.get(context, TimeOperations)) {
    return inFibers
  }
  const clock = Context.get(context, Clock.Clock)
  return {
    begin: (effect) => {
      if (!isStorageOperation(effect)) return effect
      try {
        return effect.begin(clock)
      } catch (defect) {
        return Exit.die(defect)
      }
    },
    beginPlain: (effect, encode) => {
      if (!isTaskOperation(effect)) return inFibers.beginPlain(effect, encode)
      try {
        return effect.beginPlain(clock)
      } catch (defect) {
        return Exit.die(defect)
      }
    }
  }
}

const inFibers: Beginner = {
  begin: identity,
  beginPlain: (effect, encode) => isTaskOperation(effect) ? effect.inPlain() : Effect.map(effect, encode)
}
