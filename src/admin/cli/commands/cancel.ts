/**
 * `cancel`: tasks that have not ended are cancelled.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { bulkFlags } from "../bulkFlags.ts"
import { flagWords } from "../flagWords.ts"
import { openStorage } from "../openStorage.ts"
import { runBulkCommand } from "../runBulkCommand.ts"
import { selectTasks } from "../selectTasks.ts"

/**
 * Cancels tasks that have not ended. Their workers stop.
 *
 * @since 0.2.0
 * @category commands
 */
export const cancel = Command.make(
  "cancel",
  {
    ...bulkFlags,
    message: Flag.String("message").pipe(
      Flag.withMetavar("TEXT"),
      Flag.withDescription("What clients are told: the status message"),
      Flag.optional
    )
  },
  Effect.fnUntraced(
    function*(input) {
      const statusMessage = Option.getOrUndefined(input.message)
      const { ids, selection, storage, words } = yield* selectTasks(yield* openStorage, input)
      const { makeTaskAdmin } = yield* Effect.promise(() => import("../../makeTaskAdmin.ts"))
      const admin = makeTaskAdmin(storage)
      yield* runBulkCommand({
        run: (options) => admin.cancelTasks(selection, { ...options, statusMessage }),
        storage,
        done: "cancelled",
        question: (tasks) => `Cancel ${tasks}?`,
        asks: true,
        words: ["cancel", ...flagWords("message", statusMessage), ...words],
        ids
      }, input)
    },
    Effect.scoped
  )
).pipe(
  Command.withDescription("Cancel tasks that have not ended; their workers stop"),
  Command.withExamples([
    { command: "mcp-task-storage cancel 3f9a21bc", description: "One task" },
    {
      command: "mcp-task-storage cancel --status input_required --created-before 2d",
      description: "What nobody answers"
    }
  ])
)
