/**
 * Lists of tasks. An index says which tasks there are, and the table has their contents.
 *
 * Indexes follow the table after a moment. So a list may miss a very recent task, and it reads every task that it gives from
 * the table.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { DriverPage, PageQuery, TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { isVisible, type TaskScope } from "../../domain/driver/TaskWrite.ts"
import { type StoredSummary, type StoredTask, summaryBytes, taskBytes } from "../../domain/task/StoredTask.ts"
import type { TaskStatus } from "../../domain/task/TaskStatus.ts"
import type { DynamoDbTable } from "./DynamoDbTable.ts"
import { allOf, Expression } from "./Expression.ts"
import { countEntries, makeIndexCursor, orderedBy, type PartitionQuery } from "./IndexCursor.ts"
import { requireChange, withPayloads } from "./Payloads.ts"
import { keyOf } from "./QueueHead.ts"
import { type IndexDefinition, indexes } from "./TableDefinition.ts"
import { unexpiredAt } from "./TaskConditions.ts"
import { type Item, numeric, readKind, readPlain, readText, sessionKey, taskKey } from "./TaskItem.ts"
import { type TaskShape, taskSummary, wholeTask } from "./TaskReads.ts"

/** As many as one read of the table takes. */
const tasksAtOnce = 100

/**
 * Makes the lists of a driver.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeTaskLists = (
  table: DynamoDbTable,
  shards: number
): Pick<TaskDriver, "page" | "pageSummaries" | "stale" | "abandoned" | "count"> => {
  const partitions = Array.from({ length: shards }, (_, index) => String(index))

  const page =
    <Task extends StoredSummary>(shape: TaskShape<Task>, bytesOf: (task: Task) => number) =>
    (query: PageQuery): Effect.Effect<DriverPage<Task>, TaskDriverError> =>
      Effect.gen(function*() {
        const { after, limit, maxBytes, order, scope, statuses } = query
        const start = after === undefined ? {} : {
          ...taskKey(after.taskId),
          createdAt: numeric(after.createdAt),
          taskId: { S: after.taskId }
        }
        const queries = listIndex(scope, statuses, partitions).map((keys): PartitionQuery => ({
          ...partitionQuery(keys, scope.now, creationRange(query)),
          ScanIndexForward: order === "oldest",
          ...(after === undefined ? {} : { ExclusiveStartKey: { ...start, ...keys.values } })
        }))
        const cursor = makeIndexCursor(
          table,
          queries,
          order === "oldest" ? byCreation : (left, right) => byCreation(right, left)
        )

        const tasks: Array<Task> = []
        let bytes = 0
        while (true) {
          const entries = yield* cursor.next(Math.min(tasksAtOnce, limit + 1 - tasks.length))
          if (entries.length === 0) return { tasks, more: false }
          for (const item of yield* current(entries, shape, query)) {
            // One more is enough to know that there is more.
            if (tasks.length === limit) return { tasks, more: true }
            const task = yield* readWhole(item, shape, query)
            if (task === undefined) continue
            bytes += bytesOf(task)
            if (tasks.length > 0 && bytes > maxBytes) return { tasks, more: true }
            tasks.push(task)
          }
        }
      })

  /** Gives the items that entries of an index stand for, where they still do. */
  const current = <Task>(entries: ReadonlyArray<Item>, shape: TaskShape<Task>, query: PageQuery) =>
    Effect.gen(function*() {
      const ids = new Set(entries.map((entry) => entry["taskId"]?.S ?? ""))
      const items = yield* table.getAll([...ids].map(taskKey), { attributes: shape.attributes })
      const byId = new Map(items.map((item) => [item["taskId"]?.S, item]))
      return yield* table.decode(() =>
        entries.flatMap((entry) => {
          const item = byId.get(entry["taskId"]?.S)
          // A task that was deleted and created again has another place in the list.
          return item !== undefined && item["createdAt"]?.N === entry["createdAt"]?.N && isWanted(item, query)
            ? [item]
            : []
        })
      )
    })

  /** Reads a listed task, once more from the start if it changes meanwhile. */
  const readWhole = <Task>(item: Item, shape: TaskShape<Task>, query: PageQuery) => {
    let latest: Item | undefined = item
    const once = Effect.gen(function*(): Effect.fn.Return<{ readonly task?: Task } | undefined, TaskDriverError> {
      const present = latest
      if (present === undefined || !(yield* table.decode(() => isWanted(present, query)))) return {}
      const whole = yield* withPayloads(table, present, shape.payloads)
      if (whole !== undefined) return { task: yield* table.decode(() => shape.read(whole)) }
      const next = yield* table.get(taskKey(present["taskId"]?.S ?? ""), { attributes: shape.attributes })
      if (next !== undefined) yield* table.decode(() => requireChange(present, next))
      latest = next
      return undefined
    })
    return Effect.map(table.untilSettled(once), ({ task }) => task)
  }

  /**
   * Makes a cursor over an index of active tasks. The table is not asked, since whoever writes to such a task asks it in
   * the condition of the write.
   */
  const activeEntries = (
    index: IndexDefinition,
    statuses: ReadonlyArray<TaskStatus>,
    order: "lastUpdatedAt" | "leaseExpiresAt",
    range: Range,
    now: number
  ) =>
    makeIndexCursor(
      table,
      partitions.flatMap((partition) =>
        statuses.map((active) =>
          partitionQuery({ index, values: { partition: { S: partition }, active: { S: active } } }, now, range)
        )
      ),
      orderedBy(order)
    )

  const readEntries = (entries: ReadonlyArray<Item>) =>
    table.decode(() => entries.map((entry) => ({ taskId: readText(entry, "taskId"), resultKind: readKind(entry) })))

  /** Gives the ids of the tasks that somebody holds, or held until after a time. */
  const heldAfter = (statuses: ReadonlyArray<TaskStatus>, time: number, now: number) =>
    Effect.map(
      activeEntries(
        indexes.leases,
        statuses,
        "leaseExpiresAt",
        (expression) => expression.compare("leaseExpiresAt", ">", time),
        now
      ).next(Number.MAX_SAFE_INTEGER),
      (entries) => new Set(entries.map((entry) => entry["taskId"]?.S))
    )

  const stale: TaskDriver["stale"] = Effect.fnUntraced(function*(
    { freeSince, limit, now, statuses, updatedBefore }: Parameters<TaskDriver["stale"]>[0]
  ) {
    const cursor = activeEntries(
      indexes.active,
      statuses,
      "lastUpdatedAt",
      (expression) => expression.compare("lastUpdatedAt", "<", updatedBefore),
      now
    )
    const first = yield* cursor.next(limit)
    if (first.length === 0) return []
    // The leases are in an index of their own, so that extending them touches no other.
    const held = yield* heldAfter(statuses, freeSince, now)
    const isFree = (entry: Item) => !held.has(entry["taskId"]?.S)
    const free = first.filter(isFree)
    let more = first.length === limit
    while (more && free.length < limit) {
      const wanted = limit - free.length
      const entries = yield* cursor.next(wanted)
      free.push(...entries.filter(isFree))
      more = entries.length === wanted
    }
    return yield* readEntries(free)
  })

  /** What waits on purpose is in the same index, which does not know of that. */
  const withoutWaiting = (entries: ReadonlyArray<Item>) =>
    Effect.map(
      table.getAll(entries.map(keyOf), { attributes: ["pk", "sk", "dueAt", "leaseExpiresAt"] }),
      (items) => {
        const waiting = new Set(
          items.flatMap(({ dueAt, leaseExpiresAt, pk }) =>
            dueAt !== undefined && dueAt.N === leaseExpiresAt?.N ? [pk?.S] : []
          )
        )
        return entries.filter(({ pk }) => !waiting.has(pk?.S))
      }
    )

  const abandoned: TaskDriver["abandoned"] = Effect.fnUntraced(function*(
    { expiredBy, limit, now }: Parameters<TaskDriver["abandoned"]>[0]
  ) {
    if (expiredBy < 1) return []
    const cursor = activeEntries(
      indexes.leases,
      ["working"],
      "leaseExpiresAt",
      (expression) => expression.isBetween("leaseExpiresAt", 1, expiredBy),
      now
    )
    const found: Array<Item> = []
    while (found.length < limit) {
      const entries = yield* cursor.next(Math.min(tasksAtOnce, limit - found.length))
      if (entries.length === 0) break
      found.push(...(yield* withoutWaiting(entries)))
    }
    return yield* readEntries(found)
  })

  return {
    page: page(wholeTask, (task: StoredTask) => taskBytes(task)),
    pageSummaries: page(taskSummary, (task: StoredSummary) => summaryBytes(task)),

    stale,

    abandoned,

    count: (scope) =>
      Effect.map(
        Effect.forEach(
          listIndex(scope, undefined, partitions),
          (keys) => countEntries(table, partitionQuery(keys, scope.now)),
          { concurrency: "unbounded" }
        ),
        (counts) => counts.reduce((total, count) => total + count, 0)
      )
  }
}

/**
 * A partition of an index.
 *
 * @since 0.2.0
 * @category models
 */
export interface PartitionKeys {
  readonly index: IndexDefinition
  readonly values: Item
}

/** Gives the condition on which of the entries of a partition are wanted. */
type Range = (expression: Expression) => string

const byCreation = orderedBy("createdAt")

/** The times of creation between which a page lies, if there is an end to them. */
const creationRange = ({ createdAfter, createdBefore }: PageQuery): Range | undefined =>
  createdAfter === undefined && createdBefore === undefined
    ? undefined
    : (expression) => expression.isBetween("createdAt", createdAfter ?? -beyondTime, (createdBefore ?? beyondTime) - 1)

/** Later than any time, and with a minus earlier. */
const beyondTime = 8.64e15 + 1

/**
 * Says which partitions of which index hold the tasks of a list.
 *
 * @since 0.2.0
 * @category queries
 */
export const listIndex = (
  { session }: TaskScope,
  statuses: ReadonlyArray<TaskStatus> | undefined,
  partitions: ReadonlyArray<string>
): ReadonlyArray<PartitionKeys> => {
  const hashes = session === undefined
    ? partitions.map((partition) => ({ partition: { S: partition } }))
    : session === null
    ? partitions.map((partition) => ({ session: { S: sessionKey(null, partition) } }))
    : [{ session: { S: sessionKey(session, "") } }]
  const isOfSession = session !== undefined
  return hashes.flatMap((hash): ReadonlyArray<PartitionKeys> =>
    statuses === undefined
      ? [{ index: isOfSession ? indexes.bySession : indexes.all, values: hash }]
      : statuses.map((status) => ({
        index: isOfSession ? indexes.bySessionStatus : indexes.byStatus,
        values: { ...hash, status: { S: status } }
      }))
  )
}

/**
 * Gives the query for the tasks of a partition that are not expired.
 *
 * @since 0.2.0
 * @category queries
 */
export const partitionQuery = (
  { index, values }: PartitionKeys,
  now: number,
  range?: Range
): PartitionQuery => {
  const expression = new Expression()
  const conditions = Object.entries(values).map(([name, value]) =>
    `${expression.name(name)} = ${expression.value(value)}`
  )
  if (range !== undefined) conditions.push(range(expression))
  return {
    IndexName: index.name,
    KeyConditionExpression: allOf(...conditions),
    FilterExpression: unexpiredAt(expression, now),
    ...expression.maps
  }
}

const isWanted = (item: Item, { scope, statuses }: PageQuery): boolean => {
  const task = readPlain(item)
  return isVisible(task, scope) && (statuses === undefined || statuses.includes(task.status))
}
