/**
 * One worker's run of a task, from the claim to its end.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import { backgroundSleep } from "../domain/backgroundSleep.ts"
import type { FailureInput } from "../domain/FailureReport.ts"
import type { InvalidInput, PayloadTooLarge } from "../domain/TaskError.ts"
import type { TaskStorageShape } from "../domain/TaskOperations.ts"
import { failureReason, type TaskOutcomeInput } from "../domain/TaskOutcome.ts"
import { quietly } from "./describeThrown.ts"
import { internal } from "./outcomeOf.ts"
import { type RunTime, timeLeft } from "./parseRunTime.ts"
import { remoteParent } from "./remoteParent.ts"
import * as RunnerMetrics from "./RunnerMetrics.ts"
import { taskIdAnnotation } from "./taskAnnotations.ts"
import type { LostWorkerPolicy } from "./TaskHandler.ts"
import type { RunResult } from "./TaskRunner.ts"
import type { StopReason, TaskWorker } from "./TaskWorker.ts"
import type { WorkEnd } from "./WorkEnd.ts"

/**
 * What a worker does, and when it has to stop.
 *
 * @since 0.2.0
 * @category models
 */
export interface Work {
  readonly effect: Effect.Effect<WorkEnd>
  readonly lostWorker: LostWorkerPolicy
  readonly time: RunTime
}

/** A lease that has run out, of a worker that gave up in the middle. */
const abandonedLease = 1

/**
 * Runs the work, keeps the lease meanwhile, and settles the task, whatever happens.
 *
 * @since 0.2.0
 * @category combinators
 */
export const runWorker = (storage: TaskStorageShape, worker: TaskWorker, work: Work): Effect.Effect<RunResult> =>
  Effect.gen(function*() {
    const startedAt = yield* Clock.currentTimeMillis
    const result = yield* whileHeld(storage, worker, work)
    const endedAt = yield* Clock.currentTimeMillis
    const { labels } = worker
    yield* Metric.update(Metric.withAttributes(RunnerMetrics.duration, labels), Duration.millis(endedAt - startedAt))
    return result
  }).pipe(Effect.withSpan(
    "TaskRunner.run",
    {
      attributes: { [taskIdAnnotation]: worker.taskId, "mcp.task.attempt": worker.attempt },
      links: remoteParent(worker.latest.current)
    },
    { captureStackTrace: false }
  ))

const whileHeld = Effect.fnUntraced(function*(storage: TaskStorageShape, worker: TaskWorker, work: Work) {
  const rest = timeLeft(work.time, yield* Clock.currentTimeMillis)
  if (rest <= 0) return yield* leave(worker, 0)
  const following = yield* Effect.forkChild(worker.follow)
  const keeping = yield* Effect.forkChild(worker.keepLease)
  const reporting = yield* Effect.forkChild(worker.keepReporting)
  const running = yield* Effect.forkChild(work.effect)
  const timing = rest === Infinity
    ? undefined
    : yield* Effect.forkChild(Effect.andThen(backgroundSleep(rest), Effect.sync(() => worker.stop("deadline"))))
  const end = yield* Effect.raceFirst(
    Fiber.join(running),
    Deferred.await(worker.stopped)
  )
  // The finalizers of the work run before anybody hears that it ended.
  if (typeof end === "string") yield* Fiber.interrupt(running)
  if (timing !== undefined) yield* Fiber.interrupt(timing)
  yield* Fiber.interruptAll([following, reporting])
  const result = typeof end === "string"
    ? yield* concludeStopped(storage, worker, work, end)
    : yield* settle(storage, worker, end)
  yield* Fiber.interrupt(keeping)
  return result
})

const concludeStopped = (
  storage: TaskStorageShape,
  worker: TaskWorker,
  { lostWorker }: Work,
  reason: StopReason
): Effect.Effect<RunResult> => {
  switch (reason) {
    case "ended":
      return noteEndElsewhere(worker)
    case "lost":
      return noteLoss
    case "suspended":
      return Effect.succeed("suspended")
    case "deadline":
      return lostWorker === "fail"
        ? settle(storage, worker, { outcome: internal("Interrupted: the task took longer than its worker may") })
        : leave(worker, 0)
    case "shutdown":
      return leave(worker, abandonedLease)
  }
}

const noted = Effect.succeed<RunResult>("settled")

const noteEnd = (worker: TaskWorker): Effect.Effect<RunResult> =>
  Effect.suspend(() =>
    Effect.andThen(Metric.update(Metric.withAttributes(RunnerMetrics.settled, worker.labels), 1), noted)
  )

/** This happens every day, and the operator need not know. */
const noteEndElsewhere = (worker: TaskWorker): Effect.Effect<RunResult> =>
  worker.latest.summary.status === "cancelled"
    ? Effect.andThen(Effect.logDebug("The work of a task stops, for the task was cancelled"), noteEnd(worker))
    : Effect.andThen(
      Effect.logDebug("The work of a task stops, for the task has ended elsewhere, was deleted, or its time is over"),
      noted
    )

const noteLoss = Effect.map(Metric.update(RunnerMetrics.leaseLost, 1), (): RunResult => "released")

/** Gives the task up. If that cannot be written, its lease runs out by itself. */
const leave = (worker: TaskWorker, lease: number): Effect.Effect<RunResult> =>
  Effect.as(
    Effect.timeoutOption(
      Effect.raceFirst(
        Effect.andThen(worker.flushProgress, worker.letGo(worker.touch({ lease }))),
        Deferred.await(worker.over)
      ),
      "5 seconds"
    ),
    "released"
  )

/**
 * Settles a task as its worker, and then logs what the client does not learn. An outcome that cannot be stored is replaced by
 * an error that says so, so that no task stays unsettled. The storage refuses a late outcome, and it is dropped.
 *
 * @since 0.2.0
 * @category combinators
 */
export const settle = (storage: TaskStorageShape, worker: TaskWorker, end: WorkEnd): Effect.Effect<RunResult> =>
  Effect.suspend(() => {
    let refused: InvalidInput | PayloadTooLarge | undefined
    // The last report, if not written yet, is written with the outcome.
    const reported = worker.progress.take()
    const store = (outcome: TaskOutcomeInput, failure: FailureInput | undefined) => {
      const options = { ...worker.token, resultTtl: worker.resultTtl, failure }
      const statusMessage = quietly(() => failureReason(outcome)) ?? reported
      // If the rest of the task leaves no room for a message, the outcome is stored without one.
      return Effect.catchTag(
        storage.withSummary.settleTask(worker.taskId, outcome, { ...options, statusMessage }),
        "PayloadTooLarge",
        (error) =>
          statusMessage === undefined
            ? Effect.fail(error)
            : storage.withSummary.settleTask(worker.taskId, outcome, options)
      )
    }
    const instead = (error: InvalidInput | PayloadTooLarge, message: string) => {
      refused = error
      return store(internal(message), end.failure ?? { name: error._tag, message: error.message })
    }
    const write = store(end.outcome, end.failure).pipe(
      Effect.catchTags({
        PayloadTooLarge: (error) =>
          instead(error, `The result takes ${error.actual} bytes, and at most ${error.limit} are stored`),
        InvalidInput: (error) =>
          instead(error, `The result is not what JSON can carry: ${error.field}: ${error.reason}`)
      })
    )
    return Effect.raceFirst(
      Effect.andThen(worker.writeBriefly(write), noteEnd(worker)),
      Effect.flatMap(Deferred.await(worker.over), (reason) => reason === "lost" ? noteLoss : noted)
    ).pipe(
      Effect.onInterrupt(() =>
        Effect.logWarning("The outcome of a task could not be stored before the runner ended; its lease runs out").pipe(
          Effect.annotateLogs(taskIdAnnotation, worker.taskId)
        )
      ),
      Effect.tap(() =>
        refused === undefined
          ? Effect.void
          : Effect.exit(Effect.logError("The result of a task was not stored", refused))
      ),
      // Some thrown values cannot be logged, and some loggers throw. That must not harm the task.
      Effect.tap(() => end.log === undefined ? Effect.void : Effect.exit(end.log))
    )
  })
