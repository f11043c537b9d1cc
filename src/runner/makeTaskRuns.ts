/**
 * The tasks that a runner runs.
 *
 * @since 0.2.0
 */
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { InvalidInput, TaskStorageUnavailable } from "../domain/TaskError.ts"
import type { TaskRecord } from "../domain/TaskRecord.ts"
import { TaskStorage } from "../domain/TaskStorage.ts"
import type { BoundHandler } from "./BoundHandler.ts"
import { makeTaskContext } from "./makeTaskContext.ts"
import type { Outages } from "./Outages.ts"
import { internal } from "./outcomeOf.ts"
import { type RunTime, unlimited } from "./parseRunTime.ts"
import { refuseRerun } from "./refuseRerun.ts"
import type { ResolvedRunnerOptions } from "./ResolvedRunnerOptions.ts"
import * as RunnerMetrics from "./RunnerMetrics.ts"
import { type Overrun, RunnerSlots } from "./RunnerSlots.ts"
import { runWorker, settle } from "./runWorker.ts"
import type { Takeovers } from "./Takeovers.ts"
import { taskAnnotations, taskIdAnnotation } from "./taskAnnotations.ts"
import type { RunResult } from "./TaskRunner.ts"
import { TaskWorker, type WorkerSurroundings } from "./TaskWorker.ts"

/**
 * How long a worker may have a task, and a signal that stops it.
 *
 * @since 0.2.0
 * @category models
 */
export interface Terms {
  readonly time?: RunTime
  readonly signal?: AbortSignal
}

/**
 * The tasks that a runner runs, and those that wait for it to have room.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskRuns {
  /** Whether tasks may begin. */
  readonly isOpen: () => boolean
  readonly running: () => number
  readonly isFull: () => boolean
  /** Tells which bound one more task would overrun, if any. */
  readonly overrun: (sessionId: string | undefined) => Overrun | undefined
  /** Whether the task waits for room here. */
  readonly isWaiting: (taskId: string) => boolean
  /** The worker that has the task here, which may be about to stop. */
  readonly workerOf: (taskId: string) => TaskWorker | undefined
  /** Whether workers of others with expired leases may be assumed to be gone. */
  readonly mayTakeOver: Effect.Effect<boolean>
  /** Whether this runner may take the task: it has no worker here, and no worker elsewhere that may be alive. */
  readonly mayTake: (record: TaskRecord) => Effect.Effect<boolean>
  readonly takeSlot: (sessionId: string | undefined) => Effect.Effect<void>
  readonly freeSlot: (sessionId: string | undefined) => Effect.Effect<void>
  /** Runs a task of this runner's own lease, on a slot that was taken for it. */
  readonly begin: (record: TaskRecord, handler: BoundHandler) => Effect.Effect<void>
  /** Claims a task as soon as there is room for it, and runs it. */
  readonly wait: (taskId: string, handler: BoundHandler, sessionId: string | undefined) => Effect.Effect<void>
  /** Claims a task and runs it, on a slot that is taken at once. */
  readonly takeUp: (taskId: string, handler: BoundHandler, sessionId: string | undefined) => Effect.Effect<void>
  /** Claims a task and runs it on these terms, on a slot that was taken for it. */
  readonly run: (
    taskId: string,
    handler: BoundHandler,
    sessionId: string | undefined,
    terms: Terms
  ) => Effect.Effect<Fiber.Fiber<RunResult, InvalidInput | TaskStorageUnavailable>>
}

/**
 * Makes the runs of a runner. They end with the scope, after their grace period.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeTaskRuns = Effect.fnUntraced(function*(
  settings: ResolvedRunnerOptions,
  outages: Outages,
  takeovers: Takeovers
): Effect.fn.Return<TaskRuns, never, TaskStorage | Scope.Scope> {
  const storage = yield* TaskStorage
  // Tasks inherit nothing from their caller: a request has its own services, and its own end.
  const base = yield* Effect.context<TaskStorage>()
  const baseOnly: (context: Context.Context<never>) => Context.Context<TaskStorage> = () => base
  const scope = yield* Effect.acquireRelease(Scope.make(), endScope)
  const slots = new RunnerSlots(settings)
  const workers = new Map<string, TaskWorker>()
  const surroundings: WorkerSurroundings = {
    storage,
    lease: settings.lease,
    resultTtl: settings.resultTtl ?? undefined,
    outages,
    takeovers
  }
  /** Open while nothing runs, or is about to. */
  const idle = Latch.makeUnsafe(true)
  const waiting = new Map<string, { readonly sessionId: string | undefined; readonly handler: BoundHandler }>()
  let phase: "open" | "ending" | "stopping" = "open"

  const inScope = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<Fiber.Fiber<A, E>> =>
    Effect.forkIn(Effect.updateContext(effect, baseOnly), scope)

  const hold = (
    record: TaskRecord,
    handler: BoundHandler,
    { signal, time = unlimited }: Terms = {}
  ): Effect.Effect<RunResult> =>
    Effect.suspend(() => {
      const { lostWorker, run } = handler
      const worker = new TaskWorker(surroundings, record, handler)
      const effect = run(record, makeTaskContext(storage, worker, settings.lease))
      workers.set(record.taskId, worker)
      if (phase === "stopping") worker.stop("shutdown")
      if (signal?.aborted === true) worker.stop("deadline")
      else signal?.addEventListener("abort", () => worker.stop("deadline"), { once: true })
      const running = runWorker(storage, worker, { effect, lostWorker, time }).pipe(
        Effect.annotateLogs(taskAnnotations(record))
      )
      return Effect.onExit(running, () =>
        Effect.suspend(() => {
          workers.delete(record.taskId)
          Deferred.doneUnsafe(worker.gone, Effect.void)
          return freeSlot(record.sessionId)
        }))
    })

  const takeSlot = (sessionId: string | undefined): Effect.Effect<void> =>
    Effect.suspend(() => {
      slots.take(sessionId)
      idle.closeUnsafe()
      return Metric.update(RunnerMetrics.running, slots.taken)
    })

  const freeSlot = (sessionId: string | undefined): Effect.Effect<void> =>
    Effect.suspend(() => {
      slots.release(sessionId)
      if (slots.taken === 0) idle.openUnsafe()
      return Effect.andThen(Metric.update(RunnerMetrics.running, slots.taken), takeWaiting)
    })

  /** Takes up the tasks that wait for a slot, as many as there are slots now. */
  const takeWaiting: Effect.Effect<void> = Effect.suspend(() => {
    if (phase !== "open") return Effect.void
    // If the last answer arrives while its worker stops, the task waits until that worker is gone.
    const next = [...waiting].find(([taskId, { sessionId }]) =>
      !workers.has(taskId) && slots.overrun(sessionId) === undefined
    )
    if (next === undefined) return Effect.void
    const [taskId, { handler, sessionId }] = next
    waiting.delete(taskId)
    return Effect.andThen(Metric.modify(RunnerMetrics.waitingForWorker, -1), takeUp(taskId, handler, sessionId)).pipe(
      Effect.andThen(Effect.suspend(() => takeWaiting))
    )
  })

  const takeUp: TaskRuns["takeUp"] = (taskId, handler, sessionId) =>
    Effect.andThen(
      takeSlot(sessionId),
      inScope(
        Effect.catchTags(claimAndRun(taskId, handler, sessionId), {
          InvalidInput: (error) => Effect.logWarning("A task cannot be taken up", error),
          TaskStorageUnavailable: (error) =>
            Effect.logWarning("A task cannot be taken up, and waits to be recovered", error)
        }).pipe(Effect.annotateLogs(taskIdAnnotation, taskId))
      )
    ).pipe(Effect.asVoid)

  /** Claims a task on a slot that was taken for it. Runs it, or does what the policy says. */
  const claimAndRun = (taskId: string, handler: BoundHandler, sessionId: string | undefined, terms?: Terms) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.andThen(requireFree(taskId), outages.watch(storage.claimTask(taskId, { lease: settings.lease }))).pipe(
        Effect.matchEffect({
          onFailure: (error) =>
            Effect.andThen(
              freeSlot(sessionId),
              (): Effect.Effect<RunResult, InvalidInput | TaskStorageUnavailable> =>
                error !== notFree && (error._tag === "InvalidInput" || error._tag === "TaskStorageUnavailable")
                  ? Effect.fail(error)
                  : Effect.succeed("skipped")
            ),
          onSuccess: (claimed) => {
            const refused = refuseRerun(claimed, handler.lostWorker)
            const noted = claimed.abandoned ? Metric.update(RunnerMetrics.recovered, 1) : Effect.void
            if (refused !== undefined) {
              return Effect.andThen(
                noted,
                Effect.ensuring(restore(giveUp(claimed.record, handler, refused)), freeSlot(sessionId))
              )
            }
            return Effect.andThen(noted, restore(hold(claimed.record, handler, terms)))
          }
        })
      )
    )

  /** Fails a task that may not run again. */
  const giveUp = (record: TaskRecord, handler: BoundHandler, reason: string): Effect.Effect<RunResult> =>
    settle(storage, new TaskWorker(surroundings, record, handler), { outcome: internal(reason) })

  const mayTakeOver = Effect.gen(function*() {
    if (yield* takeovers.hasLostTime) {
      yield* Effect.forEach(workers.values(), (worker) => worker.renew, { concurrency: 25, discard: true })
    }
    return !outages.isDown && (yield* takeovers.areAllowed)
  })

  const mayTake = (record: TaskRecord): Effect.Effect<boolean> =>
    Effect.suspend(() => {
      if (workers.has(record.taskId)) return Effect.succeed(false)
      const { leaseExpiresAt } = record
      return leaseExpiresAt === undefined || leaseExpiresAt.epochMilliseconds === 0
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

  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      phase = "ending"
      yield* Effect.timeoutOption(idle.await, Duration.millis(settings.shutdownTimeout))
      phase = "stopping"
      for (const worker of workers.values()) worker.stop("shutdown")
      // What is no task yet is nobody's to give up.
      if (workers.size > 0) yield* Effect.timeoutOption(idle.await, shutdownGrace)
      yield* Metric.modify(RunnerMetrics.waitingForWorker, -waiting.size)
    }).pipe(Effect.interruptible)
  )

  return {
    isOpen: () => phase === "open",
    running: () => slots.taken,
    isFull: () => slots.isFull,
    overrun: (sessionId) => slots.overrun(sessionId),
    isWaiting: (taskId) => waiting.has(taskId),
    workerOf: (taskId) => workers.get(taskId),
    mayTakeOver,
    mayTake,
    takeSlot,
    freeSlot,
    begin: (record, handler) => Effect.asVoid(inScope(hold(record, handler))),
    wait: (taskId, handler, sessionId) =>
      Effect.suspend(() => {
        const isNew = !waiting.has(taskId)
        waiting.set(taskId, { sessionId, handler })
        // A slot may have become free since there was none.
        return Effect.andThen(isNew ? Metric.modify(RunnerMetrics.waitingForWorker, 1) : Effect.void, takeWaiting)
      }),
    takeUp,
    run: (taskId, handler, sessionId, terms) => inScope(claimAndRun(taskId, handler, sessionId, terms))
  }
})

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
