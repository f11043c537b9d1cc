/**
 * The primitives of a backend that keep the registered workers.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type { StoredJson } from "../json/StoredJson.ts"
import type { TaskDriverError } from "./TaskDriverError.ts"

/**
 * The row of a worker. Times are milliseconds since the epoch.
 *
 * @since 0.2.0
 * @category models
 */
export interface StoredWorker {
  readonly workerId: string
  readonly registeredAt: number
  /** Until when nobody may declare it dead. */
  readonly leaseExpiresAt: number
  /** When it was declared dead; `null` while it lives. */
  readonly diedAt: number | null
  /** What it says of itself, as an object. */
  readonly about: StoredJson
}

/**
 * The answer to a renewal.
 *
 * @since 0.2.0
 * @category models
 */
export interface Renewal {
  /** The worker after it; `undefined` when it is dead or not there. */
  readonly worker: StoredWorker | undefined
  /** The engine's own clock, in milliseconds since the epoch, if the engine tells it. */
  readonly engineTime?: number
}

/**
 * The registered workers. A worker that holds a task is named in its `worker`, and the lease of the task is `heldByWorker`.
 * Every primitive is one atomic step, but for `release`, each step of which is one.
 *
 * @since 0.2.0
 * @category models
 */
export interface WorkerDriver {
  /** Stores a worker under an id that no other one has had. */
  readonly insert: (worker: StoredWorker) => Effect.Effect<void, TaskDriverError>

  /** Extends the lease of a worker unless it is dead. A lease that has run out is good again. */
  readonly renew: (workerId: string, leaseExpiresAt: number) => Effect.Effect<Renewal, TaskDriverError>

  /** Reads one worker, dead or alive. */
  readonly find: (workerId: string) => Effect.Effect<StoredWorker | undefined, TaskDriverError>

  /**
   * Declares workers dead: those that live, and whose lease is at most `expiredBy` in the same atomic step; all but `except`, and
   * up to `limit`. Gives the ids of those that it declared dead, in any order.
   */
  readonly declareDead: (query: {
    readonly expiredBy: number
    readonly at: number
    readonly except: string | undefined
    readonly limit: number
  }) => Effect.Effect<ReadonlyArray<string>, TaskDriverError>

  /**
   * Ends the hold of a worker, or, for `undefined`, of all workers that are dead, on up to `limit` tasks in any status: their
   * `leaseExpiresAt` becomes the one given, their `dueAt` `null`, their `revision` goes up by one, and all else stays. Gives how
   * many. By index.
   */
  readonly release: (query: {
    readonly workerId: string | undefined
    readonly leaseExpiresAt: number
    readonly limit: number
  }) => Effect.Effect<number, TaskDriverError>

  /** Lists up to `limit` workers behind an id, ascending by the UTF-8 bytes of their ids, with how many tasks each holds. */
  readonly list: (query: {
    readonly behind: string | undefined
    readonly limit: number
  }) => Effect.Effect<ReadonlyArray<{ readonly worker: StoredWorker; readonly tasks: number }>, TaskDriverError>

  /** Declares a worker dead that ends, whether its lease has run out or not. One that is dead already stays as it is. */
  readonly end: (workerId: string, at: number) => Effect.Effect<void, TaskDriverError>

  /** Removes up to `limit` workers that died before this time and hold no task, with their news; gives how many. */
  readonly removeDead: (diedBefore: number, limit: number) => Effect.Effect<number, TaskDriverError>

  /**
   * Gives the ids of tasks of a worker that others wrote or deleted while it held them, each once, and forgets them; among them
   * `newsOfPauses` once kinds were paused or resumed. Its cost does not grow with what the worker holds.
   */
  readonly takeNews: (workerId: string) => Effect.Effect<ReadonlyArray<string>, TaskDriverError>
}
