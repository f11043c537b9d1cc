/**
 * Handlers with all the services that they need.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { orAbsent, parseMillis } from "../domain/ArgumentParsers.ts"
import type { InvalidInput } from "../domain/TaskError.ts"
import type { TaskRecord } from "../domain/TaskRecord.ts"
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
  /** Milliseconds. */
  readonly resultTtl?: number | undefined
  readonly resultOfFailure?: TaskHandler["resultOfFailure"]
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
  Effect.contextWith((services: Context.Context<Exclude<R, TaskContext>>) =>
    Effect.map(Effect.fromResult(orAbsent(handler.resultTtl, (ttl) => parseMillis("resultTtl", ttl, 1))), (ttl) => ({
      name: handler.name,
      resultTtl: ttl ?? undefined,
      lostWorker: handler.lostWorker ?? "fail",
      resultOfFailure: handler.resultOfFailure,
      run: (record, context) => {
        const inPlace = <A, E>(effect: Effect.Effect<A, E, Exclude<R, TaskContext>>): Effect.Effect<A, E> =>
          withServices(Effect.annotateLogs(effect, taskAnnotations(record)), services)
        const work = Effect.provideService(Effect.suspend(() => handler.run(record)), TaskContext, context)
        return Effect.map(
          inPlace(asWorkEnd(work, handler.resultOfFailure)),
          ({ log, ...end }) => log === undefined ? end : { ...end, log: inPlace(log) }
        )
      }
    }))
  )

const withServices = <A, E, R>(effect: Effect.Effect<A, E, R>, services: Context.Context<R>): Effect.Effect<A, E> =>
  Effect.updateContext(effect, (current: Context.Context<never>) => Context.merge(current, services))
