/**
 * Writes of PostgreSQL: each locks, decides, writes and answers in one statement.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { ActiveBounds, ReachedBound } from "../../domain/driver/ActiveBounds.ts"
import type {
  InsertResult,
  PatchResult,
  RerunResult,
  TakenTask,
  TaskBounds,
  TaskDriver,
  TaskDriverError
} from "../../domain/driver/TaskDriver.ts"
import { isNewsForWorker, type TaskPatch } from "../../domain/driver/TaskWrite.ts"
import type { StoredTask } from "../../domain/task/StoredTask.ts"
import { makeFreeStatements, sessionKey } from "../sql/FreeStatements.ts"
import { readFound } from "../sql/makeSqlFreeTasks.ts"
import { patchClauses } from "../sql/patchClauses.ts"
import { hasBegun } from "../sql/SqlCounters.ts"
import type { SqlDialect } from "../sql/SqlDialect.ts"
import { isSome, type SqlRunner } from "../sql/SqlRunner.ts"
import type { CounterSetup } from "../sql/SqlSchema.ts"
import { isHeld, makeTexts, scoped, type SqlStatement } from "../sql/SqlStatement.ts"
import { readIds, readPatched, readWritten, type SqlWrites } from "../sql/SqlWrites.ts"
import {
  columnList,
  insertColumns,
  orNull,
  readInteger,
  readTask,
  readText,
  type Row,
  type TaskTables,
  totalKey,
  writeTask
} from "../sql/TaskTables.ts"
import { roomFunction } from "./PostgresLimits.ts"
import { pushFunction, replacedWhole } from "./PostgresSchema.ts"
import { seatFunction } from "./PostgresSeats.ts"

/**
 * Makes the writes. `ensureCounters` sees to it that tasks are counted, before the first write that is limited.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makePostgresWrites = (
  tables: TaskTables,
  dialect: SqlDialect,
  { write }: SqlRunner,
  ensureCounters: CounterSetup
): SqlWrites => {
  const cached = makeTexts()
  const insert = insertStatements(tables)
  const push = `SELECT ${pushFunction(tables)}(?, ?, ?, ?, ?)`
  const free = makeFreeStatements(tables, dialect)
  const counted = <A>(bounds: TaskBounds, write: Effect.Effect<A, TaskDriverError>) => {
    const seats = bounds.active === undefined ? write : Effect.andThen(ensureCounters.seats, write)
    return limitsTasks(bounds) ? Effect.andThen(ensureCounters.tasks, seats) : seats
  }
  const removal = (removed: string): string =>
    `WITH removed AS (${removed}), ${removeMessages(tables, "SELECT task_id FROM removed")}, ` +
    `${tell(tables, "SELECT holder, task_id FROM removed WHERE holder IS NOT NULL")} SELECT task_id FROM removed`

  return {
    insert: (task, bounds, now) =>
      isUnlimited(bounds)
        ? write(insert.unlimited(task, now), (rows) => isSome(rows) ? inserted : exists)
        : counted(bounds, write(insert.limited(task, bounds, now), ([row]): InsertResult => readRoom(row, bounds))),

    rerun: (task, bounds, now, source) =>
      isUnlimited(bounds)
        ? write(insert.rerun(task, now, source), ([row]) => readRerun(row, bounds))
        : counted(
          bounds,
          write(insert.limitedRerun(task, bounds, now, source), ([row]) => readRerun(row, bounds))
        ),

    patch: (taskId, scope, guard, change, answer = "task") => {
      const { condition, key, params } = scoped(scope)
      const clauses = patchClauses(guard, change, answer)
      const { seats } = guard
      if (seats !== undefined) {
        const text = cached(`seat ${clauses.key * 3 + key}`, () =>
          patchText(tables, {
            old: "SELECT *, allowed AND full_of IS NULL AS permitted FROM (" +
              `SELECT *, (${clauses.condition()}) AS allowed, CASE WHEN ${hasBegun} OR lease_expires_at IS NULL THEN NULL ` +
              `WHEN ${dialect.seatsLeft(tables, `'${totalKey}'`)} <= 0 THEN 2 ` +
              `WHEN session_id IS NOT NULL AND ${dialect.seatsLeft(tables, "session_id")} <= 0 THEN 3 END AS full_of ` +
              `FROM ${tables.tasks} WHERE task_id = ? AND ${condition} FOR NO KEY UPDATE) AS checked`,
            assignments: clauses.assignments("task"),
            returned: clauses.returned(),
            isNews: isNewsForWorker(guard, change),
            refusal: "CASE WHEN allowed THEN coalesce(full_of, 0) ELSE 0 END"
          }))
        const { maxActive, maxActivePerSession } = seats
        return Effect.andThen(
          ensureCounters.seats,
          write(
            {
              text,
              params: [...clauses.compared, maxActive, maxActivePerSession, taskId, ...params, ...clauses.assigned]
            },
            ([row]): PatchResult => row === undefined ? { _tag: "Missing" } : readSeated(row, change, seats)
          )
        )
      }
      const text = cached(
        clauses.key * 3 + key,
        () =>
          patchText(tables, {
            old: `SELECT *, (${clauses.condition()}) AS permitted FROM ${tables.tasks} ` +
              `WHERE task_id = ? AND ${condition} FOR NO KEY UPDATE`,
            assignments: clauses.assignments("task"),
            returned: clauses.returned(),
            isNews: isNewsForWorker(guard, change)
          })
      )
      return write(
        { text, params: [...clauses.compared, taskId, ...params, ...clauses.assigned] },
        ([row]) => row === undefined ? { _tag: "Missing" } : readDecided(row, change)
      )
    },

    take: (query, change, moved) => {
      const { assigned, assignments, key, returned } = patchClauses({}, change, "task")
      const found = free.locked(query, moved)
      const text = cached(
        `${key} ${found.text}`,
        () =>
          `WITH RECURSIVE ${found.text}, taken AS (` +
          `UPDATE ${tables.tasks} AS task SET ${assignments("task")}, attempt = task.attempt + 1 FROM found ` +
          `WHERE task.task_id ${dialect.among("SELECT task_id FROM found")} AND task.task_id = found.task_id ` +
          "RETURNING task.*, found.lease_expires_at AS lease_before, found.due_at AS due_before) " +
          `SELECT is_some, lease_before, due_before, ${returned()} FROM due LEFT JOIN taken ON true ` +
          `ORDER BY ${sessionKey}, lease_before, task_id`
      )
      const claim = write(
        { text, params: [...found.params, ...assigned] },
        readFound((row): TakenTask => ({
          task: readWritten(row.slice(3), change),
          before: { leaseExpiresAt: orNull(row[1], readInteger), dueAt: orNull(row[2], readInteger) }
        }))
      )
      return query.seats === undefined ? claim : Effect.andThen(ensureCounters.seats, claim)
    },

    removeTasks: ({ params, text }) => write({ text: cached(text, () => removal(text)), params }, readIds),

    removeWorkers: ({ params, text }) =>
      write({
        text: cached(text, () =>
          `WITH removed AS (${text}), news AS (DELETE FROM ${tables.news} ` +
          `WHERE worker_id ${dialect.among("SELECT worker_id FROM removed")}) SELECT worker_id FROM removed`),
        params
      }, readIds),

    pushWithin: ({ body, expiresAt, maxSize, now, queue }) =>
      write(
        { text: push, params: [queue, expiresAt, body.text, now, maxSize] },
        ([row]) => row?.[0] === null ? { _tag: "Pushed" } : { _tag: "Full", size: readInteger(row?.[0]) }
      )
  }
}

/**
 * The parts of a guarded write of one task or of several.
 *
 * @since 0.2.0
 * @category models
 */
export interface PatchParts {
  /** Selects and locks the tasks, and tells which of them it is `permitted` to write. */
  readonly old: string
  readonly assignments: string
  readonly returned: string
  /** Whether a registered worker that holds a task gets news of it. */
  readonly isNews: boolean
  /** The number that stands for the refusal: 0 if it is left out. */
  readonly refusal?: string
}

/**
 * Gives the text of a guarded write. For each task that was found, the statement gives a row that {@link readDecided} reads.
 *
 * @since 0.2.0
 * @category statements
 */
export const patchText = (
  tables: TaskTables,
  { assignments, isNews, old, refusal = "0", returned }: PatchParts
): string =>
  `WITH old AS MATERIALIZED (${old}), ` +
  `new AS (UPDATE ${tables.tasks} AS task SET ${assignments} ` +
  "FROM old WHERE task.task_id = old.task_id AND old.permitted RETURNING task.*)" +
  (isNews ? `, ${tell(tables, `SELECT worker, task_id FROM old WHERE permitted AND ${isHeld}`)} ` : " ") +
  `SELECT ${returned}, 1 FROM new UNION ALL ` +
  `SELECT ${columnList.join(", ")}, ${refusal} FROM old WHERE permitted IS NOT TRUE`

/**
 * Reads whether a task was written or refused it.
 *
 * @since 0.2.0
 * @category readers
 */
export const readDecided = (row: Row, change: TaskPatch): PatchResult =>
  readInteger(row.at(-1)) === 1 ? readPatched(row, change) : { _tag: "Rejected", task: readTask(row) }

const readSeated = (row: Row, change: TaskPatch, { maxActive, maxActivePerSession }: ActiveBounds): PatchResult => {
  const result = readDecided(row, change)
  const answer = readInteger(row.at(-1))
  if (result._tag !== "Rejected" || answer < 2) return result
  const full: ReachedBound = answer === 2
    ? { scope: "active", limit: maxActive ?? 0 }
    : { scope: "activePerSession", limit: maxActivePerSession ?? 0 }
  return { ...result, full }
}

/** Deletes the messages of the queues that a query selects, beside the statement that goes with it. */
const removeMessages = ({ messages }: TaskTables, queues: string): string =>
  `messages AS (DELETE FROM ${messages} WHERE queue = ANY (ARRAY(${queues})))`

/**
 * Leaves news of tasks for the registered workers that hold them, and that a query selects with them. A worker that is not
 * registered gets none. Where there is news of a task already, it is written all the same, so that it is not taken before the commit.
 */
const tell = ({ news, workers }: TaskTables, held: string): string =>
  `told AS (INSERT INTO ${news} (worker_id, task_id) SELECT * FROM (${held}) AS held (worker_id, task_id) ` +
  `WHERE EXISTS (SELECT FROM ${workers} WHERE worker_id = held.worker_id) ` +
  "ON CONFLICT (worker_id, task_id) DO UPDATE SET task_id = excluded.task_id)"

/**
 * Tells whether nothing limits a new task.
 *
 * @since 0.2.0
 * @category guards
 */
export const isUnlimited = (bounds: TaskBounds): boolean => !limitsTasks(bounds) && bounds.active === undefined

const limitsTasks = ({ maxTasks, maxTasksPerSession }: TaskBounds): boolean =>
  maxTasks !== null || maxTasksPerSession !== null

type RerunSource = Parameters<TaskDriver["rerun"]>[3]

/**
 * An expired task of the same id is replaced in place. Only a row that was there before has been locked for the write, which
 * is what `xmax` tells.
 *
 * The task that is run again is locked behind the counts of limits, as by whoever deletes it: the trigger of the insert, which
 * locks the counts, comes before what is selected for it.
 */
const insertStatements = (tables: TaskTables) => {
  const list = insertColumns.join(", ")
  const values = insertColumns.map(() => "?").join(", ")
  const replaced = [
    ...insertColumns.slice(1).map((column) => `${column} = excluded.${column}`),
    replacedWhole
  ].join(", ")
  const insert = (from: string) =>
    `added AS (INSERT INTO ${tables.tasks} AS task (${list}) ${from} ` +
    `ON CONFLICT (task_id) DO UPDATE SET ${replaced} WHERE task.expires_at <= ? ` +
    "RETURNING task_id, xmax::text <> '0' AS replaced), " +
    removeMessages(tables, "SELECT task_id FROM added WHERE replaced")
  // The second one is not called if the first one refuses.
  const room = (bounds: TaskBounds) => {
    const calls = [
      ...(limitsTasks(bounds) ? [`${roomFunction(tables)}(?, ?, ?, ?, ?)`] : []),
      ...(bounds.active === undefined ? [] : [`${seatFunction(tables)}(?, ?, ?, ?, ?, ?)`])
    ]
    const taken = calls.length === 1 ? calls.join() : `coalesce(${calls.join(", ")})`
    return `room AS MATERIALIZED (SELECT ${taken} AS taken)`
  }
  const sourced = `source AS MATERIALIZED (SELECT task_id FROM ${tables.tasks} ` +
    "WHERE task_id = ? AND revision = ? AND incarnation = ? FOR NO KEY UPDATE)"
  const tie = `tied AS (UPDATE ${tables.tasks} AS task SET rerun_as = added.task_id, revision = task.revision + 1 ` +
    "FROM source, added WHERE task.task_id = source.task_id)"
  const ifAdded = (otherwise: string) => `CASE WHEN EXISTS (SELECT FROM added) THEN 'inserted' ELSE ${otherwise} END`
  const ifTied = ifAdded("CASE WHEN EXISTS (SELECT FROM source) THEN 'taken' ELSE 'changed' END")
  const [unlimited, rerun] = [
    `WITH ${insert(`VALUES (${values})`)} SELECT 1 FROM added`,
    `WITH ${sourced}, ${insert(`SELECT ${values} FROM source`)}, ${tie} SELECT ${ifTied}`
  ]
  const cached = makeTexts()
  const withinLimits = (name: string, bounds: TaskBounds, build: (room: string) => string): string =>
    cached(`${name} ${limitsTasks(bounds)} ${bounds.active !== undefined}`, () => build(room(bounds)))
  const roomParams = ({ sessionId, taskId }: StoredTask, bounds: TaskBounds, now: number) => {
    const { active, maxTasks, maxTasksPerSession } = bounds
    return [
      ...(limitsTasks(bounds) ? [taskId, sessionId, now, maxTasks, maxTasksPerSession] : []),
      ...(active === undefined
        ? []
        : [taskId, sessionId, now, active.maxActive, active.maxActivePerSession, leastSeat(active)])
    ]
  }
  const sourceParams = ({ incarnation, revision, taskId }: RerunSource) => [taskId, revision, incarnation]
  return {
    unlimited: (task: StoredTask, now: number): SqlStatement => ({
      text: unlimited,
      params: [...writeTask(task), now]
    }),
    limited: (task: StoredTask, bounds: TaskBounds, now: number): SqlStatement => ({
      text: withinLimits(
        "insert",
        bounds,
        (room) =>
          `WITH ${room}, ${insert(`SELECT ${values} FROM room WHERE taken IS NULL`)} ` +
          `SELECT coalesce(taken, ${ifAdded("'taken'")}) FROM room`
      ),
      params: [...roomParams(task, bounds, now), ...writeTask(task), now]
    }),
    rerun: (task: StoredTask, now: number, source: RerunSource): SqlStatement => ({
      text: rerun,
      params: [...sourceParams(source), ...writeTask(task), now]
    }),
    limitedRerun: (task: StoredTask, bounds: TaskBounds, now: number, source: RerunSource): SqlStatement => ({
      text: withinLimits(
        "rerun",
        bounds,
        (room) =>
          `WITH ${room}, ${sourced}, ${insert(`SELECT ${values} FROM room, source WHERE taken IS NULL`)}, ${tie} ` +
          `SELECT coalesce(taken, ${ifTied}) FROM room`
      ),
      params: [...roomParams(task, bounds, now), ...sourceParams(source), ...writeTask(task), now]
    })
  }
}

const inserted: InsertResult = { _tag: "Inserted" }
const exists: InsertResult = { _tag: "Exists" }

/** The least of the seats that count: see {@link seatFunction}. */
const leastSeat = ({ whenMaxActive }: ActiveBounds): number => whenMaxActive === "refuse" ? 1 : 2

const readRoom = (row: Row | undefined, { active, maxTasks, maxTasksPerSession }: TaskBounds): InsertResult => {
  const answer = readText(row?.[0])
  if (answer === "active" || answer === "activePerSession") {
    const limit = answer === "active" ? active?.maxActive : active?.maxActivePerSession
    if (typeof limit === "number") return { _tag: "LimitReached", scope: answer, limit }
  }
  if (answer === "storage" && maxTasks !== null) return { _tag: "LimitReached", scope: answer, limit: maxTasks }
  if (answer === "session" && maxTasksPerSession !== null) {
    return { _tag: "LimitReached", scope: answer, limit: maxTasksPerSession }
  }
  return answer === "inserted" ? inserted : exists
}

const readRerun = (row: Row | undefined, bounds: TaskBounds): RerunResult =>
  row?.[0] === "changed" ? { _tag: "Changed" } : readRoom(row, bounds)
