/**
 * Following the writes of others while somebody waits.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"

/**
 * What runs while it is held, by however many. Holding it takes no step of the runtime, because each wait for a task holds it.
 *
 * @since 0.2.0
 * @category models
 */
export interface Following {
  /** Holds it, and gives what lets it go. */
  readonly hold: () => () => void
}

/**
 * Makes a following, which ends with the scope.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeFollowing = Effect.fnUntraced(
  function*(follow: Effect.Effect<void>, onChange: (isFollowing: boolean) => void): Effect.fn.Return<
    Following,
    never,
    Scope.Scope
  > {
    const fork = Effect.runForkWith(yield* Effect.context())
    /** The one that runs, and those that are about to end. */
    const fibers = new Set<Fiber.Fiber<void>>()
    let current: Fiber.Fiber<void> | undefined
    let holders = 0
    let isOver = false
    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        isOver = true
        return Fiber.interruptAll([...fibers])
      })
    )

    const begin = (): void => {
      if (isOver) return
      onChange(true)
      const fiber = fork(follow)
      current = fiber
      fibers.add(fiber)
      fiber.addObserver(() => fibers.delete(fiber))
    }

    const end = (): void => {
      onChange(false)
      current?.interruptUnsafe()
      current = undefined
    }

    return {
      hold: () => {
        if (holders++ === 0) begin()
        let isHeld = true
        return () => {
          if (!isHeld) return
          isHeld = false
          if (--holders === 0) end()
        }
      }
    }
  }
)
