/**
 * How many streams are open.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { TasksSettings } from "./TasksOptions.ts"
import { internalError, type WireError } from "./WireError.ts"

/**
 * Counts the streams of a server, and refuses those over its bounds.
 *
 * @since 0.2.0
 * @category models
 */
export class StreamCount {
  readonly #limits: Pick<TasksSettings, "streams" | "streamsPerOwner">
  readonly #byOwner = new Map<string, number>()
  #all = 0

  constructor(limits: Pick<TasksSettings, "streams" | "streamsPerOwner">) {
    this.#limits = limits
  }

  /** Counts a stream until the scope ends. */
  open(owner: string | null): Effect.Effect<void, WireError, Scope.Scope> {
    return Effect.acquireRelease(
      Effect.suspend(() => {
        if (this.#all >= this.#limits.streams || this.#of(owner) >= this.#limits.streamsPerOwner) {
          return Effect.fail(internalError("Too many subscriptions are open. Close one, or try again later."))
        }
        return Effect.sync(() => this.#add(owner, 1))
      }),
      () => Effect.sync(() => this.#add(owner, -1))
    )
  }

  /** Clients without an owner are not one owner. */
  #of(owner: string | null): number {
    return owner === null ? 0 : this.#byOwner.get(owner) ?? 0
  }

  #add(owner: string | null, count: number): void {
    this.#all += count
    if (owner === null) return
    const left = this.#of(owner) + count
    if (left === 0) this.#byOwner.delete(owner)
    else this.#byOwner.set(owner, left)
  }
}
