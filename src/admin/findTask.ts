/**
 * Finding a task by what a person types.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { TaskStorageShape } from "../domain/service/TaskOperations.ts"
import { InvalidInput, TaskNotFound, type TaskStorageUnavailable } from "../domain/task/TaskError.ts"

/** Of how many tasks the ids are shown, if an ending is ambiguous. */
const mostShown = 5

/**
 * Gives the id of the one task whose id is this, or ends so.
 *
 * @since 0.2.0
 * @category combinators
 */
export const findTask = Effect.fnUntraced(function*(
  storage: Pick<TaskStorageShape, "findTaskIds" | "getTaskSummary">,
  idOrEnding: string
): Effect.fn.Return<string, InvalidInput | TaskNotFound | TaskStorageUnavailable> {
  // A whole id may be the end of another one.
  if (Option.isSome(yield* storage.getTaskSummary(idOrEnding))) return idOrEnding
  const ids = yield* storage.findTaskIds({ ending: idOrEnding, limit: mostShown + 1 })
  const [only, ...others] = ids
  if (only === undefined) return yield* new TaskNotFound({ taskId: idOrEnding })
  if (others.length === 0) return only
  const shown = ids.slice(0, mostShown).join(", ")
  return yield* new InvalidInput({
    field: "taskId",
    reason: `is the end of several ids: ${shown}${ids.length > mostShown ? " and more" : ""}; give more of it`
  })
})
