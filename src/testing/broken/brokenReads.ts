/**
 * Drivers that show too much, or in the wrong order.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { DriverPage, PageQuery, TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { TaskScope } from "../../domain/driver/TaskWrite.ts"
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
    breakDriver: paging((read) => (query) => read({ ...query, statuses: undefined }))
  },
  {
    name: "ignores all statuses of a list but the first",
    subject: "filters",
    checks: ["model"],
    breakDriver: paging((read) => (query) => read({ ...query, statuses: query.statuses?.slice(0, 1) }))
  },
  {
    name: "gives the tasks of several statuses one status after the other",
    subject: "filters",
    checks: [],
    breakDriver: paging((read) => (query) =>
      Effect.map(
        Effect.forEach(query.statuses ?? [undefined], (status) =>
          read({ ...query, statuses: status === undefined ? undefined : [status] })),
        (pages) => {
          const tasks = pages.flatMap((page) =>
            page.tasks
          )
          return {
            tasks: tasks.slice(0, query.limit),
            more: tasks.length > query.limit || pages.some(({ more }) => more)
          }
        }
      )
    )
  },
  {
    name: "always gives the oldest first",
    subject: "filters",
    checks: ["model"],
    breakDriver: paging((read) => (query) => read({ ...query, order: "oldest" }))
  },
  {
    name: "turns each page around for the newest first",
    subject: "filters",
    checks: ["model"],
    breakDriver: paging((read) => (query) =>
      Effect.map(
        read({ ...query, order: "oldest" }),
        ({ more, tasks }) => ({ more, tasks: query.order === "oldest" ? tasks : tasks.toReversed() })
      )
    )
  },
  {
    name: "orders tasks of the same creation time the same way in both directions",
    subject: "filters",
    checks: [],
    breakDriver: paging((read) => (query) =>
      query.order === "oldest" ? read(query) : Effect.map(
        read({ ...query, after: undefined, limit: 10_000 }),
        ({ tasks }) => {
          const sorted = tasks.toSorted((left, right) =>
            right.createdAt - left.createdAt || (left.taskId < right.taskId ? -1 : 1)
          )
          const behind = sorted.slice(1 + sorted.findIndex(({ taskId }) => taskId === query.after?.taskId))
          return { tasks: behind.slice(0, query.limit), more: behind.length > query.limit }
        }
      )
    )
  },
  {
    name: "leaves out what was created at the start of a time",
    subject: "filters",
    checks: ["model"],
    breakDriver: paging((read) => ({ createdAfter, ...query }) =>
      read({ ...query, createdAfter: createdAfter === undefined ? undefined : createdAfter + 1 })
    )
  },
  {
    name: "gives what was created at the end of a time",
    subject: "filters",
    checks: ["model"],
    breakDriver: paging((read) => ({ createdBefore, ...query }) =>
      read({ ...query, createdBefore: createdBefore === undefined ? undefined : createdBefore + 1 })
    )
  },
  {
    name: "ignores the end of a time for the newest first",
    subject: "filters",
    checks: ["model"],
    breakDriver: paging((read) => (query) =>
      read(query.order === "oldest" ? query : { ...query, createdAfter: undefined })
    )
  },
  {
    name: "begins each page with the bound of a time instead of the cursor",
    subject: "filters",
    checks: [],
    breakDriver: paging((read) => (query) =>
      read(query.createdBefore === undefined || query.order === "oldest" ? query : { ...query, after: undefined })
    )
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
