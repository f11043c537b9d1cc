/**
 * Calls of the storage that are retried through outages.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Random from "effect/Random"
import { backgroundSleep } from "../../domain/effects/backgroundSleep.ts"
import type { TaskStorageError, TaskStorageUnavailable } from "../../domain/task/TaskError.ts"
import { errorOf } from "../queue/errorOf.ts"
import type { Outages } from "./Outages.ts"

/** Milliseconds from a failed call to its retry. They double up to the longest. */
const firstPause = 100
const longestPause = 5_000

/** Milliseconds: the least time that the largest write on the slowest engine is given. */
const longestWrite = 20_000

/**
 * How a call is retried.
 *
 * @since 0.2.0
 * @category models
 */
export interface Persistence<E, E2> {
  readonly outages: Outages
  /** Milliseconds. A first try has a third of it, and no pause is longer than a sixth if somebody else counts on the call. */
  readonly lease: number
  /** Whether the error says nothing but that the engine cannot answer now. */
  readonly isOutage: (error: E | TaskStorageUnavailable) => boolean
  /** Whether the lease of a worker depends on the call. */
  readonly isUrgent?: boolean
  /** Done before each retry. */
  readonly beforeRetry?: () => Effect.Effect<void, E2>
  /** What {@link Outages} knows the call by. */
  readonly token?: object
}

/**
 * Retries a call until it gives something other than an outage. Each try waits longer for its answer than the one before,
 * because some writes are large.
 *
 * @since 0.2.0
 * @category combinators
 */
export const persist = <A, E extends TaskStorageError, E2 = never>(
  call: (patience: number) => Effect.Effect<A, E | TaskStorageUnavailable>,
  { beforeRetry, isOutage, isUrgent = false, lease, outages, token = {} }: Persistence<E, E2>
): Effect.Effect<A, E | E2 | TaskStorageUnavailable> => {
  // What was asked for during an outage is given up, and asked for once more, within a lease: so long others wait for it.
  const longest = Math.ceil(2 * lease / 3)
  const mostPatience = isUrgent ? longest : Math.max(longest, longestWrite)
  const mostPause = isUrgent ? Math.min(longestPause, Math.ceil(lease / 6)) : longestPause
  type Answer = Effect.Effect<A, E | E2 | TaskStorageUnavailable>
  const attempt = (pause: number, patience: number, again: (retries: Answer) => Answer): Answer => {
    const { over } = outages
    return Effect.matchCauseEffect(call(patience), {
      onSuccess: (answer) => outages.passOn(token, answer),
      onFailure: (cause): Answer => {
        const error = errorOf(cause)
        return isOutage(error)
          ? again(
            outages.failed(token, error, over).pipe(
              Effect.andThen(about(pause)),
              Effect.andThen(beforeRetry?.() ?? Effect.void),
              Effect.andThen(
                Effect.suspend(() =>
                  attempt(Math.min(2 * pause, mostPause), Math.min(2 * patience, mostPatience), identity)
                )
              )
            )
          )
          : Effect.andThen(outages.answered(token), Effect.fail(error))
      }
    })
  }
  // Most calls are answered at once. Of those nobody has heard.
  const forgetting = (retries: Answer): Answer => Effect.ensuring(retries, outages.forget(token))
  return attempt(Math.min(firstPause, mostPause), firstPatience(lease), forgetting)
}

/**
 * Gives how many milliseconds the first try of a call is waited for.
 *
 * @since 0.2.0
 * @category accessors
 */
export const firstPatience = (lease: number): number => Math.ceil(lease / 3)

/** Sleeps for about this long, so that many do not come back at once. */
const about = (pause: number): Effect.Effect<void> =>
  Effect.flatMap(Random.next, (random) => backgroundSleep(Math.round(pause * (0.8 + 0.4 * random))))

/**
 * Tells whether an error says that the engine cannot answer now.
 *
 * @since 0.2.0
 * @category guards
 */
export const isUnavailable = (error: TaskStorageError): error is TaskStorageUnavailable =>
  error._tag === "TaskStorageUnavailable"
