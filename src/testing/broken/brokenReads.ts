/**
 * Drivers that show too much, or in the wrong order.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { DriverPage, PageQuery, TaskDriver, TaskDriverError } from "../../domain/TaskDriver.ts"
import type { TaskScope } from "../../domain/TaskWrite.ts"
import { anySession, type BrokenDriver, scoping, unexpired } from "./BrokenDriver.ts"

type ReadPage<Row> = (query: PageQuery) => Effect.Effect<DriverPage<Row>, TaskDriverError>

/** Changes both lists. */
const paging = (
  change: <Row extends { readonly createdAt: number; readonly taskId: string }>(
    read: ReadPage<Row>
  ) => ReadPage<Row>
) =>
(good: TaskDriver): TaskDriver => ({ ...good, page: change(good.page), pageSummaries: change(good.pageSummaries) })

const inSeconds = (scope: TaskScope): TaskScope => ({ ...scope, now: Math.floor(scope.now / 1000) * 1000 })

const byUtf16 = (
  left: { readonly createdAt: number; readonly taskId: string },
  right: { readonly createdAt: number; readonly taskId: string }
): number => left.createdAt - right.createdAt || (left.taskId < right.taskId ? -1 : left.taskId > right.taskId ? 1 : 0)

/**
 * @since 0.1.0
 * @category drivers
 */
export const brokenReads: ReadonlyArray<BrokenDriver> = [
  {
    name: "gives a task too few in a page",
    subject: "lists",
    checks: ["model", "linearizability"],
    breakDriver: paging((read) => (query) =>
      Effect.map(
        read(query),
        ({ more, tasks }) => tasks.length < 2 ? { more, tasks } : { more: true, tasks: tasks.slice(0, -1) }
      )
    )
  },
  {
    name: "orders ids as JavaScript does",
    subject: "lists",
    checks: ["model", "linearizability"],
    breakDriver: paging((read) => (query) =>
      Effect.map(read({ ...query, after: undefined, limit: 10_000 }), (page) => {
        const { after } = query
        const following = page.tasks.toSorted(byUtf16).filter((task) => after === undefined || byUtf16(task, after) > 0)
        return { tasks: following.slice(0, query.limit), more: following.length > query.limit }
      })
    )
  },
  {
    name: "skips tasks of the same creation time behind a cursor",
    subject: "lists",
    checks: [],
    breakDriver: paging((read) => (query) =>
      read(
        query.after === undefined ? query : { ...query, after: { ...query.after, taskId: "\u{10ffff}".repeat(127) } }
      )
    )
  },
  {
    name: "repeats tasks of the same creation time behind a cursor",
    subject: "lists",
    checks: ["model"],
    breakDriver: paging((read) => (query) =>
      read(query.after === undefined ? query : { ...query, after: { ...query.after, taskId: "" } })
    )
  },
  {
    name: "starts over when the task under a cursor is gone",
    subject: "lists",
    checks: [],
    breakDriver: (good) => ({
      ...good,
      page: (query) => {
        const { after } = query
        if (after === undefined) return good.page(query)
        return Effect.flatMap(
          good.find(after.taskId, query.scope),
          (found) => good.page(found === undefined ? { ...query, after: undefined } : query)
        )
      }
    })
  },
  {
    name: "promises more behind every full page",
    subject: "lists",
    checks: ["model", "linearizability"],
    breakDriver: paging((read) => (query) =>
      Effect.map(read(query), ({ tasks }) => ({ tasks, more: tasks.length === query.limit }))
    )
  },
  {
    name: "promises nothing behind any page",
    subject: "lists",
    checks: ["model", "linearizability"],
    breakDriver: paging((read) => (query) => Effect.map(read(query), ({ tasks }) => ({ tasks, more: false })))
  },
  {
    name: "ignores the status of a list",
    subject: "lists",
    checks: ["model", "linearizability"],
    breakDriver: paging((read) => (query) => read({ ...query, status: undefined }))
  },
  {
    name: "ignores the bytes of a page",
    subject: "lists",
    checks: [],
    breakDriver: paging((read) => (query) => read({ ...query, maxBytes: Infinity }))
  },
  ...(["find", "findSummary", "remove", "patch", "page", "pageSummaries", "count"] as const).flatMap((
    primitive
  ): Array<BrokenDriver> => [
    {
      name: `ignores the session in ${primitive}`,
      subject: "sessions",
      checks: ["model", "linearizability"],
      breakDriver: scoping(primitive, anySession)
    },
    {
      name: `sees expired tasks in ${primitive}`,
      subject: "expiry",
      checks: ["model"],
      breakDriver: scoping(primitive, unexpired)
    },
    {
      name: `counts expiry in seconds in ${primitive}`,
      subject: "expiry",
      checks: ["model"],
      breakDriver: scoping(primitive, inSeconds)
    }
  ])
]
