/**
 * What can be done with stored tasks: the types of every operation, its options and its errors.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { Json } from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { FailureInput, FailureReport } from "./FailureReport.ts"
import type * as TaskError from "./TaskError.ts"
import type { TaskOutcome, TaskOutcomeInput } from "./TaskOutcome.ts"
import type { TaskRecord, TaskRecordFields, TaskSummary } from "./TaskRecord.ts"
import type { TaskStatus } from "./TaskStatus.ts"

/**
 * A new task. What is left out gets its default: a generated id, `working`, the present time, the layer's `defaultTtl`.
 * Payloads may be any value that JSON can carry. The other fields serve imports and tests.
 *
 * @since 0.1.0
 * @category models
 */
export interface CreateTask {
  readonly originalMethod: string
  readonly originalParams?: unknown
  /**
   * The name of the tool or prompt, in 1 to 255 characters. By default it is the `name` of the params, if that is such a
   * text.
   */
  readonly name?: string | undefined
  /** From creation; `null` is unlimited. At least a millisecond. */
  readonly ttl?: Duration.Input | null | undefined
  readonly pollInterval?: Duration.Input | undefined
  readonly statusMessage?: string | undefined
  readonly meta?: { readonly [key: string]: unknown } | undefined
  readonly sessionId?: string | undefined
  readonly taskId?: string | undefined
  readonly status?: TaskStatus | undefined
  readonly createdAt?: DateTime.Utc | undefined
  readonly lastUpdatedAt?: DateTime.Utc | undefined
  readonly result?: TaskOutcomeInput | undefined
  readonly inputRequests?: { readonly [key: string]: unknown } | undefined
  readonly inputResponses?: { readonly [key: string]: unknown } | undefined
  readonly requestState?: string | undefined
  /**
   * How long the creator holds the task as its first worker. With a lease of 0 the task waits until a worker claims it.
   * Without a lease no worker may claim it, and `claimableTasks` never lists it.
   */
  readonly lease?: Duration.Input | undefined
  /** The W3C trace context of the request, so that the worker continues its trace: 1 to 255 and 1 to 1024 characters. */
  readonly traceparent?: string | undefined
  readonly tracestate?: string | undefined
  readonly failure?: FailureReport | undefined
  /** On whose behalf the task runs, for the worker that acts for them. Any value that JSON can carry. */
  readonly principal?: unknown
}

/**
 * Makes a write the write of a worker.
 *
 * @since 0.2.0
 * @category options
 */
export interface WorkerOption {
  /** The attempt that the claim gave. If another worker has claimed the task since, the write fails with `LeaseLost`. */
  readonly attempt?: number | undefined
}

/**
 * A change of the status message: absent keeps the old one, `null` clears it, a string replaces it.
 *
 * @since 0.1.0
 * @category options
 */
export interface StatusMessageOption {
  readonly statusMessage?: string | null | undefined
}

/**
 * Options of a write that ends a task.
 *
 * @since 0.2.0
 * @category options
 */
export interface EndOptions {
  /**
   * How long the task lives from this write on. It replaces the `ttl` of the task, and never exceeds the layer's `maxTtl`
   * from its creation. It is `InvalidInput` if the task does not end with this write.
   */
  readonly resultTtl?: Duration.Input | undefined
}

/**
 * What really went wrong, for the operator alone.
 *
 * @since 0.2.0
 * @category options
 */
export interface FailureOption {
  /** Written in the same step, and cut to 16 KiB. An `Error` will do. No client ever sees it. */
  readonly failure?: FailureInput | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface TransitionOptions extends StatusMessageOption, WorkerOption, EndOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface StoreResultOptions extends WorkerOption, EndOptions, FailureOption {}

/**
 * @since 0.1.0
 * @category options
 */
export interface SettleOptions extends StatusMessageOption, WorkerOption, EndOptions, FailureOption {
  /** Overrides the status that the outcome implies. */
  readonly status?: "completed" | "failed" | undefined
}

/**
 * @since 0.1.0
 * @category options
 */
export interface TouchOptions extends StatusMessageOption, WorkerOption {
  /** From creation, not from now; `null` is unlimited. */
  readonly ttl?: Duration.Input | null | undefined
  readonly pollInterval?: Duration.Input | undefined
  /** Extends the lease of the worker to this long from now. 0 releases the task. */
  readonly lease?: Duration.Input | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface ClaimOptions {
  /** How long the worker holds the task. At least a millisecond. */
  readonly lease: Duration.Input
}

/**
 * @since 0.2.0
 * @category options
 */
export interface RequireInputOptions extends WorkerOption {
  readonly requestState?: string | undefined
  /** As in `touchTask`. With 0 the task needs no worker while it waits. */
  readonly lease?: Duration.Input | undefined
}

/**
 * A task that a worker has claimed.
 *
 * @since 0.2.0
 * @category models
 */
export interface ClaimedTask {
  readonly record: TaskRecord
  /** Whether a worker had it before and neither ended nor released it, so that its work may be half done. */
  readonly abandoned: boolean
}

/**
 * @since 0.2.0
 * @category options
 */
export interface RecoveryOptions extends EndOptions {
  readonly statuses?: ReadonlyArray<TaskStatus> | undefined
  /**
   * `"expired"`: only tasks whose lease ran out `maxAge` ago or longer. A living worker holds none of them, and none of
   * them waits for a worker or for input.
   */
  readonly leases?: "expired" | undefined
}

/**
 * @since 0.1.0
 * @category options
 */
export interface ListOptions {
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined
  /** How many tasks a page has: 50 by default, at most the layer's `maxPageSize`. */
  readonly limit?: number | undefined
}

/**
 * @since 0.1.0
 * @category options
 */
export interface SummaryListOptions extends ListOptions {
  readonly status?: TaskStatus | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface StorageListOptions extends SummaryListOptions {
  /** Only the tasks that are bound to this session. */
  readonly sessionId?: string | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface LimitOptions {
  /** At most this many. */
  readonly limit?: number | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface EnqueueOptions {
  /** With this many messages waiting, the message is not appended. */
  readonly maxSize?: number | undefined
  /** After how long the message is dropped: 24 hours by default. */
  readonly ttl?: Duration.Input | undefined
}

/**
 * A page of tasks, ascending by creation time and id. `nextCursor` is present exactly when another task follows.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskPage<Task> {
  readonly tasks: ReadonlyArray<Task>
  readonly nextCursor?: string
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ProvidedInput {
  readonly record: TaskRecord
  /** `true` for exactly the caller whose answer was the last one outstanding. */
  readonly complete: boolean
}

/**
 * The report of a run of `maintenance`.
 *
 * @since 0.1.0
 * @category models
 */
export interface MaintenanceReport {
  readonly expiredTasks: number
  readonly expiredMessages: number
  /** What the engine reported of its own upkeep. */
  readonly engine: { readonly [key: string]: string | number | boolean }
}

type Refused = TaskError.InvalidInput | TaskError.TaskNotFound | TaskError.TaskStorageUnavailable

/**
 * The writes that need to read nothing first. Each is one conditional write, and gives the task after it.
 *
 * @since 0.2.0
 * @category models
 */
export interface PlannedWrites<Written> {
  /**
   * Makes a transition of the state machine, as one conditional write.
   */
  readonly updateTaskStatus: (taskId: string, status: TaskStatus, options?: TransitionOptions) => Effect.Effect<
    Written,
    Refused | TaskError.LeaseLost | TaskError.PayloadTooLarge | TaskError.TerminalState | TaskError.InvalidTransition
  >

  /**
   * Stores the outcome of a task without changing its status, once. Prefer `settleTask`, which does both in one write.
   */
  readonly storeTaskResult: (taskId: string, outcome: TaskOutcomeInput, options?: StoreResultOptions) => Effect.Effect<
    Written,
    Refused | TaskError.LeaseLost | TaskError.PayloadTooLarge | TaskError.ResultAlreadyStored | TaskError.TerminalState
  >

  /**
   * Finishes a task: stores its outcome and its terminal status in one write, so that nobody ever sees one without the
   * other. A `Success` makes it `completed`, an `Error` makes it `failed`, unless `status` says otherwise.
   */
  readonly settleTask: (taskId: string, outcome: TaskOutcomeInput, options?: SettleOptions) => Effect.Effect<
    Written,
    Refused | TaskError.LeaseLost | TaskError.PayloadTooLarge | TaskError.ResultAlreadyStored | TaskError.TerminalState
  >

  /**
   * Reports that a task is alive, and its progress, without a transition. Extending the lease and nothing else is no change
   * of the task: `lastUpdatedAt` stays as it was, and watchers are not told.
   */
  readonly touchTask: (taskId: string, options?: TouchOptions) => Effect.Effect<
    Written,
    Refused | TaskError.LeaseLost | TaskError.PayloadTooLarge | TaskError.TerminalState
  >
}

/**
 * The operations on tasks, within a session or on all of them. Any task out of reach looks exactly like one that does not
 * exist.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionTasks extends PlannedWrites<TaskRecord> {
  /**
   * The same writes without payloads in their answers: they give the summary, and read no payload, whatever its size.
   */
  readonly withSummary: PlannedWrites<TaskSummary>

  /**
   * Stores a new task. It is durable, and readable by any process, when this succeeds.
   */
  readonly createTask: (task: CreateTask) => Effect.Effect<
    TaskRecord,
    | TaskError.InvalidInput
    | TaskError.PayloadTooLarge
    | TaskError.TaskAlreadyExists
    | TaskError.MaxTasksReached
    | TaskError.TaskStorageUnavailable
  >

  /**
   * Reads a task; none when it does not exist or has expired.
   */
  readonly getTask: (
    taskId: string
  ) => Effect.Effect<Option.Option<TaskRecord>, TaskError.InvalidInput | TaskError.TaskStorageUnavailable>

  /**
   * Reads a task without its payloads, for polling. None when it does not exist or has expired.
   */
  readonly getTaskSummary: (
    taskId: string
  ) => Effect.Effect<Option.Option<TaskSummary>, TaskError.InvalidInput | TaskError.TaskStorageUnavailable>

  /**
   * Replaces a whole record, if nobody has written it since it was read: `record.revision` must be the stored one. The
   * state machine applies as to any other write, and a stored result stays. `lastUpdatedAt` and `resultKind` are derived.
   */
  readonly updateTask: (record: TaskRecordFields) => Effect.Effect<
    TaskRecord,
    | Refused
    | TaskError.PayloadTooLarge
    | TaskError.ConcurrentModification
    | TaskError.ResultAlreadyStored
    | TaskError.TerminalState
    | TaskError.InvalidTransition
  >

  /**
   * Deletes a task and the messages of its queue. Tells whether there was one.
   */
  readonly deleteTask: (
    taskId: string
  ) => Effect.Effect<boolean, TaskError.InvalidInput | TaskError.TaskStorageUnavailable>

  /**
   * Lists whole tasks. For a list without payloads use `listTaskSummaries`.
   */
  readonly listTasks: (options?: ListOptions) => Effect.Effect<
    TaskPage<TaskRecord>,
    TaskError.InvalidInput | TaskError.InvalidCursor | TaskError.TaskStorageUnavailable
  >

  /**
   * Lists tasks without reading their payloads, of one status if wanted.
   */
  readonly listTaskSummaries: (options?: SummaryListOptions) => Effect.Effect<
    TaskPage<TaskSummary>,
    TaskError.InvalidInput | TaskError.InvalidCursor | TaskError.TaskStorageUnavailable
  >

  /**
   * Reads the outcome of a task; none when it has none yet.
   */
  readonly getTaskResult: (taskId: string) => Effect.Effect<Option.Option<TaskOutcome>, Refused>

  /**
   * Takes a task that nobody holds, or whose lease has run out, for as long as `lease`. The record has the `attempt` that
   * the worker names in its writes from then on.
   */
  readonly claimTask: (taskId: string, options: ClaimOptions) => Effect.Effect<
    ClaimedTask,
    Refused | TaskError.LeaseHeld | TaskError.TerminalState
  >

  /**
   * Stores the result of a step, so that a worker that begins anew need not do the step twice. A result that is stored
   * under the key already stays, and the record shows it.
   */
  readonly storeTaskStep: (taskId: string, key: string, value: unknown, options?: WorkerOption) => Effect.Effect<
    TaskRecord,
    Refused | TaskError.LeaseLost | TaskError.PayloadTooLarge | TaskError.TerminalState
  >

  /**
   * Asks the client for input. The task becomes `input_required`, or asks for more if it is that already. Keys are unique
   * over the life of a task. Without `requestState` the stored one stays.
   */
  readonly requireInput: (
    taskId: string,
    requests: { readonly [key: string]: unknown },
    options?: RequireInputOptions
  ) => Effect.Effect<
    TaskRecord,
    Refused | TaskError.LeaseLost | TaskError.PayloadTooLarge | TaskError.TerminalState | TaskError.InputKeyReused
  >

  /**
   * Stores answers to outstanding input requests. When all are answered the task is `working` again. Answers under unknown
   * or already answered keys are ignored. Concurrent partial answers are never lost.
   */
  readonly provideInput: (taskId: string, responses: { readonly [key: string]: unknown }) => Effect.Effect<
    ProvidedInput,
    Refused | TaskError.PayloadTooLarge | TaskError.TerminalState
  >

  /**
   * Counts the tasks that are not expired. The one operation whose cost may grow with what it counts.
   */
  readonly taskCount: () => Effect.Effect<number, TaskError.InvalidInput | TaskError.TaskStorageUnavailable>

  /**
   * Watches a task, whichever process writes it: the present record, then each later one that is observed, until a
   * terminal one. Fails with `TaskNotFound` when there is no such task, or when it is deleted or expires meanwhile.
   */
  readonly changes: (taskId: string) => Stream.Stream<TaskRecord, Refused>

  /**
   * Waits until a task has ended, whichever process ends it.
   */
  readonly awaitTask: (taskId: string) => Effect.Effect<TaskRecord, Refused>
}

/**
 * Messages that wait for the client of a task: queues, first in, first out, as durable as the storage. A queue needs no task.
 * If there is one, its messages go when the task is deleted, swept after its expiry, or replaced.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskMessages {
  /**
   * Appends a message. It is dropped after `ttl` (24 hours by default). With `maxSize` messages waiting, 0 included,
   * it is not appended, and `full` tells how many wait.
   */
  readonly enqueue: (
    taskId: string,
    message: unknown,
    options?: EnqueueOptions
  ) => Effect.Effect<
    { readonly full: false } | { readonly full: true; readonly size: number },
    TaskError.InvalidInput | TaskError.PayloadTooLarge | TaskError.TaskStorageUnavailable
  >
  /** Removes and gives the first message; no message is given twice. */
  readonly dequeue: (
    taskId: string
  ) => Effect.Effect<Option.Option<Json>, TaskError.InvalidInput | TaskError.TaskStorageUnavailable>
  /** Removes and gives all messages, in order. */
  readonly dequeueAll: (
    taskId: string
  ) => Effect.Effect<ReadonlyArray<Json>, TaskError.InvalidInput | TaskError.TaskStorageUnavailable>
}

/**
 * The operations of the `TaskStorage` service.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskStorageShape extends SessionTasks {
  /**
   * `memory`, `sqlite`, or what a third-party driver calls itself.
   */
  readonly backendName: string

  /**
   * Counts the tasks that are not expired. The one operation whose cost may grow with what it counts.
   */
  readonly taskCount: () => Effect.Effect<number, TaskError.TaskStorageUnavailable>

  /**
   * Lists the tasks that are bound to one session.
   */
  readonly listTasksForSession: (sessionId: string, options?: ListOptions) => Effect.Effect<
    TaskPage<TaskRecord>,
    TaskError.InvalidInput | TaskError.InvalidCursor | TaskError.TaskStorageUnavailable
  >

  /**
   * Lists tasks without reading their payloads, of one session and one status if wanted.
   */
  readonly listTaskSummaries: (
    options?: StorageListOptions
  ) => Effect.Effect<
    TaskPage<TaskSummary>,
    TaskError.InvalidInput | TaskError.InvalidCursor | TaskError.TaskStorageUnavailable
  >

  /**
   * Removes expired tasks and their messages, all of them or up to `limit`. Gives their ids. Layers do it by themselves
   * (`maintenance`).
   */
  readonly expireTasks: (
    options?: LimitOptions
  ) => Effect.Effect<ReadonlyArray<string>, TaskError.InvalidInput | TaskError.TaskStorageUnavailable>

  /**
   * Fails the tasks that nobody has touched, or held under a lease, for longer than `maxAge`. Their outcome is a JSON-RPC
   * error; a task that has an outcome gets the status of that. Gives their ids. Never undoes a write that raced it.
   */
  readonly recoverStuckTasks: (
    maxAge: Duration.Input,
    options?: RecoveryOptions
  ) => Effect.Effect<ReadonlyArray<string>, TaskError.InvalidInput | TaskError.TaskStorageUnavailable>

  /**
   * Lists the `working` tasks that wait for a worker, or whose worker let its lease run out, the longest free first. It
   * gives 50 of them, or `limit`.
   */
  readonly claimableTasks: (
    options?: LimitOptions
  ) => Effect.Effect<ReadonlyArray<string>, TaskError.InvalidInput | TaskError.TaskStorageUnavailable>

  /**
   * Removes expired tasks and messages, and does what the engine needs from time to time.
   */
  readonly maintenance: () => Effect.Effect<MaintenanceReport, TaskError.TaskStorageUnavailable>

  /**
   * Gives the operations on the tasks of one session; for `null`, on the tasks that are bound to none. Tasks that it
   * creates are bound to the session.
   */
  readonly forSession: (sessionId: string | null) => SessionTasks

  readonly messages: TaskMessages
}
