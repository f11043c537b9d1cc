/**
 * Running tasks, so that each of them ends, whatever happens to its workers.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { CreateTask } from "../../domain/options/TaskOptions.ts"
import type { ProvidedInput } from "../../domain/service/TaskOperations.ts"
import { shownAsError } from "../../domain/task/shownAsError.ts"
import type {
  InvalidInput,
  MaxTasksReached,
  PayloadTooLarge,
  TaskAlreadyExists,
  TaskNotFound,
  TaskStorageUnavailable,
  TerminalState
} from "../../domain/task/TaskError.ts"
import type { TaskRecord, TaskSummary } from "../../domain/task/TaskRecord.ts"
import type { TaskOfKind } from "../handler/HandlerRegistry.ts"
import type { TaskContext } from "../handler/TaskContext.ts"
import type { TaskHandler } from "../handler/TaskHandler.ts"
import type { RunSpan } from "../tracing/RunSpan.ts"

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
  | "worker"
  | "delay"
  | "result"
  | "failure"
  | "inputRequests"
  | "inputResponses"
  | "requestState"
  | "runTraceparent"
>

/**
 * @since 0.2.0
 * @category options
 */
export interface StartTaskOptions {
  /** The work of the task has begun already, so that a pause of its kind does not hold it up. */
  readonly isUnderWay?: boolean | undefined
  /** The span in which the work began, which becomes that of the run. */
  readonly span?: RunSpan | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface RunTaskOptions {
  /**
   * How long the task may run. Then it is given back; it fails if its policy does not let it run again. With no time left it
   * is given back before it begins.
   */
  readonly timeout?: Duration.Input | undefined
  /** The same as a point in time. If both are given, the earlier one counts. */
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
 * What happened to a task: it ended (`settled`); it waits for input, the end of a sleep, its next try or the end of a pause, without
 * a worker (`suspended`); it was given back for another worker (`released`); or this runner could not run it (`skipped`), because it is gone, ended, held by another worker,
 * or of a kind that nobody registered.
 *
 * @since 0.2.0
 * @category models
 */
export type RunResult = "settled" | "suspended" | "released" | "skipped"

/**
 * A place among the tasks that run, for work that is no task yet.
 *
 * @since 0.2.0
 * @category models
 */
export interface ReservedSlot {
  /** Gives the id that the task will have. It is made when somebody asks for it. */
  readonly taskId: () => string
  /** Stores the task of the work, and holds it from then on. `run` is the work, or waits for it. */
  readonly startTask: <E = never, R = never>(
    task: Omit<StartTask, "taskId">,
    run: (task: TaskRecord) => Effect.Effect<unknown, E, R | TaskContext>,
    options?: Pick<StartTaskOptions, "span">
  ) => Effect.Effect<
    TaskRecord,
    InvalidInput | PayloadTooLarge | TaskAlreadyExists | MaxTasksReached | TaskStorageUnavailable,
    Exclude<R, TaskContext>
  >
  /** Gives the place up. Once there is a task, that does so when it ends, and this does nothing. */
  readonly free: () => void
}

/**
 * The operations of a runner, on the tasks of one session or on all.
 *
 * @since 0.2.0
 * @category models
 */
export interface SessionRunner {
  /**
   * Stores a task, then runs it by the handler for its method and name, or by `run`, which dies with this process. The task is
   * durable when this succeeds. It runs whatever happens to the caller. If its kind is paused, it waits until that is resumed.
   */
  readonly startTask: <E = never, R = never>(
    task: StartTask,
    run?: (task: TaskRecord) => Effect.Effect<unknown, E, R | TaskContext>,
    options?: StartTaskOptions
  ) => Effect.Effect<
    TaskRecord,
    InvalidInput | PayloadTooLarge | TaskAlreadyExists | MaxTasksReached | TooManyTasks | TaskStorageUnavailable,
    Exclude<R, TaskContext>
  >

  /**
   * Takes a place among the tasks that run, for work that may become a task of this kind. There is none if the kind is paused, and if
   * the runner has no room, ends, or dispatches its tasks elsewhere.
   */
  readonly reserveSlot: (task: TaskOfKind) => Effect.Effect<Option.Option<ReservedSlot>, InvalidInput>

  /** Stores answers, as `TaskStorage.provideInput` does. With the last answer the task goes on. */
  readonly provideInput: (taskId: string, responses: { readonly [key: string]: unknown }) => Effect.Effect<
    ProvidedInput,
    InvalidInput | PayloadTooLarge | TaskNotFound | TerminalState | TaskStorageUnavailable
  >

  /** Cancels a task. Its work is interrupted, in whichever process it runs. A late result is refused. */
  readonly cancelTask: (taskId: string) => Effect.Effect<
    TaskSummary,
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
   * Registers how tasks of one kind are run, whichever process has stored them. The services that `run` needs come from the
   * place of this call. A second handler of the same kind replaces the first.
   */
  readonly register: <E, R>(
    handler: TaskHandler<E, R>
  ) => Effect.Effect<void, InvalidInput, Exclude<R, TaskContext>>

  /**
   * Takes a place as `reserveSlot` does, for work of a session, without an effect. It gives `undefined` where there is none, and where
   * something has to be waited for to know that.
   */
  readonly takeSlot: (task: TaskOfKind, sessionId: string | null) => ReservedSlot | undefined

  /** Gives the same operations on the tasks of one session; for `null`, on the tasks that are bound to none. */
  readonly forSession: (sessionId: string | null) => SessionRunner

  /**
   * Claims a task and runs it to its end, or until its `timeout` or `deadline`. Then it is given back for another worker; it
   * fails if its policy does not let it run again. It is for workers that a queue wakes with an id.
   */
  readonly runTask: (
    taskId: string,
    options?: RunTaskOptions
  ) => Effect.Effect<RunResult, InvalidInput | TaskStorageUnavailable>

  /**
   * Takes tasks that wait for a worker, and tasks whose worker died, by their policy. Gives their ids. Runners do it by
   * themselves (`recovery`).
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
