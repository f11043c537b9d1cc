/**
 * `rm`: tasks are deleted.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { bulkFlags } from "../bulkFlags.ts"
import { openStorage } from "../openStorage.ts"
import { runBulkCommand } from "../runBulkCommand.ts"
import { selectTasks } from "../selectTasks.ts"

/**
 * Deletes tasks, with everything of them.
 *
 * @since 0.2.0
 * @category commands
 */
export const rm = Command.make(
  "rm",
  bulkFlags,
  Effect.fnUntraced(
    function*(input) {
      const { ids, selection, storage, words } = yield* selectTasks(yield* openStorage, input)
      const { makeTaskAdmin } = yield* Effect.promise(() => import("../../makeTaskAdmin.ts"))
      const admin = makeTaskAdmin(storage)
      yield* runBulkCommand({
        run: (options) => admin.deleteTasks(selection, options),
        storage,
        done: "deleted",
        question: (tasks) => `Delete ${tasks} for good?`,
        asks: true,
        words: ["rm", ...words],
        ids
      }, input)
    },
    Effect.scoped
  )
).pipe(
  Command.withDescription("Delete tasks, with their payloads, steps and messages"),
  Command.withExamples([
    { command: "mcp-task-storage rm 3f9a21bc", description: "One task" },
    { command: "mcp-task-storage rm --status completed --created-before 30d --yes", description: "What is long done" }
  ])
)
