/** The driver: rows and indexes in Redis. What a guard means, and what a patch gives, is asked of the library. */
import * as Effect from "effect/Effect"
import {
  applyPatch,
  type DriverPage,
  holderOf,
  type InsertResult,
  isExpired,
  isFree,
  isNewsForWorker,
  isSameVersion,
  isVisible,
  type PageQuery,
  type PatchResult,
  permits,
  type RerunResult,
  StoredJson,
  type StoredSummary,
  type StoredTask,
  summaryBytes,
  type TaskBounds,
  taskBytes,
  type TaskDriver,
  type TaskDriverError,
  type TaskPatch,
  type TaskVersion
} from "mcp-task-storage/driver"
import { makeRedisKinds } from "./makeRedisKinds.ts"
import { makeRedisMessages } from "./makeRedisMessages.ts"
import { makeRedisWorkers } from "./makeRedisWorkers.ts"
import {
  type Change,
  isActive,
  kindParts,
  kindRanges,
  kindText,
  listsOf,
  moves,
  scopeOf,
  timeDigits,
  timeText
} from "./places.ts"
import type { RedisConnection } from "./RedisConnection.ts"
import { hashOf, listOf, numberOf, textOf } from "./replies.ts"
import { decodeSummary, decodeTask, encodeSummary, largeFields } from "./TaskRow.ts"

/** What is written together, on condition that the tasks are still those that were read. */
interface Commit {
  readonly expected: ReadonlyArray<{ readonly id: string; readonly version: string }>
  readonly bounds?: ReadonlyArray<Bound>
  readonly changes: ReadonlyArray<Change>
}

/** How many tasks may be in these lists, when so many of those that are there are replaced. */
interface Bound extends Limit {
  readonly lists: ReadonlyArray<string>
  readonly leaving: number
}

/** What the answer to an insert tells of a bound that is reached. */
type Limit = Pick<Extract<InsertResult, { readonly _tag: "LimitReached" }>, "limit" | "scope">

const activeStatuses = ["working", "input_required"] as const

const allStatuses = ["working", "input_required", "completed", "failed", "cancelled"] as const

const versionOf = (task: TaskVersion): string => `${task.incarnation} ${task.revision}`

const expectedVersion = (id: string, task: TaskVersion | undefined) => ({
  id,
  version: task === undefined ? "" : versionOf(task)
})

export const makeRedisDriver = (redis: RedisConnection): TaskDriver => {
  const readTask = (taskId: string) => Effect.map(redis.readHash(`:task:${taskId}`), decodeTask)

  const readSummary = (taskId: string) =>
    Effect.map(redis.readField(`:task:${taskId}`, "summary"), (text) => text === undefined ? text : decodeSummary(text))

  const commit = ({ bounds = [], changes, expected }: Commit) =>
    Effect.map(redis.run("commit", { expected, bounds, changes }), textOf)

  /** Reads, decides and writes, again and again until nobody came in between. */
  const untilUnchanged = <A>(
    attempt: Effect.Effect<A | "changed", TaskDriverError>
  ): Effect.Effect<A, TaskDriverError> =>
    Effect.flatMap(attempt, (result) => result === "changed" ? untilUnchanged(attempt) : Effect.succeed(result))

  /** Stores a new task, with what is written of another one at the same time. */
  const insert = (
    task: StoredTask,
    bounds: TaskBounds,
    now: number,
    beside: Commit
  ): Effect.Effect<InsertResult | "changed", TaskDriverError> =>
    Effect.gen(function*() {
      const taken = yield* readSummary(task.taskId)
      if (taken !== undefined && !isExpired(taken, now)) return { _tag: "Exists" }
      const limits = boundsOf(task, bounds, taken)
      const answer = yield* commit({
        expected: [expectedVersion(task.taskId, taken), ...beside.expected],
        bounds: limits,
        changes: [...(taken === undefined ? [] : removal(taken)), ...setTask(task, undefined), ...beside.changes]
      })
      if (answer === "changed") return answer
      const reached = limits.find(({ scope }) => scope === answer)
      return reached === undefined
        ? { _tag: "Inserted" }
        : { _tag: "LimitReached", scope: reached.scope, limit: reached.limit }
    })

  const write = (
    before: StoredTask,
    patch: TaskPatch,
    news: boolean
  ): Effect.Effect<StoredTask | "changed", TaskDriverError> => {
    const after = applyPatch(before, patch)
    const changes = [...setTask(after, before), ...(news ? newsOf(before) : [])]
    return Effect.map(
      commit({ expected: [expectedVersion(before.taskId, before)], changes }),
      (answer) => answer === "done" ? after : "changed"
    )
  }

  /** Reads rows of an index, in portions, until enough of them are wanted. */
  const firstOf = Effect.fnUntraced(function*(
    set: string,
    upTo: string,
    limit: number,
    isWanted: (task: StoredSummary) => boolean
  ) {
    const found: Array<StoredSummary> = []
    for (let from = 0; found.length < limit; from += portion) {
      const ids = yield* redis.readRange(set, upTo, from, portion)
      const tasks = yield* Effect.forEach(ids, readSummary, { concurrency: "unbounded" })
      for (const task of tasks) if (task !== undefined && isWanted(task)) found.push(task)
      if (ids.length < portion) break
    }
    return found.slice(0, limit)
  })

  const readPage = Effect.fnUntraced(function*<Task extends StoredSummary>(
    query: PageQuery,
    whole: boolean,
    decode: (row: { readonly [field: string]: string }) => Task | undefined,
    size: (task: Task) => number
  ): Effect.fn.Return<DriverPage<Task>, TaskDriverError> {
    const { limit, maxBytes, order, scope } = query
    const tasks: Array<Task> = []
    let bytes = 0
    let after = query.after
    while (true) {
      const wanted = Math.min(portion, limit + 1 - tasks.length)
      const rows = listOf(
        yield* redis.run("page", {
          ...boundsOfPage({ ...query, after }),
          limit: wanted,
          newest: order === "newest",
          timeDigits,
          whole
        })
      )
      for (const row of rows) {
        const task = decode(hashOf(row))
        if (task === undefined) continue
        after = task
        if (isExpired(task, scope.now)) continue
        bytes += size(task)
        if (tasks.length === limit || (tasks.length > 0 && bytes > maxBytes)) return { tasks, more: true }
        tasks.push(task)
      }
      if (rows.length < wanted) return { tasks, more: false }
    }
  })

  return {
    backendName: "redis",
    insert: (task, bounds, now) => untilUnchanged(insert(task, bounds, now, { expected: [], changes: [] })),

    rerun: (task, bounds, now, source) =>
      untilUnchanged(Effect.gen(function*(): Effect.gen.Return<RerunResult | "changed", TaskDriverError> {
        const row = yield* readSummary(source.taskId)
        if (row === undefined || !isSameVersion(row, source)) return { _tag: "Changed" }
        const after = { ...row, rerunAs: task.taskId, revision: row.revision + 1 }
        return yield* insert(task, bounds, now, {
          expected: [expectedVersion(row.taskId, row)],
          changes: setSummary(after)
        })
      })),

    find: (taskId, scope) =>
      Effect.map(readTask(taskId), (task) => task !== undefined && isVisible(task, scope) ? task : undefined),

    findSummary: (taskId, scope) =>
      Effect.map(readSummary(taskId), (task) => task !== undefined && isVisible(task, scope) ? task : undefined),

    patch: (taskId, scope, guard, patch) =>
      untilUnchanged(Effect.gen(function*(): Effect.gen.Return<PatchResult | "changed", TaskDriverError> {
        const before = yield* readTask(taskId)
        if (before === undefined || !isVisible(before, scope)) return { _tag: "Missing" }
        if (!permits(guard, before, patch)) return { _tag: "Rejected", task: before }
        const task = yield* write(before, patch, isNewsForWorker(guard, patch))
        return task === "changed" ? task : { _tag: "Patched", task }
      })),

    remove: (taskId, scope) =>
      untilUnchanged(Effect.gen(function*() {
        const task = yield* readSummary(taskId)
        if (task === undefined || !isVisible(task, scope)) return false
        const answer = yield* commit({ expected: [expectedVersion(taskId, task)], changes: removal(task) })
        return answer === "done" ? true : "changed"
      })),

    page: (query) => readPage(query, true, decodeTask, taskBytes),

    pageSummaries: (query) =>
      readPage(
        query,
        false,
        ({ summary }) => summary === undefined ? undefined : decodeSummary(summary),
        summaryBytes
      ),

    stale: ({ freeSince, limit, now, statuses, updatedBefore }) =>
      Effect.map(
        Effect.forEach(statuses, (status) =>
          firstOf(`:active:${status}`, `(${updatedBefore}`, limit, (task) =>
            task.status === status && task.lastUpdatedAt < updatedBefore && isFree(task, freeSince) &&
            !isExpired(task, now))),
        (found) =>
          found.flat().toSorted(byActivity).slice(0, limit)
      ),

    abandoned: ({ expiredBy, limit, now }) =>
      firstOf(":leases", String(expiredBy), limit, (task) => !isExpired(task, now)),

    freeKinds: ({ freeBy, limit, now, ...meant }) =>
      Effect.map(
        redis.run("freeKinds", { freeBy: String(freeBy), now: String(now), limit, ranges: kindRanges(meant) }),
        (kinds) =>
          listOf(kinds).map((kind) => {
            const { method, name } = kindParts(textOf(kind))
            return { originalMethod: StoredJson.fromText(method), name: name === "" ? null : StoredJson.fromText(name) }
          })
      ),

    free: ({ freeBy, kind, now, ...query }) =>
      Effect.map(
        redis.run("free", { ...query, kind: kindText(kind), freeBy: String(freeBy), now: String(now) }),
        (found) => listOf(found).map((text) => decodeSummary(textOf(text)))
      ),

    removeExpired: (now, limit) =>
      Effect.gen(function*() {
        const expired = yield* firstOf(":expiry:*", String(now), limit, (task) => isExpired(task, now))
        const removed = yield* Effect.forEach(expired, (task) =>
          Effect.map(
            commit({ expected: [expectedVersion(task.taskId, task)], changes: removal(task) }),
            (answer) => answer === "done" ? [task.taskId] : []
          ), { concurrency: 16 })
        return removed.flat()
      }),

    count: ({ now, session }) =>
      Effect.map(
        redis.run("count", { lists: listsOf(allStatuses, session), scope: scopeOf(session), now: String(now) }),
        numberOf
      ),

    messages: makeRedisMessages(redis),

    workers: makeRedisWorkers(redis, (workerId, limit, leaseExpiresAt) =>
      Effect.gen(function*() {
        const held = yield* firstOf(`:held:${workerId}`, "+inf", limit, (task) => holderOf(task) === workerId)
        const released = yield* Effect.forEach(held, ({ taskId }) =>
          untilUnchanged(Effect.gen(function*() {
            const before = yield* readTask(taskId)
            if (before === undefined || holderOf(before) !== workerId) return undefined
            return yield* write(before, { leaseExpiresAt, dueAt: null }, false)
          })))
        return released.filter((task) => task !== undefined).length
      })),

    kinds: makeRedisKinds(redis)
  }
}

/** How many rows are read at a time. */
const portion = 100

/** The changes that store a task in the place of what was there. */
const setTask = (task: StoredTask, before: StoredTask | undefined): ReadonlyArray<Change> => [
  ...setSummary(task),
  ["set", task.taskId, "kind", kindText(task)],
  ["set", task.taskId, "session", task.sessionId ?? ""],
  ...largeFields.flatMap((field): ReadonlyArray<Change> => {
    const json = task[field]
    if (json === (before?.[field] ?? null)) return []
    return [json === null ? ["unset", task.taskId, field] : ["set", task.taskId, field, json.text]]
  }),
  ...moves(before, task)
]

const setSummary = (task: StoredSummary): ReadonlyArray<Change> => [
  ["set", task.taskId, "summary", encodeSummary(task)],
  ["set", task.taskId, "version", versionOf(task)]
]

/** The changes that remove a task, with the messages of its queue. */
const removal = (task: StoredSummary): ReadonlyArray<Change> => [
  ...moves(task, undefined),
  ["delete", task.taskId],
  ["silence", task.taskId],
  ...newsOf(task)
]

const newsOf = (task: StoredSummary): ReadonlyArray<Change> => {
  const holder = holderOf(task)
  return holder === null ? [] : [["tell", holder, task.taskId]]
}

/** The bounds that hold for a new task, in the order in which they refuse it. */
const boundsOf = (
  { sessionId }: StoredTask,
  { active, maxTasks, maxTasksPerSession }: TaskBounds,
  replaced: StoredSummary | undefined
): ReadonlyArray<Bound> => {
  const bound = (
    scope: Limit["scope"],
    limit: number | null | undefined,
    isOfSession: boolean,
    isOfActive: boolean
  ) => {
    if (limit === null || limit === undefined || (isOfSession && sessionId === null)) return []
    const isReplaced = replaced !== undefined && (!isOfSession || replaced.sessionId === sessionId) &&
      (!isOfActive || isActive(replaced))
    const lists = listsOf(isOfActive ? activeStatuses : allStatuses, isOfSession ? sessionId : undefined)
    return [{ scope, limit, lists, leaving: isReplaced ? 1 : 0 }]
  }
  return [
    ...bound("storage", maxTasks, false, false),
    ...bound("session", maxTasksPerSession, true, false),
    ...bound("active", active?.maxActive, false, true),
    ...bound("activePerSession", active?.maxActivePerSession, true, true)
  ]
}

/** The lists of a page, and between which of their members it lies. */
const boundsOfPage = ({ after, createdAfter, createdBefore, order, scope, statuses = allStatuses }: PageQuery) => {
  const behind = after === undefined ? undefined : `(${timeText(after.createdAt)}${after.taskId}`
  const first = createdAfter === undefined ? "-" : `[${timeText(createdAfter)}`
  const last = createdBefore === undefined ? "+" : `(${timeText(createdBefore)}`
  return {
    lists: listsOf(statuses, scope.session),
    from: order === "oldest" ? behind ?? first : first,
    to: order === "newest" ? behind ?? last : last
  }
}

const byActivity = (left: StoredSummary, right: StoredSummary): number =>
  left.lastUpdatedAt - right.lastUpdatedAt || Buffer.compare(Buffer.from(left.taskId), Buffer.from(right.taskId))
