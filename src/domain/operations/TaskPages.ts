/**
 * Reading lists page by page.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { DriverPage, PageQuery, TaskDriver, TaskDriverError, TaskPosition } from "../driver/TaskDriver.ts"
import { allOf } from "../effects/allOf.ts"
import { orAbsent, orNull, parseCount } from "../options/ArgumentParsers.ts"
import type { ListOptions, SummaryListOptions } from "../options/TaskOptions.ts"
import type { SummaryPage, TaskPage } from "../service/TaskOperations.ts"
import { type StoredSummary, summaryBytes } from "../task/StoredTask.ts"
import type { InvalidCursor, InvalidInput, TaskStorageUnavailable } from "../task/TaskError.ts"
import { recordFromStored, summaryFromStored, type TaskRecord, type TaskSummary } from "../task/TaskRecord.ts"
import { answered, decoded, operate, parsed } from "./TaskAccess.ts"
import { type CursorQuery, decodeCursor, encodeCursor } from "./TaskCursor.ts"
import { isSought, noFilter, type ParsedFilter, parseFilter, type TaskSearch } from "./TaskFilter.ts"

const defaultPageSize = 50

/**
 * How many bytes a page may hold in memory, whatever its number of tasks.
 *
 * @since 0.2.0
 * @category constants
 */
export const maxPageBytes = 16 * 1024 * 1024

/** A search reads so many tasks at once, and looks at so many for one page. */
const searchStep = 1_000
const mostExamined = 10_000

type Session = Result.Result<string | null | undefined, InvalidInput>

type ListError = InvalidInput | InvalidCursor | TaskStorageUnavailable

/**
 * Reads a page of a session's tasks; for `null`, of tasks that are bound to none; for `undefined`, of all.
 *
 * @since 0.1.0
 * @category combinators
 */
export const listTasks = (
  operation: string,
  session: Session,
  request: ListOptions | undefined,
  maxPageSize: number,
  { backendName, page: read }: Pick<TaskDriver, "backendName" | "page">
): Effect.Effect<TaskPage<TaskRecord>, ListError> =>
  parsed(
    parsePage(session, Result.succeed(noFilter), request, maxPageSize),
    (page) => readPage(backendName, operation, page, read, recordFromStored)
  )

/**
 * Reads a page of summaries. Where no index decides, it searches.
 *
 * @since 0.2.0
 * @category combinators
 */
export const listSummaries = (
  operation: string,
  session: Session,
  request: SummaryListOptions | undefined,
  maxPageSize: number,
  { backendName, pageSummaries, pagesByName }: Pick<TaskDriver, "backendName" | "pageSummaries" | "pagesByName">
): Effect.Effect<SummaryPage<TaskSummary>, ListError> =>
  parsed(parsePage(session, parseFilter(request), request, maxPageSize), (page) => {
    const { filter, session } = page.query
    const { name, search } = pagesByName === true && session === undefined
      ? withoutName(filter.search)
      : { name: undefined, search: filter.search }
    const read: TaskDriver["pageSummaries"] = name === undefined
      ? pageSummaries
      : (query) => pageSummaries({ ...query, name })
    return search === undefined
      ? readPage(backendName, operation, page, read, summaryFromStored)
      : searchPage(backendName, operation, page, search, read)
  })

/** The name that an index decides, and what is left to search for. */
const withoutName = (
  { name, ...rest }: TaskSearch = {}
): { readonly name: TaskSearch["name"]; readonly search: TaskSearch | undefined } => ({
  name,
  search: Object.keys(rest).length === 0 ? undefined : rest
})

const readPage = <Row extends TaskPosition, Task>(
  backendName: string,
  operation: string,
  page: Page,
  read: (query: PageQuery) => Effect.Effect<DriverPage<Row>, TaskDriverError>,
  decode: (row: Row) => Task
): Effect.Effect<TaskPage<Task>, TaskStorageUnavailable> =>
  operate(
    backendName,
    operation,
    undefined,
    (now) =>
      answered(operation, read(queryOf(page, now)), (found) =>
        decoded(operation, found, ({ more, tasks }): TaskPage<Task> => {
          const last = tasks.at(-1)
          const decodedTasks = tasks.map(decode)
          return more && last !== undefined
            ? { tasks: decodedTasks, nextCursor: encodeCursor(page.query, last) }
            : { tasks: decodedTasks }
        }))
  )

const searchPage = (
  backendName: string,
  operation: string,
  page: Page,
  search: TaskSearch,
  read: TaskDriver["pageSummaries"]
): Effect.Effect<SummaryPage<TaskSummary>, TaskStorageUnavailable> =>
  operate(
    backendName,
    operation,
    undefined,
    (now) =>
      answered(operation, searchTasks(read, queryOf(page, now), search), ({ examined, next, tasks }) =>
        decoded(operation, tasks, (tasks): SummaryPage<TaskSummary> => {
          const found = { tasks: tasks.map(summaryFromStored), examined }
          return next === undefined ? found : { ...found, nextCursor: encodeCursor(page.query, next) }
        }))
  )

interface Page {
  readonly query: CursorQuery
  readonly after: TaskPosition | undefined
  readonly limit: number
}

const queryOf = ({ after, limit, query }: Page, now: number): PageQuery => ({
  ...query.filter.range,
  scope: { now, session: query.session },
  after,
  limit,
  maxBytes: maxPageBytes
})

interface Found {
  readonly tasks: ReadonlyArray<StoredSummary>
  /** Where the search goes on, if it has not come to the end. */
  readonly next: TaskPosition | undefined
  readonly examined: number
}

/**
 * Reads tasks in steps until there is one more than the page has room for. It remembers where it was before that one, so that no
 * page looks twice at what lies between two finds.
 */
const searchTasks = Effect.fnUntraced(function*(
  read: TaskDriver["pageSummaries"],
  query: PageQuery,
  search: TaskSearch
): Effect.fn.Return<Found, TaskDriverError> {
  const tasks: Array<StoredSummary> = []
  let next = query.after
  let bytes = 0
  let examined = 0
  let step = Math.min(query.limit + 1, searchStep)
  while (true) {
    const page: DriverPage<StoredSummary> = yield* read({ ...query, after: next, limit: step })
    for (const task of page.tasks) {
      if (isSought(search, task)) {
        bytes += summaryBytes(task)
        const isFull = tasks.length === query.limit || (tasks.length > 0 && bytes > query.maxBytes)
        if (isFull) return { tasks, next, examined }
        tasks.push(task)
      }
      examined += 1
      next = task
    }
    if (!page.more) return { tasks, next: undefined, examined }
    step = Math.min(searchStep, mostExamined - examined)
    if (step <= 0) return { tasks, next, examined }
  }
})

const parsePage = (
  session: Session,
  filter: Result.Result<ParsedFilter, InvalidInput>,
  request: ListOptions | undefined,
  maxPageSize: number
): Result.Result<Page, InvalidInput | InvalidCursor> =>
  Result.flatMap(
    allOf([session, filter, orNull(request?.limit, (value) => parseCount("limit", value))]),
    ([session, filter, limit]) => {
      const query = { session, filter }
      return Result.map(
        orAbsent(request?.cursor, (value) => decodeCursor(query, value)),
        (after) => ({ query, after: after ?? undefined, limit: Math.min(limit ?? defaultPageSize, maxPageSize) })
      )
    }
  )
