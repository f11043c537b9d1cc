/**
 * Finding the task that a person means.
 *
 * @since 0.2.0
 */
import * as Argument from "effect/cli/Argument"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type InvalidInput, TaskNotFound, type TaskStorageUnavailable } from "../../domain/TaskError.ts"
import type { TaskStorageShape } from "../../domain/TaskOperations.ts"
import type { TaskRecord } from "../../domain/TaskRecord.ts"

/**
 * The id of one task.
 *
 * @since 0.2.0
 * @category arguments
 */
export const taskArgument = Argument.String("id").pipe(Argument.withDescription("The id of a task"))

/**
 * Reads the task that a person means.
 *
 * @since 0.2.0
 * @category getters
 */
export const readTask = Effect.fnUntraced(function*(
  storage: TaskStorageShape,
  id: string
): Effect.fn.Return<TaskRecord, InvalidInput | TaskNotFound | TaskStorageUnavailable> {
  const found = yield* storage.getTask(id)
  if (Option.isNone(found)) return yield* new TaskNotFound({ taskId: id })
  return found.value
})
