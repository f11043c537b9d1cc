/**
 * The primitives of a backend in SQL, each of them one statement unless it is refused.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { StoredTask } from "../../domain/StoredTask.ts"
import type {
  DriverPage,
  InsertResult,
  PageQuery,
  PatchResult,
  TaskBounds,
  TaskDriver,
  TaskDriverError
} from "../../domain/TaskDriver.ts"
import { isSome, makeSqlMessages } from "./makeSqlMessages.ts"
import type { SqlRunner } from "./SqlRunner.ts"
import { makeTaskStatements, type SqlStatement } from "./TaskStatements.ts"
import {
  orNull,
  readInteger,
  readKind,
  readSummary,
  readTask,
  readText,
  type Row,
  type TaskTables
} from "./TaskTables.ts"

/**
 * What the shared part of a SQL driver does not have of itself.
 *
 * @since 0.1.0
 * @category options
 */
export interface SqlDriverOptions extends Pick<TaskDriver, "backendName" | "foreignWrites" | "maintain"> {
  /** Sees to it that tasks are counted, before the first write that is limited. */
  readonly countTasks: Effect.Effect<void, TaskDriverError>
}

/**
 * Makes a driver of a client whose tables are there.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeSqlDriver = (
  sql: SqlClient,
  runner: SqlRunner,
  tables: TaskTables,
  { countTasks, ...engine }: SqlDriverOptions
): TaskDriver => {
  const { read, transaction, write } = runner
  const statements = makeTaskStatements(tables)

  const insert: TaskDriver["insert"] = (task, bounds, now) => {
    const once = Effect.suspend(() => write(statements.insert(task, bounds), isSome))
    const refused = Effect.gen(function*(): Effect.fn.Return<InsertResult, TaskDriverError> {
      if (yield* read(statements.find(task.taskId, { now, session: undefined }), isSome)) return exists
      const expired = yield* read(statements.expired(task.taskId, now), ([row]) => row && orNull(row[0], readText))
      if (isBounded(bounds)) {
        const limit = yield* read(
          statements.counts(task.sessionId),
          ([row]) => limitReached(task, bounds, expired, readInteger(row?.[0]), readInteger(row?.[1]))
        )
        if (limit !== undefined) return limit
      }
      yield* write(statements.removeIfExpired(task.taskId, now), isSome)
      return (yield* once) ? inserted : exists
    })
    const stored = Effect.flatMap(once, (was) => was ? Effect.succeed(inserted) : transaction(refused))
    return isBounded(bounds) ? Effect.andThen(countTasks, stored) : stored
  }

  const find: TaskDriver["find"] = (taskId, scope) =>
    read(statements.find(taskId, scope), ([row]) => row === undefined ? undefined : readTask(row))

  const patch: TaskDriver["patch"] = (taskId, scope, guard, change) => {
    const once = write(
      statements.patch(taskId, scope, guard, change),
      ([row]): PatchResult | undefined =>
        row === undefined ? undefined : { _tag: "Patched", task: { ...readTask(row), ...change } }
    )
    const refused = Effect.flatMap(once, (patched) =>
      patched === undefined
        ? Effect.map(find(taskId, scope), (task): PatchResult =>
          task === undefined ? { _tag: "Missing" } : { _tag: "Rejected", task })
        : Effect.succeed(patched))
    return Effect.flatMap(once, (patched) => patched === undefined ? transaction(refused) : Effect.succeed(patched))
  }

  const page = <Task>(
    page: { readonly whole: (query: PageQuery) => SqlStatement; readonly fitting: (query: PageQuery) => SqlStatement },
    readRow: (row: Row) => Task
  ) =>
  (query: PageQuery): Effect.Effect<DriverPage<Task>, TaskDriverError> => {
    const whole = read(page.whole(query), (rows) => ({
      tasks: rows.slice(0, query.limit).map(readRow),
      more: rows.length > query.limit
    }))
    const fitting = Effect.suspend(() =>
      read(page.fitting(query), (rows) => {
        const tasks = rows.filter((row) => row[0] !== null).map(readRow)
        return { tasks, more: tasks.length < rows.length }
      })
    )
    return Effect.flatMap(whole, (found) => found.tasks.length === 0 ? fitting : Effect.succeed(found))
  }

  return {
    ...engine,
    insert,
    find,
    findSummary: (taskId, scope) =>
      read(statements.findSummary(taskId, scope), ([row]) => row === undefined ? undefined : readSummary(row)),
    patch,
    remove: (taskId, scope) => write(statements.remove(taskId, scope), isSome),
    page: page(statements.page, readTask),
    pageSummaries: page(statements.pageSummaries, readSummary),
    stale: ({ limit, now, statuses, updatedBefore }) =>
      read(
        statements.stale(statuses, updatedBefore, now, limit),
        (rows) => rows.map((row) => ({ taskId: readText(row[0]), resultKind: orNull(row[1], readKind) }))
      ),
    removeExpired: (now, limit) =>
      write(statements.removeExpired(now, limit), (rows) => rows.map((row) => readText(row[0]))),
    count: (scope) => read(statements.count(scope), (rows) => readInteger(rows[0]?.[0])),
    messages: makeSqlMessages(tables, runner),
    transaction,
    afterCommit: sql.afterCommit
  }
}

const inserted: InsertResult = { _tag: "Inserted" }
const exists: InsertResult = { _tag: "Exists" }

/**
 * Says which bound leaves no room for a task, once the expired one of its id is gone. Decided before anything is written:
 * what is refused changes nothing. `expired` is the session of that one; `undefined` when there is none.
 */
const limitReached = (
  task: StoredTask,
  { maxTasks, maxTasksPerSession }: TaskBounds,
  expired: string | null | undefined,
  total: number,
  ofSession: number
): InsertResult | undefined => {
  const freed = expired === undefined ? 0 : 1
  if (maxTasks !== null && total - freed >= maxTasks) return { _tag: "LimitReached", scope: "storage", limit: maxTasks }
  if (maxTasksPerSession === null) return undefined
  const freedOfSession = expired === task.sessionId ? 1 : 0
  return ofSession - freedOfSession >= maxTasksPerSession
    ? { _tag: "LimitReached", scope: "session", limit: maxTasksPerSession }
    : undefined
}

const isBounded = (bounds: TaskBounds): boolean => bounds.maxTasks !== null || bounds.maxTasksPerSession !== null
