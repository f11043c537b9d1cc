/**
 * The SQL of tasks. Each text is built once for each shape of its arguments, with `?` for every value.
 *
 * @since 0.1.0
 */
import { contentFields, type StoredTask } from "../../domain/StoredTask.ts"
import type { PageQuery, TaskBounds } from "../../domain/TaskDriver.ts"
import type { TaskStatus } from "../../domain/TaskStatus.ts"
import type { TaskGuard, TaskPatch, TaskScope } from "../../domain/TaskWrite.ts"
import {
  columnList,
  columns,
  summaryColumnList,
  type TaskTables,
  totalKey,
  writeTask,
  writeValue
} from "./TaskTables.ts"

/**
 * A statement with its values.
 *
 * @since 0.1.0
 * @category models
 */
export interface SqlStatement {
  readonly text: string
  readonly params: Array<string | number | null>
}

/**
 * Gives the bytes that columns take. No engine reads a value for it.
 *
 * @since 0.1.0
 * @category fragments
 */
export const bytesOf = (names: ReadonlyArray<string>): string =>
  names.length === 0 ? "0" : names.map((name) => `coalesce(octet_length(${name}), 0)`).join(" + ")

/**
 * Tests a status.
 *
 * @since 0.1.0
 * @category fragments
 */
export const statusIn = (statuses: ReadonlyArray<TaskStatus>): string =>
  statuses.length === 0 ? "1 = 0" : `status IN (${statuses.map((status) => `'${status}'`).join(", ")})`

/** Before every task there can be. */
const start = { createdAt: -8.64e15 - 1, taskId: "" }

/** What a patch may write. The method is never left out of what a write returns. */
const jsonFields = [...contentFields, "inputKeys", "result"] as const
const plainFields = ["status", "lastUpdatedAt", "ttl", "pollInterval", "resultKind"] as const
const patchFields = [...plainFields, ...jsonFields] as const
type PatchField = (typeof patchFields)[number]

/**
 * Makes the statements on the tasks of one storage.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeTaskStatements = (tables: TaskTables) => {
  const { counts, tasks } = tables
  const texts = new Map<string, string>()
  const cached = (key: string, build: () => string): string => {
    const known = texts.get(key)
    if (known !== undefined) return known
    const text = build()
    texts.set(key, text)
    return text
  }

  const allColumns = columnList.join(", ")
  const notExpired = "(expires_at IS NULL OR expires_at > ?)"
  const keyset = `(created_at, task_id) > (?, ?) AND ${notExpired}`
  const values = columnList.map(() => "?").join(", ")
  const countOf = (key: string) => `coalesce((SELECT tasks FROM ${counts} WHERE session_id = ${key}), 0)`

  const scoped = (scope: TaskScope): string =>
    scope.session === undefined
      ? notExpired
      : scope.session === null
      ? `${notExpired} AND session_id IS NULL`
      : `${notExpired} AND session_id = ?`
  const scopeParams = (scope: TaskScope): Array<string | number> =>
    typeof scope.session === "string" ? [scope.now, scope.session] : [scope.now]
  const scopeKey = (scope: TaskScope): string => scope.session === undefined ? "a" : scope.session === null ? "n" : "s"

  /** The part of the order that a page reads. */
  const range = (query: PageQuery): string => {
    const session = query.scope.session
    return (session === undefined ? "" : session === null ? "session_id IS NULL AND " : "session_id = ? AND ") +
      (query.status === undefined ? "" : "status = ? AND ") + keyset
  }
  const rangeParams = (query: PageQuery): Array<string | number> => {
    const { createdAt, taskId } = query.after ?? start
    const params: Array<string | number> = [createdAt, taskId, query.scope.now]
    if (query.status !== undefined) params.unshift(query.status)
    if (typeof query.scope.session === "string") params.unshift(query.scope.session)
    return params
  }
  const rangeKey = (query: PageQuery): string => scopeKey(query.scope) + (query.status === undefined ? "" : "=")

  const makeFind = (name: string, list: ReadonlyArray<string>) => (taskId: string, scope: TaskScope): SqlStatement => ({
    text: cached(
      `${name} ${scopeKey(scope)}`,
      () => `SELECT ${list.join(", ")} FROM ${tasks} WHERE task_id = ? AND ${scoped(scope)}`
    ),
    params: [taskId, ...scopeParams(scope)]
  })

  const makePage = (name: string, list: ReadonlyArray<string>, bytes: string) => ({
    /**
     * One task more than the page holds, or nothing when they take more bytes than allowed together: sizes are added up
     * before the first value is read.
     */
    whole: (query: PageQuery): SqlStatement => {
      const params = rangeParams(query)
      return {
        text: cached(`${name} ${rangeKey(query)}`, () => {
          const rows = `FROM ${tasks} WHERE ${range(query)}`
          const order = "ORDER BY created_at, task_id LIMIT ?"
          return `SELECT ${list.join(", ")} ${rows} AND ` +
            `(SELECT coalesce(sum(bytes), 0) FROM (SELECT ${bytes} AS bytes ${rows} ${order}) AS sizes) <= ? ${order}`
        }),
        params: [...params, ...params, query.limit + 1, query.maxBytes, query.limit + 1]
      }
    },

    /** The tasks that fit, the first one whatever its size, then a row of nulls for each one that is left for later. */
    fitting: (query: PageQuery): SqlStatement => ({
      text: cached(`${name} fitting ${rangeKey(query)}`, () =>
        "WITH page AS (" +
        `SELECT created_at, task_id, ${bytes} AS bytes FROM ${tasks} WHERE ${range(query)} ` +
        "ORDER BY created_at, task_id LIMIT ?), sized AS (" +
        "SELECT task_id, row_number() OVER w AS place, sum(bytes) OVER w AS total FROM page " +
        "WINDOW w AS (ORDER BY created_at, task_id ROWS UNBOUNDED PRECEDING)) " +
        `SELECT ${list.map((column) => `task.${column}`).join(", ")} FROM sized LEFT JOIN ${tasks} AS task ` +
        "ON task.task_id = sized.task_id AND place <= ? AND (place = 1 OR total <= ?) ORDER BY place"),
      params: [...rangeParams(query), query.limit + 1, query.limit, query.maxBytes]
    })
  })

  return {
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
      return {
        text: cached(`insert ${conditions.join()}`, () =>
          `INSERT INTO ${tasks} (${allColumns}) ` +
          (conditions.length === 0 ? `VALUES (${values})` : `SELECT ${values} WHERE ${conditions.join(" AND ")}`) +
          " ON CONFLICT (task_id) DO NOTHING RETURNING 1"),
        params
      }
    },

    removeIfExpired: (taskId: string, now: number): SqlStatement => ({
      text: `DELETE FROM ${tasks} WHERE task_id = ? AND expires_at <= ?`,
      params: [taskId, now]
    }),

    /** Gives the session of an expired task. */
    expired: (taskId: string, now: number): SqlStatement => ({
      text: `SELECT session_id FROM ${tasks} WHERE task_id = ? AND expires_at <= ?`,
      params: [taskId, now]
    }),

    /** Gives how many tasks are stored, and how many of them in the session. */
    counts: (sessionId: string | null): SqlStatement => ({
      text: `SELECT ${countOf(`'${totalKey}'`)}, ${countOf("?")}`,
      params: [sessionId]
    }),

    find: makeFind("find", columnList),

    findSummary: makeFind("find summary", summaryColumnList),

    /** Gives the row as it is afterwards, with null for the JSON that the patch wrote: the caller has it. */
    patch: (taskId: string, scope: TaskScope, guard: TaskGuard, patch: TaskPatch): SqlStatement => {
      const written: Array<PatchField> = []
      const params: Array<string | number | null> = []
      for (const field of patchFields) {
        const value = patch[field]
        if (value === undefined) continue
        written.push(field)
        params.push(writeValue(value))
      }
      params.push(taskId, ...scopeParams(scope))
      if (guard.unchanged !== undefined) params.push(guard.unchanged.revision, guard.unchanged.incarnation)
      if (guard.updatedBefore !== undefined) params.push(guard.updatedBefore)
      if (guard.contentAtMost !== undefined) {
        let bytes = 0
        for (const field of contentFields) bytes += patch[field]?.bytes ?? 0
        params.push(guard.contentAtMost - bytes)
      }
      const key = `patch ${scopeKey(scope)} ${guardKey(guard)} ${written.join()}`
      return {
        text: cached(key, () => {
          const assignments = written.map((field) => `${columns[field]} = ?`)
          const kept = contentFields.filter((field) => !written.includes(field))
          const conditions = [`task_id = ? AND ${scoped(scope)}`, ...guardConditions(guard, kept)]
          const gone: ReadonlyArray<string> = jsonFields
            .filter((field) => field !== "originalMethod" && written.includes(field))
            .map((field) => columns[field])
          const returned = columnList.map((column) => gone.includes(column) ? "NULL" : column)
          return `UPDATE ${tasks} SET ${assignments.join(", ")}, revision = revision + 1 ` +
            `WHERE ${conditions.join(" AND ")} RETURNING ${returned.join(", ")}`
        }),
        params
      }
    },

    remove: (taskId: string, scope: TaskScope): SqlStatement => ({
      text: cached(
        `remove ${scopeKey(scope)}`,
        () => `DELETE FROM ${tasks} WHERE task_id = ? AND ${scoped(scope)} RETURNING 1`
      ),
      params: [taskId, ...scopeParams(scope)]
    }),

    page: makePage("page", columnList, "bytes"),

    pageSummaries: makePage(
      "summaries",
      summaryColumnList,
      bytesOf([columns.originalMethod, columns.statusMessage, columns.meta])
    ),

    /** Status by status, so that those that wait for a person, who may take long, are not read for the others. */
    stale: (statuses: ReadonlyArray<TaskStatus>, updatedBefore: number, now: number, limit: number): SqlStatement => ({
      text: cached(`stale ${statuses.join()}`, () => {
        const order = "ORDER BY active_updated_at, task_id LIMIT ?"
        const ofStatus = (status: TaskStatus) =>
          `SELECT * FROM (SELECT task_id, result_kind, active_updated_at FROM ${tasks} ` +
          `WHERE status = '${status}' AND active_updated_at < ? AND ${notExpired} ${order}) AS ${status}`
        return `${statuses.map(ofStatus).join(" UNION ALL ")} ${order}`
      }),
      params: [...statuses.flatMap(() => [updatedBefore, now, limit]), limit]
    }),

    removeExpired: (now: number, limit: number): SqlStatement => ({
      text: `DELETE FROM ${tasks} WHERE task_id IN (` +
        `SELECT task_id FROM ${tasks} WHERE expires_at <= ? ORDER BY expires_at, task_id LIMIT ?) RETURNING task_id`,
      params: [now, limit]
    }),

    count: (scope: TaskScope): SqlStatement => ({
      text: cached(`count ${scopeKey(scope)}`, () => `SELECT count(*) FROM ${tasks} WHERE ${scoped(scope)}`),
      params: scopeParams(scope)
    })
  }
}

/** Everything of a guard that its text depends on. */
const guardKey = (guard: TaskGuard): string =>
  `${guard.statuses?.join() ?? "*"} ${guard.result ?? "*"} ${guard.unchanged !== undefined} ` +
  `${guard.updatedBefore !== undefined} ${guard.contentAtMost !== undefined}`

const guardConditions = (
  guard: TaskGuard,
  kept: ReadonlyArray<(typeof contentFields)[number]>
): ReadonlyArray<string> => [
  ...(guard.statuses === undefined ? [] : [statusIn(guard.statuses)]),
  ...(guard.result === undefined ? [] : [`result IS ${guard.result === "absent" ? "" : "NOT "}NULL`]),
  ...(guard.unchanged === undefined ? [] : ["revision = ? AND incarnation = ?"]),
  ...(guard.updatedBefore === undefined ? [] : ["last_updated_at < ?"]),
  ...(guard.contentAtMost === undefined ? [] : [`${bytesOf(kept.map((field) => columns[field]))} <= ?`])
]
