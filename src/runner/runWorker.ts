/**
 * One worker's run of a task, from the claim to its end.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import type { FailureInput } from "../domain/FailureReport.ts"
import { millisOf } from "../domain/TaskAccess.ts"
import type { InvalidInput, PayloadTooLarge } from "../domain/TaskError.ts"
import type { TaskStorageShape } from "../domain/TaskOperations.ts"
import type { WorkerOption } from "../domain/TaskOptions.ts"
import { failureReason, type TaskOutcomeInput } from "../domain/TaskOutcome.ts"
import { quietly } from "./describeThrown.ts"
import { guardOwnLease } from "./guardOwnLease.ts"
import { internal } from "./outcomeOf.ts"
import { countRetries, retryStep } from "./ownSteps.ts"
import { type RunTime, timeLeft } from "./parseRunTime.ts"
import * as RunnerMetrics from "./RunnerMetrics.ts"
import { taskAnnotations, taskIdAnnotation } from "./taskAnnotations.ts"
import type { RunResult } from "./TaskRunner.ts"
import { abandonedLease, type StopReason, type TaskWorker, type WorkerSurroundings } from "./TaskWorker.ts"
import type { WorkEnd } from "./WorkEnd.ts"

/**
 * What a worker does, and how long it may.
 *
 * @since 0.2.0
 * @category models
 */
export interface Work {
  readonly effect: Effect.Effect<WorkEnd>
  readonly time: RunTime
}

/**
 * Runs the work, and settles the task, whatever happens.
 *
 * @since 0.2.0
 * @category combinators
 */
export const runWorker = (
  surroundings: WorkerSurroundings,
  worker: TaskWorker,
  work: Work
): Effect.Effect<RunResult> =>
  inRunSpan(
    worker,
    Effect.withFiber((fiber) => {
      const startedAt = millisOf(fiber)
      return Effect.map(whileHeld(surroundings, worker, work, startedAt), (result) => {
        const time = Duration.millis(millisOf(fiber) - startedAt)
        worker.metrics.duration.updateUnsafe(time, fiber.context)
        return result
      })
    })
  )

/**
 * Does what a worker does with its task in the span of its run, if it has one.
 *
 * @since 0.2.0
 * @category combinators
 */
export const inRunSpan = ({ latest, span }: TaskWorker, run: Effect.Effect<RunResult>): Effect.Effect<RunResult> => {
  if (span === undefined) return run
  span.begin(latest.summary)
  return Effect.onExit(span.around(run), (exit) => span.end(exit, latest.summary))
}

const whileHeld = (
  surroundings: WorkerSurroundings,
  worker: TaskWorker,
  { effect, time }: Work,
  now: number
): Effect.Effect<RunResult> => {
  const rest = timeLeft(time, now)
  if (rest <= 0) return leave(worker, 0)
  const run = Effect.flatMap(Effect.forkChild(effect, { startImmediately: true }), (running) => {
    worker.begin(running)
    // It ends when the finalizers of the work have run. Before that, nobody hears that the work was stopped.
    return Effect.flatMap(
      Fiber.await(running),
      (exit) => Effect.annotateLogs(conclude(surroundings, worker, exit), taskAnnotations(worker.latest.current))
    )
  })
  return worker.registration === undefined
    ? Effect.flatMap(
      guardOwnLease(surroundings, worker, rest),
      (guards) => Effect.tap(run, () => Fiber.interruptAll(guards))
    )
    : run
}

const conclude = (
  { storage }: WorkerSurroundings,
  worker: TaskWorker,
  exit: Exit.Exit<WorkEnd>
): Effect.Effect<RunResult> => {
  const reason = worker.stopReason
  const isInTime = reason === undefined || reason === "shutdown" || reason === "deadline"
  const end = Exit.isSuccess(exit) && isInTime
    ? retryOrSettle(storage, worker, exit.value)
    : concludeStopped(storage, worker, reason ?? "lost")
  return worker.hasReported ? Effect.andThen(worker.stopReporting, end) : end
}

/** Lets a task that failed wait for its next try, if its policy says so. */
const retryOrSettle = (storage: TaskStorageShape, worker: TaskWorker, end: WorkEnd): Effect.Effect<RunResult> => {
  const { handler, latest } = worker
  if (end.thrown === undefined || handler.retry === undefined) return settle(storage, worker, end)
  const retries = countRetries(latest.current)
  const delay = handler.retry.delayAfter(retries, end.thrown.error)
  if (delay === undefined) return settle(storage, worker, end)
  worker.span?.noteThrown(end.thrown.error)
  return Effect.flatMap(
    Clock.currentTimeMillis,
    (now) => Effect.andThen(worker.tryStep(retryStep(retries + 1), now + delay), worker.leaveUntil(now + delay))
  ).pipe(
    Effect.andThen(Metric.update(RunnerMetrics.retriedOf(latest.summary.originalMethod, handler.name), 1)),
    Effect.andThen(Effect.logInfo(`A task failed, and runs again in ${delay} ms: retry ${retries + 1}`)),
    Effect.andThen(end.log === undefined ? Effect.void : Effect.exit(end.log)),
    Effect.as<RunResult>("suspended"),
    Effect.catchTag("HoldEnded", ({ reason }) => reason === "lost" ? noteLoss : noted)
  )
}

const concludeStopped = (
  storage: TaskStorageShape,
  worker: TaskWorker,
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
      return worker.handler.lostWorker === "fail"
        ? settle(storage, worker, { outcome: internal("Interrupted: the task took longer than its worker may") })
        : leave(worker, 0)
    case "shutdown":
      // The end of the registration gives up all of its tasks at once.
      return worker.registration === undefined
        ? leave(worker, abandonedLease)
        : Effect.as(briefly(worker.flushProgress), "released")
  }
}

const noted = Effect.succeed<RunResult>("settled")

const noteEnd = (worker: TaskWorker): Effect.Effect<RunResult> =>
  Effect.withFiber(({ context }) => {
    worker.metrics.settled.updateUnsafe(1, context)
    return noted
  })

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
    briefly(Effect.andThen(worker.flushProgress, worker.giveUp(Effect.asVoid(worker.touch({ lease }))))),
    "released"
  )

/** Waits no longer than that for a write that is as well not made. */
const briefly = (write: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.asVoid(Effect.timeoutOption(write, "5 seconds"))

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
    const reported = worker.takeReport()
    const store = (token: WorkerOption, outcome: TaskOutcomeInput, failure: FailureInput | undefined) => {
      worker.span?.noteOutcome(outcome)
      const options = { ...token, resultTtl: worker.resultTtl, failure }
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
    const instead = (token: WorkerOption, error: InvalidInput | PayloadTooLarge, message: string) => {
      refused = error
      return store(token, internal(message), end.failure ?? { name: error._tag, message: error.message })
    }
    const write = (token: WorkerOption) =>
      store(token, end.outcome, end.failure).pipe(
        Effect.catchTags({
          PayloadTooLarge: (error) =>
            instead(token, error, `The result takes ${error.actual} bytes, and at most ${error.limit} are stored`),
          InvalidInput: (error) =>
            instead(token, error, `The result is not what JSON can carry: ${error.field}: ${error.reason}`)
        })
      )
    /** Some thrown values cannot be logged, and some loggers throw. That must not harm the task. */
    const log = (): Effect.Effect<unknown> =>
      Effect.andThen(
        refused === undefined
          ? Effect.void
          : Effect.exit(Effect.logError("The result of a task was not stored", refused)),
        end.log === undefined ? Effect.void : Effect.exit(end.log)
      )
    return worker.writeBriefly(write).pipe(
      Effect.matchEffect({
        onSuccess: () => noteEnd(worker),
        onFailure: ({ reason }) => {
          worker.span?.noteRefusal()
          return reason === "lost" ? noteLoss : noted
        }
      }),
      Effect.onInterrupt(() =>
        Effect.logWarning("The outcome of a task could not be stored before the runner ended; its lease runs out").pipe(
          Effect.annotateLogs(taskIdAnnotation, worker.taskId)
        )
      ),
      Effect.flatMap((result) =>
        refused === undefined && end.log === undefined ? Effect.succeed(result) : Effect.as(log(), result)
      )
    )
  })
