/**
 * What each owner holds open in this process.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { OwnedTasks } from "./OwnedTasks.ts"
import { limitReached, type Limits } from "./OwnerLimits.ts"
import type { WireError } from "./WireError.ts"

/** What an owner may hold open, and the limit of all owners together. */
const limitOfAll = { openStreams: "allOpenStreams", blockedResults: "allBlockedResults" } as const

type Counted = keyof typeof limitOfAll

/**
 * Counts what is open of one kind, by owner and in all, and refuses what is over the limits.
 *
 * @since 0.2.0
 * @category models
 */
export class OwnerCount {
  readonly #counted: Counted
  readonly #most: number
  readonly #byOwner = new Map<string | null, number>()
  #all = 0

  constructor(counted: Counted, limits: Limits) {
    this.#counted = counted
    this.#most = limits[limitOfAll[counted]]
  }

  /** Counts one more until the scope ends. */
  open({ id, limits }: Pick<OwnedTasks, "id" | "limits">): Effect.Effect<void, WireError, Scope.Scope> {
    return Effect.acquireRelease(
      Effect.suspend(() => {
        const most = limits[this.#counted]
        if ((this.#byOwner.get(id) ?? 0) >= most) return Effect.fail(limitReached(this.#counted, most))
        if (this.#all >= this.#most) return Effect.fail(limitReached(limitOfAll[this.#counted], this.#most))
        return Effect.sync(() => this.#add(id, 1))
      }),
      () => Effect.sync(() => this.#add(id, -1))
    )
  }

  #add(id: string | null, count: number): void {
    this.#all += count
    const left = (this.#byOwner.get(id) ?? 0) + count
    if (left === 0) this.#byOwner.delete(id)
    else this.#byOwner.set(id, left)
  }
}
