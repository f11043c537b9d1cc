/**
 * The hold of a worker on its task.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Random from "effect/Random"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { backgroundSleep } from "../domain/backgroundSleep.ts"
import { HoldsProcess } from "../domain/holdProcess.ts"
import { isExpired } from "../domain/StoredTask.ts"
import { type TaskStorageError, TaskStorageUnavailable } from "../domain/TaskError.ts"
import type { TaskStorageShape } from "../domain/TaskOperations.ts"
import type { TouchOptions, WorkerOption } from "../domain/TaskOptions.ts"
import type { TaskRecord, TaskSummary } from "../domain/TaskRecord.ts"
import { isTerminal } from "../domain/TaskStatus.ts"
import type { BoundHandler } from "./BoundHandler.ts"
import { LatestRecord } from "./LatestRecord.ts"
import type { Outages } from "./Outages.ts"
import { ProgressReports } from "./ProgressReports.ts"
import * as RunnerMetrics from "./RunnerMetrics.ts"
import type { Takeovers } from "./Takeovers.ts"

/**
 * Why a worker stops before its work is done: the task has ended or is gone; another worker has it; the task waits for input
 * without a worker; the time of the worker is up; the runner ends.
 *
 * @since 0.2.0
 * @category models
 */
export type StopReason = EndOfHold | "suspended" | "deadline" | "shutdown"

/**
 * Why a worker no longer has its task.
 *
 * @since 0.2.0
 * @category models
 */
export type EndOfHold = "ended" | "lost"

/** Milliseconds from a failed call to its retry. They double up to the longest. */
const firstPause = 100
const longestPause = 5_000

/** Milliseconds: the least time that the largest write on the slowest engine is given. */
const longestWrite = 20_000

/**
 * What the workers of one runner share.
 *
 * @since 0.2.0
 * @category models
 */
export interface WorkerSurroundings {
  readonly storage: TaskStorageShape
  /** Milliseconds. */
  readonly lease: number
  /** Milliseconds. Handlers may say otherwise. */
  readonly resultTtl: number | undefined
  readonly outages: Outages
  readonly takeovers: Takeovers
}

/**
 * Writes as the worker of one attempt, one write at a time, and notices when it has lost the task. Only the word of the
 * storage ends its hold. If the engine does not answer, that is an outage: the worker retries its calls until the outage is
 * over, for as long as the task lives.
 *
 * @since 0.2.0
 * @category models
 */
export class TaskWorker {
  readonly taskId: string
  readonly attempt: number
  readonly latest: LatestRecord
  /** Done when the work is to stop. */
  readonly stopped = Deferred.makeUnsafe<StopReason>()
  /** Done when the storage takes no more writes of this worker. That may be long after its work was to stop. */
  readonly over = Deferred.makeUnsafe<EndOfHold>()
  /** Done when the run is over and its work has cleaned up. */
  readonly gone = Deferred.makeUnsafe<void>()
  readonly progress = new ProgressReports((message) => this.#tryProgress(message))
  readonly #surroundings: WorkerSurroundings
  readonly #handler: Pick<BoundHandler, "name" | "resultTtl">
  readonly #oneAtATime = Semaphore.makeUnsafe(1)
  #holds = true
  #questions = 0

  constructor(surroundings: WorkerSurroundings, record: TaskRecord, handler: Pick<BoundHandler, "name" | "resultTtl">) {
    this.taskId = record.taskId
    this.attempt = record.attempt ?? 1
    this.latest = new LatestRecord(record)
    this.#surroundings = surroundings
    this.#handler = handler
  }

  /** Marks a write as this worker's. */
  get token(): WorkerOption {
    return { attempt: this.attempt }
  }

  /** How long the task lives once this worker has settled it, in milliseconds; `undefined` keeps its ttl. */
  get resultTtl(): number | undefined {
    return this.#handler.resultTtl ?? this.#surroundings.resultTtl
  }

  /** The labels of the task in metrics, as it is now. */
  get labels(): Record<string, string> {
    return RunnerMetrics.taskLabels(this.latest.summary, this.#handler.name)
  }

  /** Whether the work is to stop, or has stopped. */
  get isStopped(): boolean {
    return Deferred.isDoneUnsafe(this.stopped)
  }

  stop(reason: StopReason): void {
    Deferred.doneUnsafe(this.stopped, Effect.succeed(reason))
    if (reason === "ended" || reason === "lost") Deferred.doneUnsafe(this.over, Effect.succeed(reason))
  }

  /**
   * Writes, and retries through outages of the engine. If the task is no longer this worker's, it does not return: the
   * worker is told to stop. A refusal for another reason is a mistake of the caller.
   */
  write<E extends TaskStorageError>(effect: Effect.Effect<TaskRecord, E>): Effect.Effect<TaskRecord> {
    return Effect.tap(this.#write(effect), (record) => Effect.sync(() => this.latest.advance(record)))
  }

  /** Does the same for a write whose answer is the summary, without the payloads. */
  writeBriefly<E extends TaskStorageError>(effect: Effect.Effect<TaskSummary, E>): Effect.Effect<TaskSummary> {
    return Effect.tap(this.#write(effect), (summary) => Effect.sync(() => this.latest.advanceSummary(summary)))
  }

  #write<A>(effect: Effect.Effect<A, TaskStorageError>): Effect.Effect<A> {
    return this.#persist(
      (patience) => this.#inTurn(effect, patience),
      (error) => error._tag === "TaskStorageUnavailable"
    ).pipe(
      Effect.catch((error) => {
        const end = endOfHold(error)
        return end === undefined ? Effect.die(error) : this.#stopWith(end)
      })
    )
  }

  #stopWith(reason: StopReason): Effect.Effect<never> {
    return Effect.suspend(() => {
      this.stop(reason)
      return Effect.never
    })
  }

  /**
   * Makes a write when the one before it is over. If the engine does not answer for too long, the write counts as failed:
   * the lease has to be extended in between.
   */
  #inTurn<A, E>(write: Effect.Effect<A, E>, patience: number): Effect.Effect<A, E | TaskStorageUnavailable> {
    return this.#oneAtATime.withPermit(
      Effect.timeoutOrElse(write, { duration: Duration.millis(patience), orElse: () => Effect.fail(unanswered) })
    )
  }

  /**
   * Retries a call until it gives something other than an outage, or the task has expired. Each try waits longer than the one
   * before, because some writes are large. Between two tries the lease can be extended.
   */
  #persist<A>(
    call: (patience: number) => Effect.Effect<A, TaskStorageError>,
    isOutage: (error: TaskStorageError) => boolean,
    token: object = {}
  ): Effect.Effect<A, TaskStorageError> {
    const { lease, outages } = this.#surroundings
    const mostPatience = Math.max(2 * lease / 3, longestWrite)
    const attempt = (pause: number, patience: number): Effect.Effect<A, TaskStorageError> =>
      Effect.matchCauseEffect(call(patience), {
        onSuccess: (answer) => Effect.as(outages.answered(token), answer),
        onFailure: (cause) => {
          const error = errorOf(cause)
          return isOutage(error)
            ? Effect.andThen(outages.failed(token, error), this.#pauseWhileAlive(pause)).pipe(
              Effect.andThen(
                Effect.suspend(() => attempt(Math.min(2 * pause, longestPause), Math.min(2 * patience, mostPatience)))
              )
            )
            : Effect.andThen(outages.answered(token), Effect.fail(error))
        }
      })
    return Effect.ensuring(
      Effect.suspend(() => attempt(firstPause, Math.ceil(lease / 3))),
      outages.forget(token)
    )
  }

  /** Sleeps for about this long. A task that has expired by then has ended, even if nobody could say so. */
  #pauseWhileAlive(pause: number): Effect.Effect<void> {
    return Effect.flatMap(Random.next, (random) => backgroundSleep(Math.round(pause * (0.8 + 0.4 * random)))).pipe(
      Effect.andThen(Clock.currentTimeMillis),
      Effect.flatMap((now) => {
        const { createdAt, ttl } = this.latest.summary
        return isExpired({ createdAt: createdAt.epochMilliseconds, ttl }, now) ? this.#stopWith("ended") : Effect.void
      })
    )
  }

  /** Writes the last report of the work, if it is not written yet. */
  get flushProgress(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const statusMessage = this.progress.take()
      return statusMessage === undefined ? Effect.void : Effect.asVoid(this.touch({ statusMessage }))
    })
  }

  /** Writes the reports of the work, until it is interrupted. */
  get keepReporting(): Effect.Effect<never> {
    return Effect.ensuring(this.progress.keepWriting, this.#surroundings.outages.forget(this.progress))
  }

  /** Tries once to write a report. Work does not wait for an engine to come back only to report progress. */
  #tryProgress(statusMessage: string): Effect.Effect<"written" | "later"> {
    const { lease, outages } = this.#surroundings
    return Effect.matchCauseEffect(this.#inTurn(this.#touch({ statusMessage }), Math.ceil(lease / 3)), {
      onSuccess: (summary) => {
        this.latest.advanceSummary(summary)
        return Effect.as(outages.answered(this.progress), "written")
      },
      onFailure: (cause) => {
        const error = errorOf(cause)
        if (error._tag === "TaskStorageUnavailable") return Effect.as(outages.failed(this.progress, error), "later")
        const end = endOfHold(error)
        return end === undefined ? Effect.die(error) : this.#stopWith(end)
      }
    })
  }

  /** Touches the task, as {@link writeBriefly} writes. */
  touch(options: TouchOptions): Effect.Effect<TaskSummary> {
    return this.writeBriefly(this.#touch(options))
  }

  #touch(options: TouchOptions): ReturnType<TaskStorageShape["withSummary"]["touchTask"]> {
    return Effect.suspend(() =>
      this.#surroundings.storage.withSummary.touchTask(this.taskId, { ...this.token, ...options })
    )
  }

  /** Waits for answers. The task counts once, however many of its questions wait. */
  waitForInput<A>(answers: Effect.Effect<A>): Effect.Effect<A> {
    return Effect.acquireUseRelease(
      Effect.suspend(() => this.#questions++ === 0 ? Metric.modify(RunnerMetrics.waitingForInput, 1) : Effect.void),
      () => answers,
      () =>
        Effect.suspend(() => --this.#questions === 0 ? Metric.modify(RunnerMetrics.waitingForInput, -1) : Effect.void)
    )
  }

  /** Makes a write that gives the task up. Nothing that this worker does afterwards takes it back. */
  letGo<A>(write: Effect.Effect<A>): Effect.Effect<A> {
    return Effect.suspend(() => {
      this.#holds = false
      return write
    })
  }

  /**
   * Extends the lease until it is interrupted, or the task is another's. An outage may last longer than the lease. Then the
   * worker goes on, and its lease is good again if nobody has taken the task.
   */
  get keepLease(): Effect.Effect<never> {
    const { lease, takeovers } = this.#surroundings
    const pause = Math.floor(lease / 3)
    return takeovers.watchSleep(pause, backgroundSleep(pause)).pipe(
      Effect.andThen(this.#persist(() => this.#extendLease, (error) => !endsHold(error))),
      Effect.catch((error) => this.#stopWith(endOfHold(error) ?? "ended")),
      Effect.forever
    )
  }

  /** Extends the lease before its time, if that can be done at once. */
  get renew(): Effect.Effect<void> {
    return Effect.asVoid(Effect.exit(this.#extendLease))
  }

  get #extendLease(): Effect.Effect<void, TaskStorageError> {
    const { lease } = this.#surroundings
    const touch = Effect.suspend(() =>
      this.#holds ? Effect.map(this.#touch({ lease }), (summary) => this.latest.advanceSummary(summary)) : Effect.void
    )
    return this.#inTurn(touch, Math.ceil(lease / 3))
  }

  /** Follows the task, so that answers and its end are noticed, whoever writes them. */
  get follow(): Effect.Effect<void> {
    const { outages, storage } = this.#surroundings
    const token = {}
    const following = Stream.runForEach(storage.changes(this.taskId), (record) =>
      Effect.suspend(() => {
        this.latest.advance(record)
        if (isTerminal(record.status)) this.stop("ended")
        else if ((record.attempt ?? 0) > this.attempt) this.stop("lost")
        return outages.answered(token)
      }))
    return this.#persist(
      () => Effect.provideService(following, HoldsProcess, false),
      (error) => !endsHold(error),
      token
    ).pipe(
      Effect.catch((error) => this.#stopWith(endOfHold(error) ?? "ended"))
    )
  }
}

/** What an error says about the hold of the worker, if anything. */
const endOfHold = (error: TaskStorageError): EndOfHold | undefined => {
  switch (error._tag) {
    case "LeaseLost":
      return "lost"
    case "TerminalState":
    case "ResultAlreadyStored":
    case "TaskNotFound":
      return "ended"
    case "ConcurrentModification":
    case "InputKeyReused":
    case "InvalidCursor":
    case "InvalidInput":
    case "InvalidTransition":
    case "LeaseHeld":
    case "MaxTasksReached":
    case "PayloadTooLarge":
    case "TaskAlreadyExists":
    case "TaskStorageUnavailable":
      return undefined
  }
}

const endsHold = (error: TaskStorageError): boolean => endOfHold(error) !== undefined

/** A driver that dies counts like one that fails with an error. */
const errorOf = (cause: Cause.Cause<TaskStorageError>): TaskStorageError =>
  cause.reasons.find(Cause.isFailReason)?.error ?? new TaskStorageUnavailable({
    operation: "write",
    reason: "its driver died",
    retryable: true,
    applied: "unknown",
    cause: Cause.squash(cause)
  })

const unanswered = new TaskStorageUnavailable({
  operation: "write",
  reason: "the engine does not answer",
  retryable: true,
  applied: "unknown"
})
