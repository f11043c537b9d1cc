/**
 * Calls that are made one at a time.
 *
 * @since 0.2.0
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { callAfter } from "../../domain/effects/callAfter.ts"
import { TaskStorageUnavailable } from "../../domain/task/TaskError.ts"

/**
 * Makes a call when the one before it is over, and gives it up if the engine does not answer it in time.
 *
 * Each task settles with such a call. A semaphore, and a race with a sleep within it, would take two fibers for that and some forty
 * steps of the runtime. This takes one fiber, and a timer only if there is no answer at once.
 *
 * @since 0.2.0
 * @category models
 */
export class Turns {
  #isTaken = false
  #waiting: Array<() => void> | undefined

  /** Makes a call in its turn, and waits so many milliseconds for its answer. */
  take<A, E>(call: Effect.Effect<A, E>, patience: number): Effect.Effect<A, E | TaskStorageUnavailable> {
    return Effect.withFiber(({ context }) =>
      Effect.callback<A, E | TaskStorageUnavailable>((resume) => {
        let stop: Effect.Effect<void> | undefined
        const begin = () => {
          this.#isTaken = true
          stop = boundedBy(patience, context, call, (exit) => {
            this.#isTaken = false
            this.#waiting?.shift()?.()
            resume(exit)
          })
        }
        if (this.#isTaken) (this.#waiting ??= []).push(begin)
        else begin()
        return Effect.suspend(() => {
          if (stop !== undefined) return stop
          this.#waiting = this.#waiting?.filter((waiting) => waiting !== begin)
          return Effect.void
        })
      })
    )
  }
}

/**
 * Makes a call fail if the engine does not answer it for so many milliseconds.
 *
 * @since 0.2.0
 * @category combinators
 */
export const withPatience = <A, E>(
  call: Effect.Effect<A, E>,
  patience: number
): Effect.Effect<A, E | TaskStorageUnavailable> => Effect.suspend(() => new Turns().take(call, patience))

/** Begins a call, and tells how it ends. A call that is given up has ended first. Gives what stops it. */
const boundedBy = <A, E>(
  patience: number,
  context: Context.Context<never>,
  call: Effect.Effect<A, E>,
  onEnd: (exit: Exit.Exit<A, E | TaskStorageUnavailable>) => void
): Effect.Effect<void> => {
  const fiber = Effect.runForkWith(context)(call)
  const answer = fiber.pollUnsafe()
  if (answer !== undefined) {
    onEnd(answer)
    return Effect.void
  }
  let isGivenUp = false
  const forget = callAfter(context, patience, () => {
    isGivenUp = true
    fiber.interruptUnsafe()
  })
  fiber.addObserver((exit) => {
    forget()
    onEnd(isGivenUp ? Exit.fail(unanswered) : exit)
  })
  return Fiber.interrupt(fiber)
}

const unanswered = new TaskStorageUnavailable({
  operation: "write",
  reason: "the engine does not answer",
  retryable: true,
  applied: "unknown"
})
