/**
 * Finding the worker that a person means.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type { TaskStorageUnavailable } from "../../domain/task/TaskError.ts"
import { type CommandEnded, usageError } from "./ExitCode.ts"
import type { CliFilter } from "./filterFlags.ts"

/**
 * Gives a filter whose worker is a whole id. Tables shorten ids to an ellipsis and their end. What no registered worker has is left as it is:
 * tasks that ended keep the worker that they had, which may be gone.
 *
 * @since 0.2.0
 * @category getters
 */
export const withWholeWorker = Effect.fnUntraced(function*(
  storage: Pick<TaskStorageShape, "listWorkers">,
  filter: CliFilter
): Effect.fn.Return<CliFilter, CommandEnded | TaskStorageUnavailable> {
  if (filter.worker === undefined) return filter
  const ending = filter.worker.replace(/^…/, "")
  const found = (yield* storage.listWorkers())
    .map(({ worker }) => worker.workerId)
    .filter((workerId) => workerId.endsWith(ending))
  const [worker = ending] = found
  if (found.length > 1) {
    return yield* usageError(`The ids of several workers end with ${ending}: ${found.join(", ")}. Give more of it.`)
  }
  return { ...filter, worker }
})
