/**
 * Handlers with all the services that they need.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import * as Result from "effect/Result"
import { ParentSpan } from "effect/Tracer"
import { orAbsent, parseMillis } from "../domain/ArgumentParsers.ts"
import type { InvalidInput } from "../domain/TaskError.ts"
import type { TaskRecord } from "../domain/TaskRecord.ts"
import { type ParsedRetry, parseRetry } from "./RetryPolicy.ts"
import type { RunSpan } from "./RunSpan.ts"
import { taskAnnotations } from "./taskAnnotations.ts"
import { TaskContext, type TaskContextShape } from "./TaskContext.ts"
import type { LostWorkerPolicy, TaskHandler } from "./TaskHandler.ts"
import { asWorkEnd, type WorkEnd } from "./WorkEnd.ts"

/**
 * Runs a task, and never fails: whatever its work does becomes an end of the task.
 *
 * @since 0.2.0
 * @category models
 */
export interface BoundHandler {
  readonly run: (record: TaskRecord, context: TaskContextShape) => Effect.Effect<WorkEnd>
  /** The name that it is registered under, if it is registered under one. */
  readonly name?: string | undefined
  readonly lostWorker: LostWorkerPolicy
  readonly retry?: ParsedRetry | undefined
  /** Milliseconds. */
  readonly resultTtl?: number | undefined
  readonly resultOfFailure?: TaskHandler["resultOfFailure"]
  /** The span in which the work began, if that is under way already. */
  readonly begun?: RunSpan | undefined
  /** Runs a task that begins anew, if `run` cannot run twice. */
  readonly next?: BoundHandler | undefined
}

/**
 * Checks a handler, and takes its services, all but the context of the task, from the place where it is registered.
 *
 * @since 0.2.0
 * @category constructors
 */
export const bindHandler = <E, R>(
  handler: Omit<TaskHandler<E, R>, "method">
): Effect.Effect<BoundHandler, InvalidInput, Exclude<R, TaskContext>> =>
  Effect.contextWith((services: Context.Context<Exclude<R, TaskContext>>) => {
    const inPlace = placing(services)
    const checked = Result.all([
      orAbsent(handler.resultTtl, (ttl) => parseMillis("resultTtl", ttl, 1)),
      orAbsent(handler.retry, parseRetry)
    ])
    return Effect.map(
      Effect.fromResult(checked),
      ([ttl, retry]) => ({
        name: handler.name,
        resultTtl: ttl ?? undefined,
        retry: retry ?? undefined,
        lostWorker: handler.lostWorker ?? "fail",
        resultOfFailure: handler.resultOfFailure,
        run: (record, context) => {
          const place = (from: Context.Context<never>) => annotated(inPlace(from), record)
          const work = Effect.provideService(Effect.suspend(() => handler.run(record)), TaskContext, context)
          return Effect.map(
            asWorkEnd(Effect.updateContext(work, place), handler.resultOfFailure),
            (end) => end.log === undefined ? end : { ...end, log: Effect.updateContext(end.log, place) }
          )
        }
      })
    )
  })

/** Adds services to a context. All tasks share what is made of that of the runner, in which all begin. */
const placing = <R>(services: Context.Context<R>) => {
  let last: { readonly from: Context.Context<never>; readonly to: Context.Context<R> } | undefined
  return (from: Context.Context<never>): Context.Context<R> => {
    if (last?.from !== from) {
      const to = Context.merge(from, services)
      const run = Context.getOrUndefined(from, ParentSpan)
      // What a task does belongs to its run, and not to the span that its handler was registered in.
      last = { from, to: run === undefined ? to : Context.add(to, ParentSpan, run) }
    }
    return last.to
  }
}

/** Has what is logged in a context say which task it is of. A merge would copy the context for each task that waits. */
const annotated = <R>(context: Context.Context<R>, record: TaskRecord): Context.Context<R> =>
  Context.add(context, References.CurrentLogAnnotations, {
    ...Context.get(context, References.CurrentLogAnnotations),
    ...taskAnnotations(record)
  })
