/**
 * Writes of PostgreSQL: each locks, decides, writes and answers in one statement.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { StoredTask } from "../../domain/StoredTask.ts"
import type { InsertResult, PatchResult, TaskBounds, TaskDriverError } from "../../domain/TaskDriver.ts"
import { patchClauses } from "../sql/patchClauses.ts"
import { isSome, type SqlRunner } from "../sql/SqlRunner.ts"
import { makeTexts, scoped, type SqlStatement } from "../sql/SqlStatement.ts"
import { readIds, readPatched, type SqlWrites } from "../sql/SqlWrites.ts"
import { columnList, readInteger, readTask, readText, type Row, type TaskTables, writeTask } from "../sql/TaskTables.ts"
import { roomFunction } from "./PostgresLimits.ts"
import { pushFunction, replacedBy } from "./PostgresSchema.ts"

/**
 * Makes the writes. `ensureCounters` sees to it that tasks are counted, before the first write that is limited.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makePostgresWrites = (
  tables: TaskTables,
  { write }: SqlRunner,
  ensureCounters: Effect.Effect<void, TaskDriverError>
): SqlWrites => {
  const cached = makeTexts()
  const insert = insertStatements(tables)
  const push = `SELECT ${pushFunction(tables)}(?, ?, ?, ?, ?)`
  const removal = (removed: string): string =>
    `WITH removed AS (${removed}), ${removeMessages(tables, "SELECT task_id FROM removed")} SELECT task_id FROM removed`

  return {
    insert: (task, bounds, now) =>
      bounds.maxTasks === null && bounds.maxTasksPerSession === null
        ? write(insert.unlimited(task, now), (rows) => isSome(rows) ? inserted : exists)
        : Effect.andThen(
          ensureCounters,
          write(insert.limited(task, bounds, now), ([row]): InsertResult => readRoom(row, bounds))
        ),

    patch: (taskId, scope, guard, change, answer = "task") => {
      const { condition, key, params } = scoped(scope)
      const clauses = patchClauses(guard, change, answer)
      const text = cached(
        clauses.key * 3 + key,
        () =>
          `WITH old AS MATERIALIZED (SELECT *, (${clauses.condition()}) AS permitted FROM ${tables.tasks} ` +
          `WHERE task_id = ? AND ${condition} FOR NO KEY UPDATE), ` +
          `new AS (UPDATE ${tables.tasks} AS task SET ${clauses.assignments("task")} ` +
          "FROM old WHERE task.task_id = old.task_id AND old.permitted RETURNING task.*) " +
          `SELECT ${clauses.returned()}, 1 FROM new UNION ALL ` +
          `SELECT ${columnList.join(", ")}, 0 FROM old WHERE NOT old.permitted`
      )
      return write(
        { text, params: [...clauses.compared, taskId, ...params, ...clauses.assigned] },
        ([row]): PatchResult =>
          row === undefined
            ? { _tag: "Missing" }
            : readInteger(row.at(-1)) === 1
            ? readPatched(row, change)
            : { _tag: "Rejected", task: readTask(row) }
      )
    },

    removeTasks: ({ params, text }) => write({ text: cached(text, () => removal(text)), params }, readIds),

    pushWithin: ({ body, expiresAt, maxSize, now, queue }) =>
      write(
        { text: push, params: [queue, expiresAt, body.text, now, maxSize] },
        ([row]) => row?.[0] === null ? { _tag: "Pushed" } : { _tag: "Full", size: readInteger(row?.[0]) }
      )
  }
}

/** Deletes the messages of the queues that a query selects, beside the statement that goes with it. */
const removeMessages = ({ messages }: TaskTables, queues: string): string =>
  `messages AS (DELETE FROM ${messages} WHERE queue = ANY (ARRAY(${queues})))`

/**
 * An expired task of the same id is replaced in place. Only a row that was there before has been locked for the write, which
 * is what `xmax` tells.
 */
const insertStatements = (tables: TaskTables) => {
  const list = columnList.join(", ")
  const values = columnList.map(() => "?").join(", ")
  const replaced = [
    ...columnList.slice(1).map((column) => `${column} = excluded.${column}`),
    `${replacedBy} = excluded.incarnation`
  ].join(", ")
  const insert = (from: string) =>
    `added AS (INSERT INTO ${tables.tasks} AS task (${list}) ${from} ` +
    `ON CONFLICT (task_id) DO UPDATE SET ${replaced} WHERE task.expires_at <= ? ` +
    "RETURNING task_id, xmax::text <> '0' AS replaced), " +
    removeMessages(tables, "SELECT task_id FROM added WHERE replaced")
  const unlimited = `WITH ${insert(`VALUES (${values})`)} SELECT 1 FROM added`
  const limited = `WITH room AS MATERIALIZED (SELECT ${roomFunction(tables)}(?, ?, ?, ?, ?) AS taken), ` +
    `${insert(`SELECT ${values} FROM room WHERE taken IS NULL`)} ` +
    "SELECT coalesce(taken, CASE WHEN EXISTS (SELECT FROM added) THEN 'inserted' ELSE 'taken' END) FROM room"
  return {
    unlimited: (task: StoredTask, now: number): SqlStatement => ({
      text: unlimited,
      params: [...writeTask(task), now]
    }),
    limited: (task: StoredTask, bounds: TaskBounds, now: number): SqlStatement => ({
      text: limited,
      params: [task.taskId, task.sessionId, now, bounds.maxTasks, bounds.maxTasksPerSession, ...writeTask(task), now]
    })
  }
}

const inserted: InsertResult = { _tag: "Inserted" }
const exists: InsertResult = { _tag: "Exists" }

const readRoom = (row: Row | undefined, { maxTasks, maxTasksPerSession }: TaskBounds): InsertResult => {
  const answer = readText(row?.[0])
  if (answer === "storage" && maxTasks !== null) return { _tag: "LimitReached", scope: answer, limit: maxTasks }
  if (answer === "session" && maxTasksPerSession !== null) {
    return { _tag: "LimitReached", scope: answer, limit: maxTasksPerSession }
  }
  return answer === "inserted" ? inserted : exists
}
