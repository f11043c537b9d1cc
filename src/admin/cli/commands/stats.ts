/**
 * `stats`: how many tasks there are, and why tasks failed.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { taskStatuses } from "../../../domain/task/TaskStatus.ts"
import { CliTerminal } from "../CliTerminal.ts"
import { counted } from "../counted.ts"
import { lengthFlag } from "../filterFlags.ts"
import { failureFormat, kindFormat, statusFormat } from "../formats/statsFormats.ts"
import { JsonFlag } from "../globalFlags.ts"
import { shownKind } from "../kindFlags.ts"
import { openStorage } from "../openStorage.ts"
import { printRows } from "../printRows.ts"
import { safeJson, safeLine } from "../safeText.ts"
import { shownAge } from "../times.ts"

/**
 * Counts tasks by status and by name, failures by reason, what waits for a person, and workers.
 *
 * @since 0.2.0
 * @category commands
 */
export const stats = Command.make(
  "stats",
  {
    session: Flag.String("session").pipe(
      Flag.withMetavar("SESSION"),
      Flag.withDescription("Only tasks that are bound to this session"),
      Flag.optional
    ),
    failuresSince: lengthFlag("failures-since", "For how long back failures are counted: 1h by default")
  },
  Effect.fnUntraced(
    function*({ failuresSince, session }) {
      const storage = yield* openStorage
      const { out } = yield* CliTerminal
      const stats = yield* storage.taskStats({
        sessionId: Option.getOrUndefined(session),
        failuresSince: Option.getOrUndefined(failuresSince)
      })
      if (yield* JsonFlag) return yield* out(`${safeJson(stats)}\n`)
      const now = yield* DateTime.now
      yield* out(`${counted(stats.count, "task")}\n\n`)
      yield* printRows(statusFormat, taskStatuses.map((status) => ({ status, ...stats.byStatus[status] })))
      if (stats.byName.length > 0) {
        yield* out("\n")
        yield* printRows(kindFormat, stats.byName)
      }
      const { since } = stats.waitingForInput
      const waiting = since === undefined ? "" : `, the first for ${shownAge(since, now)}`
      const { dead, live, tasks } = stats.workers
      yield* out(
        `\nWaiting for input: ${counted(stats.waitingForInput.count, "task")}${waiting}\n` +
          `Workers: ${live} live, ${dead} dead, with ${counted(tasks, "task")}\n` +
          stats.paused.map((kind) => `Paused for ${shownAge(kind.pausedAt, now)}: ${safeLine(shownKind(kind))}\n`).join(
            ""
          ) +
          `Failures of the last ${shownAge(stats.failuresSince, now)}:${
            stats.failures.length === 0 ? " none\n" : "\n\n"
          }`
      )
      yield* printRows(failureFormat, stats.failures)
      if (stats.otherFailures > 0) yield* out(`and ${counted(stats.otherFailures, "other")} for rarer reasons\n`)
    },
    Effect.scoped
  )
).pipe(
  Command.withDescription("Count tasks by status and by name, failures by reason, and workers"),
  Command.withExamples([
    { command: "mcp-task-storage stats", description: "How it is going" },
    { command: "mcp-task-storage stats --failures-since 1d --json", description: "For a program" }
  ])
)
