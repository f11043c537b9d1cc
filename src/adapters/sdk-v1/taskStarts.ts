/**
 * How a tool has the task that the SDK creates for it run, and not only stored.
 *
 * The SDK hands the request, which a tool does not see, to the store together with a `context` of the tool's own. That
 * very object says what is to be done with the task.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type {
  InvalidInput,
  MaxTasksReached,
  PayloadTooLarge,
  TaskAlreadyExists,
  TaskStorageUnavailable
} from "../../domain/TaskError.ts"
import type { TaskRecord } from "../../domain/TaskRecord.ts"
import type { StartTask, TooManyTasks } from "../../runner/TaskRunner.ts"

/**
 * Stores a task of a session, and has it run.
 *
 * @since 0.2.0
 * @category models
 */
export type TaskStart = (owner: string | null, task: StartTask) => Effect.Effect<
  TaskRecord,
  InvalidInput | PayloadTooLarge | TaskAlreadyExists | MaxTasksReached | TooManyTasks | TaskStorageUnavailable
>

const starts = new WeakMap<object, TaskStart>()

/**
 * Gives the `context` with which the task is started so.
 *
 * @since 0.2.0
 * @category constructors
 */
export const startContext = (start: TaskStart): Record<string, unknown> => {
  const context = {}
  starts.set(context, start)
  return context
}

/**
 * Gives how the task with this `context` is started; `undefined` when it is only stored.
 *
 * @since 0.2.0
 * @category accessors
 */
export const taskStart = (context: object | undefined): TaskStart | undefined =>
  context === undefined ? undefined : starts.get(context)
