/**
 * `pause`: tasks of a kind are accepted, and wait.
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
 * Pauses a kind of tasks, on every runner.
 *
 * @since 0.2.0
 * @category commands
 */
export const pause = Command.make(
  "pause",
  kindFlags,
  Effect.fnUntraced(
    function*(flags) {
      const kind = yield* readKind(flags)
      const storage = yield* openStorage
      yield* storage.pauseTasks(kind)
      yield* printAnswer(
        { ...kind, paused: true },
        safeLine(`Paused: ${shownKind(kind)}. New ones are accepted, and wait.`)
      )
    },
    Effect.scoped
  )
).pipe(
  Command.withDescription("Let no runner begin tasks of a kind; they are accepted, and wait"),
  Command.withExamples([
    { command: "mcp-task-storage pause --name report", description: "One tool" },
    { command: "mcp-task-storage pause --method tools/call", description: "All tools" }
  ])
)
