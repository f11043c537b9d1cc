/**
 * The SQL that reads and removes tasks, the same for every engine.
 *
 * @since 0.1.0
 */
import type { TaskDriver } from "../../domain/driver/TaskDriver.ts"
import type { TaskScope } from "../../domain/driver/TaskWrite.ts"
import { fixedFields, summaryJsonFields } from "../../domain/task/StoredTask.ts"
import type { TaskStatus } from "../../domain/task/TaskStatus.ts"
import { makePageStatements } from "./PageStatements.ts"
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

/**
 * Makes the statements on the tasks of one storage.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeTaskStatements = (
  tables: TaskTables,
  dialect: Pick<SqlDialect, "among" | "idList" | "indexedName" | "nameIndexes" | "selective" | "skipLocked">
) => {
  const { tasks } = tables
  const cached = makeTexts()
  const gone = dialect.among("SELECT task_id FROM gone")
  const pages = makePageStatements(tasks, cached, dialect)

  const makeOne = (name: string, build: (condition: string) => string) => (taskId: string, scope: TaskScope) => {
    const { condition, key, params } = scoped(scope)
    return {
      text: cached(`${name} ${key}`, () => build(`task_id = ? AND ${condition}`)),
      params: [taskId, ...params]
    }
  }
  const makeFind = (name: string, list: ReadonlyArray<string>) =>
    makeOne(name, (condition) => `SELECT ${list.join(", ")} FROM ${tasks} WHERE ${condition}`)

  return {
    find: makeFind("find", columnList),

    findSummary: makeFind("find summary", summaryColumnList),

    remove: makeOne("remove", (condition) => `DELETE FROM ${tasks} WHERE ${condition} RETURNING ${removed}`),

    findRevisions: (taskIds: ReadonlyArray<string>): SqlStatement => ({
      text: `SELECT task_id, revision, incarnation FROM ${tasks} WHERE task_id ${dialect.among(dialect.idList)}`,
      params: [JSON.stringify(taskIds)]
    }),

    page: pages("page", columnList, `bytes + ${bytesOf(fixedFields.map((field) => columns[field]))}`),

    pageSummaries: pages(
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
    })
  }
}
