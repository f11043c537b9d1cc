/**
 * Printing lists of tasks.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { TaskSummary } from "../../domain/task/TaskRecord.ts"
import type { OutputClosed } from "./CliTerminal.ts"
import { taskFormat } from "./formats/taskFormat.ts"
import { JsonFlag } from "./globalFlags.ts"
import { type Printing, printRows } from "./printRows.ts"

/**
 * Prints tasks. Their `meta` is a payload, which no list shows.
 *
 * @since 0.2.0
 * @category printers
 */
export const printTasks = Effect.fnUntraced(function*(
  tasks: ReadonlyArray<TaskSummary>,
  options: { readonly heading?: boolean } = {}
): Effect.fn.Return<void, OutputClosed, Printing> {
  if (yield* JsonFlag) return yield* printRows(() => [], tasks.map(withoutMeta))
  yield* printRows(taskFormat, tasks, options)
})

const withoutMeta = (task: TaskSummary) => {
  const { meta: _, ...shown } = task
  return shown
}
