/**
 * The hold of a worker on its task.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import type { Json } from "effect/Schema"
import type { TouchOptions, WorkerOption } from "../../domain/options/TaskOptions.ts"
import type { ClaimedTask, TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import { expiresAt } from "../../domain/task/StoredTask.ts"
import type { LeaseHeld, TaskStorageError, TaskStorageUnavailable } from "../../domain/task/TaskError.ts"
import type { TaskRecord, TaskSummary } from "../../domain/task/TaskRecord.ts"
import { isTerminal } from "../../domain/task/TaskStatus.ts"
import { untraced } from "../../domain/telemetry/untraced.ts"
import type { Registration } from "../process/makeProcessWorker.ts"
import { firstPatience, isUnavailable, persist } from "../process/persist.ts"
import type { BoundHandler } from "../queue/BoundHandler.ts"
import { errorOf } from "../queue/errorOf.ts"
import { Turns } from "../queue/Turns.ts"
import * as RunnerMetrics from "../tracing/RunnerMetrics.ts"
import type { RunSpan } from "../tracing/RunSpan.ts"
import { type EndOfHold, endOfHold, HoldEnded, type StopReason, whileHeld } from "./EndOfHold.ts"
import { LatestRecord } from "./LatestRecord.ts"
import { ProgressReports } from "./ProgressReports.ts"
import { leaseToLeave, type WorkerSurroundings } from "./WorkerSurroundings.ts"

/**
 * Writes as the worker of one attempt, one write at a time, and notices when it has lost the task. Only the word of the
 * storage ends its hold. If the engine does not answer, that is an outage: the worker retries its calls until the outage is
 * over, for as long as the task lives.
 *
 * @since 0.2.0
 * @category models
 */
export class TaskWorker {
  readonly latest: LatestRecord
  /** The span of its run, where somebody traces. */
  readonly span: RunSpan | undefined
  readonly #surroundings: WorkerSurroundings
  readonly #handler: BoundHandler
  #turns: Turns | undefined
  #attempt: number
  /** The registration that holds the task. Without one the task is under a lease of its own. */
  #registration: Registration | undefined
  #running: Fiber.Fiber<unknown, unknown> | undefined
  #stopReason: StopReason | undefined
  #endOfHold: EndOfHold | undefined
  #progress: ProgressReports | undefined
  #gone: Deferred.Deferred<void> | undefined
  #isGone = false
  #isGivenUp = false
  /** Whether its outcome is on its way to the storage. */
  isSettling = false
  #questions = 0

  constructor(
    surroundings: WorkerSurroundings,
    record: TaskRecord,
    handler: BoundHandler,
    registration: Registration | undefined,
    span: RunSpan | undefined
  ) {
    this.latest = new LatestRecord(record)
    this.span = span
    this.#attempt = record.attempt ?? 1
    this.#surroundings = surroundings
    this.#handler = handler
    this.#registration = registration
    this.noteExpiry()
  }

  get taskId(): string {
    return this.latest.summary.taskId
  }

  get attempt(): number {
    return this.#attempt
  }

  get handler(): BoundHandler {
    return this.#handler
  }

  get registration(): Registration | undefined {
    return this.#registration
  }

  /** What a write adds that keeps the task. The renewals of a registered worker keep all of its tasks. */
  get keeping(): { readonly lease?: number } {
    return this.#registration === undefined ? { lease: this.#surroundings.lease } : {}
  }

  /** How long the task lives once this worker has settled it, in milliseconds; `undefined` keeps its ttl. */
  get resultTtl(): number | undefined {
    return this.#handler.resultTtl ?? this.#surroundings.resultTtl
  }

  /** The metrics of the task, as it is now. */
  get metrics(): ReturnType<typeof RunnerMetrics.ofTask> {
    return RunnerMetrics.ofTask(this.latest.summary, this.#handler.name)
  }

  /** Why the work is to stop, if it is. */
  get stopReason(): StopReason | undefined {
    return this.#stopReason
  }

  /** When the task expires, in milliseconds since the epoch. */
  get expiresAt(): number | null {
    const { createdAt, ttl } = this.latest.summary
    return expiresAt({ createdAt: createdAt.epochMilliseconds, ttl })
  }

  /** Stops the work. */
  stop(reason: StopReason): void {
    if (reason === "ended" || reason === "lost") this.#endOfHold ??= reason
    if (this.#stopReason !== undefined) return
    this.#stopReason = reason
    this.#running?.interruptUnsafe()
  }

  /** Notes the fiber of the work, which may be to stop already. */
  begin(running: Fiber.Fiber<unknown, unknown>): void {
    this.#running = running
    if (this.#stopReason !== undefined) running.interruptUnsafe()
  }

  /** Notes that the run is over and its work has cleaned up. */
  end(): void {
    this.#isGone = true
    if (this.#gone !== undefined) Deferred.doneUnsafe(this.#gone, Effect.void)
  }

  /** Waits until the run is over and its work has cleaned up. */
  get gone(): Effect.Effect<void> {
    return Effect.suspend(() => this.#isGone ? Effect.void : Deferred.await(this.#gone ??= Deferred.makeUnsafe<void>()))
  }

  /** Notes what was read of the task; `undefined` if it is gone. */
  note(record: TaskRecord | undefined): void {
    if (record === undefined) return this.stop("ended")
    this.latest.advance(record)
    if (isTerminal(record.status)) this.stop("ended")
    // If another registration of this process has it, this worker is about to move on.
    else if ((record.attempt ?? 0) > this.#attempt && this.#surroundings.process.find(record.worker) === undefined) {
      this.stop("lost")
    } else this.noteExpiry()
  }

  noteExpiry(): void {
    const { expiresAt } = this
    if (expiresAt !== null) this.#surroundings.noteExpiry(expiresAt)
  }

  /**
   * Writes, and retries through outages of the engine. If the task is no longer this worker's, it does not return: the
   * worker is told to stop. A refusal for another reason is a mistake of the caller.
   */
  write(call: (token: WorkerOption) => Effect.Effect<TaskRecord, TaskStorageError>): Effect.Effect<TaskRecord> {
    return whileHeld(this.#advancing(call))
  }

  #advancing(
    call: (token: WorkerOption) => Effect.Effect<TaskRecord, TaskStorageError>
  ): Effect.Effect<TaskRecord, HoldEnded> {
    return this.#write(call, (record) => this.latest.advance(record))
  }

  /** Does the same for a write whose answer is the summary, without the payloads. It fails once the task is not held. */
  writeBriefly(
    call: (token: WorkerOption) => Effect.Effect<TaskSummary, TaskStorageError>
  ): Effect.Effect<TaskSummary, HoldEnded> {
    return this.#write(call, (summary) => this.latest.advanceSummary(summary))
  }

  /** What a write adds until it is stored where the spans of this run are. */
  get #run(): Pick<WorkerOption, "runTraceparent"> {
    const runTraceparent = this.span?.traceparent
    return this.latest.summary.runTraceparent === runTraceparent ? {} : { runTraceparent }
  }

  #write<A>(
    call: (token: WorkerOption) => Effect.Effect<A, TaskStorageError>,
    note: (answer: A) => void
  ): Effect.Effect<A, HoldEnded> {
    const write = Effect.suspend(() => call({ attempt: this.#attempt, ...this.#run }))
    return Effect.matchEffect(this.#persist<A, TaskStorageError>(write, isUnavailable), {
      onSuccess: (answer) => {
        note(answer)
        return Effect.succeed(answer)
      },
      onFailure: (error) => {
        if (error._tag === "HoldEnded") return Effect.fail(error)
        const end = endOfHold(error)
        return end === undefined ? Effect.die(error) : this.#endHold(end)
      }
    })
  }

  #endHold(reason: EndOfHold): Effect.Effect<never, HoldEnded> {
    return Effect.suspend(() => {
      this.stop(reason)
      return Effect.fail(new HoldEnded({ reason: this.#endOfHold ?? reason }))
    })
  }

  /** Makes a write when the one before it is over. If the engine does not answer for too long, the write counts as failed. */
  #inTurn<A, E>(write: Effect.Effect<A, E>, patience: number): Effect.Effect<A, E | TaskStorageUnavailable> {
    this.#turns ??= new Turns()
    return this.#turns.take(write, patience)
  }

  /** Retries a call of this task until it gives something other than an outage, or the task is not held any more. */
  #persist<A, E extends TaskStorageError>(
    call: Effect.Effect<A, E>,
    isOutage: (error: E | TaskStorageUnavailable) => boolean
  ): Effect.Effect<A, E | TaskStorageUnavailable | HoldEnded> {
    const { lease, outages } = this.#surroundings
    return persist((patience) => this.#inTurn(call, patience), {
      outages,
      lease,
      isOutage,
      beforeRetry: () => this.#beforeRetry
    })
  }

  /** A task that has expired by then has ended, even if nobody could say so. */
  get #beforeRetry(): Effect.Effect<void, HoldEnded> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const { expiresAt } = this
      if (expiresAt !== null && expiresAt <= now) return this.#endHold("ended")
      if (this.#endOfHold !== undefined) return this.#endHold(this.#endOfHold)
      // After an outage the process renews first.
      return this.#registration === undefined ? Effect.void : this.#surroundings.process.confirm
    })
  }

  /** Does something for the run in another fiber. */
  #around<A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return this.span === undefined ? effect : this.span.around(effect)
  }

  /** Takes a report of the work. */
  report(message: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#progress ??= new ProgressReports(
        (message) => this.#around(this.#tryProgress(message)),
        this.#surroundings.fork
      )
      return this.#progress.report(message)
    })
  }

  /** Gives the last report, if it is not written yet. */
  takeReport(): string | undefined {
    return this.#progress?.take()
  }

  /** Writes the last report of the work, if it is not written yet. */
  get flushProgress(): Effect.Effect<void> {
    return whileHeld(this.tryFlush)
  }

  /** Does the same, and fails once the task is not held. */
  get tryFlush(): Effect.Effect<void, HoldEnded> {
    return Effect.suspend(() => {
      const statusMessage = this.takeReport()
      return statusMessage === undefined ? Effect.void : Effect.asVoid(this.tryTouch({ statusMessage }))
    })
  }

  /** Whether the work has ever reported. */
  get hasReported(): boolean {
    return this.#progress !== undefined
  }

  /** Stops writing reports. */
  get stopReporting(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const progress = this.#progress
      return progress === undefined
        ? Effect.void
        : Effect.andThen(progress.stop, this.#surroundings.outages.forget(progress))
    })
  }

  /** Tries once to write a report. Work does not wait for an engine to come back only to report progress. */
  #tryProgress(statusMessage: string): Effect.Effect<"written" | "later"> {
    const { lease, outages } = this.#surroundings
    const token = this.#progress ?? this
    const { over } = outages
    return Effect.matchCauseEffect(this.#inTurn(this.#touch({ statusMessage, ...this.#run }), firstPatience(lease)), {
      onSuccess: (summary) => {
        this.latest.advanceSummary(summary)
        return Effect.as(outages.answered(token), "written")
      },
      onFailure: (cause) => {
        const error = errorOf(cause)
        if (error._tag === "TaskStorageUnavailable") return Effect.as(outages.failed(token, error, over), "later")
        const end = endOfHold(error)
        return end === undefined ? Effect.die(error) : whileHeld(this.#endHold(end))
      }
    })
  }

  /** Touches the task, as {@link write} writes. */
  touch(options: TouchOptions): Effect.Effect<TaskSummary> {
    return whileHeld(this.tryTouch(options))
  }

  /** Does the same, and fails once the task is not held. */
  tryTouch(options: TouchOptions): Effect.Effect<TaskSummary, HoldEnded> {
    return Effect.tap(
      this.writeBriefly((token) =>
        this.#surroundings.storage.withSummary.touchTask(this.taskId, { ...token, ...options })
      ),
      () => Effect.sync(() => this.noteExpiry())
    )
  }

  #touch(options: TouchOptions): ReturnType<TaskStorageShape["withSummary"]["touchTask"]> {
    return Effect.suspend(() =>
      this.#surroundings.storage.withSummary.touchTask(this.taskId, { attempt: this.#attempt, ...options })
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

  /** Stores the result of a step. */
  storeStep(key: string, value: Json): Effect.Effect<TaskRecord> {
    return whileHeld(this.tryStep(key, value))
  }

  /** Does the same, and fails once the task is not held. */
  tryStep(key: string, value: Json): Effect.Effect<TaskRecord, HoldEnded> {
    return this.#advancing((token) => this.#surroundings.storage.storeTaskStep(this.taskId, key, value, token))
  }

  /** Gives the task up until a time, in milliseconds since the epoch, when it begins anew. */
  sleepUntil(at: number): Effect.Effect<never> {
    return Effect.andThen(
      whileHeld(this.leaveUntil(at)),
      Effect.suspend(() => {
        this.stop("suspended")
        return Effect.never
      })
    )
  }

  /** Gives the task up until a time. The last report is written with that. */
  leaveUntil(at: number): Effect.Effect<void, HoldEnded> {
    const { onSleep, storage } = this.#surroundings
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const statusMessage = this.takeReport()
      this.#isGivenUp = true
      return Effect.flatMap(
        this.writeBriefly((token) =>
          storage.withSummary.touchTask(this.taskId, { ...token, statusMessage, delay: Math.max(at - now, 1) })
        ),
        ({ leaseExpiresAt }) => onSleep(this, leaseExpiresAt?.epochMilliseconds ?? at)
      )
    })
  }

  /** Makes a write that gives the task up. Nothing that this worker does afterwards takes it back. */
  giveUp<A, E>(write: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.suspend(() => {
      this.#isGivenUp = true
      return write
    })
  }

  /**
   * Extends a lease of its own, through outages. They may last longer than the lease. Then the worker goes on, and its lease is
   * good again if nobody has taken the task.
   */
  get extendLease(): Effect.Effect<void, HoldEnded> {
    const { lease } = this.#surroundings
    const extend = Effect.suspend(() =>
      this.#isGivenUp
        ? Effect.void
        : Effect.map(untraced(this.#touch({ lease })), (summary) => this.latest.advanceSummary(summary))
    )
    return this.#persist(extend, (error) => endOfHold(error) === undefined).pipe(
      Effect.catch((error) => this.#endHold(error._tag === "HoldEnded" ? error.reason : endOfHold(error) ?? "ended"))
    )
  }

  /** Extends a lease of its own before its time, if that can be done at once. */
  get extendAtOnce(): Effect.Effect<void> {
    const { lease } = this.#surroundings
    return Effect.suspend(() =>
      this.#registration !== undefined || this.#isGivenUp
        ? Effect.void
        : Effect.asVoid(Effect.exit(this.#inTurn(untraced(this.#touch({ lease })), firstPatience(lease))))
    )
  }

  /**
   * Takes the task for another registration of this process, when the one that held it was declared dead. The work goes on,
   * unless somebody else has had the task in between.
   */
  get moveOn(): Effect.Effect<void> {
    const { process, storage } = this.#surroundings
    const claim = Effect.suspend((): Effect.Effect<TouchOptions | undefined, TaskStorageError> =>
      this.#isGivenUp || this.#endOfHold !== undefined || this.#registration?.isLost !== true
        ? Effect.succeed(undefined)
        : process.taking((registration) =>
          Effect.map(
            storage.claimTask(this.taskId, { worker: registration.workerId }),
            (claimed) => this.#accept(claimed, registration)
          )
        ).pipe(Effect.catchTag("LeaseHeld", (error) => this.#acceptHeld(error)))
    )
    return this.#around(this.#persist<TouchOptions | undefined, TaskStorageError>(claim, isUnavailable)).pipe(
      Effect.flatMap((toLeave) =>
        toLeave === undefined
          ? Effect.void
          : Effect.asVoid(
            this.#persist<TaskSummary, TaskStorageError>(
              storage.withSummary.touchTask(this.taskId, toLeave),
              isUnavailable
            )
          )
      ),
      Effect.catch((error) =>
        Effect.sync(() => this.stop(error._tag === "HoldEnded" ? error.reason : endOfHold(error) ?? "lost"))
      )
    )
  }

  /** Takes the task over. If it was another's in between, it tells how to leave it as that one did. */
  #accept({ abandoned, record }: ClaimedTask, registration: Registration): TouchOptions | undefined {
    const attempt = record.attempt ?? 1
    if (attempt !== this.#attempt + 1) {
      this.stop("lost")
      return { attempt, lease: leaseToLeave(abandoned) }
    }
    this.#attempt = attempt
    this.#registration = registration
    registration.tasks++
    this.latest.advance(record)
    return undefined
  }

  /** Takes the task over if this process holds it already: the answer to an earlier claim was lost on its way. */
  #acceptHeld(error: LeaseHeld): Effect.Effect<TouchOptions | undefined, TaskStorageError> {
    const { process, storage } = this.#surroundings
    const registration = process.find(error.worker)
    if (registration === undefined) return Effect.fail(error)
    return Effect.flatMap(storage.getTask(this.taskId), (found) =>
      Option.isSome(found)
        ? Effect.succeed(this.#accept({ record: found.value, abandoned: true }, registration))
        : Effect.fail(error))
  }
}
