/**
 * When to ask again what dead workers hold.
 *
 * @since 0.2.0
 */
import type { DeadWorker } from "./WorkerItem.ts"

/** Milliseconds after a death in which each look asks. A claim that was under way has ended then, and indexes have caught up. */
const often = 60_000

/**
 * Decides which dead workers are asked for. A dead worker takes no tasks, unless its process stood still in the middle of a claim:
 * that is found some time later. From look to look the time since the death doubles, so that the workers that died in a day do not
 * cost a request each in every look.
 *
 * @since 0.2.0
 * @category models
 */
export class LateLooks {
  readonly #next = new Map<string, number>()

  isDue({ workerId }: DeadWorker, now: number): boolean {
    return now >= (this.#next.get(workerId) ?? -Infinity)
  }

  foundNothingMore({ diedAt, workerId }: DeadWorker, now: number): void {
    const since = now - diedAt
    if (since > often) this.#next.set(workerId, now + since)
  }

  /** Forgets those that are not among these. */
  forgetOthers(workers: ReadonlyArray<DeadWorker>): void {
    const ids = new Set(workers.map(({ workerId }) => workerId))
    for (const workerId of this.#next.keys()) if (!ids.has(workerId)) this.#next.delete(workerId)
  }
}
