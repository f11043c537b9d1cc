/**
 * Task storage through promises: the types of every operation.
 *
 * A rejection is one of the typed errors of this library, an `Error` with a `_tag` and fields; or the `reason` of the
 * caller's own `signal`. A duration is a number of milliseconds, a text such as `"30 seconds"`, or a `Duration` of Effect.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { StoreReport } from "../domain/driver/StoreReport.ts"
import type * as Options from "../domain/options/TaskOptions.ts"
import type * as Domain from "../domain/service/TaskOperations.ts"
import type { TaskOutcomeInput } from "../domain/task/TaskOutcome.ts"
import type { TaskStatus } from "../domain/task/TaskStatus.ts"
import type {
  CallOptions,
  ClaimableOptions,
  ClaimOptions,
  ClaimTasksOptions,
  DeclareDeadOptions,
  EnqueueOptions,
  ImportOptions,
  InspectOptions,
  LimitOptions,
  ListOptions,
  RecoveryOptions,
  ReencryptOptions,
  RenewWorkerOptions,
  RequireInputOptions,
  RerunOptions,
  SettleOptions,
  StatusOptions,
  StorageListOptions,
  StoreResultOptions,
  SummaryListOptions,
  TouchOptions,
  WorkerOptions
} from "./PromiseCallOptions.ts"
import type { PromiseTaskStats } from "./PromiseTaskStats.ts"
import type {
  ClaimedTask,
  CreateTask,
  Json,
  ListedWorker,
  PausedKind,
  ProvidedInput,
  RenewedWorker,
  Task,
  TaskOutcome,
  TaskSummary,
  WorkerRecord
} from "./Task.ts"

/**
 * The writes that need to read nothing first. Each is one conditional write, and gives the task after it.
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
   * Reports that a task is alive, and its progress, without a transition. Extending the lease and nothing else is no change
   * of the task: `lastUpdatedAt` stays as it was, and watchers are not told.
   *
   * Rejects with `TaskNotFound`, `LeaseLost`, `TerminalState`, `PayloadTooLarge`.
   */
  readonly touchTask: (taskId: string, options?: TouchOptions) => Promise<Written>
}

/**
 * The operations on tasks, within a session or on all of them. Any task out of reach looks exactly like one that does not
 * exist.
 *
 * Every operation may reject with `InvalidInput` and `TaskStorageUnavailable`; each names what else it rejects with.
 *
 * @since 0.1.0
 * @category models
 */
export interface PromiseSessionTasks extends PromisePlannedWrites<Task> {
  /**
   * The same writes without payloads in their answers: they give the summary, and read no payload, whatever its size.
   */
  readonly withSummary: PromisePlannedWrites<TaskSummary>

  /**
   * Stores a new task. It is durable, and readable by any process, when the promise resolves.
   *
   * Rejects with `TaskAlreadyExists`, `MaxTasksReached`, `PayloadTooLarge`.
   */
  readonly createTask: (task: CreateTask, options?: CallOptions) => Promise<Task>

  /**
   * Runs a task again that has ended: stores a new one of the same method, params, name, session, principal, ttl, poll interval and
   * meta, which waits for a worker. The one that ended stays as it is. `rerunAs` and `rerunOf` tie the two. Gives the new task.
   *
   * Rejects with `TaskNotFound`, `TaskNotEnded`, `TaskAlreadyRerun`, `TaskAlreadyExists`, `MaxTasksReached`.
   */
  readonly rerunTask: (taskId: string, options?: RerunOptions) => Promise<Task>

  /**
   * Reads a task; `undefined` when it does not exist or has expired.
   */
  readonly getTask: (taskId: string, options?: CallOptions) => Promise<Task | undefined>

  /**
   * Reads a task without its payloads, for polling. `undefined` when it does not exist or has expired.
   */
  readonly getTaskSummary: (taskId: string, options?: CallOptions) => Promise<TaskSummary | undefined>

  /**
   * Replaces a whole record, if nobody has written it since it was read: `record.revision` must be the stored one. The
   * state machine applies as to any other write, and a stored result stays. `lastUpdatedAt` and `resultKind` are derived.
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
   * Lists tasks without reading their payloads: all, or those of a filter, the oldest or the newest first. Times are ISO texts.
   *
   * Rejects with `InvalidCursor`.
   */
  readonly listTaskSummaries: (options?: SummaryListOptions) => Promise<Domain.SummaryPage<TaskSummary>>

  /**
   * Reads the outcome of a task; `undefined` when it has none yet.
   *
   * Rejects with `TaskNotFound`.
   */
  readonly getTaskResult: (taskId: string, options?: CallOptions) => Promise<TaskOutcome | undefined>

  /**
   * Takes a task that nobody holds, whose lease or delay is over, or whose worker was declared dead. Holds it for as long as
   * `lease`, or as the registered `worker` for as long as that lives. The record has the `attempt` that its holder names in
   * writes from then on.
   *
   * Rejects with `TaskNotFound`, `LeaseHeld`, `TerminalState`, and with `MaxTasksReached` while the task waits for its turn under
   * `maxActive`.
   */
  readonly claimTask: (taskId: string, options: ClaimOptions) => Promise<ClaimedTask>

  /**
   * Stores the result of a step, so that a worker that begins anew need not do the step twice. A result that is stored
   * under the key already stays, and the record shows it.
   *
   * Rejects with `TaskNotFound`, `LeaseLost`, `TerminalState`, `PayloadTooLarge`.
   */
  readonly storeTaskStep: (taskId: string, key: string, value: unknown, options?: WorkerOptions) => Promise<Task>

  /**
   * Asks the client for input. The task becomes `input_required`, or asks for more if it is that already. Keys are unique
   * over the life of a task.
   *
   * Rejects with `TaskNotFound`, `LeaseLost`, `TerminalState`, `InputKeyReused`, `PayloadTooLarge`.
   */
  readonly requireInput: (
    taskId: string,
    requests: { readonly [key: string]: unknown },
    options?: RequireInputOptions
  ) => Promise<Task>

  /**
   * Stores answers to outstanding input requests. When all are answered the task is `working` again. Answers under unknown
   * or already answered keys are ignored. Concurrent partial answers are never lost.
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
   * Iterating throws `TaskNotFound` when there is no such task, or when it is deleted or expires meanwhile.
   */
  readonly changes: (taskId: string, options?: CallOptions) => AsyncIterable<Task>

  /**
   * Waits until a task has ended, whichever process ends it.
   *
   * Rejects with `TaskNotFound` when there is no such task, or when it is deleted or expires meanwhile.
   */
  readonly awaitTask: (taskId: string, options?: CallOptions) => Promise<Task>
}

/**
 * Messages that wait for the client of a task: queues, first in, first out, as durable as the storage.
 *
 * @since 0.1.0
 * @category models
 */
export interface PromiseTaskMessages {
  /**
   * Appends a message. If `maxSize` messages wait, it appends nothing, and tells so in `full`.
   *
   * Rejects with `PayloadTooLarge`.
   */
  readonly enqueue: (
    taskId: string,
    message: unknown,
    options?: EnqueueOptions
  ) => Promise<{ readonly full: false } | { readonly full: true; readonly size: number }>

  /** Removes and gives the first message, `undefined` when none waits. No message is given twice. */
  readonly dequeue: (taskId: string, options?: CallOptions) => Promise<Json | undefined>

  /** Removes and gives all messages, in order. */
  readonly dequeueAll: (taskId: string, options?: CallOptions) => Promise<ReadonlyArray<Json>>
}

/**
 * The processes that run tasks. A registered worker holds tasks for as long as it lives, and one renewal is enough for all of
 * them, however many they are.
 *
 * @since 0.2.0
 * @category models
 */
export interface PromiseWorkers {
  /**
   * Registers a process as a worker with a fresh id.
   */
  readonly registerWorker: (worker: Options.RegisterWorker, options?: CallOptions) => Promise<WorkerRecord>

  /**
   * Extends the lease of a worker. A late renewal is good, as long as nobody has declared the worker dead.
   *
   * Rejects with `WorkerLost`.
   */
  readonly renewWorker: (workerId: string, options: RenewWorkerOptions) => Promise<RenewedWorker>

  /**
   * Declares the workers dead whose lease has run out, and gives their ids. Nothing revives a dead worker, and its tasks are free.
   * After an outage of the engine wait one lease first, for the others could not renew either.
   */
  readonly declareDeadWorkers: (options?: DeclareDeadOptions) => Promise<ReadonlyArray<string>>

  /**
   * Ends a worker in good order: what it still holds is abandoned at once, and free for others. Gives how many tasks that were.
   */
  readonly endWorker: (workerId: string, options?: CallOptions) => Promise<number>

  /**
   * Lists all workers, live and dead, ascending by id, with how many tasks each holds. A dead worker is removed a day after its
   * death, once it holds none.
   */
  readonly listWorkers: (options?: CallOptions) => Promise<ReadonlyArray<ListedWorker>>

  /**
   * Gives the ids of tasks that a worker holds, as soon as somebody else wrote or deleted one of them: a cancel, an answer. An id
   * may come more than once, or for nothing, so read the task. It goes on through outages, and does not end. Each iteration
   * listens anew, and leaving the loop ends it.
   */
  readonly workerNews: (workerId: string, options?: CallOptions) => AsyncIterable<string>
}

/**
 * Task storage through promises. Its operations are for trusted code: they reach every task.
 *
 * @since 0.1.0
 * @category models
 */
export interface PromiseTaskStorage extends PromiseSessionTasks, PromiseWorkers, PromiseTaskStats {
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
   * Lists tasks without reading their payloads: all, or those of a filter, the oldest or the newest first. Times are ISO texts.
   *
   * Rejects with `InvalidCursor`.
   */
  readonly listTaskSummaries: (
    options?: StorageListOptions
  ) => Promise<Domain.SummaryPage<TaskSummary>>

  /**
   * Takes over a task of another storage, word for word: id, times, revision, steps and payloads. A worker that has it there does
   * not have it here: it arrives as abandoned. The `ttl` is not cut to `maxTtl`. The other limits hold.
   *
   * Rejects with `PayloadTooLarge`, `MaxTasksReached`.
   */
  readonly importTask: (task: Task, options?: ImportOptions) => Promise<Domain.ImportResult>

  /**
   * Removes what the engine keeps of a session beside its tasks, such as their number. While the session has tasks it does nothing.
   */
  readonly forgetSession: (sessionId: string, options?: CallOptions) => Promise<void>

  /**
   * Removes expired tasks, all of them or up to `limit`; gives their ids. Durable storage does it by itself.
   */
  readonly expireTasks: (options?: LimitOptions) => Promise<ReadonlyArray<string>>

  /**
   * Fails the tasks that nobody has touched, or held under a lease, for longer than `maxAge`. Their outcome is a JSON-RPC
   * error; a task that has an outcome gets the status of that. Gives their ids. Never undoes a write that raced it.
   */
  readonly recoverStuckTasks: (maxAge: Duration.Input, options?: RecoveryOptions) => Promise<ReadonlyArray<string>>

  /**
   * Lists the `working` tasks that a worker may claim: those that were released, whose lease or delay is over, or whose worker
   * was declared dead. Their kind is not paused. Sessions take turns. It gives 50 of them, or `limit`.
   */
  readonly claimableTasks: (options?: ClaimableOptions) => Promise<ReadonlyArray<string>>

  /**
   * Claims tasks that `claimableTasks` lists, 50 of them or `limit`, in as few statements as the engine can. Tasks that others
   * claim at the same time are left out.
   */
  readonly claimTasks: (options: ClaimTasksOptions) => Promise<ReadonlyArray<ClaimedTask>>

  /**
   * Pauses the tasks of a method, or of a method and a name, for all processes. They are accepted and wait: `claimableTasks` does not
   * list them, and `claimTasks` and runners do not take them. Those that run go on. A kind that is paused already stays so.
   */
  readonly pauseTasks: (kind: Options.TaskKind, options?: CallOptions) => Promise<void>

  /**
   * Ends the pause of exactly this kind, and tells whether there was one. A task of it may still be paused by another one, of its name
   * or of its whole method.
   */
  readonly resumeTasks: (kind: Options.TaskKind, options?: CallOptions) => Promise<boolean>

  /**
   * Lists the kinds that are paused, and since when, by method and name.
   */
  readonly pausedTasks: (options?: CallOptions) => Promise<ReadonlyArray<PausedKind>>

  /**
   * Gives something whenever kinds may have been paused or resumed: by this storage, or by another one and a worker hears of it whose
   * `workerNews` this one follows. So read `pausedTasks` then. It goes on through outages, and does not end by itself.
   */
  readonly pauseNews: (options?: CallOptions) => AsyncIterable<void>

  /**
   * Removes expired tasks and messages, and does what the engine needs from time to time.
   */
  readonly maintenance: (options?: CallOptions) => Promise<Domain.MaintenanceReport>

  /**
   * Looks at the store: its structure, its clock, its workers, and with `deep` at all that is stored. Gives what is wrong, with what
   * to do about it, and with `fix` mends what is safe to mend.
   */
  readonly inspectStore: (options?: InspectOptions) => Promise<StoreReport>

  /**
   * Seals all tasks with the keys that the option `encryption` names now: what older keys have sealed, and what was not sealed at all.
   * With the current key `null` it opens all of them. It tells its progress after each page, and can be interrupted and go on from a
   * `cursor`.
   */
  readonly reencryptTasks: (options?: ReencryptOptions) => AsyncIterable<Domain.ReencryptProgress>

  /**
   * Gives the operations on the tasks of one session; for `null`, on the tasks that are bound to none. Tasks that it
   * creates are bound to the session.
   */
  readonly forSession: (sessionId: string | null) => PromiseSessionTasks

  readonly messages: PromiseTaskMessages

  /**
   * Closes the storage. Calls in progress end. Calls that wait for a task, and all later ones, reject with
   * `TaskStorageUnavailable`. Closing again gives the same promise.
   */
  readonly close: () => Promise<void>

  /**
   * Closes the storage at the end of an `await using` block.
   */
  readonly [Symbol.asyncDispose]: () => Promise<void>
}
