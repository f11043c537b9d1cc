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
import type { TaskPosition } from "../driver/TaskDriver.ts"
import type { TaskRange } from "../driver/TaskRange.ts"
import { InvalidCursor } from "../task/TaskError.ts"
import { idProblem } from "../task/TaskId.ts"
import type { ParsedFilter } from "./TaskFilter.ts"

/**
 * The query that a cursor belongs to.
 *
 * @since 0.1.0
 * @category models
 */
export interface CursorQuery {
  readonly session: string | null | undefined
  readonly filter: ParsedFilter
}

/**
 * Writes a cursor for the tasks of a query that follow `position`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const encodeCursor = (query: CursorQuery, position: TaskPosition): string => {
  const { createdAt, taskId } = position
  return Base64Url.encode(`${digest(query, createdAt, taskId)}.${createdAt}.${taskId}`)
}

/**
 * Reads a cursor. Refuses one that this query would not have written.
 *
 * @since 0.1.0
 * @category constructors
 */
export const decodeCursor = (query: CursorQuery, cursor: unknown): Result.Result<TaskPosition, InvalidCursor> => {
  if (typeof cursor !== "string") return refused()
  const [, createdAt, taskId] = layout.exec(Result.getOrElse(Base64Url.decodeString(cursor), () => "")) ?? []
  if (createdAt === undefined || taskId === undefined || idProblem(taskId) !== undefined) return refused()
  const position = { createdAt: Number(createdAt), taskId }
  return isWithin(query.filter.range, position) && encodeCursor(query, position) === cursor
    ? Result.succeed(position)
    : refused()
}

const isWithin = ({ createdAfter = -Infinity, createdBefore = Infinity }: TaskRange, { createdAt }: TaskPosition) =>
  createdAt >= createdAfter && createdAt < createdBefore

const layout = /^[0-9a-z]+\.(-?\d+)\.(.+)$/su

/** A new error each time, because its stack tells where the call was made. */
const refused = (): Result.Result<never, InvalidCursor> =>
  Result.fail(
    new InvalidCursor({ reason: "it is damaged, or comes from a query with another session, filter or order" })
  )

/** FNV-1a, written out because a cursor must mean the same in every version and process. */
const digest = (query: CursorQuery, createdAt: number, taskId: string): string => {
  const session = query.session === undefined ? 0 : query.session
  const [status = 0, ...more] = query.filter.range.statuses ?? []
  // Version 0.1 wrote such a text for a query that names no more than a session and a status.
  const rest = restOf(query.filter, more)
  let hash = 0x811c9dc5
  for (const character of JSON.stringify([session, status, createdAt, taskId, ...rest])) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  }
  return (hash >>> 0).toString(36)
}

/** What a filter says beside its first status, in one form for each filter. */
const restOf = ({ range, search }: ParsedFilter, statuses: ReadonlyArray<string>): ReadonlyArray<unknown> => {
  const { createdAfter, createdBefore, order } = range
  const isRest = order !== "oldest" || createdAfter !== undefined || createdBefore !== undefined ||
    search !== undefined || statuses.length > 0
  if (!isRest) return []
  const { method, name, resultKinds, updatedAfter, updatedBefore, worker } = search ?? {}
  return [
    order,
    statuses,
    {
      createdAfter,
      createdBefore,
      method: method?.text,
      resultKind: resultKinds?.join(),
      updatedAfter,
      updatedBefore,
      worker
    },
    name === undefined ? [] : [name?.text]
  ]
}
