/**
 * `export`: whole tasks, as lines of JSON.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { ExportProgress } from "../../AdminOperations.ts"
import { CliTerminal } from "../CliTerminal.ts"
import { counted, shownCount } from "../counted.ts"
import { CommandEnded, exitCodes } from "../ExitCode.ts"
import { followWork } from "../followWork.ts"
import { makeNextCommand } from "../nextCommand.ts"
import { openStorage } from "../openStorage.ts"
import { restOf } from "../portionFlags.ts"
import { progressBar } from "../progressBar.ts"
import { safeJsonText, safeLine } from "../safeText.ts"
import { makeStatusLine } from "../StatusLine.ts"
import { readTransfer, transferFlags } from "../transferFlags.ts"

/**
 * Writes whole tasks to standard output, payloads included, each as a line of JSON.
 *
 * @since 0.2.0
 * @category commands
 */
export const exportTasks = Command.make(
  "export",
  transferFlags,
  Effect.fnUntraced(
    function*(flags) {
      const storage = yield* openStorage
      const { options, selection, words } = yield* readTransfer(storage, flags)
      const { err, out } = yield* CliTerminal
      const { makeTaskAdmin } = yield* Effect.promise(() => import("../../makeTaskAdmin.ts"))
      const status = yield* makeStatusLine
      const began = yield* Clock.currentTimeMillis
      const nextCommand = yield* makeNextCommand
      const rest = (last: ExportProgress | undefined) => restOf(options.limit, last?.passed ?? 0)
      const last = yield* followWork(makeTaskAdmin(storage).exportTasks(selection, options), {
        status,
        isUnfinished: (last) => last.nextCursor !== undefined && rest(last) !== 0,
        done: (last) => `${counted(last?.exported ?? 0, "task")} exported`,
        goOn: (last) => {
          const cursor = last?.nextCursor ?? options.cursor
          return `Append what this gives: ${nextCommand({ words: ["export", ...words], limit: rest(last), cursor })}`
        },
        onProgress: Effect.fnUntraced(function*({ exported, lines, tasks }) {
          if (lines.length > 0) yield* out(lines.map((line) => `${safeJsonText(line)}\n`).join(""))
          for (const task of tasks) {
            yield* err(`${
              safeLine(
                task._tag === "LeftOut"
                  ? `${task.taskId} left out: ${task.reason}`
                  : `${task.taskId} failed: ${task.error.message}`
              )
            }\n`)
          }
          yield* status.show(progressBar(exported, undefined, (yield* Clock.currentTimeMillis) - began))
        })
      })
      const { exported = 0, failed = 0, leftOut = 0 } = last ?? {}
      yield* err(
        `${counted(exported, "task")} exported, ${shownCount(leftOut)} left out, ${shownCount(failed)} failed.\n`
      )
      if (failed > 0) return yield* new CommandEnded({ code: exitCodes.failed, message: "" })
    },
    Effect.scoped
  )
).pipe(
  Command.withDescription("Write whole tasks to standard output, payloads included, each as a line of JSON"),
  Command.withExamples([
    { command: "mcp-task-storage export > tasks.ndjson", description: "All tasks but those that run" },
    {
      command: "mcp-task-storage export --session alice > alice.ndjson",
      description: "All that there is of a customer"
    }
  ])
)
