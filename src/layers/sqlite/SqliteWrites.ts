/**
 * Writes of SQLite: one statement when they go well, and one transaction that finds out why when they do not.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { type ActiveBounds, hasBegun, hasSeat, reachedBound } from "../../domain/driver/ActiveBounds.ts"
import type {
  InsertResult,
  PatchAnswer,
  PatchResult,
  RerunResult,
  TaskBounds,
  TaskDriver,
  TaskDriverError
} from "../../domain/driver/TaskDriver.ts"
import {
  isNewsForWorker,
  permits,
  type TaskGuard,
  type TaskPatch,
  type TaskScope
} from "../../domain/driver/TaskWrite.ts"
import type { StoredTask } from "../../domain/task/StoredTask.ts"
import { makeFreeStatements } from "../sql/FreeStatements.ts"
import { readFound, readFree } from "../sql/makeSqlFreeTasks.ts"
import { patchClauses } from "../sql/patchClauses.ts"
import { isSome, type SqlRunner } from "../sql/SqlRunner.ts"
import type { CounterSetup } from "../sql/SqlSchema.ts"
import { isHeld, isNotHeld, makeTexts, scoped, type SqlStatement } from "../sql/SqlStatement.ts"
import { readIds, readPatched, readWritten, type SqlWrites } from "../sql/SqlWrites.ts"
import { removed } from "../sql/TaskStatements.ts"
import {
  insertColumns,
  orNull,
  readInteger,
  readStatus,
  readText,
  type Row,
  type TaskTables,
  totalKey,
  writeTask
} from "../sql/TaskTables.ts"
import { sqliteDialect } from "./SqliteDialect.ts"

/**
 * Makes the writes. `ensureCounters` sees to it that tasks are counted, before the first write that is limited.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeSqliteWrites = (
  tables: TaskTables,
  { read, transaction, write }: SqlRunner,
  find: TaskDriver["find"],
  ensureCounters: CounterSetup
): SqlWrites => {
  const statements = makeStatements(tables)

  const removeTasks: SqlWrites["removeTasks"] = (statement) =>
    transaction(Effect.gen(function*() {
      const removed = yield* write(statement, readRemoved)
      const ids = removed.map(({ taskId }) => taskId)
      if (ids.length === 0) return ids
      const held = removed.filter(({ holder }) => holder !== null)
      if (held.length > 0) yield* write(statements.tellHolders(held), isSome)
      yield* write(statements.removeMessages(ids), isSome)
      return ids
    }))

  const removeWorkers: SqlWrites["removeWorkers"] = (statement) =>
    transaction(
      Effect.flatMap(write(statement, readIds), (ids) =>
        ids.length === 0 ? Effect.succeed(ids) : Effect.as(write(statements.removeNews(ids), isSome), ids))
    )

  const removeQuiet: TaskDriver["remove"] = (taskId, scope) => {
    const { condition, key, params } = scoped(scope)
    const text = statements.cached(
      `remove ${key}`,
      () =>
        `DELETE FROM ${tables.tasks} WHERE task_id = ? AND ${condition} ` +
        `AND ${isNotHeld} AND NOT EXISTS (SELECT 1 FROM ${tables.messages} WHERE queue = task_id) RETURNING 1`
    )
    return write({ text, params: [taskId, ...params] }, isSome)
  }

  const insert: TaskDriver["insert"] = (task, bounds, now) => {
    const once = Effect.suspend(() => write(statements.insert(task, bounds), isSome))
    const refused = Effect.gen(function*(): Effect.fn.Return<InsertResult, TaskDriverError> {
      if ((yield* find(task.taskId, { now, session: undefined })) !== undefined) return exists
      const expired = yield* read(statements.expired(task.taskId, now), ([row]) => row && readExpired(row))
      if (isBounded(bounds)) {
        const limit = yield* read(
          statements.counts(task.sessionId),
          ([row]) => limitReached(task, bounds, expired, readInteger(row?.[0]), readInteger(row?.[1]))
        )
        if (limit !== undefined) return limit
      }
      const { active } = bounds
      if (active !== undefined) {
        const limit = yield* read(statements.seats(active, task.sessionId), ([row]): InsertResult | undefined => {
          const freed = expired !== undefined && hasSeat(expired, active.whenMaxActive) ? 1 : 0
          const reached = reachedBound(active, task.sessionId, {
            all: readInteger(row?.[0]) - freed,
            inSession: readInteger(row?.[1]) - (expired?.sessionId === task.sessionId ? freed : 0)
          })
          return reached && { _tag: "LimitReached", ...reached }
        })
        if (limit !== undefined) return limit
      }
      yield* removeTasks(statements.removeIfExpired(task.taskId, now))
      return (yield* once) ? inserted : exists
    })
    const stored = Effect.flatMap(once, (was) => was ? Effect.succeed(inserted) : transaction(refused))
    const counted = bounds.active === undefined ? stored : Effect.andThen(ensureCounters.seats, stored)
    return isBounded(bounds) ? Effect.andThen(ensureCounters.tasks, counted) : counted
  }

  const rerun: TaskDriver["rerun"] = (task, bounds, now, source) =>
    transaction(Effect.gen(function*(): Effect.fn.Return<RerunResult, TaskDriverError> {
      if (!(yield* read(statements.isVersion(source), isSome))) return { _tag: "Changed" }
      const result = yield* insert(task, bounds, now)
      if (result._tag === "Inserted") yield* write(statements.tie(source.taskId, task.taskId), isSome)
      return result
    }))

  const patch: TaskDriver["patch"] = (taskId, scope, guard, change, answer = "task") => {
    const { seats: active, ...rest } = guard
    return active === undefined
      ? patchAny(taskId, scope, guard, change, answer)
      : Effect.andThen(ensureCounters.seats, patchWithSeat(taskId, scope, rest, change, answer, active))
  }

  const patchWithSeat = (
    taskId: string,
    scope: TaskScope,
    guard: TaskGuard,
    change: TaskPatch,
    answer: PatchAnswer,
    active: ActiveBounds
  ) =>
    transaction(Effect.gen(function*(): Effect.fn.Return<PatchResult, TaskDriverError> {
      const task = yield* find(taskId, scope)
      if (task === undefined) return { _tag: "Missing" }
      if (permits(guard, task, change) && !hasBegun(task)) {
        const full = yield* read(statements.seats(active, task.sessionId), ([row]) =>
          reachedBound(active, task.sessionId, { all: readInteger(row?.[0]), inSession: readInteger(row?.[1]) }))
        if (full !== undefined) {
          return { _tag: "Rejected", task, full }
        }
      }
      return yield* patchAny(taskId, scope, guard, change, answer)
    }))

  const patchAny: Required<TaskDriver>["patch"] = (taskId, scope, guard, change, answer = "task") => {
    const { condition, key, params } = scoped(scope)
    const clauses = patchClauses(guard, change, answer)
    const isNews = isNewsForWorker(guard, change)
    const where = () => `task_id = ? AND ${condition} AND ${clauses.condition()}`
    const compared = [taskId, ...params, ...clauses.compared]
    const update = (isHeldToo: boolean): SqlStatement => ({
      text: statements.cached(
        (clauses.key * 3 + key) * 2 + (isHeldToo ? 1 : 0),
        () =>
          `UPDATE ${tables.tasks} SET ${clauses.assignments(tables.tasks)} ` +
          `WHERE ${where()}${isHeldToo ? "" : ` AND ${isNotHeld}`} RETURNING ${clauses.returned()}`
      ),
      params: [...clauses.assigned, ...compared]
    })
    const once = (isHeldToo: boolean) =>
      write(update(isHeldToo), ([row]) => row === undefined ? undefined : readPatched(row, change))
    const tell = (): SqlStatement => ({
      text: statements.cached(`tell ${clauses.key * 3 + key}`, () => statements.tellHolder(where())),
      params: compared
    })
    const refused = Effect.gen(function*(): Effect.fn.Return<PatchResult, TaskDriverError> {
      if (isNews) yield* write(tell(), isSome)
      const patched = yield* once(true)
      if (patched !== undefined) return patched
      const task = yield* find(taskId, scope)
      return task === undefined ? { _tag: "Missing" } : { _tag: "Rejected", task }
    })
    // One statement cannot write two tables.
    return Effect.flatMap(
      once(!isNews),
      (patched) => patched === undefined ? transaction(refused) : Effect.succeed(patched)
    )
  }

  const take: SqlWrites["take"] = (query, change, moved) => {
    const { assigned, assignments, returned } = patchClauses({}, change, "task")
    const update = (taskIds: ReadonlyArray<string>): SqlStatement => ({
      text: `UPDATE ${tables.tasks} SET ${assignments(tables.tasks)}, attempt = attempt + 1 ` +
        `WHERE task_id ${sqliteDialect.among(sqliteDialect.idList)} RETURNING ${returned()}`,
      params: [...assigned, JSON.stringify(taskIds)]
    })
    const claim = transaction(Effect.gen(function*() {
      const found = yield* read(statements.free(query, moved), readFound(readFree))
      if (found === undefined) return undefined
      if (found.length === 0) return []
      const tasks = yield* write(update(found.map(({ taskId }) => taskId)), (rows) =>
        new Map(rows.map((row) => {
          const task = readWritten(row, change)
          return [task.taskId, task]
        })))
      return found.flatMap((before) => {
        const task = tasks.get(before.taskId)
        return task === undefined ? [] : [{ task, before }]
      })
    }))
    return query.seats === undefined ? claim : Effect.andThen(ensureCounters.seats, claim)
  }

  const pushWithin: SqlWrites["pushWithin"] = ({ body, expiresAt, maxSize, now, queue }) => {
    type Pushed = Effect.Success<ReturnType<SqlWrites["pushWithin"]>>
    const pushed = write(
      { text: statements.pushWithin, params: [queue, expiresAt, body.text, queue, now, maxSize, maxSize] },
      isSome
    )
    const full = read({ text: statements.size, params: [queue, now] }, (rows): Pushed => ({
      _tag: "Full",
      size: readInteger(rows[0]?.[0])
    }))
    const orElse = (refused: Effect.Effect<Pushed, TaskDriverError>) =>
      Effect.flatMap(pushed, (was) => was ? Effect.succeed<Pushed>({ _tag: "Pushed" }) : refused)
    return orElse(transaction(orElse(full)))
  }

  return { insert, patch, pushWithin, removeQuiet, removeTasks, removeWorkers, rerun, take }
}

const makeStatements = (tables: TaskTables) => {
  const { counts, messages, news, seats, tasks, workers } = tables
  const cached = makeTexts()
  const values = insertColumns.map(() => "?").join(", ")
  const waiting = `FROM ${messages} WHERE queue = ? AND expires_at > ?`
  const countOf = (key: string) => `coalesce((SELECT tasks FROM ${counts} WHERE session_id = ${key}), 0)`
  const seatsOf = ({ whenMaxActive }: ActiveBounds, key: string) =>
    `coalesce((SELECT ${whenMaxActive === "refuse" ? "tasks" : "begun"} FROM ${seats} WHERE session_id = ${key}), 0)`
  return {
    ...makeFreeStatements(tables, sqliteDialect),
    cached,

    /** Leaves news of a task for the registered worker that holds it. A worker that is not registered gets none. */
    tellHolder: (where: string): string =>
      `INSERT INTO ${news} (worker_id, task_id) SELECT worker, task_id FROM ${tasks} ` +
      `WHERE ${where} AND ${isHeld} AND worker IN (SELECT worker_id FROM ${workers}) ON CONFLICT DO NOTHING`,

    /** The same for tasks that are gone. */
    tellHolders: (held: ReadonlyArray<Removed>): SqlStatement => ({
      text:
        `INSERT INTO ${news} (worker_id, task_id) SELECT value ->> 'holder', value ->> 'taskId' FROM json_each(?) ` +
        `WHERE value ->> 'holder' IN (SELECT worker_id FROM ${workers}) ON CONFLICT DO NOTHING`,
      params: [JSON.stringify(held)]
    }),

    removeNews: (workerIds: ReadonlyArray<string>): SqlStatement => ({
      text: `DELETE FROM ${news} WHERE worker_id IN (SELECT value FROM json_each(?))`,
      params: [JSON.stringify(workerIds)]
    }),

    /**
     * Inserts unless the id is taken or a bound is reached, and gives a row when it did. Bounds are compared with the
     * counts that triggers keep; tasks of no session have none.
     */
    insert: (task: StoredTask, bounds: TaskBounds): SqlStatement => {
      const params = writeTask(task)
      const conditions: Array<string> = []
      if (bounds.maxTasks !== null) {
        conditions.push(`${countOf(`'${totalKey}'`)} < ?`)
        params.push(bounds.maxTasks)
      }
      if (bounds.maxTasksPerSession !== null) {
        conditions.push(`${countOf("?")} < ?`)
        params.push(task.sessionId, bounds.maxTasksPerSession)
      }
      const { active } = bounds
      if (active !== undefined && active.maxActive !== null) {
        conditions.push(`${seatsOf(active, `'${totalKey}'`)} < ?`)
        params.push(active.maxActive)
      }
      if (active !== undefined && active.maxActivePerSession !== null) {
        conditions.push(`${seatsOf(active, "?")} < ?`)
        params.push(task.sessionId, active.maxActivePerSession)
      }
      return {
        text: cached(`insert ${conditions.join()}`, () =>
          `INSERT INTO ${tasks} (${insertColumns.join(", ")}) ` +
          (conditions.length === 0 ? `VALUES (${values})` : `SELECT ${values} WHERE ${conditions.join(" AND ")}`) +
          " ON CONFLICT (task_id) DO NOTHING RETURNING 1"),
        params
      }
    },

    isVersion: ({ incarnation, revision, taskId }: Parameters<TaskDriver["rerun"]>[3]): SqlStatement => ({
      text: `SELECT 1 FROM ${tasks} WHERE task_id = ? AND revision = ? AND incarnation = ?`,
      params: [taskId, revision, incarnation]
    }),

    tie: (taskId: string, rerunAs: string): SqlStatement => ({
      text: `UPDATE ${tasks} SET rerun_as = ?, revision = revision + 1 WHERE task_id = ?`,
      params: [rerunAs, taskId]
    }),

    removeIfExpired: (taskId: string, now: number): SqlStatement => ({
      text: `DELETE FROM ${tasks} WHERE task_id = ? AND expires_at <= ? RETURNING ${removed}`,
      params: [taskId, now]
    }),

    removeMessages: (queues: ReadonlyArray<string>): SqlStatement => ({
      text: `DELETE FROM ${messages} WHERE queue IN (SELECT value FROM json_each(?))`,
      params: [JSON.stringify(queues)]
    }),

    /** Gives what an expired task frees. */
    expired: (taskId: string, now: number): SqlStatement => ({
      text: `SELECT session_id, status, attempt, lease_expires_at FROM ${tasks} WHERE task_id = ? AND expires_at <= ?`,
      params: [taskId, now]
    }),

    /** Gives how many tasks are stored, and how many of them in the session. */
    counts: (sessionId: string | null): SqlStatement => ({
      text: `SELECT ${countOf(`'${totalKey}'`)}, ${countOf("?")}`,
      params: [sessionId]
    }),

    /** Gives how many seats are taken, and how many of them in the session. */
    seats: (active: ActiveBounds, sessionId: string | null): SqlStatement => ({
      text: `SELECT ${seatsOf(active, `'${totalKey}'`)}, ${seatsOf(active, "?")}`,
      params: [sessionId]
    }),

    pushWithin: `INSERT INTO ${messages} (queue, expires_at, body) ` +
      `SELECT ?, ?, ? WHERE (SELECT count(*) FROM (SELECT 1 ${waiting} LIMIT ?) AS first) < ? RETURNING 1`,

    size: `SELECT count(*) ${waiting}`
  }
}

/** A task that was deleted, and the registered worker that held it. */
interface Removed {
  readonly taskId: string
  readonly holder: string | null
}

const readRemoved = (rows: ReadonlyArray<Row>): ReadonlyArray<Removed> =>
  rows.map((row) => ({ taskId: readText(row[0]), holder: orNull(row[1], readText) }))

/** What is left to know of an expired task that another one replaces. */
type Expired = Pick<StoredTask, "sessionId" | "status" | "attempt" | "leaseExpiresAt">

const readExpired = (row: Row): Expired => ({
  sessionId: orNull(row[0], readText),
  status: readStatus(row[1]),
  attempt: readInteger(row[2]),
  leaseExpiresAt: orNull(row[3], readInteger)
})

const inserted: InsertResult = { _tag: "Inserted" }
const exists: InsertResult = { _tag: "Exists" }

/**
 * Says which bound leaves no room for a task, once the expired one of its id is gone. Decided before anything is written:
 * what is refused changes nothing.
 */
const limitReached = (
  task: StoredTask,
  { maxTasks, maxTasksPerSession }: TaskBounds,
  expired: Expired | undefined,
  total: number,
  ofSession: number
): InsertResult | undefined => {
  const freed = expired === undefined ? 0 : 1
  if (maxTasks !== null && total - freed >= maxTasks) return { _tag: "LimitReached", scope: "storage", limit: maxTasks }
  if (maxTasksPerSession === null) return undefined
  const freedOfSession = expired?.sessionId === task.sessionId ? 1 : 0
  return ofSession - freedOfSession >= maxTasksPerSession
    ? { _tag: "LimitReached", scope: "session", limit: maxTasksPerSession }
    : undefined
}

const isBounded = (bounds: TaskBounds): boolean => bounds.maxTasks !== null || bounds.maxTasksPerSession !== null
