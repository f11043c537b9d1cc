/**
 * Beginning new tasks.
 *
 * @since 0.2.0
 */
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { parsed } from "../../domain/operations/TaskAccess.ts"
import { readFields } from "../../domain/options/optionNames.ts"
import type { SessionTasks, TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import { uuidV7, uuidV7At } from "../../domain/task/TaskId.ts"
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"
import { tracedSpan } from "../../domain/telemetry/isTraced.ts"
import { readMillis } from "../../domain/telemetry/StorageOperation.ts"
import { traceContextOf } from "../../domain/telemetry/TraceContext.ts"
import { type HandlerRegistry, kindOf, type OfKind, type TaskOfKind } from "../handler/HandlerRegistry.ts"
import { Place } from "../handler/Place.ts"
import type { TaskContext } from "../handler/TaskContext.ts"
import type { Outages } from "../process/Outages.ts"
import { type BoundHandler, handlerOfOwn, type OwnWork } from "../queue/BoundHandler.ts"
import type { Pauses } from "../queue/Pauses.ts"
import { startFields } from "../service/operationOptions.ts"
import type { ResolvedRunnerOptions } from "../service/ResolvedRunnerOptions.ts"
import {
  type ReservedSlot,
  type SessionRunner,
  type StartTask,
  type StartTaskOptions,
  type TaskRunnerShape,
  TooManyTasks
} from "../service/TaskRunner.ts"
import type { RunSpan } from "../tracing/RunSpan.ts"
import type { TaskRuns } from "./TaskRuns.ts"

/**
 * What beginning tasks needs.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskStartsParts {
  readonly storage: Pick<TaskStorageShape, "generateTaskId" | "seatNews" | "forSession">
  readonly settings: ResolvedRunnerOptions
  readonly handlers: HandlerRegistry<BoundHandler>
  readonly runs: TaskRuns
  readonly outages: Outages
  readonly pauses: Pauses
  readonly clock: Clock.Clock
  /** Names tasks in place of the storage. */
  readonly ids: Effect.Effect<string, InvalidInput> | undefined
  readonly dispatched: (taskId: string) => Effect.Effect<void>
}

/**
 * What begins tasks.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskStarts extends Pick<TaskRunnerShape, "takeSlot"> {
  /** Begins the tasks of one session; for `null`, those bound to none; for `undefined`, of the session that each names. */
  readonly ofSession: (
    tasks: () => SessionTasks,
    session: string | null | undefined
  ) => Pick<SessionRunner, "startTask" | "reserveSlot">
}

type OwnRun<E, R> = (task: TaskRecord) => Effect.Effect<unknown, E, R | TaskContext>

type Started<R = never> = Effect.Effect<TaskRecord, Effect.Error<ReturnType<SessionRunner["startTask"]>>, R>

/**
 * Makes what begins the tasks of a runner.
 *
 * Each task comes by here. So there are no generators, and what need not wait takes no step of the runtime.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeTaskStarts = (
  { clock, dispatched, handlers, ids, outages, pauses, runs, settings, storage }: TaskStartsParts
): TaskStarts => {
  /** Many tasks come from the same place, such as all that are started in promises, and share what is made of its services. */
  let lastPlace: Place<never> | undefined
  const placeOf = <R>(services: Context.Context<R>): Place<R> => {
    if (lastPlace?.has(services) === true) return lastPlace
    const place = new Place(services)
    lastPlace = place
    return place
  }

  /** Stores a task that this process holds, and begins it on a slot that was taken for it. */
  const create = (tasks: SessionTasks, task: StartTask, handler: BoundHandler) =>
    runs.tracing.storing(task, handler, (task, span) => {
      let since = 0
      return runs.process.creating(
        (worker) => {
          since = runs.queue.seatsFreed
          return tasks.createTask({ ...task, worker, runTraceparent: span?.traceparent })
        },
        (record, holder) => {
          if (holder !== undefined) return Effect.as(runs.begin(record, handler, holder, span), record)
          const { sessionId, taskId } = record
          runs.freeSlot(sessionId)
          runs.queue.keepUntilSeat({ ...kindOf(record), taskId, sessionId, handler }, since)
          // There was no seat for it, so that this is no run. The span of a call under way goes on with that.
          return span === undefined || handler.begun !== undefined
            ? Effect.succeed(record)
            : Effect.as(span.end(Exit.succeed("released"), record), record)
        }
      )
    })

  /** Stores a task and begins it, here or elsewhere, now or later. */
  const start = (
    tasks: SessionTasks,
    task: StartTask,
    sessionId: string | undefined,
    handler: BoundHandler,
    isPaused: boolean,
    mayOvertake = false
  ): Started => {
    const overrun = isPaused ? undefined : runs.overrun(sessionId)
    if (overrun !== undefined && settings.whenFull === "refuse") return Effect.fail(new TooManyTasks(overrun))
    const mayBegin = !isPaused && overrun === undefined && runs.isOpen()
    const isBehind = mayBegin && runs.queue.isSeatPromised && !mayOvertake
    if (mayBegin && !isBehind) {
      runs.takeSlot(sessionId)
      return Effect.tapCause(create(tasks, task, handler), () => Effect.sync(() => runs.freeSlot(sessionId)))
    }
    return Effect.map(outages.watch(tasks.createTask({ ...task, lease: 0 })), (record) => {
      const waiting = { ...kindOf(task), taskId: record.taskId, sessionId, handler }
      if (isBehind) runs.queue.keepBehind(waiting)
      else runs.queue.add(waiting)
      return record
    })
  }

  /** The same, once it is known whether tasks of this kind are paused. */
  const startUnlessPaused = (
    tasks: SessionTasks,
    task: StartTask,
    sessionId: string | undefined,
    handler: BoundHandler
  ) => {
    const startNow = () => start(tasks, task, sessionId, handler, runs.isOpen() && pauses.covers(kindOf(task)))
    return runs.process.hearsPauses() || !runs.isOpen() ? startNow() : Effect.flatMap(runs.process.ready, startNow)
  }

  const dispatch = (tasks: SessionTasks, task: StartTask) =>
    Effect.tap(
      outages.watch(tasks.createTask({ ...task, lease: 0 })),
      ({ taskId }) => dispatched(taskId)
    )

  /** Goes on with the handler of work that the caller brings along. */
  const withOwn = <A, E, R, E2>(
    run: OwnRun<E, R>,
    work: OwnWork,
    use: (handler: BoundHandler) => Effect.Effect<A, E2>
  ): Effect.Effect<A, E2, Exclude<R, TaskContext>> =>
    Effect.contextWith((services: Context.Context<Exclude<R, TaskContext>>) =>
      use(handlerOfOwn(placeOf(services), run, work))
    )

  /** A slot that was taken. */
  const reservedSlot = (
    tasks: () => SessionTasks,
    sessionId: string | undefined,
    makeId: () => string
  ): ReservedSlot => {
    let isGone = false
    let id: string | undefined
    const taskId = () => id ??= makeId()
    return {
      taskId,
      startTask: <E, R>(given: StartTask, run: OwnRun<E, R>, { span }: StartTaskOptions = {}) =>
        Effect.uninterruptible(
          Effect.withFiber((fiber) =>
            parsed(readTask(fiber, { ...given, taskId: taskId() }, span), (task) =>
              withOwn(run, { begun: span, registered: handlers.find(task), isOnce: true }, (handler) =>
                Effect.map(create(tasks(), task, handler), (record) => {
                  isGone = true
                  return record
                })))
          )
        ),
      free: () => {
        if (isGone) return
        isGone = true
        runs.freeSlot(sessionId)
      }
    }
  }

  const generateTaskId = ids ?? storage.generateTaskId

  /** Work that runs already cannot wait for a seat: others would begin it once more. */
  const mayReserve = () => settings.dispatch === undefined && runs.isOpen() && storage.seatNews === undefined

  /** Takes a slot, once it is known which kinds of tasks are paused. */
  const reserve = (
    tasks: () => SessionTasks,
    task: TaskOfKind,
    sessionId: string | undefined,
    makeId: () => string
  ): ReservedSlot | undefined => {
    if (pauses.covers(task) || runs.overrun(sessionId) !== undefined) return undefined
    runs.takeSlot(sessionId)
    return reservedSlot(tasks, sessionId, makeId)
  }

  const named = <A, E, R>(
    task: StartTask,
    use: (task: StartTask) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | InvalidInput, R> =>
    ids === undefined || task.taskId !== undefined
      ? use(task)
      : Effect.flatMap(ids, (taskId) => use({ ...task, taskId }))

  const ofSession: TaskStarts["ofSession"] = (tasks, session) => ({
    startTask: <E, R>(given: StartTask, run?: OwnRun<E, R>, { isUnderWay = false, span }: StartTaskOptions = {}) =>
      Effect.uninterruptible(
        Effect.withFiber((fiber) =>
          parsed(readTask(fiber, given, span), (task) =>
            named(task, (task): Started<Exclude<R, TaskContext>> => {
              const sessionId = session === undefined ? task.sessionId : session ?? undefined
              const registered = handlers.find(task)
              if (run !== undefined) {
                return withOwn(run, { begun: span, registered }, (handler) =>
                  isUnderWay
                    ? start(tasks(), task, sessionId, handler, false, true)
                    : startUnlessPaused(tasks(), task, sessionId, handler))
              }
              if (settings.dispatch !== undefined) return dispatch(tasks(), task)
              return registered === undefined
                ? Effect.fail(unregistered(task))
                : startUnlessPaused(tasks(), task, sessionId, registered)
            }))
        )
      ),

    reserveSlot: (task) =>
      Effect.suspend(() => {
        if (!mayReserve()) return Effect.succeedNone
        const reserving = Effect.map(
          generateTaskId,
          (taskId) => Option.fromUndefinedOr(reserve(tasks, task, session ?? undefined, () => taskId))
        )
        // The call itself needs no storage, so that it goes by what is known if the storage does not answer.
        return runs.process.hearsPauses() ? reserving : Effect.andThen(pauses.refreshBriefly, reserving)
      })
  })

  const newId = () => uuidV7At(readMillis(clock))

  return {
    ofSession,
    takeSlot: (task, sessionId) => {
      // Any other generator is an effect, which has to run.
      if (!mayReserve() || generateTaskId !== uuidV7) return undefined
      if (!runs.process.hearsPauses() && !pauses.areFresh(readMillis(clock))) return undefined
      return reserve(() => storage.forSession(sessionId), task, sessionId ?? undefined, newId)
    }
  }
}

/** Reads a task that is handed in. Where its request has no trace context, it continues the trace of its work, or of the caller. */
const readTask = (
  fiber: Fiber.Fiber<unknown, unknown>,
  given: StartTask,
  begun: RunSpan | undefined
): Result.Result<StartTask, InvalidInput> => {
  const task = readFields("task", given, startFields)
  if (Result.isFailure(task) || task.success.traceparent !== undefined) return task
  if (begun !== undefined) return Result.succeed({ ...task.success, ...begun.continued })
  const span = tracedSpan(fiber)
  return span === undefined ? task : Result.succeed({ ...task.success, ...traceContextOf(span) })
}

const unregistered = (task: OfKind): InvalidInput => {
  const { name, originalMethod } = kindOf(task)
  const named = name === undefined ? "without a name" : `with the name ${JSON.stringify(name)}`
  return new InvalidInput({
    field: "originalMethod",
    reason: `${JSON.stringify(originalMethod)} ${named} has no handler; register one, or pass what to run`
  })
}
