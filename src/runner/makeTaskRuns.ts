/**
 * The tasks that a runner runs.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { ParentSpan } from "effect/Tracer"
import type {
  InvalidInput,
  LeaseHeld,
  MaxTasksReached,
  TaskNotFound,
  TaskStorageUnavailable,
  TerminalState
} from "../domain/TaskError.ts"
import type { ClaimedTask } from "../domain/TaskOperations.ts"
import type { ClaimOptions } from "../domain/TaskOptions.ts"
import type { TaskRecord } from "../domain/TaskRecord.ts"
import { TaskStorage } from "../domain/TaskStorage.ts"
import type { BoundHandler } from "./BoundHandler.ts"
import { EarliestTimer } from "./EarliestTimer.ts"
import type { HandlerRegistry } from "./HandlerRegistry.ts"
import { makeNewsReader } from "./makeNewsReader.ts"
import { makeProcessWorker, type Registration } from "./makeProcessWorker.ts"
import { makeRunTracing } from "./makeRunTracing.ts"
import { makeTaskContext } from "./makeTaskContext.ts"
import type { Outages } from "./Outages.ts"
import { internal } from "./outcomeOf.ts"
import { unlimited } from "./parseRunTime.ts"
import type { Pauses } from "./Pauses.ts"
import { refuseRerun } from "./refuseRerun.ts"
import type { ResolvedRunnerOptions } from "./ResolvedRunnerOptions.ts"
import * as RunnerMetrics from "./RunnerMetrics.ts"
import { RunnerSlots } from "./RunnerSlots.ts"
import type { RunSpan } from "./RunSpan.ts"
import { inRunSpan, runWorker, settle } from "./runWorker.ts"
import { SleepingTasks } from "./SleepingTasks.ts"
import type { Takeovers } from "./Takeovers.ts"
import { taskIdAnnotation } from "./taskAnnotations.ts"
import type { RunResult } from "./TaskRunner.ts"
import type { TaskRuns, Terms } from "./TaskRuns.ts"
import { TaskWorker, type WorkerSurroundings } from "./TaskWorker.ts"
import { type WaitingTask, WaitingTasks } from "./WaitingTasks.ts"

/**
 * Makes the runs of a runner. They end with the scope, after their grace period.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeTaskRuns = Effect.fnUntraced(function*(
  settings: ResolvedRunnerOptions,
  outages: Outages,
  takeovers: Takeovers,
  pauses: Pauses,
  handlers: HandlerRegistry<BoundHandler>,
  dispatched: (taskId: string, delay: number) => Effect.Effect<void>
): Effect.fn.Return<TaskRuns, never, TaskStorage | Scope.Scope> {
  const storage = yield* TaskStorage
  yield* RunnerMetrics.begin
  // Tasks inherit nothing from their caller: a request has its own services, and its own end.
  const base = Context.omit(ParentSpan)(yield* Effect.context<TaskStorage>())
  const tracing = makeRunTracing(base)
  const baseOnly: (context: Context.Context<never>) => Context.Context<TaskStorage> = () => base
  const scope = yield* Effect.acquireRelease(Scope.make(), endScope)
  const slots = new RunnerSlots(settings)
  const workers = new Map<string, TaskWorker>()
  /** Open while nothing runs, or is about to. */
  const idle = Latch.makeUnsafe(true)
  const waiting = new WaitingTasks()
  /** Tasks that no look would find for this process: those of paused kinds, and those that could not be claimed. */
  const pausedHere = new Map<string, WaitingTask>()
  const left = new WaitingTasks()
  let phase: "open" | "ending" | "stopping" = "open"
  let onRoom: (() => void) | undefined
  let onSeat: (() => void) | undefined
  /** Whether those who wait here had the last slot, so that the next one is for a look at what waits elsewhere. */
  let isTurnOfOthers = false
  /** The same of the last seat. */
  let isSeatOfOthers = false
  /** How often there may have been a seat. */
  let seatsFreed = 0

  const inScope: TaskRuns["inScope"] = (effect) => Effect.forkIn(Effect.updateContext(effect, baseOnly), scope)

  const news = yield* makeNewsReader({
    storage,
    lease: settings.lease,
    outages,
    fork: inScope,
    workerOf: (taskId) => workers.get(taskId)
  })

  const process = makeProcessWorker({
    storage,
    settings,
    outages,
    takeovers,
    pauses,
    fork: inScope,
    onNews: news.hear,
    onLost: (lost) =>
      Effect.forEach(
        [...workers.values()].filter(({ registration }) => registration === lost),
        (worker) => worker.moveOn,
        { concurrency: atOnce, discard: true }
      )
  })

  const expiry = new EarliestTimer((now) =>
    Effect.sync(() => {
      for (const worker of workers.values()) {
        const { expiresAt } = worker
        if (expiresAt !== null && expiresAt <= now) worker.stop("ended")
        else worker.noteExpiry()
      }
    })
  )
  yield* inScope(expiry.keepLooking)

  /** Tasks that sleep, or are to be tried again. Others find them by their looks, if this process ends. */
  const asleep = new SleepingTasks()
  const alarm = new EarliestTimer((now) =>
    Effect.suspend(() => {
      const due = asleep.takeDue(now)
      const { nextAt } = asleep
      if (nextAt !== undefined) alarm.note(nextAt)
      return Effect.forEach(due, wait, { discard: true })
    })
  )
  yield* inScope(alarm.keepLooking)

  const onSleep: WorkerSurroundings["onSleep"] = ({ handler, latest, taskId }, at) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (settings.dispatch !== undefined) return dispatched(taskId, Math.max(at - now, 0))
      const { name, originalMethod, sessionId } = latest.summary
      asleep.add(at, { taskId, sessionId, originalMethod, name, handler: handler.next ?? handler })
      alarm.note(at)
      return Effect.void
    })

  const surroundings: WorkerSurroundings = {
    storage,
    lease: settings.lease,
    resultTtl: settings.resultTtl ?? undefined,
    outages,
    takeovers,
    process,
    fork: inScope,
    onSleep,
    noteExpiry: (at) => expiry.note(at)
  }

  /** Runs a task that is held, on a slot that was taken for it. */
  const hold = (
    record: TaskRecord,
    handler: BoundHandler,
    registration: Registration | undefined,
    terms?: Terms
  ): Effect.Effect<RunResult> =>
    tracing.running(record, handler, (span) => holdIn(span, record, handler, registration, terms))

  const holdIn = (
    span: RunSpan | undefined,
    record: TaskRecord,
    handler: BoundHandler,
    registration: Registration | undefined,
    { signal, time }: Terms = { time: unlimited }
  ): Effect.Effect<RunResult> =>
    Effect.suspend(() => {
      const worker = new TaskWorker(surroundings, record, handler, registration, span)
      const effect = handler.run(record, makeTaskContext(storage, worker))
      workers.set(record.taskId, worker)
      if (phase === "stopping") worker.stop("shutdown")
      if (signal?.aborted === true) worker.stop("deadline")
      else signal?.addEventListener("abort", () => worker.stop("deadline"), { once: true })
      const running = runWorker(surroundings, worker, { effect, time })
      // It was declared dead before the task was known here.
      const moved = registration?.isLost === true ? Effect.andThen(inScope(worker.moveOn), running) : running
      return Effect.onExit(moved, () => {
        workers.delete(record.taskId)
        worker.end()
        return letGo(worker)
      })
    })

  const takeSlot = (sessionId: string | undefined): Effect.Effect<void> =>
    Effect.withFiber(({ context }) => {
      slots.take(sessionId)
      idle.closeUnsafe()
      RunnerMetrics.running.modifyUnsafe(1, context)
      return Effect.void
    })

  const freeSlot = (sessionId: string | undefined): Effect.Effect<void> =>
    Effect.withFiber(({ context }) => {
      slots.release(sessionId)
      waiting.wake(sessionId)
      if (slots.taken === 0) idle.openUnsafe()
      RunnerMetrics.running.modifyUnsafe(-1, context)
      return giveSlot()
    })

  /** Gives a slot to who waits here or elsewhere, in turns. */
  const giveSlot = (): Effect.Effect<void> => {
    const call = onRoom
    if (call === undefined || (waiting.size > 0 && !isTurnOfOthers)) {
      isTurnOfOthers = true
      return fillNext()
    }
    isTurnOfOthers = false
    onRoom = undefined
    call()
    return Effect.void
  }

  const fillNext = (): Effect.Effect<void> => {
    if (phase !== "open" || slots.isFull) return Effect.void
    const next = waiting.next((sessionId) => slots.overrun(sessionId) === undefined)
    if (next === undefined) return Effect.void
    return Metric.modify(RunnerMetrics.waitingForWorker, -1).pipe(
      Effect.andThen(pauses.covers(next) ? setAside(next) : takeUp(next)),
      Effect.andThen(fill)
    )
  }

  const fill: Effect.Effect<void> = Effect.suspend(fillNext)

  /** Whether no look finds a task: there is none, or the work is of this process alone. */
  const isOnlyHere = (task: WaitingTask): boolean => settings.recovery === null || handlers.find(task) !== task.handler

  /** Keeps a task until its kind is resumed. */
  const setAside = (task: WaitingTask): Effect.Effect<void> =>
    Effect.sync(() => {
      if (isOnlyHere(task)) pausedHere.set(task.taskId, task)
    })

  /** Keeps a task until there may be a seat for it, or a storage that answers. */
  const keepForLook = (task: WaitingTask): Effect.Effect<void> =>
    Effect.sync(() => {
      if (isOnlyHere(task)) left.add(task)
    })

  /** Tries one of those that could not be claimed, in turns. */
  const tryNext: Effect.Effect<void> = Effect.suspend(() => {
    const task = left.next(() => true)
    if (task === undefined) return Effect.void
    return pauses.covers(task) ? Effect.andThen(setAside(task), tryNext) : wait(task)
  })

  const takeBack: Effect.Effect<void> = Effect.suspend(() => {
    const resumed = [...pausedHere.values()].filter((task) => !pauses.covers(task))
    for (const { taskId } of resumed) pausedHere.delete(taskId)
    return Effect.forEach(resumed, wait, { discard: true })
  })
  pauses.whenResumed(takeBack)

  const takeUp = (task: WaitingTask): Effect.Effect<void> => {
    const { handler, sessionId, taskId } = task
    return Effect.andThen(
      takeSlot(sessionId),
      inScope(
        Effect.catchTags(claimAndRun(taskId, handler, sessionId, undefined, tryNext), {
          InvalidInput: (error) => Effect.logWarning("A task cannot be taken up", error),
          TaskStorageUnavailable: (error) =>
            Effect.andThen(
              Effect.logWarning("A task cannot be taken up, and waits to be recovered", error),
              keepForLook(task)
            ),
          MaxTasksReached: () => keepForLook(task)
        }).pipe(Effect.annotateLogs(taskIdAnnotation, taskId))
      )
    ).pipe(Effect.asVoid)
  }

  type ClaimError = InvalidInput | TaskNotFound | LeaseHeld | MaxTasksReached | TerminalState | TaskStorageUnavailable
  type Claim = { readonly claimed: ClaimedTask; readonly registration: Registration | undefined }

  const claim = (taskId: string, terms: Terms | undefined): Effect.Effect<Claim, ClaimError> => {
    const claimWith = (options: ClaimOptions) => storage.claimTask(taskId, options)
    return terms === undefined
      ? process.taking((registration) =>
        Effect.map(claimWith({ worker: registration.workerId }), (claimed): Claim => {
          registration.tasks++
          return { claimed, registration }
        })
      )
      : Effect.map(outages.watch(claimWith({ lease: settings.lease })), (claimed) => ({
        claimed,
        registration: undefined
      }))
  }

  /**
   * Claims a task on a slot that was taken for it, as the worker that this process is, or on terms of its own. `onSeat` is for the seat
   * that may be left: the task has got one, or wants none any more.
   */
  const claimAndRun = (
    taskId: string,
    handler: BoundHandler,
    sessionId: string | undefined,
    terms: Terms | undefined,
    onSeat: Effect.Effect<void> = Effect.void
  ): Effect.Effect<RunResult, InvalidInput | MaxTasksReached | TaskStorageUnavailable> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.matchEffect(Effect.andThen(requireFree(taskId), claim(taskId, terms)), {
        onFailure: (error) =>
          Effect.andThen(
            freeSlot(sessionId),
            (): Effect.Effect<RunResult, InvalidInput | MaxTasksReached | TaskStorageUnavailable> =>
              error._tag === "InvalidInput" || error._tag === "MaxTasksReached" ||
                error._tag === "TaskStorageUnavailable"
                ? Effect.fail(error)
                : Effect.as(onSeat, "skipped")
          ),
        onSuccess: ({ claimed, registration }) =>
          Effect.andThen(onSeat, restore(runClaimed(claimed, handler, registration, terms)))
      })
    )

  /** Runs a task that was claimed, on a slot that was taken for it. It fails if its policy does not let it run again. */
  const runClaimed = (
    claimed: ClaimedTask,
    handler: BoundHandler,
    registration: Registration | undefined,
    terms: Terms | undefined
  ): Effect.Effect<RunResult> => {
    const { abandoned, record } = claimed
    const refused = refuseRerun(claimed, handler.lostWorker)
    return Effect.andThen(
      abandoned ? Metric.update(RunnerMetrics.recovered, 1) : Effect.void,
      refused === undefined ? hold(record, handler, registration, terms) : fail(record, handler, registration, refused)
    )
  }

  /** Fails a task that may not run again. */
  const fail = (record: TaskRecord, handler: BoundHandler, registration: Registration | undefined, reason: string) =>
    tracing.running(record, handler, (span) =>
      Effect.suspend(() => {
        const worker = new TaskWorker(surroundings, record, handler, registration, span)
        const failed = inRunSpan(worker, settle(storage, worker, { outcome: internal(reason) }))
        return Effect.onExit(failed, () => letGo(worker))
      }))

  /** Frees what a worker had. Call it when it ends. */
  const letGo = ({ latest, registration }: TaskWorker): Effect.Effect<void> =>
    Effect.andThen(
      registration === undefined ? Effect.void : process.letGo(registration),
      Effect.andThen(freeSlot(latest.summary.sessionId), seatFreed)
    )

  /** There may be a seat for a task that waits here or elsewhere, in turns. Behind a look those that wait here are tried too. */
  const seatFreed: Effect.Effect<void> = storage.waitsForSeats === true
    ? Effect.suspend(() => {
      seatsFreed++
      onSeat?.()
      isSeatOfOthers = onSeat !== undefined && !isSeatOfOthers
      return isSeatOfOthers ? Effect.void : tryNext
    })
    : Effect.void

  const mayTakeOver = Effect.gen(function*() {
    if (yield* takeovers.hasLostTime) {
      yield* process.renew
      yield* Effect.forEach(workers.values(), (worker) => worker.extendAtOnce, { concurrency: atOnce, discard: true })
    }
    return !outages.isDown && (yield* takeovers.areAllowed)
  })

  const mayTake = (record: TaskRecord): Effect.Effect<boolean> =>
    Effect.suspend(() => {
      if (workers.has(record.taskId)) return Effect.succeed(false)
      const { leaseExpiresAt, worker } = record
      // Whether a registered worker is dead is a fact that the storage knows.
      return worker !== undefined || leaseExpiresAt === undefined || leaseExpiresAt.epochMilliseconds === 0
        ? Effect.succeed(true)
        : mayTakeOver
    })

  /** The storage only compares the lease with the clock of this process: whether that is enough is looked at before. */
  const requireFree = (taskId: string) =>
    Effect.gen(function*() {
      if (workers.has(taskId)) return yield* Effect.fail(notFree)
      if (yield* mayTakeOver) return
      const record = Option.getOrUndefined(yield* storage.getTask(taskId))
      if (record !== undefined && !(yield* mayTake(record))) return yield* Effect.fail(notFree)
    })

  /** Gives back a task that there is no room for, or no time. */
  const giveBack = ({ attempt, taskId }: TaskRecord, registration: Registration): Effect.Effect<void> =>
    storage.withSummary.touchTask(taskId, { attempt, lease: 0 }).pipe(
      Effect.tapError((error) => Effect.logWarning("A task cannot be given back", error)),
      Effect.ignore,
      Effect.andThen(() => process.letGo(registration)),
      inScope,
      Effect.asVoid
    )

  const wait = (task: WaitingTask): Effect.Effect<void> =>
    Effect.suspend(() => {
      const worker = workers.get(task.taskId)
      // If the last answer arrives while its worker stops, the task waits until that worker is gone.
      if (worker !== undefined) {
        return Effect.asVoid(inScope(Effect.andThen(worker.gone, Effect.suspend(() => wait(task)))))
      }
      if (!process.hearsPauses()) {
        return Effect.asVoid(inScope(Effect.andThen(Effect.ignore(pauses.refresh), queue(task))))
      }
      return queue(task)
    })

  const queue = (task: WaitingTask): Effect.Effect<void> =>
    Effect.suspend(() => {
      const noted = waiting.add(task) ? Metric.modify(RunnerMetrics.waitingForWorker, 1) : Effect.void
      // A slot may have become free since there was none.
      return Effect.andThen(noted, fill)
    })

  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      phase = "ending"
      yield* Effect.timeoutOption(idle.await, Duration.millis(settings.shutdownTimeout))
      phase = "stopping"
      for (const worker of workers.values()) worker.stop("shutdown")
      // What is no task yet is nobody's to give up. What still runs is not given up: the lease of this process runs out.
      const stopped = workers.size > 0 ? idle.await : Effect.void
      yield* Effect.timeoutOption(
        Effect.andThen(stopped, Effect.suspend(() => outages.isDown ? Effect.void : process.end)),
        shutdownGrace
      )
      yield* Metric.modify(RunnerMetrics.waitingForWorker, -waiting.size)
    }).pipe(Effect.interruptible)
  )

  return {
    process,
    isPaused: (task) =>
      process.hearsPauses()
        ? Effect.succeed(pauses.covers(task))
        : Effect.map(process.ready, () => pauses.covers(task)),
    isOpen: () => phase === "open",
    slots,
    overrun: (sessionId) => slots.overrun(sessionId),
    workerOf: (taskId) => workers.get(taskId),
    mayTakeOver,
    mayTake,
    takeSlot,
    freeSlot,
    tracing,
    begin: (record, handler, registration, span) => Effect.asVoid(inScope(holdIn(span, record, handler, registration))),
    wait,
    takeWaiting: (taskId) =>
      Effect.suspend(() => {
        const task = waiting.remove(taskId)
        if (task !== undefined) return Effect.as(Metric.modify(RunnerMetrics.waitingForWorker, -1), task)
        const kept = left.remove(taskId) ?? pausedHere.get(taskId)
        pausedHere.delete(taskId)
        return Effect.succeed(kept)
      }),
    fill,
    beginClaimed: (claimed, handler, registration) =>
      Effect.suspend(() => {
        const { record } = claimed
        if (phase !== "open" || slots.overrun(record.sessionId) !== undefined) return giveBack(record, registration)
        return Effect.andThen(
          takeSlot(record.sessionId),
          Effect.asVoid(inScope(runClaimed(claimed, handler, registration, undefined)))
        )
      }),
    seatsFreed: () => seatsFreed,
    seatFreed,
    waitForSeat: (task, since) =>
      Effect.andThen(freeSlot(task.sessionId), keepForLook(task)).pipe(
        // A look may have been too early to find it.
        Effect.andThen(() => seatsFreed === since ? Effect.void : seatFreed)
      ),
    tryNext,
    onSeat: (call) => {
      onSeat = call
    },
    run: (taskId, handler, sessionId, terms) =>
      inScope(
        Effect.catchTag(
          claimAndRun(taskId, handler, sessionId, terms),
          "MaxTasksReached",
          () => Effect.succeed<RunResult>("skipped")
        )
      ),
    inScope,
    onRoom: (call) => {
      onRoom = call
    }
  }
})

/** How many tasks are dealt with side by side. */
const atOnce = 25

/** How long workers have to give up their tasks. */
const shutdownGrace = "6 seconds"

/** Work that cannot be interrupted, such as a hanging call of an engine, does not keep the process from ending. */
const endScope = (scope: Scope.Closeable): Effect.Effect<void> =>
  Effect.flatMap(
    Effect.forkDetach(Scope.close(scope, Exit.void)),
    (closing) => Effect.asVoid(Effect.timeoutOption(Fiber.await(closing), "1 second"))
  ).pipe(Effect.interruptible)

/** A task has a worker here, or one elsewhere that may be alive. */
const notFree = { _tag: "NotFree" } as const
