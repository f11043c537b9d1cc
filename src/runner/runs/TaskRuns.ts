/**
 * What the parts of a runner ask of the tasks that it runs.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { ClaimedTask } from "../../domain/service/TaskOperations.ts"
import type { InvalidInput, TaskStorageUnavailable } from "../../domain/task/TaskError.ts"
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"
import type { ProcessWorker, Registration } from "../process/makeProcessWorker.ts"
import type { BoundHandler } from "../queue/BoundHandler.ts"
import type { Overrun, RunnerSlots } from "../queue/RunnerSlots.ts"
import type { RunTime } from "../service/parseRunTime.ts"
import type { RunResult } from "../service/TaskRunner.ts"
import type { RunSpan } from "../tracing/RunSpan.ts"
import type { TaskWorker } from "../worker/TaskWorker.ts"
import type { LocalQueue } from "./LocalQueue.ts"
import type { RunTracing } from "./makeRunTracing.ts"

/**
 * How long a worker may have a task, and a signal that stops it.
 *
 * @since 0.2.0
 * @category models
 */
export interface Terms {
  readonly time: RunTime
  readonly signal?: AbortSignal
}

/**
 * The tasks that a runner runs, and those that wait for it to have room.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskRuns {
  /** The worker that this process is. */
  readonly process: ProcessWorker
  /** Whether tasks may begin. */
  readonly isOpen: () => boolean
  readonly slots: RunnerSlots
  /** Tells which bound one more task would overrun, if any. */
  readonly overrun: (sessionId: string | undefined) => Overrun | undefined
  /** Makes a write that takes tasks or gives them back. A runner that ends waits for it as it does for its tasks. */
  readonly whileMoving: <A, E>(write: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** The worker that has the task here, which may be about to stop. */
  readonly workerOf: (taskId: string) => TaskWorker | undefined
  /** Whether workers of others with expired leases may be assumed to be gone. */
  readonly mayTakeOver: Effect.Effect<boolean>
  /** Whether this runner may take the task: it has no worker here, and no worker elsewhere that may be alive. */
  readonly mayTake: (record: TaskRecord) => Effect.Effect<boolean>
  readonly takeSlot: (sessionId: string | undefined) => void
  readonly freeSlot: (sessionId: string | undefined) => void
  /** The tasks that wait in this process. */
  readonly queue: LocalQueue
  /** Begins the spans of runs. */
  readonly tracing: RunTracing
  /** Runs a task that a registration of this process holds, on a slot that was taken for it. */
  readonly begin: (
    record: TaskRecord,
    handler: BoundHandler,
    registration: Registration,
    span: RunSpan | undefined
  ) => Effect.Effect<unknown>
  /** Runs a task that was claimed for a registration, or does what its policy says. Takes a slot for it. */
  readonly beginClaimed: (
    claimed: ClaimedTask,
    handler: BoundHandler,
    registration: Registration
  ) => Effect.Effect<void>
  /** Claims a task for one invocation and runs it on these terms, on a slot that was taken for it. */
  readonly run: (
    taskId: string,
    handler: BoundHandler,
    sessionId: string | undefined,
    terms: Terms
  ) => Effect.Effect<Fiber.Fiber<RunResult, InvalidInput | TaskStorageUnavailable>>
  /** Runs an effect that does not end with its caller. */
  readonly inScope: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<Fiber.Fiber<A, E>>
}
