/**
 * What can be done with stored tasks: the types of every operation, its options and its errors.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { Json } from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { StoreReport } from "../driver/StoreReport.ts"
import type {
  ClaimableOptions,
  ClaimOptions,
  ClaimTasksOptions,
  CreateTask,
  EnqueueOptions,
  ImportOptions,
  InspectOptions,
  LimitOptions,
  ListOptions,
  RecoveryOptions,
  ReencryptOptions,
  RequireInputOptions,
  RerunOptions,
  SettleOptions,
  StorageListOptions,
  StoreResultOptions,
  SummaryListOptions,
  TouchOptions,
  TransitionOptions,
  WorkerOption
} from "../options/TaskOptions.ts"
import type * as TaskError from "../task/TaskError.ts"
import type { TaskOutcome, TaskOutcomeInput } from "../task/TaskOutcome.ts"
import type { TaskRecord, TaskRecordFields, TaskSummary } from "../task/TaskRecord.ts"
import type { TaskStatus } from "../task/TaskStatus.ts"
import type { PauseOperations } from "./PauseOperations.ts"
import type { StatsOperations } from "./TaskStats.ts"
import type { WorkerOperations } from "./WorkerOperations.ts"

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
 * A page of a list with a filter.
 *
 * @since 0.2.0
 * @category models
 */
export interface SummaryPage<Task> extends TaskPage<Task> {
  /**
   * How many tasks the storage looked at, where no index serves the whole filter. Such a page may end early, or have no tasks at
   * all, and still have a cursor: the search goes on there.
   */
  readonly examined?: number
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
  /** Workers that were removed a day after their death. */
  readonly deadWorkers: number
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
   * Runs a task again that has ended: stores a new one of the same method, params, name, session, principal, ttl, poll interval and
   * meta, which waits for a worker. The one that ended stays as it is. Its `rerunAs` and the `rerunOf` of the new one tie the two,
   * in the same step, so that nobody runs it again a second time by mistake. Gives the new task.
   */
  readonly rerunTask: (taskId: string, options?: RerunOptions) => Effect.Effect<
    TaskRecord,
    | Refused
    | TaskError.TaskNotEnded
    | TaskError.TaskAlreadyRerun
    | TaskError.TaskAlreadyExists
    | TaskError.MaxTasksReached
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
   * Lists tasks without reading their payloads: all, or those of a filter, the oldest or the newest first.
   */
  readonly listTaskSummaries: (options?: SummaryListOptions) => Effect.Effect<
    SummaryPage<TaskSummary>,
    TaskError.InvalidInput | TaskError.InvalidCursor | TaskError.TaskStorageUnavailable
  >

  /**
   * Reads the outcome of a task; none when it has none yet.
   */
  readonly getTaskResult: (taskId: string) => Effect.Effect<Option.Option<TaskOutcome>, Refused>

  /**
   * Takes a task that nobody holds, whose lease or delay is over, or whose worker was declared dead. Holds it for as long as
   * `lease`, or as the registered `worker` for as long as that lives. The record has the `attempt` that its holder names in
   * writes from then on. A task that waits for its turn under `maxActive` is claimed once it may begin.
   */
  readonly claimTask: (taskId: string, options: ClaimOptions) => Effect.Effect<
    ClaimedTask,
    Refused | TaskError.LeaseHeld | TaskError.MaxTasksReached | TaskError.TerminalState
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
 * How far `reencryptTasks` has come.
 *
 * @since 0.2.0
 * @category models
 */
export interface ReencryptProgress {
  /** How many tasks were looked at since this run began. */
  readonly examined: number
  /** How many of them were sealed anew. The others were sealed with the right key already. */
  readonly resealed: number
  /** The tasks of the last page that cannot be opened, and why. They stay as they are. */
  readonly unreadable: ReadonlyArray<{ readonly taskId: string; readonly reason: string }>
  /** Where another run would go on; absent with the last progress. */
  readonly cursor?: string
}

/**
 * What became of a task that was to be taken over from another storage.
 *
 * - `Imported`: it is stored now.
 * - `Same`: it was there already, and is the same.
 * - `Differs`: there is a task of its id already that differs in these fields. That one stays as it is.
 * - `Expired`: it has expired, and is not stored.
 *
 * @since 0.2.0
 * @category models
 */
export type ImportResult =
  | { readonly _tag: "Imported" }
  | { readonly _tag: "Same" }
  | { readonly _tag: "Differs"; readonly fields: ReadonlyArray<string> }
  | { readonly _tag: "Expired" }

/**
 * The operations of the `TaskStorage` service.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskStorageShape extends SessionTasks, WorkerOperations, PauseOperations, StatsOperations {
  /**
   * `memory`, `sqlite`, or what a third-party driver calls itself.
   */
  readonly backendName: string

  /**
   * Emits when a task of another process may have ended for which others wait, as long as a worker hears its news. It is there if tasks
   * wait for others, as `whenMaxActive` says. The process that ends one looks for the next one without it.
   */
  readonly seatNews?: Stream.Stream<void>

  /**
   * Gives an id for a new task, as `createTask` makes one. It is for work that must know its id before it is stored.
   */
  readonly generateTaskId: Effect.Effect<string, TaskError.InvalidInput>

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
   * Lists tasks without reading their payloads: all, or those of a filter, the oldest or the newest first.
   */
  readonly listTaskSummaries: (
    options?: StorageListOptions
  ) => Effect.Effect<
    SummaryPage<TaskSummary>,
    TaskError.InvalidInput | TaskError.InvalidCursor | TaskError.TaskStorageUnavailable
  >

  /**
   * Takes over a task of another storage, word for word: id, times, revision, steps and payloads. A worker that has it there does
   * not have it here: it arrives as abandoned. The `ttl` is not cut to `maxTtl`. The other limits of the layer hold.
   */
  readonly importTask: (record: TaskRecordFields, options?: ImportOptions) => Effect.Effect<
    ImportResult,
    TaskError.InvalidInput | TaskError.PayloadTooLarge | TaskError.MaxTasksReached | TaskError.TaskStorageUnavailable
  >

  /**
   * Removes what the engine keeps of a session beside its tasks, such as their number. While the session has tasks it does nothing:
   * delete them first, and remove expired ones with `expireTasks`. `eraseSession` of `TaskAdmin` does all of it.
   */
  readonly forgetSession: (
    sessionId: string
  ) => Effect.Effect<void, TaskError.InvalidInput | TaskError.TaskStorageUnavailable>

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
   * Lists the `working` tasks that a worker may claim: those that were released, whose lease or delay is over, or whose worker
   * was declared dead. Their kind is not paused. Sessions take turns. It gives 50 of them, or `limit`.
   */
  readonly claimableTasks: (
    options?: ClaimableOptions
  ) => Effect.Effect<ReadonlyArray<string>, TaskError.InvalidInput | TaskError.TaskStorageUnavailable>

  /**
   * Claims tasks that `claimableTasks` lists, 50 of them or `limit`, in as few statements as the engine can. Tasks that others
   * claim at the same time are left out.
   */
  readonly claimTasks: (
    options: ClaimTasksOptions
  ) => Effect.Effect<ReadonlyArray<ClaimedTask>, TaskError.InvalidInput | TaskError.TaskStorageUnavailable>

  /**
   * Removes expired tasks and messages, and does what the engine needs from time to time.
   */
  readonly maintenance: () => Effect.Effect<MaintenanceReport, TaskError.TaskStorageUnavailable>

  /**
   * Looks at the store: its structure, its clock, its workers, and with `deep` at all that is stored. Gives what is wrong, with what
   * to do about it, and with `fix` mends what is safe to mend. Layers with `schema: "trust"` open a store whose schema is not as
   * it should be.
   */
  readonly inspectStore: (
    options?: InspectOptions
  ) => Effect.Effect<StoreReport, TaskError.InvalidInput | TaskError.TaskStorageUnavailable>

  /**
   * Seals all tasks with the keys that the `encryption` of the layer names now: what older keys have sealed, and what was not sealed
   * at all. With the current key `null` it opens all of them. It reads page by page, tells its progress after each, and can be
   * interrupted and go on from a `cursor`. Tasks may be written meanwhile. Their revisions go up by one.
   *
   * Messages are not sealed anew, as they do not live long.
   */
  readonly reencryptTasks: (
    options?: ReencryptOptions
  ) => Stream.Stream<
    ReencryptProgress,
    TaskError.InvalidInput | TaskError.InvalidCursor | TaskError.TaskStorageUnavailable
  >

  /**
   * Gives the operations on the tasks of one session; for `null`, on the tasks that are bound to none. Tasks that it
   * creates are bound to the session.
   */
  readonly forSession: (sessionId: string | null) => SessionTasks

  readonly messages: TaskMessages
}
