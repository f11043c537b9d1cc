/**
 * Handlers with all the services that they need.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as References from "effect/References"
import * as Result from "effect/Result"
import type { InvalidInput } from "../../domain/task/TaskError.ts"
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"
import { parseHandler } from "../handler/parseHandler.ts"
import { Place } from "../handler/Place.ts"
import type { ParsedRetry } from "../handler/RetryPolicy.ts"
import { TaskContext, type TaskContextShape } from "../handler/TaskContext.ts"
import type { LostWorkerPolicy, TaskHandler } from "../handler/TaskHandler.ts"
import { type WorkEnd, workEnd } from "../handler/WorkEnd.ts"
import type { RunSpan } from "../tracing/RunSpan.ts"
import { taskAnnotations } from "../tracing/taskAnnotations.ts"

/**
 * Work that has begun.
 *
 * @since 0.2.0
 * @category models
 */
export interface BegunWork {
  readonly running: Fiber.Fiber<unknown, unknown>
  /** Turns the exit of the fiber into the end of the work. */
  readonly endOf: (exit: Exit.Exit<unknown, unknown>) => WorkEnd
}

/**
 * Runs tasks of one kind, with all the services that this needs.
 *
 * @since 0.2.0
 * @category models
 */
export interface BoundHandler {
  /** Begins the work on a task, for a run in this context. */
  readonly begin: (record: TaskRecord, context: TaskContextShape, from: Context.Context<never>) => BegunWork
  /** The name that it is registered under, if it is registered under one. */
  readonly name?: string | undefined
  readonly lostWorker: LostWorkerPolicy
  readonly retry?: ParsedRetry | undefined
  /** Milliseconds. */
  readonly resultTtl?: number | undefined
  readonly resultOfFailure?: TaskHandler["resultOfFailure"]
  /** The span in which the work began, if that is under way already. */
  readonly begun?: RunSpan | undefined
  /** Runs a task that begins anew, if the work cannot do so. */
  readonly next?: BoundHandler | undefined
}

/**
 * Checks a handler, and takes its services, all but the context of the task, from the place where it is registered.
 *
 * @since 0.2.0
 * @category constructors
 */
export const bindHandler = <E, R>(
  handler: TaskHandler<E, R>
): Effect.Effect<BoundHandler, InvalidInput, Exclude<R, TaskContext>> =>
  Effect.contextWith((services: Context.Context<Exclude<R, TaskContext>>) =>
    Effect.fromResult(
      Result.map(parseHandler(handler), (parsed): BoundHandler => ({
        ...parsed,
        name: handler.name,
        resultOfFailure: handler.resultOfFailure,
        begin: beginning(new Place(services), handler)
      }))
    )
  )

/**
 * What is known of work that the caller of a runner brings along.
 *
 * @since 0.2.0
 * @category models
 */
export interface OwnWork {
  /** The handler that is registered for tasks of its kind. */
  readonly registered: BoundHandler | undefined
  /** The span in which it began, if it is under way already. */
  readonly begun: RunSpan | undefined
  /** Whether it is under way already, and cannot begin anew. A task that does goes by what is registered. */
  readonly isOnce?: boolean
}

/**
 * Gives the handler of work that the caller of a runner brings along. It dies with the process, so that nobody runs it again. What is
 * registered for tasks of its kind says the rest.
 *
 * @since 0.2.0
 * @category constructors
 */
export const handlerOfOwn = <E, R>(
  place: Place<Exclude<R, TaskContext>>,
  run: TaskHandler<E, R>["run"],
  { begun, isOnce = false, registered }: OwnWork
): BoundHandler => ({
  name: registered?.name,
  resultTtl: registered?.resultTtl,
  resultOfFailure: registered?.resultOfFailure,
  lostWorker: "fail",
  begun,
  next: isOnce ? registered : undefined,
  begin: beginning(place, { run, resultOfFailure: registered?.resultOfFailure })
})

/** Begins work in a fiber of its own, with the services of its handler. */
const beginning = <E, R>(
  place: Place<Exclude<R, TaskContext>>,
  { resultOfFailure, run }: Pick<TaskHandler<E, R>, "run" | "resultOfFailure">
): BoundHandler["begin"] =>
(record, task, from) => {
  const services = annotated(place.within(from), record)
  return {
    running: Effect.runForkWith(services)(Effect.provideService(Effect.suspend(() => run(record)), TaskContext, task)),
    endOf: (exit) => {
      const end = workEnd(exit, resultOfFailure)
      return end.log === undefined ? end : { ...end, log: Effect.provideContext(end.log, services) }
    }
  }
}

/** Has what is logged in a context say which task it is of. A merge would copy the context for each task that waits. */
const annotated = <R>(context: Context.Context<R>, record: TaskRecord): Context.Context<R> =>
  Context.add(context, References.CurrentLogAnnotations, {
    ...Context.get(context, References.CurrentLogAnnotations),
    ...taskAnnotations(record)
  })
