/**
 * What the operations on tasks can be told.
 *
 * @since 0.2.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type { FailureInput, FailureReport } from "../task/FailureReport.ts"
import type { ResultKind, TaskOutcomeInput } from "../task/TaskOutcome.ts"
import type { TaskStatus } from "../task/TaskStatus.ts"

/**
 * A new task. A field that is left out gets its default: a generated id, `working`, the present time, the layer's `defaultTtl`.
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
   * How long the creator holds the task under a lease of its own. With a lease of 0 the task waits until a worker claims it.
   * Without `lease`, `worker` and `delay`, `claimableTasks` never lists it.
   */
  readonly lease?: Duration.Input | undefined
  /** The registered worker that holds the task from the start. One that is not registered counts as dead. */
  readonly worker?: string | undefined
  /** How long the task waits before a worker may claim it. */
  readonly delay?: Duration.Input | undefined
  /** The W3C trace context of the request, so that the worker continues its trace: 1 to 255 and 1 to 1024 characters. */
  readonly traceparent?: string | undefined
  readonly tracestate?: string | undefined
  /** The same of the run that the creator begins. The next run is linked to it. */
  readonly runTraceparent?: string | undefined
  readonly failure?: FailureReport | undefined
  /** On whose behalf the task runs, for the worker that acts for them. Any value that JSON can carry. */
  readonly principal?: unknown
  /** What steps gave that were done before the task was stored, by key. */
  readonly steps?: { readonly [key: string]: unknown } | undefined
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
  /** The W3C trace context of the run of this worker, to which the next run is linked. Absent keeps the one that is stored. */
  readonly runTraceparent?: string | undefined
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
  /**
   * Holds the task under a lease of its own for this long from now. 0 releases the task. A registered worker needs none: its
   * renewal holds all of its tasks.
   */
  readonly lease?: Duration.Input | undefined
  /** Releases the task, and lets nobody claim it before this has passed. */
  readonly delay?: Duration.Input | undefined
}

/**
 * Who claims a task: with a lease of its own, or as a registered worker. Exactly one of the two.
 *
 * @since 0.2.0
 * @category options
 */
export interface ClaimOptions {
  /** How long the task is held. At least a millisecond. */
  readonly lease?: Duration.Input | undefined
  /** The id of the registered worker that holds the task from now on. */
  readonly worker?: string | undefined
}

/**
 * The kind of tasks: a method and, if one is given, what it is applied to, such as a tool.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskKind {
  readonly method: string
  /** Without it all names are meant, and `null` means tasks without a name. */
  readonly name?: string | null | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface ClaimableOptions extends LimitOptions {
  /** Only tasks of these kinds: all by default. Tasks of others are not even looked at. */
  readonly kinds?: ReadonlyArray<TaskKind> | undefined
  /** `"released"`: only tasks that nobody has had since they were released, and none whose lease or delay is over. */
  readonly leases?: "released" | undefined
  /** No tasks of these sessions. */
  readonly exceptSessions?: ReadonlyArray<string> | undefined
  /** At most so many tasks of each session. Tasks that are bound to no session are not limited by it. */
  readonly perSession?: number | undefined
  /** How many tasks of each session the caller runs already. They count towards `perSession`. */
  readonly running?: { readonly [sessionId: string]: number } | undefined
  /** Sessions take turns: begin with those behind this one, by the bytes of their ids. `null`: behind the tasks of no session. */
  readonly behindSession?: string | null | undefined
  /** Kinds take turns too: begin with those behind this one, by method and then by name. Without a name: behind tasks without one. */
  readonly behindKind?: TaskKind | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface ClaimTasksOptions extends ClaimableOptions, ClaimOptions {}

/**
 * A process that is about to run tasks.
 *
 * @since 0.2.0
 * @category models
 */
export interface RegisterWorker {
  /** How long the worker lives without a renewal. At least a millisecond. */
  readonly lease: Duration.Input
  /** The name of its machine: 1 to 255 characters, as `name` and `version`. */
  readonly host?: string | undefined
  /** The number of its process there. */
  readonly pid?: number | undefined
  /** The name of its program, and the version of that. */
  readonly name?: string | undefined
  readonly version?: string | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface RenewWorkerOptions {
  /** How long the worker lives from now on without another renewal. At least a millisecond. */
  readonly lease: Duration.Input
}

/**
 * @since 0.2.0
 * @category options
 */
export interface DeclareDeadOptions {
  /** The worker of the caller: no process declares itself dead. */
  readonly except?: string | undefined
  /**
   * Only those whose lease ran out so long ago or longer: 0 by default. It helps a process that looks twice: the time since its first
   * look leaves the others time to renew after an outage that it does not know of.
   */
  readonly overdueFor?: Duration.Input | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface RequireInputOptions extends WorkerOption {
  readonly requestState?: string | undefined
  /** As in `touchTask`. With 0 the task needs no worker while it waits for answers. */
  readonly lease?: Duration.Input | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface RerunOptions {
  /** Runs a task again that was run again before. */
  readonly again?: boolean | undefined
  /** Takes the results of its steps along, so that the new task does not do them again. */
  readonly steps?: boolean | undefined
  /** The id of the new task: a generated one by default. */
  readonly taskId?: string | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface ImportOptions {
  /** Stores nothing, and tells what would be done. */
  readonly dryRun?: boolean | undefined
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
 * Which tasks a list gives, and in which order. Each field that is there narrows the list. An index serves `status`, the times of
 * creation and, on SQLite and PostgreSQL, `name` in a list of all sessions. For the other fields the storage searches what is left.
 *
 * @since 0.2.0
 * @category options
 */
export interface TaskFilter<Time = DateTime.Utc> {
  /** Only tasks in this status, or in one of these. */
  readonly status?: TaskStatus | ReadonlyArray<TaskStatus> | undefined
  /** `"oldest"` first, by default, or `"newest"`. */
  readonly order?: "oldest" | "newest" | undefined
  /** Only tasks that were created at this time or later. */
  readonly createdAfter?: Time | undefined
  /** Only tasks that were created before this time. */
  readonly createdBefore?: Time | undefined
  /** Only tasks of this method, such as `tools/call`. */
  readonly method?: string | undefined
  /** Only tasks of this name, such as that of a tool; `null` means tasks without a name. */
  readonly name?: string | null | undefined
  /** Only tasks that this registered worker has, or had when they ended. */
  readonly worker?: string | undefined
  /** Only tasks with an outcome of this kind, or of one of these. Tasks that failed are `["tool_error", "error"]`. */
  readonly resultKind?: ResultKind | ReadonlyArray<ResultKind> | undefined
  /** Only tasks that were last written at this time or later. */
  readonly updatedAfter?: Time | undefined
  /** Only tasks that were last written before this time. */
  readonly updatedBefore?: Time | undefined
}

/**
 * @since 0.1.0
 * @category options
 */
export interface SummaryListOptions extends ListOptions, TaskFilter {}

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
 * @since 0.2.0
 * @category options
 */
export interface ReencryptOptions {
  /** Goes on behind where an earlier run was: the `cursor` of its last progress. */
  readonly cursor?: string | undefined
  /** How many tasks are read at once: 100 by default, 1000 at most. */
  readonly limit?: number | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface InspectOptions {
  /** Mends what is safe to mend: `false` by default. */
  readonly fix?: boolean | undefined
  /** Reads all that is stored, to find rows that break the rules, wrong counts and orphans: `false` by default. */
  readonly deep?: boolean | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface TaskStatsOptions {
  /** Only tasks that are bound to this session. Workers are those of all. */
  readonly sessionId?: string | undefined
  /** For how long back failures are counted: one hour by default. */
  readonly failuresSince?: Duration.Input | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface FindTaskIdsOptions extends LimitOptions {
  /** What the ids end with. */
  readonly ending: string
}
