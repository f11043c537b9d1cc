/**
 * Wakes those who wait for a task to change, within one process.
 *
 * @since 0.1.0
 */
import * as Latch from "effect/Latch"

/**
 * Waiters by task. Waking is cheap and synchronous, and may be spurious: who is woken reads the task again.
 *
 * @since 0.1.0
 * @category models
 */
export class TaskHub {
  readonly #waiting = new Map<string, Set<Latch.Latch>>()

  /**
   * Gives a latch that opens when the task may have changed. Subscribe before reading, so that no change is missed.
   */
  subscribe(taskId: string): Latch.Latch {
    const latch = Latch.makeUnsafe(false)
    const latches = this.#waiting.get(taskId)
    if (latches === undefined) this.#waiting.set(taskId, new Set([latch]))
    else latches.add(latch)
    return latch
  }

  unsubscribe(taskId: string, latch: Latch.Latch): void {
    const latches = this.#waiting.get(taskId)
    if (latches?.delete(latch) === true && latches.size === 0) this.#waiting.delete(taskId)
  }

  /**
   * Tells whether anybody waits at all, so that writers need not do more than ask.
   */
  get isIdle(): boolean {
    return this.#waiting.size === 0
  }

  /**
   * Wakes those who wait for the task; of `undefined`, all.
   */
  wake(taskId: string | undefined): void {
    const woken = taskId === undefined ? [...this.#waiting.values()] : [this.#waiting.get(taskId) ?? []]
    for (const latches of woken) {
      for (const latch of latches) latch.openUnsafe()
    }
  }
}
