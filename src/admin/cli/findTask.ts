/**
 * Finding the task that a person means.
 *
 * @since 0.2.0
 */
import * as Argument from "effect/cli/Argument"
import * as Effect from "effect/Effect"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type { InvalidInput, TaskNotFound, TaskStorageUnavailable } from "../../domain/task/TaskError.ts"

/**
 * The id of one task.
 *
 * @since 0.2.0
 * @category arguments
 */
export const taskArgument = Argument.String("id").pipe(
  Argument.withDescription("The id of a task, or an end of it that no other task has")
)

/**
 * Gives the whole id of the task that a person means. Tables shorten ids to an ellipsis and their end.
 *
 * @since 0.2.0
 * @category getters
 */
export const findTask = (
  storage: TaskStorageShape,
  given: string
): Effect.Effect<string, InvalidInput | TaskNotFound | TaskStorageUnavailable> =>
  Effect.flatMap(
    Effect.promise(() => import("../findTask.ts")),
    ({ findTask }) => findTask(storage, given.replace(/^…/, ""))
  )
