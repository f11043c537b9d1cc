/**
 * How a storage of tasks gets a runner.
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
import { backgroundSleep } from "../domain/backgroundSleep.ts"
import { InvalidInput, type TaskStorageUnavailable } from "../domain/TaskError.ts"
import { orAbsent, parseMillis } from "../domain/TaskInput.ts"
import type { ClaimedTask, SessionTasks } from "../domain/TaskOperations.ts"
import type { TaskOutcomeInput } from "../domain/TaskOutcome.ts"
import type { TaskRecord } from "../domain/TaskRecord.ts"
import { TaskStorage } from "../domain/TaskStorage.ts"
import { HandlerRegistry } from "./HandlerRegistry.ts"
import { makeTaskContext } from "./makeTaskContext.ts"
import { asOutcome, internal } from "./outcomeOf.ts"
import { resolveRunnerOptions } from "./ResolvedRunnerOptions.ts"
import * as RunnerMetrics from "./RunnerMetrics.ts"
import { RunnerSlots } from "./RunnerSlots.ts"
import { runWorker, settle } from "./runWorker.ts"
import { TaskContext, type TaskContextShape } from "./TaskContext.ts"
import type { LostWorkerPolicy, TaskHandler } from "./TaskHandler.ts"
import { type RunResult, type SessionRunner, type TaskRunnerShape, TooManyTasks } from "./TaskRunner.ts"
import type { TaskRunnerOptions } from "./TaskRunnerOptions.ts"
import { TaskWorker } from "./TaskWorker.ts"

/** How many tasks one look for abandoned ones takes. */
const batchSize = 50

/** How long a worker may have a task, in milliseconds, and what says that it is not wanted any longer. */
interface Terms {
  readonly deadline?: number | undefined
  readonly signal?: AbortSignal
}

/** What runs a task, once whatever it needs is at hand. */
interface Run {
  readonly run: (record: TaskRecord, context: TaskContextShape) => Effect.Effect<TaskOutcomeInput>
  readonly lostWorker?: LostWorkerPolicy | undefined
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
  // Tasks inherit nothing of whoever starts them: a request has services, and an end, of its own.
  const base = yield* Effect.context<TaskStorage>()
  const baseOnly: (context: Context.Context<never>) => Context.Context<TaskStorage> = () => base
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const handlers = new HandlerRegistry<Run>()
  const slots = new RunnerSlots(settings)
  const workers = new Set<TaskWorker>()
  /** Open while nothing runs, or is about to. */
  const idle = Latch.makeUnsafe(true)
  const waiting = new Map<string, { readonly sessionId: string | undefined; readonly run: Run }>()
  /** Since when tasks of no registered kind are free, in milliseconds since the epoch. */
  const orphans = new Map<string, number>()
  let phase: "open" | "ending" | "stopping" = "open"

  const inScope = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<Fiber.Fiber<A, E>> =>
    Effect.forkIn(Effect.updateContext(effect, baseOnly), scope)

  /** Runs a task that is this worker's. A slot was taken for it. */
  const hold = (
    record: TaskRecord,
    { lostWorker = "fail", run }: Run,
    { deadline, signal }: Terms = {}
  ): Effect.Effect<RunResult> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const worker = new TaskWorker(storage, record, settings.lease, now)
      const effect = Effect.suspend(() => run(record, makeTaskContext(storage, worker, settings.lease)))
      workers.add(worker)
      if (phase === "stopping") worker.stop("shutdown")
      if (signal?.aborted === true) worker.stop("deadline")
      else signal?.addEventListener("abort", () => worker.stop("deadline"), { once: true })
      return Effect.onExit(runWorker(storage, worker, { effect, lostWorker, deadline }), () =>
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

  /** Takes up the tasks that waited for a slot, as many as there are slots now. */
  const takeWaiting: Effect.Effect<void> = Effect.suspend(() => {
    if (phase !== "open") return Effect.void
    const next = [...waiting].find(([, { sessionId }]) => slots.overrun(sessionId) === undefined)
    if (next === undefined) return Effect.void
    const [taskId, { run }] = next
    waiting.delete(taskId)
    return Effect.andThen(inBackground(taskId, run), Effect.suspend(() => takeWaiting))
  })

  /** Claims a task and runs it in the scope of the runner, on a slot that is taken before this returns. */
  const inBackground = (taskId: string, run: Run): Effect.Effect<unknown> =>
    Effect.flatMap(Effect.option(storage.getTaskSummary(taskId)), (found) => {
      const summary = Option.getOrUndefined(Option.flatten(found))
      if (summary === undefined) return Effect.void
      return Effect.andThen(
        takeSlot(summary.sessionId),
        inScope(Effect.catchTags(claimAndRun(taskId, run, summary.sessionId), {
          InvalidInput: (error) => Effect.logWarning(`A task cannot be taken up: ${error.message}`),
          TaskStorageUnavailable: (error) =>
            Effect.logWarning(`A task cannot be taken up, and waits to be recovered: ${error.reason}`)
        }))
      )
    })

  /** Claims a task on a slot that was taken for it, and runs it, or does with it what the policy says. */
  const claimAndRun = (taskId: string, run: Run, sessionId: string | undefined, terms?: Terms) =>
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
            const refused = refuseRerun(claimed, run.lostWorker ?? "fail")
            const noted = claimed.abandoned ? Metric.update(RunnerMetrics.recovered, 1) : Effect.void
            if (refused !== undefined) {
              return Effect.andThen(noted, Effect.ensuring(giveUp(claimed.record, refused), freeSlot(sessionId)))
            }
            return Effect.andThen(noted, restore(hold(claimed.record, run, terms)))
          }
        })
      )
    )

  /** Fails a task that may not run again. */
  const giveUp = (record: TaskRecord, reason: string): Effect.Effect<RunResult> =>
    Effect.flatMap(
      Clock.currentTimeMillis,
      (now) => settle(storage, new TaskWorker(storage, record, settings.lease, now), internal(reason))
    )

  const runTask: TaskRunnerShape["runTask"] = (taskId, runOptions) =>
    Effect.gen(function*() {
      const deadline = yield* Effect.fromResult(
        orAbsent(runOptions?.deadline, (value) => parseMillis("deadline", value, 1))
      )
      const record = Option.getOrUndefined(yield* storage.getTask(taskId))
      const run = record === undefined ? undefined : handlers.find(record)
      if (record === undefined || run === undefined) return "skipped"
      if (record.status === "input_required") return "suspended"
      const { sessionId } = record
      return yield* Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          const unwanted = new AbortController()
          const { signal } = unwanted
          yield* takeSlot(sessionId)
          const running = yield* inScope(
            claimAndRun(taskId, run, sessionId, { deadline: deadline ?? undefined, signal })
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
    const limit = batchSize + orphans.size
    return Effect.gen(function*() {
      const found = yield* storage.claimableTasks({ limit })
      for (const known of orphans.keys()) if (!found.includes(known)) orphans.delete(known)
      for (const taskId of found) {
        if (phase !== "open") break
        if (waiting.has(taskId)) continue
        if (yield* takeUp(taskId)) taken.push(taskId)
      }
      return taken
    }).pipe(Effect.catchTag("InvalidInput", (error) => Effect.die(error)))
  })

  /** Takes up a task without a worker, if it is of a known kind and there is room. */
  const takeUp = Effect.fnUntraced(function*(taskId: string) {
    const record = Option.getOrUndefined(yield* storage.getTask(taskId))
    if (record === undefined) return false
    const run = handlers.find(record)
    if (run === undefined) return yield* passBy(record)
    if (slots.overrun(record.sessionId) !== undefined) return false
    yield* inBackground(taskId, run)
    return true
  })

  /** Fails a task of an unknown kind when nobody has known it for long: a later version may have dropped its tool. */
  const passBy = Effect.fnUntraced(function*(record: TaskRecord) {
    const now = yield* Clock.currentTimeMillis
    const lease = record.leaseExpiresAt?.epochMilliseconds ?? 0
    const freeSince = lease === 0 ? record.lastUpdatedAt.epochMilliseconds : lease
    orphans.set(record.taskId, freeSince)
    if (now - freeSince < settings.orphanTimeout) return false
    yield* takeSlot(record.sessionId)
    yield* inScope(Effect.ignore(claimAndRun(record.taskId, unknownKind, record.sessionId)))
    return true
  })

  const sessionRunner = (tasks: SessionTasks, session: string | null | undefined): SessionRunner => ({
    startTask: (task, ownRun) =>
      Effect.uninterruptible(Effect.gen(function*() {
        const sessionId = session === undefined ? task.sessionId : session ?? undefined
        const own = ownRun === undefined ? undefined : yield* bind({ run: ownRun })
        const run = own ?? handlers.find(task)
        const isElsewhere = own === undefined && settings.dispatch !== undefined
        if (run === undefined && !isElsewhere) return yield* unregistered(task)
        const overrun = isElsewhere ? undefined : slots.overrun(sessionId)
        if (overrun !== undefined && settings.whenFull === "refuse") return yield* new TooManyTasks(overrun)
        const isNow = run !== undefined && !isElsewhere && overrun === undefined && phase === "open"
        if (isNow) yield* takeSlot(sessionId)
        const record = yield* tasks.createTask({ ...task, lease: isNow ? settings.lease : 0 }).pipe(
          Effect.tapError(() => isNow ? freeSlot(sessionId) : Effect.void)
        )
        if (isNow) yield* inScope(hold(record, run))
        else if (isElsewhere) yield* dispatched(record.taskId)
        else if (run !== undefined) waiting.set(record.taskId, { sessionId, run })
        return record
      })),

    provideInput: (taskId, responses) =>
      Effect.uninterruptible(
        Effect.tap(tasks.provideInput(taskId, responses), ({ complete, record }) =>
          complete && isReleased(record) ? resume(record) : Effect.void)
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
    const run = handlers.find(record)
    if (run === undefined || phase !== "open") return Effect.void
    if (slots.overrun(record.sessionId) === undefined) return inBackground(record.taskId, run)
    return Effect.sync(() => waiting.set(record.taskId, { sessionId: record.sessionId, run }))
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
    const { recoveryInterval } = settings
    yield* recover.pipe(
      Effect.catchTag(
        "TaskStorageUnavailable",
        (error) => Effect.logWarning(`Tasks without a worker cannot be looked for: ${error.reason}`)
      ),
      Effect.andThen(backgroundSleep(recoveryInterval)),
      Effect.forever,
      Effect.forkScoped
    )
  }

  return {
    ...sessionRunner(storage, undefined),
    forSession: (sessionId) => sessionRunner(storage.forSession(sessionId), sessionId),
    register: (handler) => Effect.map(bind(handler), (run) => handlers.set(handler, run)),
    runTask,
    recover,
    running: Effect.sync(() => slots.taken)
  }
})

const withServices = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  services: Context.Context<R>
): Effect.Effect<A, E> =>
  Effect.updateContext(effect, (current: Context.Context<never>) => Context.merge(current, services))

/** Takes whatever a handler needs from where it is given, but for the context of the task. */
const bind = <E, R>(
  handler: Pick<TaskHandler<E, R>, "run" | "lostWorker">
): Effect.Effect<Run, never, Exclude<R, TaskContext>> =>
  Effect.contextWith((services: Context.Context<Exclude<R, TaskContext>>) =>
    Effect.succeed({
      lostWorker: handler.lostWorker,
      run: (record, context) =>
        withServices(
          Effect.provideService(asOutcome(record.taskId, handler.run(record)), TaskContext, context),
          services
        )
    })
  )

/** How long workers have to give up what they hold. */
const shutdownGrace = "6 seconds"

const isReleased = (record: TaskRecord): boolean => record.leaseExpiresAt?.epochMilliseconds === 0

const unknownKind: Run = {
  run: () => Effect.succeed(internal("There is no such tool any more")),
  lostWorker: "fail"
}

const unregistered = (task: { readonly originalMethod: string }): InvalidInput =>
  new InvalidInput({
    field: "originalMethod",
    reason: `${JSON.stringify(task.originalMethod)} with these params has no handler; register one, or pass what to run`
  })

/** Says why a task that its worker abandoned may not run again, if so. */
const refuseRerun = ({ abandoned, record }: ClaimedTask, policy: LostWorkerPolicy): string | undefined => {
  if (!abandoned) return undefined
  if (policy === "fail") return "Interrupted: the worker of the task ended before the task had"
  const answers = Object.keys(record.inputResponses ?? {}).length
  const attempts = (record.attempt ?? 1) - 1
  return attempts >= policy.maxAttempts + answers
    ? `Interrupted: the workers of the task ended before the task had, ${attempts} times`
    : undefined
}
