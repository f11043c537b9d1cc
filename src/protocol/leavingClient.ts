/**
 * Clients that go away while a request of theirs waits.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { type Ask, ListenerGone } from "./Questions.ts"
import { internalError, type WireError } from "./WireError.ts"

/** How long a request that only waits goes on when its client is gone: it may still read. */
const grace = "1 second"

/**
 * Ends a request that only waits when its client is gone, so that the server can end.
 *
 * @since 0.2.0
 * @category combinators
 */
export const untilGone = <A, E, R>(waiting: Effect.Effect<A, E, R>, gone: Effect.Effect<void>) =>
  Effect.raceFirst(
    waiting,
    gone.pipe(
      Effect.andThen(Effect.sleep(grace)),
      Effect.andThen(Effect.fail<WireError>(internalError("The client is gone")))
    )
  )

/**
 * Makes a question one that nobody answers when the client is gone.
 *
 * @since 0.2.0
 * @category combinators
 */
export const askingUntilGone = (ask: Ask, gone: Effect.Effect<void>): Ask => (question) =>
  Effect.raceFirst(ask(question), Effect.flatMap(gone, () => Effect.fail(new ListenerGone())))
