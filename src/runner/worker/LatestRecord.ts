/**
 * What a worker knows of its task.
 *
 * @since 0.2.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { TaskRecord, TaskSummary } from "../../domain/task/TaskRecord.ts"

/**
 * The latest state of a task that was read or written, by its revision. Most writes answer with the summary alone, so that
 * the whole record may be an older one.
 *
 * @since 0.2.0
 * @category models
 */
export class LatestRecord {
  #current: TaskRecord
  #summary: TaskSummary
  /** Done when there is a later record. It is there while somebody waits. */
  #next: Deferred.Deferred<void> | undefined

  constructor(first: TaskRecord) {
    this.#current = first
    this.#summary = first
  }

  /** The latest whole record, with its answers and steps. */
  get current(): TaskRecord {
    return this.#current
  }

  /** The latest of what a summary tells. */
  get summary(): TaskSummary {
    return this.#summary
  }

  advance(record: TaskRecord): void {
    if (record.revision <= this.#current.revision) return
    this.#current = record
    this.advanceSummary(record)
    const changed = this.#next
    this.#next = undefined
    if (changed !== undefined) Deferred.doneUnsafe(changed, Effect.void)
  }

  /** Notes a summary. It does not replace the record, since it has no answers. */
  advanceSummary(summary: TaskSummary): void {
    if (summary.revision > this.#summary.revision) this.#summary = summary
  }

  /** Waits for a state for which `read` gives a value. */
  until<A>(read: (record: TaskRecord) => A | undefined): Effect.Effect<A> {
    return Effect.suspend(() => {
      const found = read(this.#current)
      if (found !== undefined) return Effect.succeed(found)
      const next = this.#next ??= Deferred.makeUnsafe<void>()
      return Effect.andThen(Deferred.await(next), this.until(read))
    })
  }
}
