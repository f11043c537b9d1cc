/**
 * Running tasks, so that each of them ends, whatever happens to its workers.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { shownAsError } from "../domain/shownAsError.ts"
import type {
  InvalidInput,
  MaxTasksReached,
  PayloadTooLarge,
  TaskAlreadyExists,
  TaskNotFound,
  TaskStorageUnavailable,
  TerminalState
} from "../domain/TaskError.ts"
import type { CreateTask, ProvidedInput } from "../domain/TaskOperations.ts"
import type { TaskRecord } from "../domain/TaskRecord.ts"
import type { TaskContext } from "./TaskContext.ts"
import type { TaskHandler } from "./TaskHandler.ts"

/**
 * A new task of a runner. It begins as `working`.
 *
 * @since 0.2.0
 * @category models
 */
export type StartTask = Omit<
  CreateTask,
  | "status"
  | "createdAt"
  | "lastUpdatedAt"
  | "lease"
  | "result"
  | "failure"
  | "inputRequests"
  | "inputResponses"
  | "requestState"
>

/**
 * @since 0.2.0
 * @category options
 */
export interface RunTaskOptions {
  /**
   * How long the task may run; then it is given back, or fails where its policy does not let it run again. With no time
   * left, or less, it is given back before it begins.
   */
  readonly timeout?: Duration.Input | undefined
  /** The same as a point in time. With both the earlier one counts. */
  readonly deadline?: Date | DateTime.DateTime | undefined
}

/**
 * The runner, or the session, runs as many tasks as it may, and was told to refuse more.
 *
 * @since 0.2.0
 * @category errors
 */
export class TooManyTasks extends shownAsError(
  Schema.TaggedError<TooManyTasks>("mcp-task-storage/TooManyTasks")("TooManyTasks", {
    scope: Schema.Literals(["runner", "session"]),
    limit: Schema.Number
  })
) {
  override get message(): string {
    return this.scope === "runner"
      ? `The server runs its maximum of ${this.limit} tasks at once. Try again later, or raise maxRunning.`
      : `The session runs its maximum of ${this.limit} tasks at once. Wait for some of them, or raise maxRunningPerSession.`
  }
}

/**
 * What became of a task that was to be run: it ended; it waits for input, without a worker; it was given back, for
 * another worker; or it was not this runner's to run: it is gone, ended, held by another worker, or of no kind that was
 * registered.
 *
 * @since 0.2.0
 * @category models
 */
export type RunResult = "settled" | "suspended" | "released" | "skipped"

/**
 * The operations of a runner, on the tasks of one session or on all.
 *
 * @since 0.2.0
 * @category models
 */
export interface SessionRunner {
  /**
   * Stores a task, then runs it by the handler for its method and name, or by `run`, which dies with this process. It is
   * durable when this succeeds, and runs on whatever becomes of the caller.
   */
  readonly startTask: <E = never, R = never>(
    task: StartTask,
    run?: (task: TaskRecord) => Effect.Effect<unknown, E, R | TaskContext>
  ) => Effect.Effect<
    TaskRecord,
    InvalidInput | PayloadTooLarge | TaskAlreadyExists | MaxTasksReached | TooManyTasks | TaskStorageUnavailable,
    Exclude<R, TaskContext>
  >

  /** Stores answers, as `TaskStorage.provideInput` does; when the last is there, the task is taken up again. */
  readonly provideInput: (taskId: string, responses: { readonly [key: string]: unknown }) => Effect.Effect<
    ProvidedInput,
    InvalidInput | PayloadTooLarge | TaskNotFound | TerminalState | TaskStorageUnavailable
  >

  /** Cancels a task. Its work is interrupted, in whichever process it runs, and a late result refused. */
  readonly cancelTask: (taskId: string) => Effect.Effect<
    TaskRecord,
    InvalidInput | TaskNotFound | TerminalState | TaskStorageUnavailable
  >
}

/**
 * The operations of {@link TaskRunner}.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskRunnerShape extends SessionRunner {
  /**
   * Says how tasks of one kind are run, here or anywhere: whatever `run` needs is taken from where this is called. Another
   * handler of the same kind takes the place of the one before.
   */
  readonly register: <E, R>(handler: TaskHandler<E, R>) => Effect.Effect<void, never, Exclude<R, TaskContext>>

  /** Gives the same operations on the tasks of one session; of `null`, on those bound to none. */
  readonly forSession: (sessionId: string | null) => SessionRunner

  /**
   * Claims a task and runs it to its end, or until its `timeout` or `deadline`; then it is given back, for another worker, or, where
   * its policy does not let it run again, fails. For workers that are woken with an id, by a queue.
   */
  readonly runTask: (
    taskId: string,
    options?: RunTaskOptions
  ) => Effect.Effect<RunResult, InvalidInput | TaskStorageUnavailable>

  /**
   * Takes up tasks that wait for a worker, and those whose worker died, by their policy; gives the ids of those it took.
   * Runners do it by themselves (`recovery`).
   */
  readonly recover: Effect.Effect<ReadonlyArray<string>, TaskStorageUnavailable>

  /** How many tasks this runner runs at the moment. */
  readonly running: Effect.Effect<number>
}

/**
 * Runs tasks of any `TaskStorage`, in a scope of its own.
 *
 * @since 0.2.0
 * @category services
 */
export class TaskRunner extends Context.Service<TaskRunner, TaskRunnerShape>()("mcp-task-storage/TaskRunner") {}
