/**
 * Wakes the waiters of a task when it changes, within one process.
 *
 * @since 0.1.0
 */
import { newsOfSeats } from "../driver/ActiveBounds.ts"
import { newsOfPauses } from "../driver/KindDriver.ts"
import { applyPatch, type TaskPatch } from "../driver/TaskWrite.ts"
import { isSameVersion, type StoredTask, taskBytes, type TaskVersion } from "../task/StoredTask.ts"

/**
 * A waiter: what wakes it, and the state of the task that it saw last.
 *
 * @since 0.1.0
 * @category models
 */
export interface Waiter {
  readonly wake: () => void
  seen: StoredTask | undefined
  /** A later state that this process has written, so that it need not be read. */
  written: StoredTask | undefined
}

/**
 * What a write of this process has made of a task.
 *
 * @since 0.2.0
 * @category models
 */
export interface WrittenTask {
  readonly task: StoredTask
  /** Whether that is the whole task. The large parts may be left out of it. */
  readonly isWhole: boolean
  readonly patch: TaskPatch
}

/**
 * Who hears of a write: everybody, or only those who wait for the task, because its worker wrote it.
 *
 * @since 0.2.0
 * @category models
 */
export type Audience = "everybody" | "waiters"

/** A task that this process creates, and that nobody has written since. */
interface CreatedTask {
  readonly task: StoredTask
  isStored: boolean
}

/** How many created tasks are kept for those who are about to wait for them, and how large they may be, in bytes. */
const mostCreated = 256
const largestCreated = 65_536

/**
 * Waiters by task. Waking is cheap and synchronous. It may be spurious, so a waiter reads the task again.
 *
 * @since 0.1.0
 * @category models
 */
export class TaskHub {
  readonly #waiting = new Map<string, Set<Waiter>>()
  readonly #workers = new Set<(taskId: string) => void>()
  readonly #pauseListeners = new Set<() => void>()
  readonly #seatListeners = new Set<() => void>()
  readonly #created = new Map<string, CreatedTask>()
  #isFollowing = false

  /** Calls a listener after each pause of a kind of tasks, and its end, until the returned function is called. */
  addPauseListener(listener: () => void): () => void {
    this.#pauseListeners.add(listener)
    return () => this.#pauseListeners.delete(listener)
  }

  /** Calls a listener whenever another process may have left a seat, until the returned function is called. */
  addSeatListener(listener: () => void): () => void {
    this.#seatListeners.add(listener)
    return () => this.#seatListeners.delete(listener)
  }

  /** Calls a worker after each write that may be news for it, until the returned function is called. */
  addWorker(worker: (taskId: string) => void): () => void {
    this.#workers.add(worker)
    return () => this.#workers.delete(worker)
  }

  /**
   * Gives a waiter that is woken when the task may have changed. Subscribe before reading, so that no change is missed.
   */
  subscribe(taskId: string, wake: () => void): Waiter {
    const waiter = { wake, seen: undefined, written: undefined }
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
    return this.#waiting.size === 0 && this.#workers.size === 0 && this.#pauseListeners.size === 0 &&
      this.#created.size === 0
  }

  /** Whether the writes of others are heard of. */
  set isFollowing(is: boolean) {
    this.#isFollowing = is
    this.forgetCreated()
  }

  /**
   * Notes a task that is about to be stored, for who waits for it next and then need not read it. It is as if that one had waited
   * since its creation. So it is noted only while the writes of others are heard of, and forgotten with the first of them. Gives
   * what to call when it is stored.
   */
  create(task: StoredTask): (() => void) | undefined {
    if (!this.#isFollowing || task.worker === null || taskBytes(task, "bytesAtMost") > largestCreated) return undefined
    for (const oldest of this.#created.size < mostCreated ? [] : this.#created.keys()) {
      this.#created.delete(oldest)
      break
    }
    const created = { task, isStored: false }
    this.#created.set(task.taskId, created)
    return () => {
      created.isStored = true
    }
  }

  /** Takes a task that was stored here, if nobody has written it since. */
  takeCreated(taskId: string): StoredTask | undefined {
    const created = this.#created.get(taskId)
    this.#created.delete(taskId)
    return created?.isStored === true ? created.task : undefined
  }

  /** Forgets all tasks that were created here, for others may have written them. */
  forgetCreated(): void {
    this.#created.clear()
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
  wake(taskId: string, audience: Audience, written?: WrittenTask): void {
    if (taskId === newsOfPauses) {
      for (const listener of this.#pauseListeners) listener()
      return
    }
    if (taskId === newsOfSeats) {
      for (const listener of this.#seatListeners) listener()
      return
    }
    this.#created.delete(taskId)
    for (const waiter of this.#waiting.get(taskId) ?? []) {
      if (written !== undefined) noteWritten(waiter, written)
      waiter.wake()
    }
    if (audience === "everybody") { for (const worker of this.#workers) worker(taskId) }
  }

  /**
   * Wakes the waiters that have not seen the present version of their task. A task without a version is gone.
   */
  wakeOutdated(taskIds: ReadonlyArray<string>, versions: ReadonlyMap<string, TaskVersion>): void {
    for (const taskId of taskIds) {
      const version = versions.get(taskId)
      for (const { seen, wake } of this.#waiting.get(taskId) ?? []) {
        if (version === undefined || seen === undefined || !isSameVersion(seen, version)) wake()
      }
    }
  }
}

/** Writes may be answered in another order than they were made in. */
const noteWritten = (waiter: Waiter, { isWhole, patch, task }: WrittenTask): void => {
  const before = waiter.written ?? waiter.seen
  if (before !== undefined && before.revision >= task.revision) return
  if (isWhole) waiter.written = task
  // What it saw last, and what was written over that, are all of it.
  else if (before !== undefined && isSameVersion(before, { ...task, revision: task.revision - 1 })) {
    waiter.written = applyPatch(before, patch)
  }
}
