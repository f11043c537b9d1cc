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
const limitOfAll = {
  openStreams: "allOpenStreams",
  openCalls: "allOpenCalls",
  blockedResults: "allBlockedResults"
} as const

type Counted = keyof typeof limitOfAll

type Holder = Pick<OwnedTasks, "id" | "limits">

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

  /** Says which limit one more would overrun, if any. */
  refusal({ id, limits }: Holder): WireError | undefined {
    const most = limits[this.#counted]
    if ((this.#byOwner.get(id) ?? 0) >= most) return limitReached(this.#counted, most)
    return this.#all < this.#most ? undefined : limitReached(limitOfAll[this.#counted], this.#most)
  }

  /** Counts one more until the scope ends. */
  open(holder: Holder): Effect.Effect<void, WireError, Scope.Scope> {
    return Effect.acquireRelease(
      Effect.suspend(() => this.enter(holder) ?? Effect.void),
      () => Effect.sync(() => this.leave(holder))
    )
  }

  /** Counts one more while an effect runs. */
  while<A, E, R>(holder: Holder, use: Effect.Effect<A, E, R>): Effect.Effect<A, E | WireError, R> {
    return Effect.uninterruptibleMask((restore): Effect.Effect<A, E | WireError, R> =>
      this.enter(holder) ?? Effect.ensuring(restore(use), Effect.sync(() => this.leave(holder)))
    )
  }

  /** Counts one more until it leaves, or says which limit that would overrun. The caller must not be interrupted in between. */
  enter(holder: Holder): Effect.Effect<never, WireError> | undefined {
    const refusal = this.refusal(holder)
    if (refusal !== undefined) return Effect.fail(refusal)
    this.#add(holder.id, 1)
    return undefined
  }

  /** Counts one less. */
  leave({ id }: Holder): void {
    this.#add(id, -1)
  }

  #add(id: string | null, count: number): void {
    this.#all += count
    const left = (this.#byOwner.get(id) ?? 0) + count
    if (left === 0) this.#byOwner.delete(id)
    else this.#byOwner.set(id, left)
  }
}
