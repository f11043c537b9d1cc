/**
 * Making a runner on a storage.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { backgroundSleep } from "../domain/effects/backgroundSleep.ts"
import type { SessionTasks } from "../domain/service/TaskOperations.ts"
import type { InvalidInput, TaskStorageUnavailable } from "../domain/task/TaskError.ts"
import type { TaskRecord } from "../domain/task/TaskRecord.ts"
import { TaskStorage } from "../domain/TaskStorage.ts"
import { HandlerRegistry, kindOf } from "./handler/HandlerRegistry.ts"
import { Outages } from "./process/Outages.ts"
import { firstPatience, isUnavailable, persist } from "./process/persist.ts"
import { Takeovers } from "./process/Takeovers.ts"
import { bindHandler, type BoundHandler } from "./queue/BoundHandler.ts"
import { Pauses } from "./queue/Pauses.ts"
import { withPatience } from "./queue/Turns.ts"
import { makeRecovery } from "./runs/makeRecovery.ts"
import { makeTaskRuns } from "./runs/makeTaskRuns.ts"
import { makeTaskStarts } from "./runs/makeTaskStarts.ts"
import { parseRunTime, type RunTime, timeLeft } from "./service/parseRunTime.ts"
import { resolveRunnerOptions } from "./service/ResolvedRunnerOptions.ts"
import { TaskIds } from "./service/TaskIds.ts"
import type { RunResult, RunTaskOptions, SessionRunner, TaskRunnerShape } from "./service/TaskRunner.ts"
import type { TaskRunnerOptions } from "./service/TaskRunnerOptions.ts"
import { taskIdAnnotation } from "./tracing/taskAnnotations.ts"

/** Milliseconds between two looks for tasks that others have left seats for. */
const pauseBetweenSeats = 250

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
  const handlers = new HandlerRegistry<BoundHandler>()
  const takeovers = new Takeovers(settings.lease)
  // Later looks at the clock are compared with what it shows now.
  yield* takeovers.hasLostTime
  const outages = new Outages(takeovers)
  const { dispatch } = settings
  /** The task is stored by then. A dispatcher that dies neither fails the call that stored it, nor keeps other tasks from theirs. */
  const dispatched = (taskId: string, delay?: number): Effect.Effect<void> =>
    dispatch === undefined
      ? Effect.void
      : Effect.suspend(() => dispatch(taskId, delay === undefined ? {} : { delay })).pipe(
        Effect.catchCause((cause) =>
          Effect.logError("A task cannot be dispatched, and waits to be recovered", cause).pipe(
            Effect.annotateLogs(taskIdAnnotation, taskId)
          )
        )
      )

  const pauses = new Pauses(storage, firstPatience(settings.lease))
  const runs = yield* makeTaskRuns(settings, outages, takeovers, pauses, handlers, dispatched)

  const { dispatchNext, lookSoon, recover } = yield* makeRecovery({
    settings,
    handlers,
    runs,
    outages,
    takeovers,
    pauses,
    dispatched
  })

  const hearPauses = persist((patience) => withPatience(pauses.hear, patience), {
    outages,
    lease: settings.lease,
    isOutage: isUnavailable
  })
  yield* Effect.forkScoped(Stream.runForEach(storage.pauseNews, () => Effect.orDie(hearPauses)))

  if (storage.seatNews !== undefined) {
    const heard = Latch.makeUnsafe(false)
    const hear = Effect.sync(() => {
      runs.queue.promiseSeat()
      heard.openUnsafe()
    })
    const giveSeat = Effect.sync(() => {
      heard.closeUnsafe()
      runs.queue.seatHeard()
    })
    yield* Effect.forkScoped(Stream.runForEach(storage.seatNews, () => hear))
    yield* heard.await.pipe(
      Effect.andThen(giveSeat),
      Effect.andThen(backgroundSleep(pauseBetweenSeats)),
      Effect.forever,
      Effect.forkScoped
    )
  }

  /** Reads the pauses before a task runs, unless this process hears of them. */
  const refreshPauses = Effect.suspend(() => runs.process.hearsPauses() ? Effect.void : outages.watch(pauses.refresh))

  /** Runs a task on a slot that is taken for it. A caller that stops waiting stops the work, and waits until that has ended. */
  const runOnSlot = (
    { sessionId, taskId }: TaskRecord,
    handler: BoundHandler,
    time: RunTime
  ): ReturnType<TaskRunnerShape["runTask"]> =>
    Effect.uninterruptibleMask((restore) => {
      const unwanted = new AbortController()
      runs.takeSlot(sessionId)
      return Effect.flatMap(runs.run(taskId, handler, sessionId, { time, signal: unwanted.signal }), (running) =>
        Effect.onInterrupt(restore(Fiber.join(running)), () => {
          unwanted.abort()
          return Fiber.await(running)
        }))
    })

  const tryTask = Effect.fnUntraced(function*(
    taskId: string,
    runOptions: RunTaskOptions | undefined
  ): Effect.fn.Return<RunResult, InvalidInput | TaskStorageUnavailable> {
    const time = yield* Effect.fromResult(parseRunTime(runOptions))
    // A worker of this task that is about to stop here stops before the next one begins.
    const before = runs.workerOf(taskId)
    if (before?.stopReason !== undefined) yield* before.gone
    const [found] = yield* Effect.all([outages.watch(storage.getTask(taskId)), refreshPauses], { concurrency: 2 })
    const record = Option.getOrUndefined(found)
    const handler = record === undefined ? undefined : handlers.find(record)
    if (record === undefined || handler === undefined) return "skipped"
    if (record.status === "input_required") return "suspended"
    // A worker without time leaves the task to others, and does not fail it.
    const now = yield* Clock.currentTimeMillis
    const delay = delayOf(record, now)
    if (delay > 0) return yield* Effect.as(dispatched(taskId, delay), "suspended" as const)
    const isPaused = pauses.covers(kindOf(record)) && record.status === "working"
    if (isPaused || timeLeft(time, now) <= 0) {
      if (!isFree(record, now) || !(yield* runs.mayTake(record))) return "skipped"
      // Nobody need wake it before its kind is resumed.
      return isPaused ? "suspended" : "released"
    }
    return yield* runOnSlot(record, handler, time)
  })

  const runTask: TaskRunnerShape["runTask"] = (taskId, runOptions) =>
    Effect.tap(
      tryTask(taskId, runOptions),
      (result) => result === "released" ? dispatched(taskId) : result === "settled" ? dispatchNext : Effect.void
    )

  const clock = yield* Clock.Clock
  const ids = yield* TaskIds
  const starts = makeTaskStarts({ storage, settings, handlers, runs, outages, pauses, clock, ids, dispatched })

  const sessionRunner = (tasks: () => SessionTasks, session: string | null | undefined): SessionRunner => ({
    ...starts.ofSession(tasks, session),

    provideInput: (taskId, responses) =>
      Effect.uninterruptible(
        Effect.tap(tasks().provideInput(taskId, responses), ({ complete, record }) =>
          complete
            ? Effect.flatMap(Clock.currentTimeMillis, (now) => isFree(record, now) ? resume(record) : Effect.void)
            : Effect.void)
      ),

    // Nobody runs a task that sleeps or asks, so that nothing else would tell of its seat.
    cancelTask: (taskId) =>
      Effect.flatMap(resultTtlOf(tasks(), taskId), (resultTtl) =>
        Effect.catchTags(
          tasks().withSummary.updateTaskStatus(taskId, "cancelled", { statusMessage: null, resultTtl }),
          {
            // None of these can be: it names no attempt, writes no message, and whatever has not ended may be cancelled.
            LeaseLost: Effect.die,
            PayloadTooLarge: Effect.die,
            InvalidTransition: Effect.die
          }
        )).pipe(Effect.tap(Effect.andThen(Effect.sync(() => runs.queue.seatFreed()), dispatchNext)))
  })

  /** Tells how long a task lives from its end on. Only where kinds of tasks differ is it looked up. */
  const resultTtlOf = (
    tasks: SessionTasks,
    taskId: string
  ): Effect.Effect<number | undefined, InvalidInput | TaskStorageUnavailable> =>
    Effect.suspend(() => {
      const ofRunner = settings.resultTtl ?? undefined
      const worker = runs.workerOf(taskId)
      if (worker !== undefined) return Effect.succeed(worker.resultTtl)
      if (!handlers.some(({ resultTtl }) => resultTtl !== undefined)) return Effect.succeed(ofRunner)
      return Effect.map(
        tasks.getTaskSummary(taskId),
        Option.match({
          onNone: () => ofRunner,
          onSome: (summary) => handlers.find(summary)?.resultTtl ?? ofRunner
        })
      )
    })

  /** Continues a task that has got its last answer, here or where it is dispatched to. */
  const resume = Effect.fnUntraced(function*(record: TaskRecord) {
    const before = runs.workerOf(record.taskId)
    // A worker that waits here goes on with the answer.
    if (before !== undefined && before.stopReason === undefined) return
    if (before === undefined && !(yield* runs.mayTake(record))) return
    if (settings.dispatch !== undefined) return yield* dispatched(record.taskId)
    const handler = handlers.find(record)
    if (handler === undefined) return
    runs.queue.add({ ...kindOf(record), taskId: record.taskId, sessionId: record.sessionId, handler })
  })

  return {
    ...sessionRunner(() => storage, undefined),
    takeSlot: starts.takeSlot,
    forSession: (sessionId) => {
      let tasks: SessionTasks | undefined
      // A call that ends before it is a task needs none.
      return sessionRunner(() => tasks ??= storage.forSession(sessionId), sessionId)
    },
    register: (handler) =>
      Effect.map(bindHandler(handler), (bound) => {
        handlers.set(handler, bound)
        lookSoon()
      }),
    runTask,
    recover,
    running: Effect.sync(() => runs.slots.taken)
  }
})

/** How many milliseconds a task still waits on purpose. */
const delayOf = ({ leaseExpiresAt, startedAt, worker }: TaskRecord, now: number): number =>
  leaseExpiresAt === undefined || startedAt !== undefined || worker !== undefined
    ? 0
    : leaseExpiresAt.epochMilliseconds - now

const isFree = ({ leaseExpiresAt }: TaskRecord, now: number): boolean =>
  leaseExpiresAt !== undefined && leaseExpiresAt.epochMilliseconds <= now
