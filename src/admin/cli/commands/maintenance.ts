/**
 * `maintenance`: what servers do by themselves every minute.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { openStorage } from "../openStorage.ts"
import { printAnswer } from "../printRows.ts"

/**
 * Removes expired tasks and messages, and does what the engine needs from time to time.
 *
 * @since 0.2.0
 * @category commands
 */
export const maintenance = Command.make(
  "maintenance",
  {},
  Effect.fnUntraced(
    function*() {
      const storage = yield* openStorage
      const report = yield* storage.maintenance()
      const engine = Object.entries(report.engine).map(([name, value]) => `${name}: ${value}`)
      const removed = `Removed ${report.expiredTasks} expired tasks, ${report.expiredMessages} expired messages and ` +
        `${report.deadWorkers} dead workers.`
      yield* printAnswer(report, [removed, ...engine].join("\n"))
    },
    Effect.scoped
  )
).pipe(
  Command.withDescription("Remove what has expired and tend the engine, as servers do every minute"),
  Command.withExamples([{ command: "mcp-task-storage maintenance", description: "Make room now" }])
)
