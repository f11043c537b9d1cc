/**
 * What can be done with kinds of tasks.
 *
 * @since 0.2.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { TaskKind } from "../options/TaskOptions.ts"
import type * as TaskError from "../task/TaskError.ts"

/**
 * A kind of tasks that is paused. Without a `name` all names of the method are; `null` means tasks without a name.
 *
 * @since 0.2.0
 * @category models
 */
export interface PausedKind extends TaskKind {
  readonly pausedAt: DateTime.Utc
}

/**
 * Pausing kinds of tasks. A pause is stored: it holds for all processes on the storage, and outlives them.
 *
 * @since 0.2.0
 * @category models
 */
export interface PauseOperations {
  /**
   * Pauses the tasks of a method, or of a method and a name. They are accepted and wait: `claimableTasks` does not list them, and
   * `claimTasks` does not take them. Those that run go on, and `claimTask` takes any task that it is told to. A kind that is paused
   * already stays so.
   */
  readonly pauseTasks: (
    kind: TaskKind
  ) => Effect.Effect<void, TaskError.InvalidInput | TaskError.TaskStorageUnavailable>

  /**
   * Ends the pause of exactly this kind, and tells whether there was one. A task of it may still be paused by another one, of its name
   * or of its whole method.
   */
  readonly resumeTasks: (
    kind: TaskKind
  ) => Effect.Effect<boolean, TaskError.InvalidInput | TaskError.TaskStorageUnavailable>

  /**
   * Lists the kinds that are paused, and since when, by method and name.
   */
  readonly pausedTasks: () => Effect.Effect<ReadonlyArray<PausedKind>, TaskError.TaskStorageUnavailable>

  /**
   * Emits when kinds may have been paused or resumed: by this process, or by another one and a worker hears of it whose `workerNews`
   * this process follows. So read `pausedTasks` then. The stream does not end.
   */
  readonly pauseNews: Stream.Stream<void>
}
