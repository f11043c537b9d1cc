/**
 * Reading lists page by page.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { allOf } from "./allOf.ts"
import { orAbsent, orNull, parseCount, parseStatus } from "./ArgumentParsers.ts"
import { answered, decoded, operate, parsed } from "./TaskAccess.ts"
import { decodeCursor, encodeCursor } from "./TaskCursor.ts"
import type { DriverPage, PageQuery, TaskDriverError, TaskPosition } from "./TaskDriver.ts"
import type { InvalidCursor, InvalidInput, TaskStorageUnavailable } from "./TaskError.ts"
import type { TaskPage } from "./TaskOperations.ts"
import type { SummaryListOptions } from "./TaskOptions.ts"

const defaultPageSize = 50

/** How many bytes a page may hold in memory, whatever its number of tasks. */
const maxPageBytes = 16 * 1024 * 1024

/**
 * Reads a page of a session's tasks; for `null`, of tasks that are bound to none; for `undefined`, of all.
 *
 * @since 0.1.0
 * @category combinators
 */
export const listPage = <Row extends TaskPosition, Task>(
  operation: string,
  session: Result.Result<string | null | undefined, InvalidInput>,
  request: SummaryListOptions | undefined,
  maxPageSize: number,
  read: (query: PageQuery) => Effect.Effect<DriverPage<Row>, TaskDriverError>,
  decode: (row: Row) => Task
): Effect.Effect<TaskPage<Task>, InvalidInput | InvalidCursor | TaskStorageUnavailable> =>
  parsed(parsePage(session, request), ({ after, limit, query }) =>
    operate(operation, undefined, (now) => {
      const scope = { now, session: query.session }
      const pageQuery = {
        scope,
        status: query.status,
        after,
        limit: Math.min(limit, maxPageSize),
        maxBytes: maxPageBytes
      }
      return answered(operation, read(pageQuery), (page) =>
        decoded(operation, page, ({ more, tasks }): TaskPage<Task> => {
          const last = tasks.at(-1)
          const decodedTasks = tasks.map(decode)
          return more && last !== undefined
            ? { tasks: decodedTasks, nextCursor: encodeCursor(query, last) }
            : { tasks: decodedTasks }
        }))
    }))

const parsePage = (
  session: Result.Result<string | null | undefined, InvalidInput>,
  request: SummaryListOptions | undefined
) =>
  Result.flatMap(
    allOf([
      session,
      orAbsent(request?.status, (value) => parseStatus("status", value)),
      orNull(request?.limit, (value) => parseCount("limit", value))
    ]),
    ([session, status, limit]) => {
      const query = { session, status: status ?? undefined }
      return Result.map(
        orAbsent(request?.cursor, (value) => decodeCursor(query, value)),
        (after) => ({ query, after: after ?? undefined, limit: limit ?? defaultPageSize })
      )
    }
  )
