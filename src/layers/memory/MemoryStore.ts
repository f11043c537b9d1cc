/**
 * Tasks in memory, indexed for every query.
 *
 * @since 0.1.0
 */
import { BTreeEx } from "sorted-btree/extended/index.js"
import { hasBegun, isActive, newsOfSeats, reachedBound } from "../../domain/driver/ActiveBounds.ts"
import {
  isOfKinds,
  kindsText,
  newsOfPauses,
  type StoredKinds,
  type StoredPause
} from "../../domain/driver/KindDriver.ts"
import type {
  FreeKindsQuery,
  FreeQuery,
  InsertResult,
  PageQuery,
  PatchResult,
  RerunResult,
  StoredKind,
  TakenTask,
  TaskBounds,
  TaskDriver
} from "../../domain/driver/TaskDriver.ts"
import {
  applyPatch,
  isAbandoned,
  isFree,
  isNews,
  isNewsForWorker,
  isVisible,
  permits,
  type TaskGuard,
  type TaskPatch,
  type TaskScope
} from "../../domain/driver/TaskWrite.ts"
import { expiresAt, holderOf, isExpired, isSameVersion, type StoredTask } from "../../domain/task/StoredTask.ts"
import { sortKey } from "../../domain/task/TaskId.ts"
import { activeStatuses, type TaskStatus } from "../../domain/task/TaskStatus.ts"
import { FreeTasks } from "./FreeTasks.ts"
import { filter, LazyIndex } from "./LazyIndex.ts"
import { makeMemoryMessages, type MemoryMessages } from "./MemoryMessages.ts"
import { MemoryWorkers } from "./MemoryWorkers.ts"
import { SeatCounts } from "./SeatCounts.ts"
import { TaskList } from "./TaskList.ts"
import { byActivity, byExpiry, byLease, type Expiry, type LeasePlace, type Place, TaskEntry } from "./TaskOrder.ts"

/**
 * The tasks of one memory backend. Rows are replaced, never changed, so each row is a snapshot.
 *
 * @since 0.1.0
 * @category models
 */
export class MemoryStore {
  readonly messages: MemoryMessages = makeMemoryMessages()
  readonly workers = new MemoryWorkers()
  readonly #tasks = new Map<string, TaskEntry>()
  readonly #all = new TaskList()
  readonly #sessions = new Map<string | null, TaskList>()
  readonly #expiries = new BTreeEx<Expiry, TaskEntry>(undefined, byExpiry)
  /** Without what registered workers hold: nobody is to find that by its age or its lease. */
  readonly #active = new Map(
    activeStatuses.map((status) => [
      status,
      new LazyIndex(byActivity, () => filter(this.#all.inStatus(status), (entry) => !isHeldByWorker(entry)))
    ])
  )
  readonly #leases = new LazyIndex<LeasePlace>(
    byLease,
    () => filter(this.#all.inStatus("working"), (entry) => isLeased(entry) && isAbandoned(entry.task))
  )
  readonly #free = new FreeTasks(() => filter(this.#all.inStatus("working"), isLeased))
  readonly #seats = new SeatCounts(() => this.#tasks.values())
  readonly #pauses = new Map<string, StoredPause>()
  readonly #listeners = new Map<(taskId: string) => void, symbol>()

  /** Calls the listener after every write of another writer that is news, until the returned function is called. */
  listen(writer: symbol, listener: (taskId: string) => void): () => void {
    this.#listeners.set(listener, writer)
    return () => this.#listeners.delete(listener)
  }

  /** Gives the task in scope. */
  find(taskId: string, scope: TaskScope): TaskEntry | undefined {
    const entry = this.#tasks.get(taskId)
    return entry !== undefined && isVisible(entry, scope) ? entry : undefined
  }

  /** Stores a new task within the bounds. It replaces an expired one of its id. */
  insert(task: StoredTask, bounds: TaskBounds, now: number, writer: symbol): InsertResult {
    const taken = this.#tasks.get(task.taskId)
    if (taken !== undefined && !isExpired(taken.task, now)) return { _tag: "Exists" }
    const refused = this.#refuse(task, bounds, taken)
    if (refused !== undefined) return refused
    if (taken !== undefined) this.#remove(taken, writer)
    const session = this.#sessions.get(task.sessionId) ?? new TaskList()
    const entry = new TaskEntry(task)
    this.#tasks.set(task.taskId, entry)
    this.#all.add(entry)
    session.add(entry)
    this.#sessions.set(task.sessionId, session)
    this.#addActive(entry)
    this.#addExpiry(entry)
    this.#seats.move(undefined, task)
    this.#written(task.taskId, writer)
    return { _tag: "Inserted" }
  }

  /** Stores a new task that does another one again, and ties the two, unless that one has changed. */
  rerun(
    task: StoredTask,
    bounds: TaskBounds,
    now: number,
    source: Parameters<TaskDriver["rerun"]>[3],
    writer: symbol
  ): RerunResult {
    const entry = this.#tasks.get(source.taskId)
    if (entry === undefined || !isSameVersion(entry.task, source)) return { _tag: "Changed" }
    const result = this.insert(task, bounds, now, writer)
    if (result._tag === "Inserted") {
      // No index depends on what changes here.
      entry.replace({ ...entry.task, rerunAs: task.taskId, revision: entry.task.revision + 1 })
    }
    return result
  }

  /** Tells which bound a new task would overrun, where it takes the place of an expired one. */
  #refuse(task: StoredTask, bounds: TaskBounds, replaced: TaskEntry | undefined): InsertResult | undefined {
    const { active, maxTasks, maxTasksPerSession } = bounds
    if (maxTasks !== null && this.#tasks.size - (replaced === undefined ? 0 : 1) >= maxTasks) {
      return { _tag: "LimitReached", scope: "storage", limit: maxTasks }
    }
    if (maxTasksPerSession !== null && task.sessionId !== null) {
      const leaving = replaced?.task.sessionId === task.sessionId ? 1 : 0
      if ((this.#sessions.get(task.sessionId)?.size ?? 0) - leaving >= maxTasksPerSession) {
        return { _tag: "LimitReached", scope: "session", limit: maxTasksPerSession }
      }
    }
    const reached = active && reachedBound(active, task.sessionId, this.#seats.taken(active, task, replaced?.task))
    return reached && { _tag: "LimitReached", ...reached }
  }

  /** Writes the patch if the guard permits it. */
  patch(taskId: string, scope: TaskScope, guard: TaskGuard, patch: TaskPatch, writer: symbol): PatchResult {
    const entry = this.find(taskId, scope)
    if (entry === undefined) return { _tag: "Missing" }
    const before = entry.task
    if (!permits(guard, before, patch)) return { _tag: "Rejected", task: before }
    if (guard.seats !== undefined && !hasBegun(before)) {
      const full = reachedBound(guard.seats, before.sessionId, this.#seats.taken(guard.seats, before))
      if (full !== undefined) return { _tag: "Rejected", task: before, full }
    }
    if (isNewsForWorker(guard, patch)) this.workers.note(before)
    return { _tag: "Patched", task: this.#write(entry, patch, writer) }
  }

  /** Claims free tasks in turns. */
  take(query: FreeQuery, patch: TaskPatch, writer: symbol): ReadonlyArray<TakenTask> {
    // All are found before the first is written, for a walk cannot go on in an index that changes.
    return [...this.free(query)].map((entry) => {
      const { attempt, dueAt, leaseExpiresAt } = entry.task
      return {
        task: this.#write(entry, { ...patch, attempt: attempt + 1 }, writer),
        before: { dueAt, leaseExpiresAt }
      }
    })
  }

  /** Ends the hold of a worker, or of all that are dead, on up to `limit` tasks, and gives how many. */
  release(workerId: string | undefined, leaseExpiresAt: number, limit: number): number {
    const held = this.workers.held(workerId, limit)
    for (const entry of held) this.#write(entry, { leaseExpiresAt, dueAt: null }, undefined)
    return held.length
  }

  #write(entry: TaskEntry, patch: TaskPatch, writer: symbol | undefined): StoredTask {
    const before = entry.task
    const task = applyPatch(before, patch)
    this.#removeActive(entry)
    if (task.ttl !== before.ttl) this.#removeExpiry(entry)
    this.#seats.move(before, task)
    entry.replace(task)
    this.#addActive(entry)
    if (task.ttl !== before.ttl) this.#addExpiry(entry)
    if (task.status !== before.status) {
      this.#all.move(entry, before.status)
      this.#sessions.get(task.sessionId)?.move(entry, before.status)
    }
    if (isNews(patch)) this.#written(task.taskId, writer)
    if (isActive(before) && !isActive(task)) this.#written(newsOfSeats, writer)
    return task
  }

  /** Removes the task in scope, and tells whether there was one. */
  remove(taskId: string, scope: TaskScope, writer: symbol): boolean {
    const entry = this.find(taskId, scope)
    if (entry === undefined) return false
    this.#remove(entry, writer)
    return true
  }

  /** Walks the visible tasks of a list. */
  *list(query: Omit<PageQuery, "limit" | "maxBytes">): Generator<StoredTask> {
    const { createdAfter = -Infinity, createdBefore = Infinity, order, scope, statuses } = query
    const list = scope.session === undefined ? this.#all : this.#sessions.get(scope.session)
    for (const { task } of list?.behind(startOf(query), order, statuses) ?? []) {
      if (order === "oldest" ? task.createdAt >= createdBefore : task.createdAt < createdAfter) return
      if (!isExpired(task, scope.now)) yield task
    }
  }

  /**
   * Walks the visible tasks of an active status that were last written before a time, and are held by nobody, longest
   * untouched first.
   */
  *untouched(status: TaskStatus, updatedBefore: number, freeSince: number, now: number): Generator<TaskEntry> {
    for (const entry of this.#active.get(status)?.from(undefined) ?? []) {
      if (entry.task.lastUpdatedAt >= updatedBefore) return
      if (!isExpired(entry.task, now) && isFree(entry.task, freeSince)) yield entry
    }
  }

  /** Walks the visible tasks at work that were abandoned by a time, in the order in which their leases ran out. */
  *abandoned(expiredBy: number, now: number): Generator<TaskEntry> {
    for (const entry of this.#leases.from(undefined)) {
      if ((entry.task.leaseExpiresAt ?? 0) > expiredBy) return
      if (!isExpired(entry.task, now)) yield entry
    }
  }

  /** Walks the kinds of free tasks that are meant, and not paused: it gives one task of each. */
  freeKinds(query: Omit<FreeKindsQuery, "limit">): Iterable<TaskEntry> {
    return filter(this.#free.kinds(query), ({ task }) => !this.#isPaused(task))
  }

  /** Walks free tasks of one kind, in turns. */
  free(query: FreeQuery): Iterable<TaskEntry> {
    const { kind, seats } = query
    if (this.#isPaused(kind)) return []
    if (typeof seats !== "object") return this.#free.inTurns(query)
    const limit = Math.min(query.limit, this.#seats.left(seats, undefined))
    return limit === 0 ? [] : this.#free.inTurns({ ...query, limit }, (session) => this.#seats.left(seats, session))
  }

  #isPaused(kind: StoredKind): boolean {
    for (const pause of this.#pauses.values()) if (isOfKinds(kind, pause)) return true
    return false
  }

  /** Lists the pauses. */
  get pauses(): ReadonlyArray<StoredPause> {
    return [...this.#pauses.values()]
  }

  /** Stores a pause, unless there is one of the same kinds. */
  pause(pause: StoredPause, writer: symbol): void {
    const text = kindsText(pause)
    if (!this.#pauses.has(text)) this.#pauses.set(text, pause)
    this.#tellOfPauses(writer)
  }

  /** Ends the pause of these kinds, and tells whether there was one. */
  resume(kinds: StoredKinds, writer: symbol): boolean {
    const was = this.#pauses.delete(kindsText(kinds))
    this.#tellOfPauses(writer)
    return was
  }

  #tellOfPauses(writer: symbol): void {
    this.workers.tellAll(newsOfPauses)
    this.#written(newsOfPauses, writer)
  }

  /** Removes up to `limit` tasks that have expired, and gives their ids. */
  removeExpired(now: number, limit: number): ReadonlyArray<string> {
    const expired: Array<TaskEntry> = []
    for (const entry of this.#expired(now)) {
      expired.push(entry)
      if (expired.length === limit) break
    }
    for (const entry of expired) this.#remove(entry, undefined)
    return expired.map(({ task }) => task.taskId)
  }

  /** Counts the tasks in scope. */
  count(scope: TaskScope): number {
    const list = scope.session === undefined ? this.#all : this.#sessions.get(scope.session)
    let count = list?.size ?? 0
    for (const { task } of this.#expired(scope.now)) {
      if (scope.session === undefined || task.sessionId === scope.session) count--
    }
    return count
  }

  /** Walks the ids of the visible tasks that end so, in any order. */
  *endingWith(ending: string, scope: TaskScope): Generator<string> {
    for (const [taskId, entry] of this.#tasks) {
      if (taskId.endsWith(ending) && isVisible(entry, scope)) yield taskId
    }
  }

  *#expired(now: number): Generator<TaskEntry> {
    for (const [expiry, entry] of this.#expiries.entries()) {
      if (expiry.at > now) return
      yield entry
    }
  }

  #addActive(entry: TaskEntry): void {
    if (isHeldByWorker(entry)) return this.workers.hold(entry)
    const { leaseExpiresAt, status } = entry.task
    this.#active.get(status)?.add(entry)
    if (status !== "working" || leaseExpiresAt === null) return
    this.#free.add(entry)
    if (isAbandoned(entry.task)) this.#leases.add(entry)
  }

  #removeActive(entry: TaskEntry): void {
    if (isHeldByWorker(entry)) return this.workers.drop(entry)
    const { leaseExpiresAt, status } = entry.task
    this.#active.get(status)?.remove(entry)
    if (status !== "working" || leaseExpiresAt === null) return
    this.#free.remove(entry)
    if (isAbandoned(entry.task)) this.#leases.remove(entry)
  }

  #addExpiry(entry: TaskEntry): void {
    const at = expiresAt(entry.task)
    if (at !== null) this.#expiries.set({ at, key: entry.key }, entry)
  }

  #removeExpiry(entry: TaskEntry): void {
    const at = expiresAt(entry.task)
    if (at !== null) this.#expiries.delete({ at, key: entry.key })
  }

  #remove(entry: TaskEntry, writer: symbol | undefined): void {
    const { sessionId, taskId } = entry.task
    const session = this.#sessions.get(sessionId)
    session?.remove(entry)
    if (session?.size === 0) this.#sessions.delete(sessionId)
    this.#all.remove(entry)
    this.#removeActive(entry)
    this.#removeExpiry(entry)
    this.#seats.move(entry.task, undefined)
    this.#tasks.delete(taskId)
    this.workers.note(entry.task)
    this.messages.drop(taskId)
    this.#written(taskId, writer)
    if (isActive(entry.task)) this.#written(newsOfSeats, writer)
  }

  /** A writer tells its own waiters itself, but for what it writes on nobody's behalf. */
  #written(taskId: string, writer: symbol | undefined): void {
    for (const [listener, owner] of this.#listeners) if (owner !== writer) listener(taskId)
  }
}

/** The place that a list begins behind. Every key comes behind the empty one. */
const startOf = (
  { after, createdAfter, createdBefore, order }: Pick<PageQuery, "after" | "createdAfter" | "createdBefore" | "order">
): Place | undefined => {
  if (after !== undefined) return { createdAt: after.createdAt, key: sortKey(after.taskId) }
  const time = order === "oldest" ? createdAfter : createdBefore
  return time === undefined ? undefined : { createdAt: time, key: "" }
}

const isLeased = (entry: TaskEntry): boolean => entry.task.leaseExpiresAt !== null && !isHeldByWorker(entry)

const isHeldByWorker = ({ task }: TaskEntry): boolean => holderOf(task) !== null
