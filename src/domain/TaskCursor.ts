/**
 * Opaque positions in a list.
 *
 * A cursor holds the place behind the last task of a page rather than a row number, so it survives the deletion of that
 * task; and a digest of the query that it came from, so it cannot be used with another one.
 *
 * @since 0.1.0
 */
import * as Base64Url from "effect/encoding/Base64Url"
import * as Result from "effect/Result"
import type { TaskPosition } from "./TaskDriver.ts"
import { InvalidCursor } from "./TaskError.ts"
import { idProblem } from "./TaskId.ts"
import type { TaskStatus } from "./TaskStatus.ts"

/**
 * The query that a cursor belongs to.
 *
 * @since 0.1.0
 * @category models
 */
export interface CursorQuery {
  readonly session: string | null | undefined
  readonly status: TaskStatus | undefined
}

/**
 * Writes a cursor for the tasks of a query that follow `position`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const encodeCursor = (query: CursorQuery, position: TaskPosition): string =>
  Base64Url.encode(`${digest(query)}.${position.createdAt}.${position.taskId}`)

/**
 * Reads a cursor of the same query.
 *
 * @since 0.1.0
 * @category constructors
 */
export const decodeCursor = (query: CursorQuery, cursor: unknown): Result.Result<TaskPosition, InvalidCursor> => {
  if (typeof cursor !== "string") return malformed
  const [, of, createdAt, taskId] = layout.exec(Result.getOrElse(Base64Url.decodeString(cursor), () => "")) ?? []
  if (of === undefined || createdAt === undefined || taskId === undefined) return malformed
  if (!Number.isSafeInteger(Number(createdAt)) || idProblem(taskId) !== undefined) return malformed
  return of === digest(query)
    ? Result.succeed({ createdAt: Number(createdAt), taskId })
    : Result.fail(new InvalidCursor({ reason: "it comes from a query with another session or status" }))
}

const layout = /^([0-9a-z]+)\.(-?\d+)\.(.+)$/su

const malformed = Result.fail(new InvalidCursor({ reason: "it is malformed" }))

/** FNV-1a over the query, written out because a cursor must mean the same in every version and process. */
const digest = (query: CursorQuery): string => {
  let hash = 0x811c9dc5
  for (const unit of JSON.stringify([query.session === undefined ? 0 : query.session, query.status ?? 0])) {
    hash = Math.imul(hash ^ (unit.codePointAt(0) ?? 0), 0x01000193)
  }
  return (hash >>> 0).toString(36)
}
