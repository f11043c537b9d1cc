/**
 * The SQL that reads and removes tasks, the same for every engine.
 *
 * @since 0.1.0
 */
import { fixedFields, summaryJsonFields } from "../../domain/StoredTask.ts"
import type { PageQuery, TaskDriver } from "../../domain/TaskDriver.ts"
import type { TaskStatus } from "../../domain/TaskStatus.ts"
import type { TaskScope } from "../../domain/TaskWrite.ts"
import type { SqlDialect } from "./SqlDialect.ts"
import {
  bytesOf,
  isHeld,
  isLeased,
  isNotHeld,
  makeTexts,
  notExpired,
  notHeldSince,
  scoped,
  type SqlStatement,
  waitsForNothing
} from "./SqlStatement.ts"
import { columnList, columns, summaryColumnList, type TaskTables } from "./TaskTables.ts"

/**
 * What a statement that deletes tasks gives of each: its id, and the registered worker that held it.
 *
 * @since 0.2.0
 * @category fragments
 */
export const removed = `task_id, CASE WHEN ${isHeld} THEN worker END AS holder`

/** The place before every task. */
const start = { createdAt: -8.64e15 - 1, taskId: "" }

/**
 * Makes the statements on the tasks of one storage.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeTaskStatements = (
  tables: TaskTables,
  dialect: Pick<SqlDialect, "among" | "idList" | "skipLocked">
) => {
  const { tasks } = tables
  const cached = makeTexts()
  const gone = dialect.among("SELECT task_id FROM gone")
  const keyset = `(created_at, task_id) > (?, ?) AND ${notExpired}`

  /**
   * The part of the order that a page reads. The status is named, so that a plan is made for it: of a rare status among
   * many tasks it differs from that of a common one.
   */
  const range = (query: PageQuery): string => {
    const session = query.scope.session
    return (session === undefined ? "" : session === null ? "session_id IS NULL AND " : "session_id = ? AND ") +
      (query.status === undefined ? "" : `status = '${query.status}' AND `) + keyset
  }
  const rangeParams = (query: PageQuery): Array<string | number> => {
    const { createdAt, taskId } = query.after ?? start
    const params: Array<string | number> = [createdAt, taskId, query.scope.now]
    if (typeof query.scope.session === "string") params.unshift(query.scope.session)
    return params
  }
  const rangeKey = (query: PageQuery): string => scoped(query.scope).key + (query.status ?? "")

  const makeOne = (name: string, build: (condition: string) => string) => (taskId: string, scope: TaskScope) => {
    const { condition, key, params } = scoped(scope)
    return {
      text: cached(`${name} ${key}`, () => build(`task_id = ? AND ${condition}`)),
      params: [taskId, ...params]
    }
  }
  const makeFind = (name: string, list: ReadonlyArray<string>) =>
    makeOne(name, (condition) => `SELECT ${list.join(", ")} FROM ${tasks} WHERE ${condition}`)

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
    find: makeFind("find", columnList),

    findSummary: makeFind("find summary", summaryColumnList),

    remove: makeOne("remove", (condition) => `DELETE FROM ${tasks} WHERE ${condition} RETURNING ${removed}`),

    findRevisions: (taskIds: ReadonlyArray<string>): SqlStatement => ({
      text: `SELECT task_id, revision, incarnation FROM ${tasks} WHERE task_id ${dialect.among(dialect.idList)}`,
      params: [JSON.stringify(taskIds)]
    }),

    page: makePage("page", columnList, `bytes + ${bytesOf(fixedFields.map((field) => columns[field]))}`),

    pageSummaries: makePage(
      "summaries",
      summaryColumnList,
      bytesOf(summaryJsonFields.map((field) => columns[field]))
    ),

    /** Status by status, so that those that wait for a person, who may take long, are not read for the others. */
    stale: (
      { freeSince, limit, now, statuses, updatedBefore }: Parameters<TaskDriver["stale"]>[0]
    ): SqlStatement => ({
      text: cached(`stale ${statuses.join()}`, () => {
        const order = "ORDER BY active_updated_at, task_id LIMIT ?"
        const ofStatus = (status: TaskStatus) =>
          `SELECT * FROM (SELECT task_id, result_kind, active_updated_at FROM ${tasks} ` +
          `WHERE status = '${status}' AND active_updated_at < ? AND ${isNotHeld} AND ${notHeldSince} AND ${notExpired} ${order}) AS ${status}`
        return `${statuses.map(ofStatus).join(" UNION ALL ")} ${order}`
      }),
      params: [...statuses.flatMap(() => [updatedBefore, freeSince, now, limit]), limit]
    }),

    abandoned: ({ expiredBy, limit, now }: Parameters<TaskDriver["abandoned"]>[0]): SqlStatement => ({
      text:
        `SELECT task_id, result_kind FROM ${tasks} WHERE status = 'working' AND ${isLeased} AND ${waitsForNothing} ` +
        `AND lease_expires_at > 0 AND lease_expires_at <= ? AND ${notExpired} ORDER BY lease_expires_at, task_id LIMIT ?`,
      params: [expiredBy, now, limit]
    }),

    /** It looks twice, because another process may give a task a longer life in between. */
    removeExpired: (now: number, limit: number): SqlStatement => ({
      text: `WITH gone AS MATERIALIZED (SELECT task_id FROM ${tasks} WHERE expires_at <= ? ` +
        `ORDER BY expires_at, task_id LIMIT ?${dialect.skipLocked}) ` +
        `DELETE FROM ${tasks} WHERE task_id ${gone} AND expires_at <= ? RETURNING ${removed}`,
      params: [now, limit, now]
    }),

    count: (scope: TaskScope): SqlStatement => {
      const { condition, key, params } = scoped(scope)
      return { text: cached(`count ${key}`, () => `SELECT count(*) FROM ${tasks} WHERE ${condition}`), params }
    }
  }
}
