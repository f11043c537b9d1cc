/**
 * The driver of the memory backend.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { DriverPage, PageQuery, PatchResult, TaskDriver } from "../../domain/driver/TaskDriver.ts"
import type { TaskGuard, TaskPatch, TaskScope } from "../../domain/driver/TaskWrite.ts"
import { Answering, AtOnce } from "../../domain/effects/AtOnce.ts"
import { firstIds } from "../../domain/operations/tallyTasks.ts"
import { FindingKept } from "../../domain/task/KeptTask.ts"
import { type Measure, type StoredTask, summaryBytes, taskBytes } from "../../domain/task/StoredTask.ts"
import type { MemoryStore } from "./MemoryStore.ts"
import { byActivity, type TaskEntry } from "./TaskOrder.ts"

/**
 * Makes a driver of a store. Several drivers of one store are like several processes on one database.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMemoryDriver = (store: MemoryStore): TaskDriver => driverOf(store, Symbol("writer"))

const driverOf = (store: MemoryStore, writer: symbol): TaskDriver => ({
  backendName: "memory",
  findsSeats: true,
  keepsTasks: true,
  insert: (task, bounds, now) => new AtOnce(() => store.insert(task, bounds, now, writer)),
  rerun: (task, bounds, now, source) => new AtOnce(() => store.rerun(task, bounds, now, source, writer)),
  find: (taskId, scope) => new Finding(store, taskId, scope),
  findSummary: (taskId, scope) => new Finding(store, taskId, scope),
  patch: (taskId, scope, guard, patch) => new Patching(store, writer, taskId, scope, guard, patch),
  remove: (taskId, scope) => new AtOnce(() => store.remove(taskId, scope, writer)),
  page: (query) => new AtOnce(() => takePage(store, query, taskBytes)),
  pageSummaries: (query) => new AtOnce(() => takePage(store, query, summaryBytes)),
  stale: ({ freeSince, limit, now, statuses, updatedBefore }) =>
    new AtOnce(() =>
      statuses
        .flatMap((status) => first(limit, store.untouched(status, updatedBefore, freeSince, now)))
        .sort(byActivity)
        .slice(0, limit)
        .map(({ task }) => task)
    ),
  abandoned: ({ expiredBy, limit, now }) =>
    new AtOnce(() => first(limit, store.abandoned(expiredBy, now)).map(({ task }) => task)),
  freeKinds: ({ limit, ...query }) => new AtOnce(() => first(limit, store.freeKinds(query)).map(({ task }) => task)),
  free: (query) => new AtOnce(() => Array.from(store.free(query), ({ task }) => task)),
  take: (query, patch) => new AtOnce(() => store.take(query, patch, writer)),
  removeExpired: (now, limit) => new AtOnce(() => store.removeExpired(now, limit)),
  count: (scope) => new AtOnce(() => store.count(scope)),
  findEnding: ({ ending, limit, scope }) => new AtOnce(() => firstIds(store.endingWith(ending, scope), limit)),
  messages: store.messages,
  workers: {
    insert: (worker) => new AtOnce(() => store.workers.insert(worker)),
    renew: (workerId, leaseExpiresAt) => new AtOnce(() => ({ worker: store.workers.renew(workerId, leaseExpiresAt) })),
    find: (workerId) => new AtOnce(() => store.workers.find(workerId)),
    declareDead: (query) => new AtOnce(() => store.workers.declareDead(query)),
    release: ({ leaseExpiresAt, limit, workerId }) => new AtOnce(() => store.release(workerId, leaseExpiresAt, limit)),
    list: ({ behind, limit }) => new AtOnce(() => first(limit, store.workers.list(behind))),
    end: (workerId, at) => new AtOnce(() => store.workers.end(workerId, at)),
    removeDead: (diedBefore, limit) => new AtOnce(() => store.workers.removeDead(diedBefore, limit)),
    takeNews: (workerId) => new AtOnce(() => store.workers.takeNews(workerId))
  },
  kinds: {
    pause: (pause) => new AtOnce(() => store.pause(pause, writer)),
    resume: (kinds) => new AtOnce(() => store.resume(kinds, writer)),
    paused: () => new AtOnce(() => store.pauses)
  },
  foreignWrites: Stream.callback<string | undefined>((queue) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        Queue.offerUnsafe(queue, undefined)
        return store.listen(writer, (taskId) => Queue.offerUnsafe(queue, taskId))
      }),
      (stop) => Effect.sync(stop)
    )
  )
})

/** Writes a patch. */
class Patching extends Answering<PatchResult> {
  readonly #store: MemoryStore
  readonly #writer: symbol
  readonly #taskId: string
  readonly #scope: TaskScope
  readonly #guard: TaskGuard
  readonly #patch: TaskPatch

  constructor(
    store: MemoryStore,
    writer: symbol,
    taskId: string,
    scope: TaskScope,
    guard: TaskGuard,
    patch: TaskPatch
  ) {
    super()
    this.#store = store
    this.#writer = writer
    this.#taskId = taskId
    this.#scope = scope
    this.#guard = guard
    this.#patch = patch
  }

  override answer(): PatchResult {
    return this.#store.patch(this.#taskId, this.#scope, this.#guard, this.#patch, this.#writer)
  }
}

/** Finds a task. Like {@link Patching} it is a class, since a closure with all that it needs takes twice the room. */
class Finding extends FindingKept {
  readonly #store: MemoryStore
  readonly #taskId: string
  readonly #scope: TaskScope

  constructor(store: MemoryStore, taskId: string, scope: TaskScope) {
    super()
    this.#store = store
    this.#taskId = taskId
    this.#scope = scope
  }

  override kept(): TaskEntry | undefined {
    return this.#store.find(this.#taskId, this.#scope)
  }
}

const first = <A>(limit: number, items: Iterable<A>): ReadonlyArray<A> => {
  const taken: Array<A> = []
  for (const item of items) {
    taken.push(item)
    if (taken.length === limit) break
  }
  return taken
}

const takePage = (
  store: MemoryStore,
  query: PageQuery,
  size: (task: StoredTask, measure: Measure) => number
): DriverPage<StoredTask> => {
  const tasks: Array<StoredTask> = []
  let atMost = 0
  for (const task of store.list(query)) {
    if (tasks.length === query.limit) return { tasks, more: true }
    atMost += size(task, "bytesAtMost")
    // Exact sizes need the text of every payload, so they are taken only when they can matter.
    if (atMost > query.maxBytes && tasks.length > 0) {
      const bytes = tasks.reduce((sum, taken) => sum + size(taken, "bytes"), size(task, "bytes"))
      if (bytes > query.maxBytes) return { tasks, more: true }
    }
    tasks.push(task)
  }
  return { tasks, more: false }
}
