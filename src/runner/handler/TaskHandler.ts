/**
 * What a runner can run.
 *
 * @since 0.2.0
 */
import type * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"
import type { RetryPolicy } from "./RetryPolicy.ts"
import type { TaskContext } from "./TaskContext.ts"

/**
 * What happens to a task whose worker died: it fails, or it runs again from its start, up to `maxAttempts` times in all. Each
 * answer to its input requests, each sleep and each retry allows one more.
 *
 * @since 0.2.0
 * @category models
 */
export type LostWorkerPolicy = "fail" | { readonly maxAttempts: number }

/**
 * Runs the tasks of one kind: those of a method and, if one is given, of the `name` in their params, such as that of a tool.
 * `run` gives the result of the request, which JSON can carry. If it fails, so does the task; with a `TaskFailure` the client
 * gets that error word for word.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskHandler<E = unknown, R = never> {
  readonly method: string
  readonly name?: string | undefined
  /** Does the work, and gives the result of the request. */
  readonly run: (task: TaskRecord) => Effect.Effect<unknown, E, R | TaskContext>
  /** `"fail"` by default. */
  readonly lostWorker?: LostWorkerPolicy | undefined
  /** How often it runs again after it failed: never by default. */
  readonly retry?: RetryPolicy | undefined
  /** How long a task of this kind lives from its end on. By default it is as the runner has it. */
  readonly resultTtl?: Duration.Input | undefined
  /**
   * Turns what the work threw into a result for the client. With `undefined`, and by default, the client gets an internal
   * error. It is not called for a `TaskFailure`.
   */
  readonly resultOfFailure?: ((cause: Cause.Cause<unknown>) => unknown) | undefined
}
