/**
 * Which tasks a command is for: those of ids, or those of a filter.
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import { type InvalidInput, TaskNotFound, type TaskStorageUnavailable } from "../../domain/task/TaskError.ts"
import type { TaskSummary } from "../../domain/task/TaskRecord.ts"
import type { TaskSelection } from "../AdminOptions.ts"
import type { BulkInput } from "./bulkFlags.ts"
import { type CommandEnded, usageError } from "./ExitCode.ts"
import { filterWords, readFilter } from "./filterFlags.ts"
import { findTask } from "./findTask.ts"
import { withWholeWorker } from "./withWholeWorker.ts"

/**
 * The tasks that a command is for.
 *
 * @since 0.2.0
 * @category models
 */
export interface SelectedTasks {
  /** The storage, in which there seem to be no others if they were named by ids. */
  readonly storage: TaskStorageShape
  readonly selection: TaskSelection
  /** The ids, if they were named by ids. */
  readonly ids: ReadonlyArray<string> | undefined
  /** The same filter as flags. */
  readonly words: ReadonlyArray<string>
}

/**
 * Reads which tasks a command is for. A filter ends at the present moment, so that what is created later is never met.
 *
 * @since 0.2.0
 * @category parsers
 */
export const selectTasks = Effect.fnUntraced(function*(
  storage: TaskStorageShape,
  input: BulkInput
): Effect.fn.Return<SelectedTasks, CommandEnded | InvalidInput | TaskNotFound | TaskStorageUnavailable> {
  const { all, cursor, ids, limit } = input
  const filter = yield* withWholeWorker(storage, yield* readFilter(input))
  const isFiltered = Object.keys(filter).length > 0
  if (ids.length > 0) {
    if (isFiltered || all || Option.isSome(cursor) || Option.isSome(limit)) {
      return yield* usageError("Give ids, or a filter, but not both.")
    }
    const found = yield* Effect.forEach(ids, (id) => findTask(storage, id), { concurrency: 10 })
    const summaries = yield* Effect.forEach([...new Set(found)], (taskId) => readSummary(storage, taskId), {
      concurrency: 10
    })
    return {
      storage: withOnly(storage, summaries),
      selection: { all: true },
      ids: summaries.map(({ taskId }) => taskId),
      words: []
    }
  }
  if (all === isFiltered) {
    return yield* usageError(
      all ? "--all stands alone. Leave it out, or leave the filter out." : "Which tasks? Give ids, a filter, or --all."
    )
  }
  if (all) return { storage, selection: { all: true }, ids: undefined, words: ["--all"] }
  const selection = { ...filter, createdBefore: filter.createdBefore ?? (yield* DateTime.now) }
  return { storage, selection, ids: undefined, words: filterWords(selection) }
})

const readSummary = (
  storage: TaskStorageShape,
  taskId: string
): Effect.Effect<TaskSummary, InvalidInput | TaskNotFound | TaskStorageUnavailable> =>
  Effect.flatMap(
    storage.getTaskSummary(taskId),
    (found) => Option.isSome(found) ? Effect.succeed(found.value) : Effect.fail(new TaskNotFound({ taskId }))
  )

/** So that tasks that were named go the very same way as those of a filter. A cursor is the number of those before it. */
const withOnly = (storage: TaskStorageShape, tasks: ReadonlyArray<TaskSummary>): TaskStorageShape => ({
  ...storage,
  listTaskSummaries: ({ cursor = "0", limit = tasks.length } = {}) => {
    const from = Number(cursor)
    const page = tasks.slice(from, from + limit)
    const end = from + page.length
    return Effect.succeed(end < tasks.length ? { tasks: page, nextCursor: String(end) } : { tasks: page })
  }
})
