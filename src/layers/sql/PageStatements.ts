/**
 * The SQL that reads pages of tasks.
 *
 * @since 0.2.0
 */
import type { PageQuery } from "../../domain/TaskDriver.ts"
import type { TaskStatus } from "../../domain/TaskStatus.ts"
import type { SqlDialect } from "./SqlDialect.ts"
import { type makeTexts, notExpired, scoped, type SqlStatement } from "./SqlStatement.ts"

/**
 * The two statements for a page.
 *
 * @since 0.2.0
 * @category models
 */
export interface PageStatements {
  /**
   * Selects one task more than the page holds, or nothing when they take more bytes than allowed together: sizes are added up before
   * the first value is read. It is for a page of one status, or of any.
   */
  readonly whole: (query: PageQuery) => SqlStatement
  /** Selects the tasks that fit, the first one whatever its size, then a row of nulls for each one that is left for later. */
  readonly fitting: (query: PageQuery) => SqlStatement
}

/**
 * Makes the statements for pages: of the columns that are read, and of what tells how many bytes those take.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makePageStatements =
  (tasks: string, cached: ReturnType<typeof makeTexts>, { selective }: Pick<SqlDialect, "selective">) =>
  (name: string, list: ReadonlyArray<string>, bytes: string): PageStatements => ({
    whole: (query) => {
      const params = rangeParams(query)
      return {
        text: cached(`${name} ${rangeKey(query)}`, () => {
          const [status] = statusesOf(query)
          const rows = `FROM ${tasks} WHERE ${range(query, status, selective)}`
          const order = `ORDER BY ${orderBy(query)} LIMIT ?`
          return `SELECT ${list.join(", ")} ${rows} AND ` +
            `(SELECT coalesce(sum(bytes), 0) FROM (SELECT ${bytes} AS bytes ${rows} ${order}) AS sizes) <= ? ${order}`
        }),
        params: [...params, ...params, query.limit + 1, query.maxBytes, query.limit + 1]
      }
    },

    fitting: (query) => {
      const statuses = statusesOf(query)
      const ranges = statuses.flatMap(() => [...rangeParams(query), query.limit + 1])
      return {
        text: cached(`${name} fitting ${rangeKey(query)}`, () => {
          const order = orderBy(query)
          const first = (status: TaskStatus | undefined) =>
            `SELECT created_at, task_id, ${bytes} AS bytes FROM ${tasks} WHERE ${range(query, status, selective)} ` +
            `ORDER BY ${order} LIMIT ?`
          // Status by status, so that the index of each gives its tasks in order, and no more of them than there is room for.
          const page = statuses.length === 1
            ? first(statuses[0])
            : `${statuses.map((status) => `SELECT * FROM (${first(status)}) AS ${status}`).join(" UNION ALL ")} ` +
              `ORDER BY ${order} LIMIT ?`
          return `WITH page AS (${page}), sized AS (` +
            "SELECT task_id, row_number() OVER w AS place, sum(bytes) OVER w AS total FROM page " +
            `WINDOW w AS (ORDER BY ${order} ROWS UNBOUNDED PRECEDING)) ` +
            `SELECT ${list.map((column) => `task.${column}`).join(", ")} FROM sized LEFT JOIN ${tasks} AS task ` +
            "ON task.task_id = sized.task_id AND place <= ? AND (place = 1 OR total <= ?) ORDER BY place"
        }),
        params: [...ranges, ...(statuses.length === 1 ? [] : [query.limit + 1]), query.limit, query.maxBytes]
      }
    }
  })

/** The statuses whose tasks are selected one after the other; `undefined` for those of any. */
const statusesOf = ({ statuses }: PageQuery): ReadonlyArray<TaskStatus | undefined> => statuses ?? [undefined]

const orderBy = ({ order }: PageQuery): string =>
  order === "oldest" ? "created_at, task_id" : "created_at DESC, task_id DESC"

/**
 * The part of the order that a page reads. The status is named, so that a plan is made for it: of a rare status among many tasks it
 * differs from that of a common one.
 */
const range = (
  { createdAfter, createdBefore, order, scope: { session } }: PageQuery,
  status: TaskStatus | undefined,
  selective: SqlDialect["selective"]
): string =>
  [
    ...(session === undefined ? [] : [session === null ? "session_id IS NULL" : "session_id = ?"]),
    ...(status === undefined ? [] : [selective(`status = '${status}'`)]),
    ...(order === "oldest"
      ? ["(created_at, task_id) > (?, ?)", ...(createdBefore === undefined ? [] : ["created_at < ?"])]
      : ["(created_at, task_id) < (?, ?)", ...(createdAfter === undefined ? [] : ["created_at >= ?"])]),
    notExpired
  ].join(" AND ")

const rangeParams = ({ after, createdAfter, createdBefore, order, scope }: PageQuery): Array<string | number> => {
  const [near = beforeAll[order], far] = order === "oldest"
    ? [createdAfter, createdBefore]
    : [createdBefore, createdAfter]
  // Every id comes behind the empty one.
  const start = after ?? { createdAt: near, taskId: "" }
  return [
    ...(typeof scope.session === "string" ? [scope.session] : []),
    start.createdAt,
    start.taskId,
    ...(far === undefined ? [] : [far]),
    scope.now
  ]
}

/** No task was created at such a time. */
const beforeAll = { oldest: -8.64e15 - 1, newest: 8.64e15 + 1 }

/** Everything that the text of a range depends on. */
const rangeKey = (query: PageQuery): string => {
  const { createdAfter, createdBefore, order, statuses } = query
  const far = order === "oldest" ? createdBefore : createdAfter
  return `${scoped(query.scope).key} ${order}${far === undefined ? "" : " bounded"} ${statuses?.join() ?? ""}`
}
