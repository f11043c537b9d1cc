/**
 * The spans of the runs of a runner, where somebody traces.
 *
 * @since 0.2.0
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"
import { hasTracer, tracedSpan } from "../../domain/telemetry/isTraced.ts"
import { remoteSpan } from "../../domain/telemetry/TraceContext.ts"
import { kindOf } from "../handler/HandlerRegistry.ts"
import type { BoundHandler } from "../queue/BoundHandler.ts"
import type { RunResult, StartTask } from "../service/TaskRunner.ts"
import { linkToEarlier, linkToRequest, type RunSpan, startRunSpan } from "../tracing/RunSpan.ts"

/**
 * Begins spans of runs.
 *
 * @since 0.2.0
 * @category models
 */
export interface RunTracing {
  /** Begins the span of the run that a new task begins with, and stores the task. */
  readonly storing: <E>(
    task: StartTask,
    handler: BoundHandler,
    store: (task: StartTask, span: RunSpan | undefined) => Effect.Effect<TaskRecord, E>
  ) => Effect.Effect<TaskRecord, E>
  /** Begins the span of a run, and does what it is for. A task without a trace of its own begins one. */
  readonly running: (
    record: TaskRecord,
    handler: BoundHandler,
    run: (span: RunSpan | undefined) => Effect.Effect<RunResult>
  ) => Effect.Effect<RunResult>
}

/**
 * Makes the tracing of a runner. Runs know the services of the runner, and not those of whoever starts them.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeRunTracing = (base: Context.Context<never>): RunTracing => {
  const isTracing = hasTracer(base)
  const baseOnly = () => base

  return {
    storing: (task, { begun, name }, store) =>
      !isTracing || begun !== undefined ? store(task, begun) : Effect.withFiber((fiber) => {
        const parent = remoteSpan(task)
        const from = { parent, links: linkToRequest(tracedSpan(fiber), parent) }
        return Effect.flatMap(
          Effect.updateContext(startRunSpan(kindOf(task), name, from), baseOnly),
          // A tracer may know of a parent that Effect does not.
          (span) => {
            const continuing = task.traceparent === undefined ? { ...task, ...span.continued } : task
            return Effect.tapError(store(continuing, span), (error) => span.fail(error))
          }
        )
      }),

    running: (record, { begun, name }, run) => {
      if (!isTracing || begun !== undefined) return run(begun)
      const parent = remoteSpan(record)
      const from = { links: linkToEarlier(record), ...(parent === undefined ? { root: true } : { parent }) }
      return Effect.flatMap(startRunSpan(kindOf(record), name, from), run)
    }
  }
}
