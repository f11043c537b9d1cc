/**
 * Running the tasks that a process holds.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { millisOf } from "../../domain/operations/TaskAccess.ts"
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"
import { internal } from "../handler/failureOf.ts"
import type { Registration } from "../process/makeProcessWorker.ts"
import type { BoundHandler } from "../queue/BoundHandler.ts"
import { EarliestTimer } from "../queue/EarliestTimer.ts"
import { unlimited } from "../service/parseRunTime.ts"
import type { RunResult } from "../service/TaskRunner.ts"
import type { RunSpan } from "../tracing/RunSpan.ts"
import { inRunSpan, logUnsettled, runWorker, settle } from "../worker/runWorker.ts"
import { TaskWorker } from "../worker/TaskWorker.ts"
import type { WorkerSurroundings } from "../worker/WorkerSurroundings.ts"
import type { RunTracing } from "./makeRunTracing.ts"
import type { Terms } from "./TaskRuns.ts"

/**
 * What running held tasks needs.
 *
 * @since 0.2.0
 * @category models
 */
export interface HeldTasksParts {
  readonly surroundings: Omit<WorkerSurroundings, "noteExpiry">
  readonly tracing: RunTracing
  /** The workers that run now, by their tasks. */
  readonly workers: Map<string, TaskWorker>
  /** Whether those that begin now are to stop at once. */
  readonly isStopping: () => boolean
  /** Hears that a worker has ended, which leaves its slot and its seat. */
  readonly onEnd: (worker: TaskWorker) => void
}

/**
 * Runs tasks that this process holds, each on a slot that was taken for it.
 *
 * @since 0.2.0
 * @category models
 */
export interface HeldTasks {
  /** Runs a task, in a span of its own. */
  readonly run: (
    record: TaskRecord,
    handler: BoundHandler,
    registration: Registration | undefined,
    terms?: Terms
  ) => Effect.Effect<RunResult>
  /** Runs a task, in a span that there may be. */
  readonly runIn: (
    span: RunSpan | undefined,
    record: TaskRecord,
    handler: BoundHandler,
    registration: Registration | undefined,
    terms?: Terms
  ) => Effect.Effect<RunResult>
  /** Fails a task that may not run again. */
  readonly fail: (
    record: TaskRecord,
    handler: BoundHandler,
    registration: Registration | undefined,
    reason: string
  ) => Effect.Effect<RunResult>
}

/**
 * Makes what runs held tasks. It stops the workers whose tasks expire.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeHeldTasks = (
  { isStopping, onEnd, surroundings: given, tracing, workers }: HeldTasksParts
): Effect.Effect<HeldTasks> => {
  const expiry = new EarliestTimer((now) =>
    Effect.sync(() => {
      for (const worker of workers.values()) {
        const { expiresAt } = worker
        if (expiresAt !== null && expiresAt <= now) worker.stop("ended")
        else worker.noteExpiry()
      }
    })
  )
  const surroundings: WorkerSurroundings = { ...given, noteExpiry: (at) => expiry.note(at) }

  const runIn: HeldTasks["runIn"] = (span, record, handler, registration, { signal, time } = { time: unlimited }) =>
    Effect.withFiber((fiber) => {
      const worker = new TaskWorker(surroundings, record, handler, registration, span)
      workers.set(record.taskId, worker)
      if (isStopping()) worker.stop("shutdown")
      if (signal?.aborted === true) worker.stop("deadline")
      else signal?.addEventListener("abort", () => worker.stop("deadline"), { once: true })
      const running = runWorker(surroundings, worker, time)
      const { process } = surroundings
      const isDoubtful = registration !== undefined && (registration.isLost || process.mayHaveLapsed(millisOf(fiber)))
      // It may have been declared dead before the task was known here. Then somebody else may have run the task.
      const confirmed = isDoubtful
        ? process.confirm.pipe(Effect.andThen(worker.moveOn), Effect.andThen(running))
        : running
      return Effect.onExit(confirmed, (exit) => {
        workers.delete(record.taskId)
        worker.end()
        onEnd(worker)
        return logUnsettled(worker, exit)
      })
    })

  return Effect.as(surroundings.fork(expiry.keepLooking), {
    runIn,
    run: (record, handler, registration, terms) =>
      tracing.running(record, handler, (span) => runIn(span, record, handler, registration, terms)),
    fail: (record, handler, registration, reason) =>
      tracing.running(record, handler, (span) =>
        Effect.suspend(() => {
          const worker = new TaskWorker(surroundings, record, handler, registration, span)
          const failed = inRunSpan(worker, settle(surroundings.storage, worker, { outcome: internal(reason) }))
          return Effect.onExit(failed, (exit) => {
            onEnd(worker)
            return logUnsettled(worker, exit)
          })
        }))
  })
}
