/**
 * What a runner can run.
 *
 * @since 0.2.0
 */
import type * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import type { TaskRecord } from "../domain/TaskRecord.ts"
import type { TaskContext } from "./TaskContext.ts"

/**
 * What becomes of a task whose worker died: it fails, or it is run again from its start, at most so often in all. Answers
 * to its input requests allow one more each.
 *
 * @since 0.2.0
 * @category models
 */
export type LostWorkerPolicy = "fail" | { readonly maxAttempts: number }

/**
 * Runs the tasks of one kind: those of a method and, where one is given, of the `name` in their params, such as that of a
 * tool. What `run` gives is the result of the request, which JSON can carry; how it fails becomes the error of the task,
 * a `TaskFailure` word for word.
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
  /**
   * Gives the result that stands for what the work threw, where its client is to see one; with `undefined`, and by
   * default, the client sees an internal error. A `TaskFailure` is not asked for.
   */
  readonly resultOfFailure?: ((cause: Cause.Cause<unknown>) => unknown) | undefined
}
