/**
 * What can be done with registered workers.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { DeclareDeadOptions, RegisterWorker, RenewWorkerOptions } from "../options/TaskOptions.ts"
import type * as TaskError from "../task/TaskError.ts"
import type { WorkerRecord } from "../task/WorkerRecord.ts"

/**
 * A worker, and how many tasks it holds.
 *
 * @since 0.2.0
 * @category models
 */
export interface ListedWorker {
  readonly worker: WorkerRecord
  readonly tasks: number
}

/**
 * A worker that was renewed.
 *
 * @since 0.2.0
 * @category models
 */
export interface RenewedWorker {
  readonly worker: WorkerRecord
  /**
   * Milliseconds by which the clock of the engine is ahead of the clock of this process at the least, if the engine tells its time.
   */
  readonly clockSkew?: number
}

/**
 * The processes that run tasks. A registered worker holds tasks for as long as it lives, and one renewal is enough for all of
 * them, however many they are.
 *
 * @since 0.2.0
 * @category models
 */
export interface WorkerOperations {
  /**
   * Registers a process as a worker with a fresh id.
   */
  readonly registerWorker: (
    worker: RegisterWorker
  ) => Effect.Effect<WorkerRecord, TaskError.InvalidInput | TaskError.TaskStorageUnavailable>

  /**
   * Extends the lease of a worker. A late renewal is good, as long as nobody has declared the worker dead.
   */
  readonly renewWorker: (workerId: string, options: RenewWorkerOptions) => Effect.Effect<
    RenewedWorker,
    TaskError.InvalidInput | TaskError.WorkerLost | TaskError.TaskStorageUnavailable
  >

  /**
   * Declares the workers dead whose lease has run out, and gives their ids. Nothing revives a dead worker, and its tasks are free.
   * After an outage of the engine wait one lease first, for the others could not renew either.
   */
  readonly declareDeadWorkers: (
    options?: DeclareDeadOptions
  ) => Effect.Effect<ReadonlyArray<string>, TaskError.InvalidInput | TaskError.TaskStorageUnavailable>

  /**
   * Ends a worker in good order: it is dead from then on, and what it still holds is abandoned at once, and free for others. Gives
   * how many tasks that were.
   */
  readonly endWorker: (
    workerId: string
  ) => Effect.Effect<number, TaskError.InvalidInput | TaskError.TaskStorageUnavailable>

  /**
   * Lists all workers, live and dead, ascending by id, with how many tasks each holds. A dead worker is removed a day after its
   * death, once it holds none.
   */
  readonly listWorkers: () => Effect.Effect<ReadonlyArray<ListedWorker>, TaskError.TaskStorageUnavailable>

  /**
   * Gives the ids of tasks that a worker holds, as soon as somebody else wrote or deleted one of them: a cancel, an answer. An id
   * may come more than once, or for nothing, so read the task. The stream goes on through outages, and does not end.
   */
  readonly workerNews: (workerId: string) => Stream.Stream<string, TaskError.InvalidInput>
}
