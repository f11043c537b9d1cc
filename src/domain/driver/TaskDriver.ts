/**
 * The few primitives that a backend implements. `TaskStorage.fromDriver` turns them into the service.
 *
 * A driver has no rules of its own. It keeps rows, evaluates the conditions it is given in the same atomic step as the
 * write, and answers with values: a lost race is no error. Only a failure of the engine is a {@link TaskDriverError}. Test your
 * driver with `mcp-task-storage/testing`.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { StoredJson } from "../json/StoredJson.ts"
import type { Sizing, StoredSummary, StoredTask, TaskVersion } from "../task/StoredTask.ts"
import type { ResultKind } from "../task/TaskOutcome.ts"
import type { TaskStatus } from "../task/TaskStatus.ts"
import type { ActiveBounds, ActiveScope, ReachedBound } from "./ActiveBounds.ts"
import type { KindDriver, StoredKinds } from "./KindDriver.ts"
import type { StoreInspector } from "./StoreInspector.ts"
import type { TaskDriverError } from "./TaskDriverError.ts"
import type { TaskRange } from "./TaskRange.ts"
import type { TallyQuery, TaskTally } from "./TaskTally.ts"
import type { PlainPatch, TaskGuard, TaskPatch, TaskScope } from "./TaskWrite.ts"
import type { WorkerDriver } from "./WorkerDriver.ts"

export { TaskDriverError } from "./TaskDriverError.ts"

/**
 * The answer to an insert.
 *
 * @since 0.1.0
 * @category models
 */
export type InsertResult =
  | { readonly _tag: "Inserted" }
  | { readonly _tag: "Exists" }
  | { readonly _tag: "LimitReached"; readonly scope: "storage" | "session" | ActiveScope; readonly limit: number }

/**
 * The answer to a guarded write: done; refused by the guard, with the task that refused it; or no visible task.
 *
 * @since 0.1.0
 * @category models
 */
export type PatchResult =
  | { readonly _tag: "Patched"; readonly task: StoredTask }
  /** With `full` the guard permits the write but for the seat that it needs. */
  | { readonly _tag: "Rejected"; readonly task: StoredTask; readonly full?: ReachedBound | undefined }
  | { readonly _tag: "Missing" }

/**
 * What a guarded write answers with once it is done: the whole task, or the part that a {@link StoredSummary} holds.
 *
 * @since 0.2.0
 * @category models
 */
export type PatchAnswer = "task" | "summary"

/**
 * A position in a list: behind the task that was created at this time under this id.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskPosition {
  readonly createdAt: number
  readonly taskId: string
}

/**
 * A page of a list: ascending by `createdAt` and then by the UTF-8 bytes of `taskId`, or, for the order `"newest"`, descending.
 *
 * @since 0.1.0
 * @category models
 */
export interface PageQuery extends TaskRange {
  readonly scope: TaskScope
  /**
   * Only tasks of this name; for `null`, those without one. It is there only for `pageSummaries` of a driver with
   * `pagesByName`, in the scope of all sessions.
   */
  readonly name?: StoredJson | null
  /** Only tasks that come behind this position in the order of the page. It lies between the times of the range. */
  readonly after: TaskPosition | undefined
  /** At most this many tasks, at least one. */
  readonly limit: number
  /**
   * The page ends before the task that would take the bytes of what is read (`taskBytes`, `summaryBytes`) past this, but
   * has at least one task.
   */
  readonly maxBytes: number
}

/**
 * A page as a driver gives it; `more` tells whether another visible task follows the last one.
 *
 * @since 0.1.0
 * @category models
 */
export interface DriverPage<Task> {
  readonly tasks: ReadonlyArray<Task>
  readonly more: boolean
}

/**
 * Bounds on how many tasks may be stored, expired ones that were not swept included.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskBounds {
  /** `null` is unlimited. */
  readonly maxTasks: number | null
  /** For each session; tasks bound to none are not limited by it. `null` is unlimited. */
  readonly maxTasksPerSession: number | null
  /** There is no bound on seats without it, and none that concerns the task. */
  readonly active?: ActiveBounds | undefined
}

/**
 * The messages that wait for the client of a task: first in, first out. A queue is named after its task and goes with it,
 * but needs no task: the queue of any id works.
 *
 * @since 0.1.0
 * @category models
 */
export interface MessageDriver {
  /** Appends a message, unless the queue has `maxSize` unexpired messages; then it gives the size. One atomic step. */
  readonly push: (message: {
    readonly queue: string
    readonly body: StoredJson
    readonly expiresAt: number
    readonly maxSize: number | undefined
    readonly now: number
  }) => Effect.Effect<{ readonly _tag: "Pushed" } | { readonly _tag: "Full"; readonly size: number }, TaskDriverError>
  /** Removes and gives the first unexpired message. One atomic step: no message is given to two callers. */
  readonly shift: (queue: string, now: number) => Effect.Effect<StoredJson | undefined, TaskDriverError>
  /** Removes and gives all unexpired messages, in order. One atomic step. */
  readonly drain: (queue: string, now: number) => Effect.Effect<ReadonlyArray<StoredJson>, TaskDriverError>
  /** Removes up to `limit` expired messages of all queues, by index; gives how many. */
  readonly removeExpired: (now: number, limit: number) => Effect.Effect<number, TaskDriverError>
}

/**
 * The kind of a task: its method, and what the method is applied to.
 *
 * @since 0.2.0
 * @category models
 */
export type StoredKind = Pick<StoredTask, "originalMethod" | "name">

/**
 * Which free tasks are meant. A task is free if it is `working`, visible at `now`, and its lease is not null and at most
 * `freeBy`.
 *
 * @since 0.2.0
 * @category models
 */
export interface FreeTime {
  readonly freeBy: number
  readonly now: number
}

/**
 * Which kinds of free tasks are meant.
 *
 * @since 0.2.0
 * @category models
 */
export interface FreeKindsQuery extends FreeTime {
  /** Only kinds that one of these covers. They ascend as kinds do, and none of them covers another. Without them all kinds are meant. */
  readonly kinds?: ReadonlyArray<StoredKinds> | undefined
  /** Only kinds behind this one. */
  readonly behind?: StoredKind | undefined
  /** At most so many kinds, at least one. */
  readonly limit: number
}

/**
 * Free tasks of one kind, session by session: the sessions ascending by the UTF-8 bytes of their ids, from each up to
 * `perSession` tasks, ascending by lease and then by the UTF-8 bytes of `taskId`, in all up to `limit`. Tasks that are bound to
 * no session count as those of a session with the empty id.
 *
 * @since 0.2.0
 * @category models
 */
export interface FreeQuery extends FreeTime {
  readonly kind: StoredKind
  /** Only sessions behind this one; behind the empty id, those that are no empty one. */
  readonly behind: string | undefined
  /** None of these sessions. */
  readonly except: ReadonlyArray<string>
  readonly perSession: number
  readonly limit: number
  /**
   * With `taken` only tasks that have begun, by an index of theirs. With bounds only tasks that have not, no more of them than
   * there are seats left, in all and for their session; what waits of a session without a seat costs nothing.
   */
  readonly seats?: "taken" | ActiveBounds | undefined
}

/**
 * What is listed of a free task.
 *
 * @since 0.2.0
 * @category models
 */
export type FreeTask = Pick<StoredTask, "taskId" | "sessionId" | "attempt" | "leaseExpiresAt" | "dueAt">

/**
 * A task that was claimed among others, and what was its lease before. If it cannot be read, `fault` says why: it is claimed all the
 * same, and must not keep the others from the one who has them.
 *
 * @since 0.2.0
 * @category models
 */
export interface TakenTask {
  readonly task: StoredTask
  readonly before: Pick<StoredTask, "leaseExpiresAt" | "dueAt">
  readonly fault?: TaskDriverError
}

/**
 * The answer to the insert of a task that does another one again.
 *
 * @since 0.2.0
 * @category models
 */
export type RerunResult = InsertResult | { readonly _tag: "Changed" }

/**
 * What {@link TaskDriver.reseal} has done with a page of tasks.
 *
 * @since 0.2.0
 * @category models
 */
export interface ResealedPage {
  readonly examined: number
  readonly resealed: number
  /** The tasks that cannot be opened, and why. They stay as they are. */
  readonly unreadable: ReadonlyArray<{ readonly taskId: string; readonly reason: string }>
  /** Behind which task the next page begins, if there is one. */
  readonly next: TaskPosition | undefined
}

/**
 * Which ids are looked for: of tasks in scope, by their last characters, up to `limit`.
 *
 * @since 0.2.0
 * @category models
 */
export interface EndingQuery {
  readonly ending: string
  readonly scope: TaskScope
  readonly limit: number
}

/**
 * What a backend implements. Each primitive is one atomic step: other processes see all of it or nothing. A write is durable
 * before its effect succeeds. An interrupted primitive has happened as a whole or not at all. A backend in the same process
 * can answer with {@link AtOnce}.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskDriver {
  readonly backendName: string

  /** The largest payloads that the engine stores, in bytes. Without it only the options limit them. */
  readonly maxPayloadBytes?: { readonly outcome: number; readonly content: number }

  /**
   * Gives how many bytes are stored for the text of a payload of so many, if that is not as many: what is sealed takes more. It
   * is what limits count. Texts that the driver gives back with another size have it in `StoredJson.storedBytes`.
   */
  readonly payloadBytes?: Sizing

  /**
   * Stores a new task unless its id is taken by a task that is not expired at `now`; an expired one is replaced, and the
   * messages of its queue go with it. Where there was no task, messages stay. Of several reasons to refuse, the taken id
   * comes first, and then the bounds in the order of {@link TaskBounds}. Bounds hold exactly under concurrency. A seat is free
   * again in the very step in which its task ends or goes.
   */
  readonly insert: (task: StoredTask, bounds: TaskBounds, now: number) => Effect.Effect<InsertResult, TaskDriverError>

  /**
   * Stores a new task as `insert` does, and in the same atomic step makes its id the `rerunAs` of another task and raises the
   * revision of that one by one. If that is not this version of it any more, or not there, it stores nothing: `Changed`. What is
   * `Changed` and refused by `insert` as well may be either. The two tasks never have the same id.
   */
  readonly rerun: (
    task: StoredTask,
    bounds: TaskBounds,
    now: number,
    source: Pick<StoredTask, "taskId"> & TaskVersion
  ) => Effect.Effect<RerunResult, TaskDriverError>

  /** Reads one task that is in scope. */
  readonly find: (taskId: string, scope: TaskScope) => Effect.Effect<StoredTask | undefined, TaskDriverError>

  /** Reads one task that is in scope, without reading its large parts. */
  readonly findSummary: (taskId: string, scope: TaskScope) => Effect.Effect<StoredSummary | undefined, TaskDriverError>

  /**
   * Writes the patch if the guard permits it, and raises `revision` by one. Answers with the whole task, as it is then or as
   * it refused. With `"summary"` the answer to a write that is done may leave out the large parts: they may be null. If
   * `isNewsForWorker` and a registered worker held the task, the worker gets news of it.
   */
  readonly patch: (
    taskId: string,
    scope: TaskScope,
    guard: TaskGuard,
    patch: TaskPatch,
    answer?: PatchAnswer
  ) => Effect.Effect<PatchResult, TaskDriverError>

  /**
   * Deletes a task that is in scope, with the messages of its queue; tells whether there was one. If a registered worker held
   * it, the worker gets news of it.
   */
  readonly remove: (taskId: string, scope: TaskScope) => Effect.Effect<boolean, TaskDriverError>

  /** Reads a page of whole tasks, by index. */
  readonly page: (query: PageQuery) => Effect.Effect<DriverPage<StoredTask>, TaskDriverError>

  /** Reads a page of summaries, by index, without reading the large parts. */
  readonly pageSummaries: (query: PageQuery) => Effect.Effect<DriverPage<StoredSummary>, TaskDriverError>

  /**
   * Says that `pageSummaries` finds the tasks of one name by index. Without it the service reads pages of all names, and looks
   * for the name itself.
   */
  readonly pagesByName?: true

  /**
   * Lists up to `limit` tasks of any session in one of the (non-terminal) `statuses`, visible at `now`, last written
   * before `updatedBefore`, and under no lease that ends after `freeSince`, longest untouched first, by index.
   */
  readonly stale: (query: {
    readonly statuses: ReadonlyArray<TaskStatus>
    readonly updatedBefore: number
    readonly freeSince: number
    readonly now: number
    readonly limit: number
  }) => Effect.Effect<
    ReadonlyArray<{ readonly taskId: string; readonly resultKind: ResultKind | null }>,
    TaskDriverError
  >

  /**
   * Lists up to `limit` tasks of any session that are `working`, visible at `now`, and abandoned: their lease is positive, at
   * most `expiredBy`, and not equal to `dueAt`. It lists them by index, in the order in which their leases ran out.
   */
  readonly abandoned: (query: {
    readonly expiredBy: number
    readonly now: number
    readonly limit: number
  }) => Effect.Effect<
    ReadonlyArray<{ readonly taskId: string; readonly resultKind: ResultKind | null }>,
    TaskDriverError
  >

  /**
   * Lists the kinds of free tasks that are not paused, each once, up to `limit`, by index. They ascend by the UTF-8 bytes of the texts
   * of method and name, and no name comes first. Its cost grows with the number of kinds that are meant or with that of the kinds
   * that there are, whichever is less, and not with the number of tasks: from a kind that is not meant it leaps to the next one that
   * is.
   */
  readonly freeKinds: (query: FreeKindsQuery) => Effect.Effect<ReadonlyArray<StoredKind>, TaskDriverError>

  /**
   * Lists free tasks, by index: its cost grows with what it lists, not with what else waits or is held. If their kind is paused, it
   * lists none.
   */
  readonly free: (query: FreeQuery) => Effect.Effect<ReadonlyArray<FreeTask>, TaskDriverError>

  /**
   * Claims the tasks that `free` would list, in its order: it writes the patch over each, raises `attempt` and `revision` by one,
   * and gives the tasks as they are then. Tasks that others claim at the same time are left out. Without it the service lists
   * the tasks and claims each with a `patch`.
   */
  readonly take?: (query: FreeQuery, patch: PlainPatch) => Effect.Effect<ReadonlyArray<TakenTask>, TaskDriverError>

  /** Deletes up to `limit` tasks that are expired at `now`, by index, with the messages of their queues; gives their ids. */
  readonly removeExpired: (now: number, limit: number) => Effect.Effect<ReadonlyArray<string>, TaskDriverError>

  /** Counts the tasks in scope. */
  readonly count: (scope: TaskScope) => Effect.Effect<number, TaskDriverError>

  /** Counts the tasks in scope by what they are. Without it the service reads the summaries of all of them. */
  readonly tally?: (query: TallyQuery) => Effect.Effect<TaskTally, TaskDriverError>

  /**
   * Finds ids that end so, ascending by their UTF-8 bytes, without reading what tasks hold. Without it the service reads the
   * summaries of all of them.
   */
  readonly findEnding?: (query: EndingQuery) => Effect.Effect<ReadonlyArray<string>, TaskDriverError>

  /**
   * Removes what the engine keeps of a session beside its tasks, such as their number, if the session has no tasks. Without it there
   * is no such thing.
   */
  readonly forget?: (session: string) => Effect.Effect<void, TaskDriverError>

  /** Says that the driver knows {@link TaskGuard.seats} and {@link FreeQuery.seats}. Without it tasks cannot wait for seats. */
  readonly findsSeats?: true

  /**
   * Says that tasks stay in this process, and that `find` looks for any text as it is and does nothing else. So it may be asked for
   * an id that was not checked.
   */
  readonly keepsTasks?: true

  readonly messages: MessageDriver

  readonly workers: WorkerDriver

  readonly kinds: KindDriver

  /**
   * Runs several primitives as one transaction, to save commits. Correctness never depends on it: without it each
   * primitive stands alone.
   */
  readonly transaction?: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E | TaskDriverError>

  /** Runs an effect after the commit, for a driver that joins transactions of its user. */
  readonly afterCommit?: (effect: Effect.Effect<void>) => Effect.Effect<void>

  /**
   * Signals that other writers, such as other processes, may have written: the task with the id, or any task for
   * `undefined`. It runs only while somebody waits for a change. When it begins to notice writes, it signals `undefined`
   * once, for what it may have missed. Signals are hints and may be spurious. Without it the service looks four times a
   * second at the tasks that somebody waits for. Where tasks wait for seats it also signals `newsOfSeats`, or `undefined`, when another
   * process has left one. Without it they wait for the next look.
   */
  readonly foreignWrites?: Stream.Stream<string | undefined>

  /**
   * Gives the revisions of tasks, expired or not, and leaves out tasks that do not exist. With it a signal for any task
   * costs one call for all that are waited for. Without it, it costs one read for each.
   */
  readonly findRevisions?: (
    taskIds: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyMap<string, TaskVersion>, TaskDriverError>

  /**
   * Seals the payloads of a page of tasks with the present key, for a driver that seals them. A task that is written meanwhile is
   * read again. It is no news for watchers, and raises the revision.
   */
  readonly reseal?: (
    query: Pick<PageQuery, "after" | "limit" | "maxBytes"> & Pick<TaskScope, "now">
  ) => Effect.Effect<ResealedPage, TaskDriverError>

  /** Does what the engine needs from time to time, besides removing expired tasks. */
  readonly maintain?: Effect.Effect<{ readonly [key: string]: string | number | boolean }, TaskDriverError>

  /** Looks at the store itself. Without it the service checks what it can read through the other primitives. */
  readonly inspector?: StoreInspector
}
