/**
 * The params of requests for tasks. They are checked here, and nowhere else, so that every server refuses them in the same words.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { ownProperty } from "./TaskClient.ts"
import { invalid, type WireError } from "./WireError.ts"

/**
 * Gives the id of the task that a request names.
 *
 * @since 0.2.0
 * @category parsers
 */
export const taskIdOf = (params: unknown): Effect.Effect<string, WireError> => {
  const taskId = ownProperty(params, "taskId")
  return typeof taskId === "string" ? Effect.succeed(taskId) : Effect.fail(invalid("taskId must be a string"))
}

/**
 * Gives the tasks that a request to listen names; `undefined` if it names none.
 *
 * @since 0.2.0
 * @category parsers
 */
export const taskIdsOf = (params: unknown): Effect.Effect<ReadonlyArray<string> | undefined, WireError> => {
  const taskIds = ownProperty(ownProperty(params, "notifications"), "taskIds")
  return taskIds === undefined || isTexts(taskIds)
    ? Effect.succeed(taskIds)
    : Effect.fail(invalid("taskIds must be an array of strings"))
}

const isTexts = (value: unknown): value is ReadonlyArray<string> =>
  Array.isArray(value) && value.every((item) => typeof item === "string")

/**
 * Gives the cursor of a request for a list, if it has one.
 *
 * @since 0.2.0
 * @category parsers
 */
export const cursorOf = (params: unknown): Effect.Effect<string | undefined, WireError> => {
  const cursor = ownProperty(params, "cursor")
  return cursor === undefined || typeof cursor === "string"
    ? Effect.succeed(cursor)
    : Effect.fail(invalid("cursor must be a string"))
}

/**
 * Gives the time to live that a call of revision 2025-11-25 asks for by its `task`, in milliseconds. `null` asks for the longest, and
 * `undefined` for none.
 *
 * @since 0.2.0
 * @category parsers
 */
export const askedTtl = (task: unknown): Effect.Effect<number | null | undefined, WireError> => {
  if (!Predicate.isReadonlyObject(task)) return Effect.fail(invalid("task must be an object"))
  const ttl = ownProperty(task, "ttl")
  if (ttl === undefined || ttl === null) return Effect.succeed(ttl)
  return typeof ttl === "number" && Number.isInteger(ttl) && ttl > 0
    ? Effect.succeed(ttl)
    : Effect.fail(invalid("Invalid ttl: must be a whole number of milliseconds, at least 1"))
}
