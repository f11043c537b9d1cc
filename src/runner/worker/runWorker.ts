/**
 * One worker's run of a task, from the claim to its end.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import { millisOf } from "../../domain/operations/TaskAccess.ts"
import type { WorkerOption } from "../../domain/options/TaskOptions.ts"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type { FailureInput } from "../../domain/task/FailureReport.ts"
import type { InvalidInput, PayloadTooLarge } from "../../domain/task/TaskError.ts"
import { failureReason, type TaskOutcomeInput } from "../../domain/task/TaskOutcome.ts"
import { quietly } from "../handler/describeThrown.ts"
import { internal } from "../handler/failureOf.ts"
import { countRetries, retryStep } from "../handler/ownSteps.ts"
import type { WorkEnd } from "../handler/WorkEnd.ts"
import type { BegunWork } from "../queue/BoundHandler.ts"
import { type RunTime, timeLeft } from "../service/parseRunTime.ts"
import type { RunResult } from "../service/TaskRunner.ts"
import * as RunnerMetrics from "../tracing/RunnerMetrics.ts"
import { taskAnnotations, taskIdAnnotation } from "../tracing/taskAnnotations.ts"
import type { EndOfHold, HoldEnded, StopReason } from "./EndOfHold.ts"
import { guardOwnLease } from "./guardOwnLease.ts"
import { makeTaskContext } from "./makeTaskContext.ts"
import type { TaskWorker } from "./TaskWorker.ts"
import { abandonedLease, type WorkerSurroundings } from "./WorkerSurroundings.ts"

/**
 * Runs the work of a task for as long as it may take, and settles the task, whatever happens.
 *
 * @since 0.2.0
 * @category combinators
 */
export const runWorker = (
  surroundings: WorkerSurroundings,
  worker: TaskWorker,
  time: RunTime
): Effect.Effect<RunResult> =>
  inRunSpan(
    worker,
    Effect.withFiber((fiber) => {
      const startedAt = millisOf(fiber)
      return Effect.map(whileHeld(surroundings, worker, timeLeft(time, startedAt)), (result) => {
        const taken = Duration.millis(millisOf(fiber) - startedAt)
        worker.metrics.duration.updateUnsafe(taken, fiber.context)
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
  rest: number
): Effect.Effect<RunResult> => {
  const { storage } = surroundings
  const { handler, stopReason } = worker
  if (stopReason !== undefined && handler.begun === undefined) return concludeStopped(storage, worker, stopReason)
  if (rest <= 0) return leave(worker, 0)
  const run = Effect.contextWith((context: Context.Context<never>) => {
    const { endOf, running } = worker.handler.begin(worker.latest.current, makeTaskContext(storage, worker), context)
    worker.begin(running)
    const concluded = (exit: Exit.Exit<unknown, unknown>) => conclude(storage, worker, exit, endOf)
    const exit = running.pollUnsafe()
    return exit === undefined ? Effect.flatMap(exitOf(running), concluded) : concluded(exit)
  })
  return worker.registration === undefined
    ? Effect.flatMap(
      guardOwnLease(surroundings, worker, rest),
      (guards) => Effect.tap(run, () => Fiber.interruptAll(guards))
    )
    : run
}

/** Waits until work has ended and its finalizers have run. Before that, nobody hears that it was stopped. It ends with who waits. */
const exitOf = (work: Fiber.Fiber<unknown, unknown>): Effect.Effect<Exit.Exit<unknown, unknown>> =>
  Effect.callback((resume) => {
    work.addObserver((exit) => resume(Effect.succeed(exit)))
    return Fiber.interrupt(work)
  })

const conclude = (
  storage: TaskStorageShape,
  worker: TaskWorker,
  exit: Exit.Exit<unknown, unknown>,
  endOf: BegunWork["endOf"]
): Effect.Effect<RunResult> => {
  const reason = worker.stopReason
  const isDone = reason === undefined || (Exit.isSuccess(exit) && (reason === "shutdown" || reason === "deadline"))
  const end = () =>
    isDone ? retryOrSettle(storage, worker, endOf(exit)) : annotated(worker, concludeStopped(storage, worker, reason))
  return worker.hasReported ? Effect.andThen(worker.stopReporting, Effect.suspend(end)) : end()
}

/** Lets a task that failed wait for its next try, if its policy says so. */
const retryOrSettle = (storage: TaskStorageShape, worker: TaskWorker, end: WorkEnd): Effect.Effect<RunResult> => {
  const { handler, latest } = worker
  if (end.thrown === undefined || handler.retry === undefined) return settle(storage, worker, end)
  const retries = countRetries(latest.current)
  const delay = handler.retry.delayAfter(retries, end.thrown.error)
  if (delay === undefined) return settle(storage, worker, end)
  worker.span?.noteThrown(end.thrown.error)
  const retry = Effect.flatMap(
    Clock.currentTimeMillis,
    (now) => Effect.andThen(worker.tryStep(retryStep(retries + 1), now + delay), worker.leaveUntil(now + delay))
  ).pipe(
    Effect.andThen(Metric.update(RunnerMetrics.retriedOf(latest.summary.originalMethod, handler.name), 1)),
    Effect.andThen(Effect.logInfo(`A task failed, and runs again in ${delay} ms: retry ${retries + 1}`)),
    Effect.andThen(end.log === undefined ? Effect.void : Effect.exit(end.log)),
    Effect.as<RunResult>("suspended"),
    Effect.catchTag("HoldEnded", ({ reason }) => noteLateEnd(reason))
  )
  return annotated(worker, retry)
}

/** Has what is logged say which task it is of. Most tasks end without a line, and need no context of their own for that. */
const annotated = <A>({ latest }: TaskWorker, effect: Effect.Effect<A>): Effect.Effect<A> =>
  Effect.annotateLogs(effect, taskAnnotations(latest.current))

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
        : briefly(worker.tryFlush)
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

/** The task had ended, or was another worker's, before this one could write. */
const noteLateEnd = (reason: EndOfHold): Effect.Effect<RunResult> => reason === "lost" ? noteLoss : noted

/** Gives the task up. If that cannot be written, its lease runs out by itself. */
const leave = (worker: TaskWorker, lease: number): Effect.Effect<RunResult> =>
  briefly(Effect.andThen(worker.tryFlush, worker.giveUp(worker.tryTouch({ lease }))))

/** Waits no longer than that for a write that is as well not made. A task that has ended meanwhile needs none. */
const briefly = (write: Effect.Effect<unknown, HoldEnded>): Effect.Effect<RunResult> => {
  const released: Effect.Effect<RunResult, HoldEnded> = Effect.as(Effect.timeoutOption(write, "5 seconds"), "released")
  return Effect.catchTag(released, "HoldEnded", ({ reason }) => noteLateEnd(reason))
}

/**
 * Settles a task as its worker, and then logs what the client does not learn. An outcome that cannot be stored is replaced by
 * an error that says so, so that no task stays unsettled. The storage refuses a late outcome, and it is dropped. Call it when the
 * work is over: the last report, if not written yet, is written with the outcome.
 *
 * @since 0.2.0
 * @category combinators
 */
export const settle = (storage: TaskStorageShape, worker: TaskWorker, end: WorkEnd): Effect.Effect<RunResult> => {
  let refused: InvalidInput | PayloadTooLarge | undefined
  const reported = worker.takeReport()
  const store = (token: WorkerOption, outcome: TaskOutcomeInput, failure: FailureInput | undefined) => {
    worker.span?.noteOutcome(outcome)
    const options = { ...token, resultTtl: worker.resultTtl, failure }
    const statusMessage = quietly(() => failureReason(outcome)) ?? reported
    const settled = storage.withSummary.settleTask(worker.taskId, outcome, { ...options, statusMessage })
    if (statusMessage === undefined) return settled
    // If the rest of the task leaves no room for a message, the outcome is stored without one.
    return Effect.catchTag(
      settled,
      "PayloadTooLarge",
      () => storage.withSummary.settleTask(worker.taskId, outcome, options)
    )
  }
  const instead = (token: WorkerOption, error: InvalidInput | PayloadTooLarge, message: string) => {
    refused = error
    return store(token, internal(message), end.failure ?? { name: error._tag, message: error.message })
  }
  const write = (token: WorkerOption) =>
    Effect.catchTags(store(token, end.outcome, end.failure), {
      PayloadTooLarge: (error) =>
        instead(token, error, `The result takes ${error.actual} bytes, and at most ${error.limit} are stored`),
      InvalidInput: (error) =>
        instead(token, error, `The result is not what JSON can carry: ${error.field}: ${error.reason}`)
    })
  /** Some thrown values cannot be logged, and some loggers throw. That must not harm the task. */
  const logged = (result: Effect.Effect<RunResult>): Effect.Effect<RunResult> => {
    if (refused === undefined && end.log === undefined) return result
    const lines = [
      ...(refused === undefined ? [] : [Effect.logError("The result of a task was not stored", refused)]),
      ...(end.log === undefined ? [] : [end.log])
    ]
    return Effect.tap(result, () => annotated(worker, Effect.forEach(lines, Effect.exit, { discard: true })))
  }
  worker.isSettling = true
  return Effect.matchEffect(worker.writeBriefly(write), {
    onSuccess: () => logged(noteEnd(worker)),
    onFailure: ({ reason }) => {
      worker.span?.noteRefusal()
      return logged(noteLateEnd(reason))
    }
  })
}

/**
 * Logs that a run ended before the outcome of its task was stored.
 *
 * @since 0.2.0
 * @category combinators
 */
export const logUnsettled = (
  { isSettling, taskId }: TaskWorker,
  exit: Exit.Exit<RunResult>
): Effect.Effect<void> =>
  isSettling && Exit.isFailure(exit) && Cause.hasInterrupts(exit.cause)
    ? Effect.logWarning("The outcome of a task could not be stored before the runner ended; its lease runs out").pipe(
      Effect.annotateLogs(taskIdAnnotation, taskId)
    )
    : Effect.void
