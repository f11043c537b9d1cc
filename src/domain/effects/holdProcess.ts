/**
 * Who keeps the process alive by waiting.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/**
 * Whether waiting for a task keeps the process alive, as it does for whoever asks. What waits on its own account, as the
 * workers of a runner do, says no: a server whose client has gone would never end.
 *
 * @since 0.2.0
 * @category references
 */
export const HoldsProcess = Context.Reference<boolean>("mcp-task-storage/HoldsProcess", { defaultValue: () => true })

/** Long enough to be of no account, and short enough for a timer. */
const interval = 2 ** 30

/** All who wait share a timer. */
let holders = 0
let timer: NodeJS.Timeout | undefined

/**
 * Keeps the process alive until the returned function is called, once.
 *
 * @since 0.2.0
 * @category constructors
 */
export const startHolding = (): () => void => {
  if (holders++ === 0) timer = setInterval(() => undefined, interval)
  return () => {
    if (--holders === 0) clearInterval(timer)
  }
}

/**
 * Keeps the process alive while an effect runs, unless {@link HoldsProcess} says no.
 *
 * @since 0.2.0
 * @category combinators
 */
export const holdProcess = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(HoldsProcess, (holds) =>
    holds
      ? Effect.acquireUseRelease(Effect.sync(startHolding), () => effect, (stop) => Effect.sync(stop))
      : effect)
