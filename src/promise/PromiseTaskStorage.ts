/**
 * Task storage through promises: the types of every operation.
 *
 * A rejection is one of the typed errors of this library, an `Error` with a `_tag` and fields; or the `reason` of the
 * caller's own `signal`. A duration is a number of milliseconds, a text such as `"30 seconds"`, or a `Duration` of Effect.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Domain from "../domain/TaskOperations.ts"
import type { TaskOutcomeInput } from "../domain/TaskOutcome.ts"
import type { TaskStatus } from "../domain/TaskStatus.ts"
import type { ClaimedTask, CreateTask, Json, ProvidedInput, Task, TaskOutcome, TaskSummary } from "./Task.ts"

/**
 * What every call takes.
 *
 * @since 0.1.0
 * @category options
 */
export interface CallOptions {
  /**
   * Gives the call up: it rejects with `signal.reason` once the storage has let go of it. A write that had not begun is
   * not done; one that had begun may have been.
   */
  readonly signal?: AbortSignal | undefined
}

/**
 * @since 0.1.0
 * @category options
 */
export interface StatusOptions extends Domain.TransitionOptions, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface StoreResultOptions extends Domain.StoreResultOptions, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface WorkerOptions extends Domain.WorkerOption, CallOptions {}

/**
 * @since 0.1.0
 * @category options
 */
export interface SettleOptions extends Domain.SettleOptions, CallOptions {}

/**
 * @since 0.1.0
 * @category options
 */
export interface TouchOptions extends Domain.TouchOptions, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface ClaimOptions extends CallOptions {
  /** How long the worker holds the task: at least a millisecond. */
  readonly lease: Duration.Input
}

/**
 * @since 0.2.0
 * @category options
 */
export interface LimitOptions extends CallOptions {
  /** At most so many. */
  readonly limit?: number | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface RecoveryOptions extends Domain.RecoveryOptions, CallOptions {}

/**
 * @since 0.1.0
 * @category options
 */
export interface RequireInputOptions extends Domain.RequireInputOptions, CallOptions {}

/**
 * @since 0.1.0
 * @category options
 */
export interface ListOptions extends Domain.ListOptions, CallOptions {}

/**
 * @since 0.1.0
 * @category options
 */
export interface SummaryListOptions extends Domain.SummaryListOptions, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface StorageListOptions extends Domain.StorageListOptions, CallOptions {}

/**
 * @since 0.1.0
 * @category options
 */
export interface EnqueueOptions extends CallOptions {
  /** With this many messages waiting, the message is not appended. */
  readonly maxSize?: number | undefined
  /** How long the message waits before it is dropped: 24 hours by default. */
  readonly ttl?: Duration.Input | undefined
}

/**
 * The writes that need to read nothing first: each is one conditional write. They give the task as it is then.
 *
 * @since 0.2.0
 * @category models
 */
export interface PromisePlannedWrites<Written> {
  /**
   * Makes a transition of the state machine, as one conditional write.
   *
   * Rejects with `TaskNotFound`, `LeaseLost`, `TerminalState`, `InvalidTransition`, `PayloadTooLarge`.
   */
  readonly updateTaskStatus: (taskId: string, status: TaskStatus, options?: StatusOptions) => Promise<Written>

  /**
   * Stores the outcome of a task without changing its status, once. Prefer `settleTask`, which does both in one write.
   *
   * Rejects with `TaskNotFound`, `LeaseLost`, `ResultAlreadyStored`, `TerminalState`, `PayloadTooLarge`.
   */
  readonly storeTaskResult: (
    taskId: string,
    outcome: TaskOutcomeInput,
    options?: StoreResultOptions
  ) => Promise<Written>

  /**
   * Finishes a task: stores its outcome and its terminal status in one write, so that nobody ever sees one without the
   * other. A `Success` makes it `completed`, an `Error` makes it `failed`, unless `status` says otherwise.
   *
   * Rejects with `TaskNotFound`, `LeaseLost`, `ResultAlreadyStored`, `TerminalState`, `PayloadTooLarge`.
   */
  readonly settleTask: (taskId: string, outcome: TaskOutcomeInput, options?: SettleOptions) => Promise<Written>

  /**
   * Reports that a task is alive, and its progress, without a transition. A lease that is extended, and nothing else, is no
   * change of the task: `lastUpdatedAt` stays as it was, and those who watch are not told.
   *
   * Rejects with `TaskNotFound`, `LeaseLost`, `TerminalState`, `PayloadTooLarge`.
   */
  readonly touchTask: (taskId: string, options?: TouchOptions) => Promise<Written>
}

/**
 * The operations on tasks, within a session or on all of them. Any task out of reach is exactly like one that does not
 * exist.
 *
 * Every operation may reject with `InvalidInput` and `TaskStorageUnavailable`; each names what else it rejects with.
 *
 * @since 0.1.0
 * @category models
 */
export interface PromiseSessionTasks extends PromisePlannedWrites<Task> {
  /**
   * The same writes for those who need no payload: they give the summary, and read no payload for it, whatever its size.
   */
  readonly withSummary: PromisePlannedWrites<TaskSummary>

  /**
   * Stores a new task. It is durable, and readable by any process, when the promise resolves.
   *
   * Rejects with `TaskAlreadyExists`, `MaxTasksReached`, `PayloadTooLarge`.
   */
  readonly createTask: (task: CreateTask, options?: CallOptions) => Promise<Task>

  /**
   * Reads a task; `undefined` when it does not exist or has expired.
   */
  readonly getTask: (taskId: string, options?: CallOptions) => Promise<Task | undefined>

  /**
   * Reads a task without its payloads, whatever their size: what polling needs. `undefined` when it does not exist or has
   * expired.
   */
  readonly getTaskSummary: (taskId: string, options?: CallOptions) => Promise<TaskSummary | undefined>

  /**
   * Replaces a whole record, if nobody wrote it since it was read: `record.revision` must be the stored one. The state
   * machine holds as for any other write, and a stored result stays. `lastUpdatedAt` and `resultKind` are derived.
   *
   * Rejects with `TaskNotFound`, `ConcurrentModification`, `ResultAlreadyStored`, `TerminalState`, `InvalidTransition`,
   * `PayloadTooLarge`.
   */
  readonly updateTask: (record: Task, options?: CallOptions) => Promise<Task>

  /**
   * Deletes a task; tells whether there was one.
   */
  readonly deleteTask: (taskId: string, options?: CallOptions) => Promise<boolean>

  /**
   * Lists whole tasks by creation time. For a list without payloads use `listTaskSummaries`.
   *
   * Rejects with `InvalidCursor`.
   */
  readonly listTasks: (options?: ListOptions) => Promise<Domain.TaskPage<Task>>

  /**
   * Lists tasks by creation time without reading their payloads, of one status if wanted.
   *
   * Rejects with `InvalidCursor`.
   */
  readonly listTaskSummaries: (options?: SummaryListOptions) => Promise<Domain.TaskPage<TaskSummary>>

  /**
   * Reads the outcome of a task; `undefined` when it has none yet.
   *
   * Rejects with `TaskNotFound`.
   */
  readonly getTaskResult: (taskId: string, options?: CallOptions) => Promise<TaskOutcome | undefined>

  /**
   * Takes a task that nobody holds, or whose lease has run out, for as long as `lease`. The record that this gives has
   * the `attempt` that the worker names in its writes from then on.
   *
   * Rejects with `TaskNotFound`, `LeaseHeld`, `TerminalState`.
   */
  readonly claimTask: (taskId: string, options: ClaimOptions) => Promise<ClaimedTask>

  /**
   * Stores what a step of the work gave, so that a worker that begins anew need not do it twice. What is stored under
   * the key already stays, and is in the record that this gives.
   *
   * Rejects with `TaskNotFound`, `LeaseLost`, `TerminalState`, `PayloadTooLarge`.
   */
  readonly storeTaskStep: (taskId: string, key: string, value: unknown, options?: WorkerOptions) => Promise<Task>

  /**
   * Asks the client for input: the task becomes `input_required`, or asks for more where it is that already. Keys are
   * unique over the life of a task.
   *
   * Rejects with `TaskNotFound`, `LeaseLost`, `TerminalState`, `InputKeyReused`, `PayloadTooLarge`.
   */
  readonly requireInput: (
    taskId: string,
    requests: { readonly [key: string]: unknown },
    options?: RequireInputOptions
  ) => Promise<Task>

  /**
   * Stores answers to outstanding input requests; when all are answered the task is `working` again. Answers under
   * unknown or already answered keys are ignored. Of concurrent partial answers none is lost.
   *
   * Rejects with `TaskNotFound`, `TerminalState`, `PayloadTooLarge`.
   */
  readonly provideInput: (
    taskId: string,
    responses: { readonly [key: string]: unknown },
    options?: CallOptions
  ) => Promise<ProvidedInput>

  /**
   * Counts the tasks that are not expired. The one operation whose cost may grow with what it counts.
   */
  readonly taskCount: (options?: CallOptions) => Promise<number>

  /**
   * Watches a task, whichever process writes it: the present record, then each later one that is observed, until a
   * terminal one. Each iteration watches anew, and leaving the loop ends it.
   *
   * Throws `TaskNotFound` while iterated when there is no such task or it goes while it is watched.
   */
  readonly changes: (taskId: string, options?: CallOptions) => AsyncIterable<Task>

  /**
   * Waits until a task has ended, whichever process ends it.
   *
   * Rejects with `TaskNotFound` when there is no such task or it goes meanwhile.
   */
  readonly awaitTask: (taskId: string, options?: CallOptions) => Promise<Task>
}

/**
 * Messages that wait for the client of a task: queues, first in, first out, durable where the storage is.
 *
 * @since 0.1.0
 * @category models
 */
export interface PromiseTaskMessages {
  /**
   * Appends a message, or tells in `full` how many wait where `maxSize` does not let it.
   *
   * Rejects with `PayloadTooLarge`.
   */
  readonly enqueue: (
    taskId: string,
    message: unknown,
    options?: EnqueueOptions
  ) => Promise<{ readonly full: false } | { readonly full: true; readonly size: number }>

  /** Removes and gives the first message, `undefined` when none waits; no message is given twice. */
  readonly dequeue: (taskId: string, options?: CallOptions) => Promise<Json | undefined>

  /** Removes and gives all messages, in order. */
  readonly dequeueAll: (taskId: string, options?: CallOptions) => Promise<ReadonlyArray<Json>>
}

/**
 * Task storage through promises. Its operations are for trusted code: they reach every task.
 *
 * @since 0.1.0
 * @category models
 */
export interface PromiseTaskStorage extends PromiseSessionTasks {
  /**
   * `memory`, `sqlite`, or what a third-party driver calls itself.
   */
  readonly backendName: string

  /**
   * Lists the tasks bound to one session, by creation time.
   *
   * Rejects with `InvalidCursor`.
   */
  readonly listTasksForSession: (sessionId: string, options?: ListOptions) => Promise<Domain.TaskPage<Task>>

  /**
   * Lists tasks by creation time without reading their payloads, of one session and one status if wanted.
   *
   * Rejects with `InvalidCursor`.
   */
  readonly listTaskSummaries: (
    options?: StorageListOptions
  ) => Promise<Domain.TaskPage<TaskSummary>>

  /**
   * Removes expired tasks, all of them or up to `limit`; gives their ids. Durable storage does it by itself.
   */
  readonly expireTasks: (options?: LimitOptions) => Promise<ReadonlyArray<string>>

  /**
   * Fails the tasks that nobody touched for longer than `maxAge`, nor held under a lease in that time, with a JSON-RPC error
   * as their outcome; one that has an outcome gets the status it implies. Gives their ids. Never undoes a write that raced
   * it.
   */
  readonly recoverStuckTasks: (maxAge: Duration.Input, options?: RecoveryOptions) => Promise<ReadonlyArray<string>>

  /**
   * Lists the `working` tasks that wait for a worker, or whose worker let its lease run out, the longest free first;
   * 50 of them, or `limit`.
   */
  readonly claimableTasks: (options?: LimitOptions) => Promise<ReadonlyArray<string>>

  /**
   * Removes what expired and does what the engine needs from time to time.
   */
  readonly maintenance: (options?: CallOptions) => Promise<Domain.MaintenanceReport>

  /**
   * Gives the operations on the tasks of one session; of `null`, on the tasks bound to none. What it creates is bound to
   * the session.
   */
  readonly forSession: (sessionId: string | null) => PromiseSessionTasks

  readonly messages: PromiseTaskMessages

  /**
   * Closes the storage: calls in progress end, those that wait for a task are refused, and every later call rejects with
   * `TaskStorageUnavailable`. Closing again gives the same promise.
   */
  readonly close: () => Promise<void>

  /**
   * Closes the storage at the end of an `await using` block.
   */
  readonly [Symbol.asyncDispose]: () => Promise<void>
}
