/**
 * What a worker knows of its task.
 *
 * @since 0.2.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { TaskRecord } from "../domain/TaskRecord.ts"

/**
 * The latest state of a task that was read or written, by its revision.
 *
 * @since 0.2.0
 * @category models
 */
export class LatestRecord {
  #current: TaskRecord
  #next = Deferred.makeUnsafe<void>()

  constructor(first: TaskRecord) {
    this.#current = first
  }

  get current(): TaskRecord {
    return this.#current
  }

  advance(record: TaskRecord): void {
    if (record.revision <= this.#current.revision) return
    this.#current = record
    const changed = this.#next
    this.#next = Deferred.makeUnsafe<void>()
    Deferred.doneUnsafe(changed, Effect.void)
  }

  /** Waits for a state for which `read` gives a value. */
  until<A>(read: (record: TaskRecord) => A | undefined): Effect.Effect<A> {
    return Effect.suspend(() => {
      const found = read(this.#current)
      return found === undefined
        ? Effect.andThen(Deferred.await(this.#next), this.until(read))
        : Effect.succeed(found)
    })
  }
}
