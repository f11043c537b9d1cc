/**
 * `show`: everything about one task.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { TaskNotFound } from "../../../domain/task/TaskError.ts"
import { CliTerminal } from "../CliTerminal.ts"
import { findTask, taskArgument } from "../findTask.ts"
import { JsonFlag } from "../globalFlags.ts"
import { openStorage } from "../openStorage.ts"
import { renderTask } from "../renderTask.ts"
import { safeJson } from "../safeText.ts"
import { withoutPayloads } from "../withoutPayloads.ts"

/**
 * Shows a task with its whole story: who has it, why it failed, what it waits for.
 *
 * @since 0.2.0
 * @category commands
 */
export const show = Command.make(
  "show",
  {
    id: taskArgument,
    payloads: Flag.Boolean("payloads").pipe(
      Flag.withDescription("Also show what clients and tools wrote: params, results, questions, answers, steps"),
      Flag.withoutNegation,
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(
    function*({ id, payloads }) {
      const storage = yield* openStorage
      const { colours, out } = yield* CliTerminal
      const taskId = yield* findTask(storage, id)
      const task = Option.getOrUndefined(yield* storage.getTask(taskId))
      if (task === undefined) return yield* new TaskNotFound({ taskId })
      if (yield* JsonFlag) return yield* out(`${safeJson(payloads ? task : withoutPayloads(task))}\n`)
      const workers = task.worker === undefined ? [] : yield* storage.listWorkers()
      yield* out(renderTask(task, {
        now: yield* DateTime.now,
        worker: workers.find(({ worker }) => worker.workerId === task.worker),
        payloads,
        colours: colours.out
      }))
    },
    Effect.scoped
  )
).pipe(
  Command.withDescription("Show one task: who has it, why it failed, what it waits for"),
  Command.withExamples([
    { command: "mcp-task-storage show 3f9a21bc", description: "By the end of its id" },
    { command: "mcp-task-storage show 3f9a21bc --payloads", description: "With its params, its result and its steps" }
  ])
)
