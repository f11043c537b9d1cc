/**
 * Going on with fewer connections than wanted.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

/** Milliseconds after a refusal until more connections are tried again. */
const patience = 30_000

/**
 * Runs an effect that needs a connection. If the server refuses the connection, the effect waits until another one has ended,
 * and runs again. It fails when there is no other one.
 *
 * @since 0.2.0
 * @category models
 */
export type WithinLimit = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * Makes a limit of `most` effects at a time. `refusal` gives the reason when an error says that a connection was refused;
 * `warn` is run with the first reason.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeConnectionLimit = (
  most: number,
  refusal: (error: unknown) => string | undefined,
  warn: (reason: string) => Effect.Effect<void>
): WithinLimit => {
  const semaphore = Semaphore.makeUnsafe(most)
  let limit = most
  let active = 0
  let refusedAt = 0
  let hasWarned = false
  /** How often there was no connection at all. An effect that was refused before that need not ask again. */
  let losses = 0

  const setLimit = (to: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      limit = to
      return semaphore.resize(to)
    })

  /** The others are as many as there can be. */
  const lower = (reason: string): Effect.Effect<void> => {
    refusedAt = performance.now()
    const lowered = active < limit ? setLimit(active) : Effect.void
    if (hasWarned) return lowered
    hasWarned = true
    return Effect.andThen(lowered, warn(reason))
  }

  const raise = setLimit(most)

  return <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      let refused: { readonly error: E; readonly losses: number } | undefined
      let goesOn = false

      const turn = Effect.suspend(() => {
        goesOn = false
        if (refused !== undefined && refused.losses !== losses) return Effect.fail(refused.error)
        active++
        const ended = Effect.onExit(effect, () =>
          Effect.sync(() => {
            active--
          }))
        return Effect.catch(ended, (error: E) => {
          const reason = refusal(error)
          if (reason === undefined) return Effect.fail(error)
          if (active === 0) {
            losses++
            return Effect.andThen(raise, Effect.fail(error))
          }
          refused = { error, losses }
          goesOn = true
          return Effect.andThen(lower(reason), Effect.fail(error))
        })
      })

      const attempt: Effect.Effect<A, E, R> = Effect.catch(
        semaphore.withPermit(turn),
        (error: E) => goesOn ? attempt : Effect.fail(error)
      )
      return limit < most && performance.now() - refusedAt > patience ? Effect.andThen(raise, attempt) : attempt
    })
}
