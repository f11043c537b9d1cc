/**
 * `workers`: who runs tasks.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { workerFormat } from "../formats/workerFormat.ts"
import { openStorage } from "../openStorage.ts"
import { printRows } from "../printRows.ts"

/**
 * Lists workers, live and dead, with how many tasks each holds.
 *
 * @since 0.2.0
 * @category commands
 */
export const workers = Command.make(
  "workers",
  {},
  Effect.fnUntraced(
    function*() {
      const storage = yield* openStorage
      yield* printRows(workerFormat, yield* storage.listWorkers(), {
        none: "No worker has registered. A dead one is removed a day after its death."
      })
    },
    Effect.scoped
  )
).pipe(
  Command.withDescription("List the processes that run tasks, and how many tasks each has"),
  Command.withExamples([{ command: "mcp-task-storage workers", description: "Who runs tasks" }])
)
