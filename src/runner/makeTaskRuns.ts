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
import type { Outages } from "./Outages.ts"
import { internal } from "./outcomeOf.ts"
import { unlimited } from "./parseRunTime.ts"
import type { Pauses } from "./Pauses.ts"
import { refuseRerun } from "./refuseRerun.ts"
import type { ResolvedRunnerOptions } from "./ResolvedRunnerOptions.ts"
import * as RunnerMetrics from "./RunnerMetrics.ts"
import { RunnerSlots } from "./RunnerSlots.ts"
import type { RunSpan } from "./RunSpan.ts"
import { inRunSpan, logUnsettled, runWorker, settle } from "./runWorker.ts"
import { SleepingTasks } from "./SleepingTasks.ts"
import type { Takeovers } from "./Takeovers.ts"
import { taskIdAnnotation } from "./taskAnnotations.ts"
import type { RunResult } from "./TaskRunner.ts"
import type { TaskRuns, Terms } from "./TaskRuns.ts"
import { TaskWorker } from "./TaskWorker.ts"
import { type WaitingTask, WaitingTasks } from "./WaitingTasks.ts"
import type { WorkerSurroundings } from "./WorkerSurroundings.ts"

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

  const runInBase = Effect.runForkWith(base)
  const start = (effect: Effect.Effect<unknown, never, TaskStorage>): void => {
    runInBase(Effect.forkIn(effect, scope))
  }

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
    start,
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
    Effect.sync(() => {
      const due = asleep.takeDue(now)
      const { nextAt } = asleep
      if (nextAt !== undefined) alarm.note(nextAt)
      due.forEach(wait)
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
      workers.set(record.taskId, worker)
      if (phase === "stopping") worker.stop("shutdown")
      if (signal?.aborted === true) worker.stop("deadline")
      else signal?.addEventListener("abort", () => worker.stop("deadline"), { once: true })
      const running = runWorker(surroundings, worker, time)
      // It was declared dead before the task was known here.
      const moved = registration?.isLost === true ? Effect.andThen(inScope(worker.moveOn), running) : running
      return Effect.onExit(moved, (exit) => {
        workers.delete(record.taskId)
        worker.end()
        letGo(worker)
        return logUnsettled(worker, exit)
      })
    })

  const takeSlot = (sessionId: string | undefined): void => {
    slots.take(sessionId)
    idle.closeUnsafe()
    RunnerMetrics.running.modifyUnsafe(1, base)
  }

  const freeSlot = (sessionId: string | undefined): void => {
    slots.release(sessionId)
    waiting.wake(sessionId)
    if (slots.taken === 0) idle.openUnsafe()
    RunnerMetrics.running.modifyUnsafe(-1, base)
    giveSlot()
  }

  /** Gives a slot to who waits here or elsewhere, in turns. */
  const giveSlot = (): void => {
    const call = onRoom
    if (call === undefined || (waiting.size > 0 && !isTurnOfOthers)) {
      isTurnOfOthers = true
      fill()
    } else {
      isTurnOfOthers = false
      onRoom = undefined
      call()
    }
  }

  const fill = (): void => {
    while (phase === "open" && !slots.isFull) {
      const next = waiting.next((sessionId) => slots.overrun(sessionId) === undefined)
      if (next === undefined) return
      RunnerMetrics.waitingForWorker.modifyUnsafe(-1, base)
      if (pauses.covers(next)) setAside(next)
      else takeUp(next)
    }
  }

  /** Whether no look finds a task: there is none, or the work is of this process alone. */
  const isOnlyHere = (task: WaitingTask): boolean => settings.recovery === null || handlers.find(task) !== task.handler

  /** Keeps a task until its kind is resumed. */
  const setAside = (task: WaitingTask): void => {
    if (isOnlyHere(task)) pausedHere.set(task.taskId, task)
  }

  /** Keeps a task until there may be a seat for it, or a storage that answers. */
  const keepForLook = (task: WaitingTask): void => {
    if (isOnlyHere(task)) left.add(task)
  }

  /** Tries one of those that could not be claimed, in turns. */
  const tryNext = (): void => {
    for (let task = left.next(() => true); task !== undefined; task = left.next(() => true)) {
      if (!pauses.covers(task)) return wait(task)
      setAside(task)
    }
  }

  const takeBack = Effect.sync(() => {
    const resumed = [...pausedHere.values()].filter((task) => !pauses.covers(task))
    for (const { taskId } of resumed) pausedHere.delete(taskId)
    resumed.forEach(wait)
  })
  pauses.whenResumed(takeBack)

  const takeUp = (task: WaitingTask): void => {
    const { handler, sessionId, taskId } = task
    takeSlot(sessionId)
    start(
      Effect.catchTags(claimAndRun(taskId, handler, sessionId, undefined, tryNext), {
        InvalidInput: (error) => Effect.logWarning("A task cannot be taken up", error),
        TaskStorageUnavailable: (error) =>
          Effect.andThen(
            Effect.logWarning("A task cannot be taken up, and waits to be recovered", error),
            Effect.sync(() => keepForLook(task))
          ),
        MaxTasksReached: () => Effect.sync(() => keepForLook(task))
      }).pipe(Effect.annotateLogs(taskIdAnnotation, taskId))
    )
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
    onSeat?: () => void
  ): Effect.Effect<RunResult, InvalidInput | MaxTasksReached | TaskStorageUnavailable> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.matchEffect(Effect.andThen(requireFree(taskId), claim(taskId, terms)), {
        onFailure: (error): Effect.Effect<RunResult, InvalidInput | MaxTasksReached | TaskStorageUnavailable> => {
          freeSlot(sessionId)
          if (
            error._tag === "InvalidInput" || error._tag === "MaxTasksReached" || error._tag === "TaskStorageUnavailable"
          ) return Effect.fail(error)
          onSeat?.()
          return Effect.succeed("skipped")
        },
        onSuccess: ({ claimed, registration }) => {
          onSeat?.()
          return restore(runClaimed(claimed, handler, registration, terms))
        }
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
        return Effect.onExit(failed, (exit) => {
          letGo(worker)
          return logUnsettled(worker, exit)
        })
      }))

  /** Frees what a worker had. Call it when it ends. */
  const letGo = ({ latest, registration }: TaskWorker): void => {
    if (registration !== undefined) process.letGo(registration)
    freeSlot(latest.summary.sessionId)
    seatFreed()
  }

  /** There may be a seat for a task that waits here or elsewhere, in turns. Behind a look those that wait here are tried too. */
  const seatFreed = (): void => {
    if (storage.waitsForSeats !== true) return
    seatsFreed++
    onSeat?.()
    isSeatOfOthers = onSeat !== undefined && !isSeatOfOthers
    if (!isSeatOfOthers) tryNext()
  }

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
  const requireFree = Effect.fnUntraced(function*(taskId: string) {
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
      Effect.andThen(Effect.sync(() => process.letGo(registration))),
      inScope,
      Effect.asVoid
    )

  const wait = (task: WaitingTask): void => {
    const worker = workers.get(task.taskId)
    // If the last answer arrives while its worker stops, the task waits until that worker is gone.
    if (worker !== undefined) start(Effect.andThen(worker.gone, Effect.sync(() => wait(task))))
    else if (process.hearsPauses()) queue(task)
    else start(Effect.andThen(Effect.ignore(pauses.refresh), Effect.sync(() => queue(task))))
  }

  const queue = (task: WaitingTask): void => {
    if (waiting.add(task)) RunnerMetrics.waitingForWorker.modifyUnsafe(1, base)
    // A slot may have become free since there was none.
    fill()
  }

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
    isOpen: () => phase === "open",
    slots,
    overrun: (sessionId) => slots.overrun(sessionId),
    workerOf: (taskId) => workers.get(taskId),
    mayTakeOver,
    mayTake,
    takeSlot,
    freeSlot,
    tracing,
    begin: (record, handler, registration, span) => inScope(holdIn(span, record, handler, registration)),
    wait,
    takeWaiting: (taskId) => {
      const task = waiting.remove(taskId)
      if (task !== undefined) {
        RunnerMetrics.waitingForWorker.modifyUnsafe(-1, base)
        return task
      }
      const kept = left.remove(taskId) ?? pausedHere.get(taskId)
      pausedHere.delete(taskId)
      return kept
    },
    fill,
    beginClaimed: (claimed, handler, registration) =>
      Effect.suspend(() => {
        const { record } = claimed
        if (phase !== "open" || slots.overrun(record.sessionId) !== undefined) return giveBack(record, registration)
        takeSlot(record.sessionId)
        start(runClaimed(claimed, handler, registration, undefined))
        return Effect.void
      }),
    seatsFreed: () => seatsFreed,
    seatFreed,
    waitForSeat: (task, since) => {
      freeSlot(task.sessionId)
      keepForLook(task)
      // A look may have been too early to find it.
      if (seatsFreed !== since) seatFreed()
    },
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
