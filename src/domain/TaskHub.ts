/**
 * Wakes the waiters of a task when it changes, within one process.
 *
 * @since 0.1.0
 */
import * as Latch from "effect/Latch"
import { isSameVersion, type TaskVersion } from "./StoredTask.ts"

/**
 * A waiter: the latch that wakes it, and the version of the task that it saw last.
 *
 * @since 0.1.0
 * @category models
 */
export interface Waiter {
  readonly latch: Latch.Latch
  seen: TaskVersion | undefined
}

/**
 * Who hears of a write: everybody, or only those who wait for the task, because its worker wrote it.
 *
 * @since 0.2.0
 * @category models
 */
export type Audience = "everybody" | "waiters"

/**
 * Waiters by task. Waking is cheap and synchronous. It may be spurious, so a waiter reads the task again.
 *
 * @since 0.1.0
 * @category models
 */
export class TaskHub {
  readonly #waiting = new Map<string, Set<Waiter>>()
  readonly #workers = new Set<(taskId: string) => void>()

  /** Calls a worker after each write that may be news for it, until the returned function is called. */
  addWorker(worker: (taskId: string) => void): () => void {
    this.#workers.add(worker)
    return () => this.#workers.delete(worker)
  }

  /**
   * Gives a waiter whose latch opens when the task may have changed. Subscribe before reading, so that no change is
   * missed.
   */
  subscribe(taskId: string): Waiter {
    const waiter = { latch: Latch.makeUnsafe(false), seen: undefined }
    const waiters = this.#waiting.get(taskId)
    if (waiters === undefined) this.#waiting.set(taskId, new Set([waiter]))
    else waiters.add(waiter)
    return waiter
  }

  unsubscribe(taskId: string, waiter: Waiter): void {
    const waiters = this.#waiting.get(taskId)
    if (waiters?.delete(waiter) === true && waiters.size === 0) this.#waiting.delete(taskId)
  }

  /**
   * Tells whether anybody waits at all. Most writers need to do no more than ask this.
   */
  get isIdle(): boolean {
    return this.#waiting.size === 0 && this.#workers.size === 0
  }

  /**
   * The tasks that are waited for.
   */
  get taskIds(): ReadonlyArray<string> {
    return [...this.#waiting.keys()]
  }

  /**
   * Wakes the waiters of the task, and tells the workers if it may be news for one of them.
   */
  wake(taskId: string, audience: Audience): void {
    for (const { latch } of this.#waiting.get(taskId) ?? []) latch.openUnsafe()
    if (audience === "everybody") { for (const worker of this.#workers) worker(taskId) }
  }

  /**
   * Wakes the waiters that have not seen the present version of their task. A task without a version is gone.
   */
  wakeOutdated(taskIds: ReadonlyArray<string>, versions: ReadonlyMap<string, TaskVersion>): void {
    for (const taskId of taskIds) {
      const version = versions.get(taskId)
      for (const { latch, seen } of this.#waiting.get(taskId) ?? []) {
        if (version === undefined || seen === undefined || !isSameVersion(seen, version)) latch.openUnsafe()
      }
    }
  }
}
