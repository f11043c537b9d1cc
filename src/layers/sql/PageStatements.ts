/**
 * The SQL that reads pages of tasks.
 *
 * @since 0.2.0
 */
import type { PageQuery } from "../../domain/driver/TaskDriver.ts"
import { isTerminal, type TaskStatus, taskStatuses } from "../../domain/task/TaskStatus.ts"
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
   * the first value is read. It is for a page of one status, or of any, and of any name.
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
export const makePageStatements = (
  tasks: string,
  cached: ReturnType<typeof makeTexts>,
  dialect: Pick<SqlDialect, "indexedName" | "nameIndexes" | "selective">
) =>
(name: string, list: ReadonlyArray<string>, bytes: string): PageStatements => ({
  whole: (query) => {
    const params = rangeParams(query)
    return {
      text: cached(`${name} ${rangeKey(query)}`, () => {
        const [part = {}] = partsOf(query, dialect)
        const rows = `FROM ${tasks} WHERE ${range(query, part, dialect)}`
        const order = `ORDER BY ${orderBy(query)} LIMIT ?`
        return `SELECT ${list.join(", ")} ${rows} AND ` +
          `(SELECT coalesce(sum(bytes), 0) FROM (SELECT ${bytes} AS bytes ${rows} ${order}) AS sizes) <= ? ${order}`
      }),
      params: [...params, ...params, query.limit + 1, query.maxBytes, query.limit + 1]
    }
  },

  fitting: (query) => {
    const parts = partsOf(query, dialect)
    const ranges = parts.flatMap(() => [...rangeParams(query), query.limit + 1])
    return {
      text: cached(`${name} fitting ${rangeKey(query)}`, () => {
        const order = orderBy(query)
        // Part by part, so that the index of each gives its tasks in order, and no more of them than there is room for.
        const selects = parts.map((part) =>
          `SELECT created_at, task_id, ${bytes} AS bytes FROM ${tasks} WHERE ${range(query, part, dialect)} ` +
          `ORDER BY ${order} LIMIT ?`
        )
        const page = selects.length === 1
          ? selects.join()
          : `${selects.map((select, index) => `SELECT * FROM (${select}) AS part_${index}`).join(" UNION ALL ")} ` +
            `ORDER BY ${order} LIMIT ?`
        return `WITH page AS (${page}), sized AS (` +
          "SELECT task_id, row_number() OVER w AS place, sum(bytes) OVER w AS total FROM page " +
          `WINDOW w AS (ORDER BY ${order} ROWS UNBOUNDED PRECEDING)) ` +
          `SELECT ${list.map((column) => `task.${column}`).join(", ")} FROM sized LEFT JOIN ${tasks} AS task ` +
          "ON task.task_id = sized.task_id AND place <= ? AND (place = 1 OR total <= ?) ORDER BY place"
      }),
      params: [...ranges, ...(parts.length === 1 ? [] : [query.limit + 1]), query.limit, query.maxBytes]
    }
  }
})

/** Tasks that one index has in the order of the page. */
interface Part {
  readonly status?: TaskStatus
  readonly nameIndex?: string
}

/** Gives what is selected one after the other. The index of names has the status before the time, and tasks that have ended. */
const partsOf = (
  { name, statuses }: PageQuery,
  { nameIndexes }: Pick<SqlDialect, "nameIndexes">
): ReadonlyArray<Part> =>
  name === undefined
    ? statuses?.map((status) => ({ status })) ?? [{}]
    : (statuses ?? taskStatuses).flatMap((status): ReadonlyArray<Part> =>
      isTerminal(status) ? nameIndexes.map((nameIndex) => ({ status, nameIndex })) : [{ status }]
    )

const orderBy = ({ order }: PageQuery): string =>
  order === "oldest" ? "created_at, task_id" : "created_at DESC, task_id DESC"

/**
 * The part of the order that a page reads. The status is named, so that a plan is made for it: of a rare status among many tasks it
 * differs from that of a common one.
 */
const range = (
  { createdAfter, createdBefore, name, order, scope: { session } }: PageQuery,
  { nameIndex, status }: Part,
  { indexedName, selective }: Pick<SqlDialect, "indexedName" | "selective">
): string =>
  [
    ...(nameIndex === undefined ? [] : [nameIndex]),
    ...(name === undefined ? [] : [name === null ? "name IS NULL" : `${indexedName} = ?`]),
    ...(session === undefined ? [] : [session === null ? "session_id IS NULL" : "session_id = ?"]),
    ...(status === undefined ? [] : [selective(`status = '${status}'`)]),
    ...(order === "oldest"
      ? ["(created_at, task_id) > (?, ?)", ...(createdBefore === undefined ? [] : ["created_at < ?"])]
      : ["(created_at, task_id) < (?, ?)", ...(createdAfter === undefined ? [] : ["created_at >= ?"])]),
    notExpired
  ].join(" AND ")

const rangeParams = (
  { after, createdAfter, createdBefore, name, order, scope }: PageQuery
): Array<string | number> => {
  const [near = beforeAll[order], far] = order === "oldest"
    ? [createdAfter, createdBefore]
    : [createdBefore, createdAfter]
  // Every id comes behind the empty one.
  const start = after ?? { createdAt: near, taskId: "" }
  return [
    ...(name === undefined || name === null ? [] : [name.text]),
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
  const { createdAfter, createdBefore, name, order, statuses } = query
  const far = order === "oldest" ? createdBefore : createdAfter
  const named = name === undefined ? "" : name === null ? " nameless" : " named"
  return `${scoped(query.scope).key} ${order}${far === undefined ? "" : " bounded"}${named} ${statuses?.join() ?? ""}`
}
