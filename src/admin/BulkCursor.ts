/**
 * Where an operation in bulk goes on: the cursor of its list, and when it began.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import { InvalidCursor } from "../domain/task/TaskError.ts"

/**
 * @since 0.2.0
 * @category models
 */
export interface BulkPosition {
  /** When the operation began, in milliseconds since the epoch. The tasks that it has created itself are not older. */
  readonly began: number
  /** The cursor of the list; `undefined` at its start. */
  readonly cursor: string | undefined
}

/**
 * Writes a cursor.
 *
 * @since 0.2.0
 * @category constructors
 */
export const encodeBulkCursor = ({ began, cursor = "" }: BulkPosition): string => `${began.toString(36)}.${cursor}`

/**
 * Reads a cursor. The list judges its own part.
 *
 * @since 0.2.0
 * @category parsers
 */
export const decodeBulkCursor = (value: unknown): Result.Result<BulkPosition, InvalidCursor> => {
  const [, began, cursor] = typeof value === "string" ? layout.exec(value) ?? [] : []
  return began === undefined || cursor === undefined
    ? Result.fail(new InvalidCursor({ reason: "it is damaged, or comes from another operation" }))
    : Result.succeed({ began: Number.parseInt(began, 36), cursor: cursor === "" ? undefined : cursor })
}

const layout = /^([0-9a-z]{1,11})\.([\w-]*)$/
