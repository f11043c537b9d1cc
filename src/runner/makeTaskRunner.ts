/**
 * How a storage of tasks gets a runner.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { orAbsent, parseMillis } from "../domain/ArgumentParsers.ts"
import { backgroundSleep } from "../domain/backgroundSleep.ts"
import { InvalidInput, type TaskStorageUnavailable } from "../domain/TaskError.ts"
import type { SessionTasks } from "../domain/TaskOperations.ts"
import type { TaskRecord } from "../domain/TaskRecord.ts"
import { TaskStorage } from "../domain/TaskStorage.ts"
import { bindHandler, type BoundHandler } from "./BoundHandler.ts"
import { HandlerRegistry } from "./HandlerRegistry.ts"
import { makeTaskContext } from "./makeTaskContext.ts"
import { Outages } from "./Outages.ts"
import { internal } from "./outcomeOf.ts"
import { refuseRerun } from "./refuseRerun.ts"
import { resolveRunnerOptions } from "./ResolvedRunnerOptions.ts"
import * as RunnerMetrics from "./RunnerMetrics.ts"
import { RunnerSlots } from "./RunnerSlots.ts"
import { runWorker, settle } from "./runWorker.ts"
import { taskAnnotations, taskIdAnnotation } from "./taskAnnotations.ts"
import { type RunResult, type SessionRunner, type TaskRunnerShape, TooManyTasks } from "./TaskRunner.ts"
import type { TaskRunnerOptions } from "./TaskRunnerOptions.ts"
import { TaskWorker, type WorkerSurroundings } from "./TaskWorker.ts"

/** How many tasks one look for those without a worker takes, beside those that it passes by. */
const batchSize = 50

/** Milliseconds from the registration of a kind of tasks to the next look: others are mostly registered with it. */
const pauseAfterRegistration = 20

/** How long a worker may have a task, in milliseconds, and what says that it is not wanted any longer. */
interface Terms {
  readonly deadline?: number | undefined
  readonly signal?: AbortSignal
}

/**
 * Makes a runner on the storage. Its tasks run in the scope, which ends when they have ended or had their time.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeTaskRunner = Effect.fnUntraced(function*(
  options: TaskRunnerOptions = {}
): Effect.fn.Return<TaskRunnerShape, InvalidInput, TaskStorage | Scope.Scope> {
  const settings = yield* Effect.fromResult(resolveRunnerOptions(options))
  const storage = yield* TaskStorage
  const startedAt = yield* Clock.currentTimeMillis
  // Tasks inherit nothing of whoever starts them: a request has services, and an end, of its own.
  const base = yield* Effect.context<TaskStorage>()
  const baseOnly: (context: Context.Context<never>) => Context.Context<TaskStorage> = () => base
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const handlers = new HandlerRegistry<BoundHandler>()
  const slots = new RunnerSlots(settings)
  const workers = new Set<TaskWorker>()
  const surroundings: WorkerSurroundings = { storage, lease: settings.lease, outages: new Outages() }
  /** Open while nothing runs, or is about to. */
  const idle = Latch.makeUnsafe(true)
  const waiting = new Map<string, { readonly sessionId: string | undefined; readonly handler: BoundHandler }>()
  /** Open when a kind of tasks was registered that may have been passed by before. */
  const registered = Latch.makeUnsafe(false)
  let passedBy = 0
  let phase: "open" | "ending" | "stopping" = "open"

  const inScope = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<Fiber.Fiber<A, E>> =>
    Effect.forkIn(Effect.updateContext(effect, baseOnly), scope)

  /** Runs a task that is this worker's. A slot was taken for it. */
  const hold = (
    record: TaskRecord,
    { lostWorker, run }: BoundHandler,
    { deadline, signal }: Terms = {}
  ): Effect.Effect<RunResult> =>
    Effect.suspend(() => {
      const worker = new TaskWorker(surroundings, record)
      const effect = run(record, makeTaskContext(storage, worker, settings.lease))
      workers.add(worker)
      if (phase === "stopping") worker.stop("shutdown")
      if (signal?.aborted === true) worker.stop("deadline")
      else signal?.addEventListener("abort", () => worker.stop("deadline"), { once: true })
      const running = runWorker(storage, worker, { effect, lostWorker, deadline }).pipe(
        Effect.annotateLogs(taskAnnotations(record))
      )
      return Effect.onExit(running, () =>
        Effect.suspend(() => {
          workers.delete(worker)
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
    const next = [...waiting].find(([, { sessionId }]) => slots.overrun(sessionId) === undefined)
    if (next === undefined) return Effect.void
    const [taskId, { handler, sessionId }] = next
    waiting.delete(taskId)
    return Effect.andThen(inBackground(taskId, handler, sessionId), Effect.suspend(() => takeWaiting))
  })

  const wait = (taskId: string, handler: BoundHandler, sessionId: string | undefined): Effect.Effect<void> =>
    Effect.suspend(() => {
      waiting.set(taskId, { sessionId, handler })
      // A slot may have become free since there was none.
      return takeWaiting
    })

  /** Claims a task and runs it in the scope of the runner, on a slot that is taken at once. */
  const inBackground = (taskId: string, handler: BoundHandler, sessionId: string | undefined): Effect.Effect<void> =>
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

  /** Claims a task on a slot that was taken for it, and runs it, or does with it what the policy says. */
  const claimAndRun = (taskId: string, handler: BoundHandler, sessionId: string | undefined, terms?: Terms) =>
    Effect.uninterruptibleMask((restore) =>
      storage.claimTask(taskId, { lease: settings.lease }).pipe(
        Effect.matchEffect({
          onFailure: (error) =>
            Effect.andThen(
              freeSlot(sessionId),
              (): Effect.Effect<RunResult, InvalidInput | TaskStorageUnavailable> =>
                error._tag === "InvalidInput" || error._tag === "TaskStorageUnavailable"
                  ? Effect.fail(error)
                  : Effect.succeed("skipped")
            ),
          onSuccess: (claimed) => {
            const refused = refuseRerun(claimed, handler.lostWorker)
            const noted = claimed.abandoned ? Metric.update(RunnerMetrics.recovered, 1) : Effect.void
            if (refused !== undefined) {
              return Effect.andThen(
                noted,
                Effect.ensuring(restore(giveUp(claimed.record, refused)), freeSlot(sessionId))
              )
            }
            return Effect.andThen(noted, restore(hold(claimed.record, handler, terms)))
          }
        })
      )
    )

  /** Fails a task that may not run again. */
  const giveUp = (record: TaskRecord, reason: string): Effect.Effect<RunResult> =>
    settle(storage, new TaskWorker(surroundings, record), internal(reason))

  const runTask: TaskRunnerShape["runTask"] = (taskId, runOptions) =>
    Effect.gen(function*() {
      const deadline = yield* Effect.fromResult(
        orAbsent(runOptions?.deadline, (value) => parseMillis("deadline", value, 1))
      )
      const record = Option.getOrUndefined(yield* storage.getTask(taskId))
      const handler = record === undefined ? undefined : handlers.find(record)
      if (record === undefined || handler === undefined) return "skipped"
      if (record.status === "input_required") return "suspended"
      const { sessionId } = record
      return yield* Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          const unwanted = new AbortController()
          const { signal } = unwanted
          yield* takeSlot(sessionId)
          const running = yield* inScope(
            claimAndRun(taskId, handler, sessionId, { deadline: deadline ?? undefined, signal })
          )
          return yield* restore(Fiber.join(running)).pipe(
            Effect.onInterrupt(() => {
              unwanted.abort()
              return Fiber.await(running)
            })
          )
        })
      )
    }).pipe(Effect.tap((result) => result === "released" ? dispatched(taskId) : Effect.void))

  const dispatched = (taskId: string): Effect.Effect<void> => settings.dispatch?.(taskId) ?? Effect.void

  const recover: TaskRunnerShape["recover"] = Effect.suspend(() => {
    const taken: Array<string> = []
    return Effect.gen(function*() {
      // Those that were passed by the last time come first again.
      const found = yield* storage.claimableTasks({ limit: batchSize + passedBy })
      passedBy = 0
      for (const taskId of found) {
        if (phase !== "open" || slots.isFull) break
        if (!waiting.has(taskId) && (yield* takeUp(taskId))) taken.push(taskId)
        else passedBy++
      }
      return taken
    }).pipe(Effect.catchTag("InvalidInput", (error) => Effect.die(error)))
  })

  /** Takes up a task without a worker, if it is of a known kind and there is room. */
  const takeUp = Effect.fnUntraced(function*(taskId: string) {
    const record = Option.getOrUndefined(yield* storage.getTask(taskId))
    if (record === undefined) return false
    if (settings.dispatch !== undefined) return yield* Effect.as(dispatched(taskId), true)
    const handler = handlers.find(record) ?? (yield* whenOrphaned(record))
    if (handler === undefined || slots.overrun(record.sessionId) !== undefined) return false
    yield* inBackground(taskId, handler, record.sessionId)
    return true
  })

  /** A task of an unknown kind fails when nobody has known it for long: a later version may have dropped its tool. */
  const whenOrphaned = (record: TaskRecord): Effect.Effect<BoundHandler | undefined> =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const lease = record.leaseExpiresAt?.epochMilliseconds ?? 0
      const freeSince = lease === 0 ? record.lastUpdatedAt.epochMilliseconds : lease
      // Nobody was there to know it before.
      return now - Math.max(freeSince, startedAt) < settings.orphanTimeout ? undefined : unknownKind
    })

  const sessionRunner = (tasks: SessionTasks, session: string | null | undefined): SessionRunner => ({
    startTask: (task, ownRun) =>
      Effect.uninterruptible(Effect.gen(function*() {
        const sessionId = session === undefined ? task.sessionId : session ?? undefined
        const own = ownRun === undefined ? undefined : yield* bindHandler({ run: ownRun })
        const handler = own ?? handlers.find(task)
        const isElsewhere = own === undefined && settings.dispatch !== undefined
        if (handler === undefined && !isElsewhere) return yield* unregistered(task)
        const overrun = isElsewhere ? undefined : slots.overrun(sessionId)
        if (overrun !== undefined && settings.whenFull === "refuse") return yield* new TooManyTasks(overrun)
        const isNow = handler !== undefined && !isElsewhere && overrun === undefined && phase === "open"
        if (isNow) yield* takeSlot(sessionId)
        const record = yield* tasks.createTask({ ...task, lease: isNow ? settings.lease : 0 }).pipe(
          Effect.tapError(() => isNow ? freeSlot(sessionId) : Effect.void)
        )
        if (isNow) yield* inScope(hold(record, handler))
        else if (isElsewhere) yield* dispatched(record.taskId)
        else if (handler !== undefined) yield* wait(record.taskId, handler, sessionId)
        return record
      })),

    provideInput: (taskId, responses) =>
      Effect.uninterruptible(
        Effect.tap(tasks.provideInput(taskId, responses), ({ complete, record }) =>
          complete
            ? Effect.flatMap(Clock.currentTimeMillis, (now) => isFree(record, now) ? resume(record) : Effect.void)
            : Effect.void)
      ),

    cancelTask: (taskId) =>
      Effect.catchTags(tasks.updateTaskStatus(taskId, "cancelled", { statusMessage: null }), {
        // None of these can be: it names no attempt, writes no message, and whatever has not ended may be cancelled.
        LeaseLost: Effect.die,
        PayloadTooLarge: Effect.die,
        InvalidTransition: Effect.die
      })
  })

  /** Takes up a task that got its last answer, here or wherever it is dispatched to. */
  const resume = (record: TaskRecord): Effect.Effect<void> => {
    if (settings.dispatch !== undefined) return dispatched(record.taskId)
    const handler = handlers.find(record)
    return handler === undefined ? Effect.void : wait(record.taskId, handler, record.sessionId)
  }

  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      phase = "ending"
      yield* Effect.timeoutOption(idle.await, Duration.millis(settings.shutdownTimeout))
      phase = "stopping"
      for (const worker of workers) worker.stop("shutdown")
      yield* Effect.timeoutOption(idle.await, shutdownGrace)
    }).pipe(Effect.interruptible)
  )

  if (settings.recoveryInterval !== null) {
    const nextTime = Effect.raceFirst(
      backgroundSleep(settings.recoveryInterval),
      Effect.andThen(registered.await, backgroundSleep(pauseAfterRegistration))
    )
    yield* Effect.suspend(() => {
      registered.closeUnsafe()
      return recover
    }).pipe(
      Effect.catchTag(
        "TaskStorageUnavailable",
        (error) => Effect.logWarning("Tasks without a worker cannot be looked for", error)
      ),
      Effect.andThen(nextTime),
      Effect.forever,
      Effect.forkScoped
    )
  }

  return {
    ...sessionRunner(storage, undefined),
    forSession: (sessionId) => sessionRunner(storage.forSession(sessionId), sessionId),
    register: (handler) =>
      Effect.map(bindHandler(handler), (bound) => {
        handlers.set(handler, bound)
        registered.openUnsafe()
      }),
    runTask,
    recover,
    running: Effect.sync(() => slots.taken)
  }
})

/** How long workers have to give up what they hold. */
const shutdownGrace = "6 seconds"

const isFree = ({ leaseExpiresAt }: TaskRecord, now: number): boolean =>
  leaseExpiresAt !== undefined && leaseExpiresAt.epochMilliseconds <= now

const unknownKind: BoundHandler = {
  run: () => Effect.succeed(internal("There is nobody any more who runs tasks of this kind")),
  lostWorker: "fail"
}

const unregistered = (task: { readonly originalMethod: string }): InvalidInput =>
  new InvalidInput({
    field: "originalMethod",
    reason: `${JSON.stringify(task.originalMethod)} with these params has no handler; register one, or pass what to run`
  })
