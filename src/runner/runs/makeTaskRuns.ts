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
import * as Scope from "effect/Scope"
import { ParentSpan } from "effect/Tracer"
import { backgroundSleep } from "../../domain/effects/backgroundSleep.ts"
import type { ClaimedTask } from "../../domain/service/TaskOperations.ts"
import { TaskStorage } from "../../domain/TaskStorage.ts"
import type { HandlerRegistry } from "../handler/HandlerRegistry.ts"
import { makeProcessWorker, type Registration } from "../process/makeProcessWorker.ts"
import type { Outages } from "../process/Outages.ts"
import { isUnavailable, persist } from "../process/persist.ts"
import type { Takeovers } from "../process/Takeovers.ts"
import type { BoundHandler } from "../queue/BoundHandler.ts"
import { EarliestTimer } from "../queue/EarliestTimer.ts"
import type { WaitingTask } from "../queue/FairQueue.ts"
import type { Pauses } from "../queue/Pauses.ts"
import { RunnerSlots } from "../queue/RunnerSlots.ts"
import { SleepingTasks } from "../queue/SleepingTasks.ts"
import { withPatience } from "../queue/Turns.ts"
import type { ResolvedRunnerOptions } from "../service/ResolvedRunnerOptions.ts"
import type { RunResult } from "../service/TaskRunner.ts"
import * as RunnerMetrics from "../tracing/RunnerMetrics.ts"
import { taskIdAnnotation } from "../tracing/taskAnnotations.ts"
import { makeNewsReader } from "../worker/makeNewsReader.ts"
import { releaseUnknown } from "../worker/releaseUnknown.ts"
import type { TaskWorker } from "../worker/TaskWorker.ts"
import { leaseToLeave, type WorkerSurroundings } from "../worker/WorkerSurroundings.ts"
import { LocalQueue } from "./LocalQueue.ts"
import { makeHeldTasks } from "./makeHeldTasks.ts"
import { makeRunTracing } from "./makeRunTracing.ts"
import { makeTaskClaims } from "./makeTaskClaims.ts"
import type { TaskRuns } from "./TaskRuns.ts"

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
  const workerOf = (taskId: string): TaskWorker | undefined => workers.get(taskId)
  /** Open while nothing runs, or is about to. */
  const idle = Latch.makeUnsafe(true)
  /** How many writes are under way that take tasks or give them back, beside those that have a slot. */
  let moving = 0
  let phase: "open" | "ending" | "stopping" = "open"
  const isOpen = (): boolean => phase === "open"

  const inScope: TaskRuns["inScope"] = (effect) => Effect.forkIn(Effect.updateContext(effect, baseOnly), scope)

  const runInBase = Effect.runForkWith(base)
  const start = (effect: Effect.Effect<unknown, never, TaskStorage>): void => {
    runInBase(Effect.forkIn(effect, scope))
  }

  const news = yield* makeNewsReader({ storage, lease: settings.lease, outages, fork: inScope, workerOf })

  const process = makeProcessWorker({
    storage,
    settings,
    outages,
    takeovers,
    pauses,
    fork: inScope,
    start,
    onNews: news.hear,
    clear: (retired) =>
      Effect.map(
        whileMoving(releaseUnknown({ storage, lease: settings.lease, outages, workers }, retired)),
        () => queue.tryUnclaimed()
      ),
    onLost: (lost) =>
      Effect.forEach(
        [...workers.values()].filter(({ registration }) => registration === lost),
        (worker) => worker.moveOn,
        { concurrency: atOnce, discard: true }
      )
  })

  const takeSlot = (sessionId: string | undefined): void => {
    slots.take(sessionId)
    idle.closeUnsafe()
    RunnerMetrics.running.modifyUnsafe(1, base)
  }

  const openIfIdle = (): void => {
    if (slots.taken === 0 && moving === 0) idle.openUnsafe()
  }

  const freeSlot = (sessionId: string | undefined): void => {
    slots.release(sessionId)
    openIfIdle()
    RunnerMetrics.running.modifyUnsafe(-1, base)
    queue.slotFreed(sessionId)
  }

  /** The end of the registration would abandon the tasks of such a write, so that it is waited for. */
  const whileMoving: TaskRuns["whileMoving"] = (write) =>
    Effect.suspend(() => {
      moving++
      idle.closeUnsafe()
      return Effect.ensuring(
        write,
        Effect.sync(() => {
          moving--
          openIfIdle()
        })
      )
    })

  const queue: LocalQueue = new LocalQueue({
    slots,
    pauses,
    isOpen,
    hearsPauses: process.hearsPauses,
    hasSeats: storage.seatNews !== undefined,
    isOnlyHere: (task) => settings.recovery === null || handlers.find(task) !== task.handler,
    workerOf,
    begin: (task) => {
      takeSlot(task.sessionId)
      start(takeUp(task))
    },
    onCount: (change) => RunnerMetrics.waitingForWorker.modifyUnsafe(change, base),
    start,
    later: (millis, call) => start(Effect.andThen(backgroundSleep(millis), Effect.sync(call)))
  })

  /** Tasks that sleep, or are to be tried again. Others find them by their looks, if this process ends. */
  const asleep = new SleepingTasks()
  const alarm = new EarliestTimer((now) =>
    Effect.sync(() => {
      const due = asleep.takeDue(now)
      const { nextAt } = asleep
      if (nextAt !== undefined) alarm.note(nextAt)
      for (const task of due) queue.add(task)
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

  const held = yield* makeHeldTasks({
    surroundings: {
      storage,
      lease: settings.lease,
      resultTtl: settings.resultTtl ?? undefined,
      outages,
      takeovers,
      process,
      fork: inScope,
      onSleep
    },
    tracing,
    workers,
    isStopping: () => phase === "stopping",
    onEnd: ({ latest, registration }) => {
      if (registration !== undefined) process.letGo(registration)
      freeSlot(latest.summary.sessionId)
      queue.seatFreed()
    }
  })

  const claims = makeTaskClaims({
    storage,
    lease: settings.lease,
    outages,
    takeovers,
    process,
    workers,
    held,
    freeSlot
  })

  /** Claims a task that waited here, and runs it. */
  const takeUp = (task: WaitingTask): Effect.Effect<unknown> => {
    const { handler, sessionId, taskId } = task
    return Effect.catchTags(claims.claimAndRun(taskId, handler, sessionId, undefined, () => queue.tryUnclaimed()), {
      InvalidInput: (error) => Effect.logWarning("A task cannot be taken up", error),
      TaskStorageUnavailable: (error) =>
        Effect.andThen(
          Effect.logWarning("A task cannot be taken up, and waits to be recovered", error),
          Effect.sync(() => queue.putBack(task))
        ),
      MaxTasksReached: () => Effect.sync(() => queue.putBack(task)),
      LeaseHeld: () => Effect.sync(() => queue.putBack(task))
    }).pipe(Effect.annotateLogs(taskIdAnnotation, taskId))
  }

  /**
   * Gives back a task that there is no room for, or no time. Nobody runs it here, and this process goes on renewing what it holds. So
   * the write is retried through outages.
   */
  const giveBack = ({ abandoned, record }: ClaimedTask, registration: Registration): Effect.Effect<void> => {
    const { attempt, taskId } = record
    const leave = Effect.suspend(() =>
      storage.withSummary.touchTask(taskId, { attempt, lease: leaseToLeave(abandoned) })
    )
    return persist((patience) => withPatience(leave, patience), {
      outages,
      lease: settings.lease,
      isOutage: isUnavailable
    }).pipe(
      // It has ended, or somebody else has it.
      Effect.ignore,
      Effect.andThen(Effect.sync(() => process.letGo(registration))),
      whileMoving,
      inScope,
      Effect.asVoid
    )
  }

  // What bounds the waits can be interrupted, and the rest must not be: a program that a signal interrupts ends its runner as any other.
  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      phase = "ending"
      yield* Effect.timeoutOption(idle.await, Duration.millis(settings.shutdownTimeout))
      phase = "stopping"
      for (const worker of workers.values()) worker.stop("shutdown")
      // Calls that are no tasks yet need no end. A task that runs on after this is not given up: the lease of this process runs out.
      const stopped = workers.size > 0 ? idle.await : Effect.void
      yield* Effect.timeoutOption(
        Effect.andThen(stopped, Effect.suspend(() => outages.isDown ? Effect.void : process.end)),
        shutdownGrace
      )
      yield* Metric.modify(RunnerMetrics.waitingForWorker, -queue.size)
    })
  )

  return {
    process,
    isOpen,
    slots,
    overrun: (sessionId) => slots.overrun(sessionId),
    whileMoving,
    workerOf,
    mayTakeOver: claims.mayTakeOver,
    mayTake: claims.mayTake,
    takeSlot,
    freeSlot,
    queue,
    tracing,
    begin: (record, handler, registration, span) => inScope(held.runIn(span, record, handler, registration)),
    beginClaimed: (claimed, handler, registration) =>
      Effect.suspend(() => {
        const { record } = claimed
        if (!isOpen() || slots.overrun(record.sessionId) !== undefined) return giveBack(claimed, registration)
        takeSlot(record.sessionId)
        start(claims.runClaimed(claimed, handler, registration))
        return Effect.void
      }),
    run: (taskId, handler, sessionId, terms) =>
      inScope(
        Effect.catchTag(
          claims.claimAndRun(taskId, handler, sessionId, terms),
          ["MaxTasksReached", "LeaseHeld"],
          () => Effect.succeed<RunResult>("skipped")
        )
      ),
    inScope
  }
})

/** How many workers move on side by side when their process was declared dead. */
const atOnce = 25

/** How long workers have to give up their tasks. */
const shutdownGrace = "6 seconds"

/** Work that cannot be interrupted, such as a hanging call of an engine, does not keep the process from ending. */
const endScope = (scope: Scope.Closeable): Effect.Effect<void> =>
  Effect.flatMap(
    Effect.forkDetach(Scope.close(scope, Exit.void)),
    (closing) => Effect.asVoid(Effect.timeoutOption(Fiber.await(closing), "1 second"))
  )
