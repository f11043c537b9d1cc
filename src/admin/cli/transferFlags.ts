/**
 * The flags of commands that take tasks from one place to another.
 *
 * @since 0.2.0
 */
import type * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type { TaskStorageUnavailable } from "../../domain/task/TaskError.ts"
import type { SelectionOptions, TaskSelection } from "../AdminOptions.ts"
import type { CommandEnded } from "./ExitCode.ts"
import { filterFlags, filterWords, readFilter } from "./filterFlags.ts"
import { portionFlags } from "./portionFlags.ts"
import { withWholeWorker } from "./withWholeWorker.ts"

/**
 * The flags of commands that take tasks from one place to another. Without a filter they take all tasks.
 *
 * @since 0.2.0
 * @category flags
 */
export const transferFlags = {
  ...filterFlags,
  ...portionFlags
}

/**
 * What is taken along.
 *
 * @since 0.2.0
 * @category models
 */
export interface Transfer {
  readonly selection: TaskSelection
  readonly options: Pick<SelectionOptions, "cursor" | "limit">
  /** The same filter as flags. */
  readonly words: ReadonlyArray<string>
}

/**
 * Reads what is taken along.
 *
 * @since 0.2.0
 * @category parsers
 */
export const readTransfer = Effect.fnUntraced(function*(
  storage: Pick<TaskStorageShape, "listWorkers">,
  input: Command.Command.Config.Infer<typeof transferFlags>
): Effect.fn.Return<Transfer, CommandEnded | TaskStorageUnavailable> {
  const filter = yield* withWholeWorker(storage, yield* readFilter(input))
  return {
    selection: Object.keys(filter).length === 0 ? { all: true } : filter,
    options: { cursor: Option.getOrUndefined(input.cursor), limit: Option.getOrUndefined(input.limit) },
    words: filterWords(filter)
  }
})
