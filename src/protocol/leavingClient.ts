/**
 * Clients that go away while a request of theirs waits.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { exitWithin } from "../domain/effects/exitWithin.ts"
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

/** How long a call goes on before anybody looks whether its client is still there, in milliseconds. Most are over before. */
const unwatched = 1000

/**
 * Ends a call in its request when its client is gone. Nobody could be told what it gives.
 *
 * @since 0.2.0
 * @category combinators
 */
export const unlessGone = <A, E, R>(
  call: Effect.Effect<A, E, R>,
  gone: Effect.Effect<void>
): Effect.Effect<A, E | WireError, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.forkDetach(call, { startImmediately: true }), (fiber) => {
      const over = Effect.flatMap(
        exitWithin(fiber, unwatched),
        (early): Effect.Effect<A, E | WireError> =>
          Option.isSome(early) ? early.value : untilGone(Fiber.join(fiber), gone)
      )
      return Effect.onExit(restore(over), () => Fiber.interrupt(fiber))
    })
  )

/**
 * Makes a question one that nobody answers when the client is gone.
 *
 * @since 0.2.0
 * @category combinators
 */
export const askingUntilGone = (ask: Ask, gone: Effect.Effect<void>): Ask => (question) =>
  Effect.raceFirst(ask(question), Effect.flatMap(gone, () => Effect.fail(new ListenerGone())))
