/**
 * `resume`: tasks of a kind run again.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { kindFlags, readKind, shownKind } from "../kindFlags.ts"
import { openStorage } from "../openStorage.ts"
import { printAnswer } from "../printRows.ts"
import { safeLine } from "../safeText.ts"

/**
 * Ends the pause of a kind of tasks.
 *
 * @since 0.2.0
 * @category commands
 */
export const resume = Command.make(
  "resume",
  kindFlags,
  Effect.fnUntraced(
    function*(flags) {
      const kind = yield* readKind(flags)
      const storage = yield* openStorage
      const wasPaused = yield* storage.resumeTasks(kind)
      yield* printAnswer(
        { ...kind, wasPaused },
        safeLine(`${wasPaused ? "Resumed" : "Not paused"}: ${shownKind(kind)}.`)
      )
    },
    Effect.scoped
  )
).pipe(
  Command.withDescription("End the pause of a kind of tasks"),
  Command.withExamples([{ command: "mcp-task-storage resume --name report", description: "One tool" }])
)
