/**
 * The SQL that counts tasks, and finds them by the end of their ids.
 *
 * @since 0.2.0
 */
import type { EndingQuery } from "../../domain/driver/TaskDriver.ts"
import { longestResult, type TallyQuery } from "../../domain/driver/TaskTally.ts"
import type { TaskScope } from "../../domain/driver/TaskWrite.ts"
import type { SqlDialect } from "./SqlDialect.ts"
import { isActive, isFailed, makeTexts, notExpired, scoped, type SqlStatement } from "./SqlStatement.ts"
import type { TaskTables } from "./TaskTables.ts"

/**
 * Makes the statements.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeTallyStatements = (
  { tasks }: TaskTables,
  dialect: Pick<SqlDialect, "among" | "endsWith" | "groups">
) => {
  const cached = makeTexts()
  return {
    /** What is not expired is what is there without what is expired, of which there is little. */
    count: (scope: TaskScope): SqlStatement => {
      const { condition, key, params } = scoped(scope)
      return {
        text: cached(`count ${key}`, () =>
          scope.session === undefined
            ? `SELECT (SELECT count(*) FROM ${tasks}) - (SELECT count(*) FROM ${tasks} WHERE expires_at <= ?)`
            : `SELECT count(*) FROM ${tasks} WHERE ${condition}`),
        params
      }
    },

    /**
     * Selects the method, name and status of each group, how many tasks it has, and when the oldest was created. A row of no status
     * has when the first of those that wait for input was last written.
     */
    groups: ({ scope }: TallyQuery): SqlStatement => {
      const { condition, key, params } = scoped(scope)
      const isOfAll = scope.session === undefined
      return {
        text: cached(`groups ${key}`, () => {
          const groupsOf = (condition: string) =>
            `SELECT original_method, name, status, count(*), min(created_at) FROM ${tasks} WHERE ${condition} ` +
            "GROUP BY original_method, name, status"
          const groups = isOfAll
            ? `${dialect.groups(tasks)} UNION ALL ${groupsOf(`${isActive} AND ${notExpired}`)}`
            : groupsOf(condition)
          return `${groups} UNION ALL SELECT NULL, NULL, NULL, count(*), min(last_updated_at) FROM ${tasks} ` +
            `WHERE status = 'input_required' AND ${condition}`
        }),
        params: [...(isOfAll ? [scope.now, scope.now] : []), ...params, ...params]
      }
    },

    failures: ({ failedSince, failureLimit, scope }: TallyQuery): SqlStatement => {
      const { condition, key, params } = scoped(scope)
      return {
        text: cached(`failures ${key}`, () =>
          "SELECT original_method, name, failure, status_message, " +
          `CASE WHEN failure IS NULL AND octet_length(result) <= ${longestResult} THEN result END, last_updated_at, task_id ` +
          `FROM ${tasks} WHERE ${isFailed} AND last_updated_at >= ? AND ${condition} ` +
          "ORDER BY last_updated_at DESC LIMIT ?"),
        params: [failedSince, ...params, failureLimit]
      }
    },

    /** No row is read but those whose ids end so. */
    ending: ({ ending, limit, scope }: EndingQuery): SqlStatement => ({
      text: `SELECT task_id FROM ${tasks} WHERE task_id ` +
        `${dialect.among(`SELECT task_id FROM ${tasks} WHERE ${dialect.endsWith}`)} AND ${notExpired} ` +
        "ORDER BY task_id LIMIT ?",
      params: [Array.from(ending).length, ending, scope.now, limit]
    })
  }
}
