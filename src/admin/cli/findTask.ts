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
import { type CommandEnded, usageError } from "./ExitCode.ts"

/** How many candidates are named for the end of an id that several have. */
const named = 5

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
 * Gives the whole id of the task that a person means.
 *
 * @since 0.2.0
 * @category getters
 */
export const findTask = Effect.fnUntraced(function*(
  storage: TaskStorageShape,
  given: string
): Effect.fn.Return<string, CommandEnded | InvalidInput | TaskNotFound | TaskStorageUnavailable> {
  // As tables shorten ids.
  const id = given.replace(/^…/, "")
  if (id === given && Option.isSome(yield* storage.getTaskSummary(id))) return id
  const [found, ...others] = yield* storage.findTaskIds({ ending: id, limit: named + 1 })
  if (found === undefined) return yield* new TaskNotFound({ taskId: given })
  if (others.length === 0) return found
  const candidates = [found, ...others].slice(0, named)
  const more = others.length < named ? "" : ", and others"
  return yield* usageError(`Several tasks end with ${id}: ${candidates.join(", ")}${more}. Give more of the id.`)
})
