/**
 * The hold that a worker has on its task.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type { TaskStorageError, TaskStorageUnavailable } from "../domain/TaskError.ts"
import type { TaskStorageShape, WorkerOption } from "../domain/TaskOperations.ts"
import type { TaskRecord } from "../domain/TaskRecord.ts"
import { isTerminal } from "../domain/TaskStatus.ts"
import { LatestRecord } from "./LatestRecord.ts"

/**
 * Why a worker stops before its work is done: the task has ended or is gone; another worker has it; it waits for input
 * without a worker; its time is up; the runner ends.
 *
 * @since 0.2.0
 * @category models
 */
export type StopReason = EndOfHold | "suspended" | "deadline" | "shutdown"

/**
 * Why a worker has its task no longer.
 *
 * @since 0.2.0
 * @category models
 */
export type EndOfHold = "ended" | "lost"

/** An engine that is down is asked again soon, then every five seconds. */
const again = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("5 seconds")]).pipe(Schedule.jittered)

/** Whether the same call may succeed later. */
const isOutage = (error: TaskStorageError): error is TaskStorageUnavailable =>
  error._tag === "TaskStorageUnavailable" && error.retryable

/**
 * Writes as the worker of one attempt, one write at a time, and notices when the task is no longer its own.
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
  /** Done when nothing that this worker writes is taken any more, which may be long after its work was to stop. */
  readonly over = Deferred.makeUnsafe<EndOfHold>()
  readonly #storage: TaskStorageShape
  readonly #lease: number
  readonly #oneAtATime = Semaphore.makeUnsafe(1)
  #extendedAt: number
  #holds = true

  constructor(storage: TaskStorageShape, record: TaskRecord, lease: number, now: number) {
    this.taskId = record.taskId
    this.attempt = record.attempt ?? 1
    this.latest = new LatestRecord(record)
    this.#storage = storage
    this.#lease = lease
    this.#extendedAt = now
  }

  /** What makes a write this worker's. */
  get token(): WorkerOption {
    return { attempt: this.attempt }
  }

  stop(reason: StopReason): void {
    Deferred.doneUnsafe(this.stopped, Effect.succeed(reason))
    if (reason === "ended" || reason === "lost") Deferred.doneUnsafe(this.over, Effect.succeed(reason))
  }

  /**
   * Writes, through outages of the engine too. Where the task is no longer this worker's, it does not return: the worker
   * is told to stop.
   */
  write<E extends TaskStorageError>(effect: Effect.Effect<TaskRecord, E>): Effect.Effect<TaskRecord> {
    return this.#oneAtATime.withPermit(effect).pipe(
      Effect.retry({ while: isOutage, schedule: again }),
      Effect.tap((record) => Effect.sync(() => this.latest.advance(record))),
      Effect.catch((error: TaskStorageError) => this.#stopFor(error))
    )
  }

  #stopFor(error: TaskStorageError): Effect.Effect<never> {
    switch (error._tag) {
      case "LeaseLost":
        return this.#stopWith("lost")
      case "TerminalState":
      case "ResultAlreadyStored":
      case "TaskNotFound":
        return this.#stopWith("ended")
      default:
        return Effect.die(error)
    }
  }

  #stopWith(reason: StopReason): Effect.Effect<never> {
    return Effect.suspend(() => {
      this.stop(reason)
      return Effect.never
    })
  }

  /** Writes what gives the task up until it is claimed again: nothing this worker does then takes it back. */
  letGo<E extends TaskStorageError>(effect: Effect.Effect<TaskRecord, E>): Effect.Effect<TaskRecord> {
    return Effect.suspend(() => {
      this.#holds = false
      return this.write(effect)
    })
  }

  /**
   * Extends the lease until it is interrupted. Through an outage that outlasts the lease the worker counts the task as
   * lost: another one may have it.
   */
  get keepLease(): Effect.Effect<never> {
    return Effect.sleep(Duration.millis(Math.floor(this.#lease / 3))).pipe(
      Effect.andThen(this.#extendLease),
      Effect.forever
    )
  }

  get #extendLease(): Effect.Effect<void> {
    const touch = Effect.suspend(() =>
      this.#holds
        ? Effect.flatMap(Clock.currentTimeMillis, (startedAt) =>
          Effect.map(this.#storage.touchTask(this.taskId, { ...this.token, lease: this.#lease }), (record) => {
            this.latest.advance(record)
            this.#extendedAt = startedAt
          }))
        : Effect.void
    )
    return this.#oneAtATime.withPermit(touch).pipe(
      Effect.timeoutOrElse({
        duration: Duration.millis(this.#lease),
        orElse: () => this.#stopWith("lost")
      }),
      Effect.catch((error) =>
        isOutage(error)
          ? Effect.flatMap(Clock.currentTimeMillis, (now) =>
            now - this.#extendedAt < this.#lease ? Effect.void : this.#stopWith("lost"))
          : this.#stopFor(error)
      )
    )
  }

  /** Follows the task, so that answers and its end are noticed, whoever writes them. */
  get follow(): Effect.Effect<void> {
    return Stream.runForEach(this.#storage.changes(this.taskId), (record) =>
      Effect.sync(() => {
        this.latest.advance(record)
        if (isTerminal(record.status)) this.stop("ended")
        else if ((record.attempt ?? 0) > this.attempt) this.stop("lost")
      })).pipe(
        Effect.retry({ while: isOutage, schedule: again }),
        Effect.catchCause((cause) =>
          Effect.andThen(
            Cause.hasInterruptsOnly(cause)
              ? Effect.void
              : Effect.logWarning("A task cannot be followed, and is given up", cause),
            Effect.sync(() => this.stop("ended"))
          )
        )
      )
  }
}
