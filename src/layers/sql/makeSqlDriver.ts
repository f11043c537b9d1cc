/**
 * The primitives of a backend in SQL.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { DriverPage, PageQuery, TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { TallyFailure, TaskTally } from "../../domain/driver/TaskTally.ts"
import { makeSqlFreeTasks } from "./makeSqlFreeTasks.ts"
import { makeSqlMessages } from "./makeSqlMessages.ts"
import { makeSqlPauses } from "./makeSqlPauses.ts"
import { makeSqlWorkers } from "./makeSqlWorkers.ts"
import type { PageStatements } from "./PageStatements.ts"
import type { SqlDialect } from "./SqlDialect.ts"
import type { SqlRunner } from "./SqlRunner.ts"
import type { CounterSetup } from "./SqlSchema.ts"
import { readIds, type SqlWrites } from "./SqlWrites.ts"
import { makeTallyStatements } from "./TallyStatements.ts"
import { makeTaskStatements } from "./TaskStatements.ts"
import {
  orNull,
  readInteger,
  readJson,
  readKind,
  readStatus,
  readSummary,
  readTask,
  readText,
  type Row,
  type TaskTables
} from "./TaskTables.ts"

/**
 * Makes a driver of a client whose tables are there. The writes are the engine's own, and may use how tasks are found. `ensureCounters`
 * sees to it that seats are counted before somebody looks for them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeSqlDriver = (
  sql: SqlClient,
  dialect: SqlDialect,
  runner: SqlRunner,
  tables: TaskTables,
  ensureCounters: CounterSetup,
  makeWrites: (find: TaskDriver["find"]) => SqlWrites
): Omit<TaskDriver, "backendName"> & Required<Pick<TaskDriver, "findRevisions">> => {
  const { read } = runner
  const statements = makeTaskStatements(tables, dialect)
  const tallies = makeTallyStatements(tables, dialect)

  const find: TaskDriver["find"] = (taskId, scope) =>
    read(statements.find(taskId, scope), ([row]) => row === undefined ? undefined : readTask(row))

  const page =
    <Task>(page: PageStatements, readRow: (row: Row) => Task) =>
    (query: PageQuery): Effect.Effect<DriverPage<Task>, TaskDriverError> => {
      const fitting = Effect.suspend(() =>
        read(page.fitting(query), (rows) => {
          const tasks = rows.filter((row) => row[0] !== null).map(readRow)
          return { tasks, more: tasks.length < rows.length }
        })
      )
      if (query.name !== undefined || (query.statuses !== undefined && query.statuses.length > 1)) return fitting
      const whole = read(page.whole(query), (rows) => ({
        tasks: rows.slice(0, query.limit).map(readRow),
        more: rows.length > query.limit
      }))
      return Effect.flatMap(whole, (found) => found.tasks.length === 0 ? fitting : Effect.succeed(found))
    }

  const { insert, patch, pushWithin, removeQuiet, removeTasks, removeWorkers, rerun, take } = makeWrites(find)
  const freeTasks = makeSqlFreeTasks(tables, dialect, runner, take)
  return {
    insert,
    rerun,
    find,
    findSummary: (taskId, scope) =>
      read(statements.findSummary(taskId, scope), ([row]) => row === undefined ? undefined : readSummary(row)),
    patch,
    remove: (taskId, scope) => {
      const removed = Effect.map(removeTasks(statements.remove(taskId, scope)), (ids) => ids.length > 0)
      return removeQuiet === undefined
        ? removed
        : Effect.flatMap(removeQuiet(taskId, scope), (was) => was ? Effect.succeed(true) : removed)
    },
    page: page(statements.page, readTask),
    pageSummaries: page(statements.pageSummaries, readSummary),
    pagesByName: true,
    stale: (query) => read(statements.stale(query), readAbandoned),
    abandoned: (query) => read(statements.abandoned(query), readAbandoned),
    ...freeTasks,
    free: (query) =>
      query.seats === undefined ? freeTasks.free(query) : Effect.andThen(ensureCounters.seats, freeTasks.free(query)),
    removeExpired: (now, limit) => removeTasks(statements.removeExpired(now, limit)),
    count: (scope) => read(tallies.count(scope), (rows) => readInteger(rows[0]?.[0])),
    tally: (query) =>
      Effect.zipWith(
        read(tallies.groups(query), readGroups),
        read(tallies.failures(query), (rows) => rows.map(readFailure)),
        (groups, failures) => ({ ...groups, failures })
      ),
    findEnding: (query) => read(tallies.ending(query), readIds),
    findRevisions: (taskIds) =>
      read(
        statements.findRevisions(taskIds),
        (rows) =>
          new Map(
            rows.map((row) => [readText(row[0]), { revision: readInteger(row[1]), incarnation: readText(row[2]) }])
          )
      ),
    messages: makeSqlMessages(tables, dialect, runner, pushWithin),
    workers: makeSqlWorkers(tables, dialect, runner, removeWorkers),
    kinds: makeSqlPauses(tables, runner),
    afterCommit: sql.afterCommit
  }
}

const readGroups = (rows: ReadonlyArray<Row>): Pick<TaskTally, "groups" | "waitingSince"> => {
  const waiting = rows.find((row) => row[2] === null)
  return {
    groups: rows.filter((row) => row !== waiting).map((row) => ({
      originalMethod: readJson(row[0]),
      name: orNull(row[1], readJson),
      status: readStatus(row[2]),
      count: readInteger(row[3]),
      oldest: readInteger(row[4])
    })),
    waitingSince: orNull(waiting?.[4] ?? null, readInteger)
  }
}

const readFailure = (row: Row): TallyFailure => ({
  originalMethod: readJson(row[0]),
  name: orNull(row[1], readJson),
  failure: orNull(row[2], readJson),
  statusMessage: orNull(row[3], readJson),
  result: orNull(row[4], readJson),
  lastUpdatedAt: readInteger(row[5]),
  taskId: readText(row[6])
})

const readAbandoned = (rows: ReadonlyArray<Row>) =>
  rows.map((row) => ({ taskId: readText(row[0]), resultKind: orNull(row[1], readKind) }))
