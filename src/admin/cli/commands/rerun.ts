/**
 * `rerun`: tasks that have ended are run again.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { bulkFlags, switchFlag } from "../bulkFlags.ts"
import { openStorage } from "../openStorage.ts"
import { runBulkCommand } from "../runBulkCommand.ts"
import { selectTasks } from "../selectTasks.ts"

/**
 * Runs tasks again that have ended, each as a new task.
 *
 * @since 0.2.0
 * @category commands
 */
export const rerun = Command.make(
  "rerun",
  {
    ...bulkFlags,
    again: switchFlag("again", "Also what was run again before"),
    steps: switchFlag("steps", "Take the results of steps along, so that the new tasks do not do them again")
  },
  Effect.fnUntraced(
    function*(input) {
      const { again, steps } = input
      const { ids, selection, storage, words } = yield* selectTasks(yield* openStorage, input)
      const { makeTaskAdmin } = yield* Effect.promise(() => import("../../makeTaskAdmin.ts"))
      const admin = makeTaskAdmin(storage)
      yield* runBulkCommand({
        run: (options) => admin.rerunTasks(selection, { ...options, again, steps }),
        storage,
        done: "run again",
        question: (tasks) => `Run ${tasks} again?`,
        asks: ids === undefined,
        words: ["rerun", ...(again ? ["--again"] : []), ...(steps ? ["--steps"] : []), ...words],
        ids
      }, input)
    },
    Effect.scoped
  )
).pipe(
  Command.withDescription("Run tasks again that have ended, each as a new task"),
  Command.withExamples([
    { command: "mcp-task-storage rerun 3f9a21bc", description: "One task" },
    {
      command: "mcp-task-storage rerun --status failed --name report --since 1h",
      description: "What failed in the last hour"
    },
    { command: "mcp-task-storage rerun --status failed --dry-run", description: "What would be run again" }
  ])
)
