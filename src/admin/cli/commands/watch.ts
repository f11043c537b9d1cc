/**
 * `watch`: what happens, as it happens.
 *
 * @since 0.2.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { TaskStorageShape } from "../../../domain/service/TaskOperations.ts"
import { CliTerminal } from "../CliTerminal.ts"
import { type CliFilter, filterFlags, lengthFlag, readFilter } from "../filterFlags.ts"
import { findTask } from "../findTask.ts"
import { reasonOf } from "../formats/taskFormat.ts"
import { JsonFlag } from "../globalFlags.ts"
import { openStorage } from "../openStorage.ts"
import { printTasks } from "../printTasks.ts"
import { safeJson, safeLine } from "../safeText.ts"
import { shownTime } from "../times.ts"
import { withoutPayloads } from "../withoutPayloads.ts"
import { withWholeWorker } from "../withWholeWorker.ts"

/** So that nobody keeps an engine busy by a slip. */
const shortestInterval = 100

const clearScreen = "\u001b[2J\u001b[H"

/**
 * Watches one task until it ends, or the newest tasks of a filter.
 *
 * @since 0.2.0
 * @category commands
 */
export const watch = Command.make(
  "watch",
  {
    id: Argument.String("id").pipe(
      Argument.withDescription("The id of a task. Without one, the newest tasks of the filter are watched"),
      Argument.optional
    ),
    ...filterFlags,
    limit: Flag.Int("limit").pipe(
      Flag.filter((limit) => limit > 0, () => "a positive number"),
      Flag.withMetavar("NUMBER"),
      Flag.withDescription("How many tasks to watch: 20 by default"),
      Flag.withDefault(20)
    ),
    interval: lengthFlag("interval", "How long to wait between two looks at the newest tasks: 2s by default")
  },
  Effect.fnUntraced(
    function*({ id, interval, limit, ...flags }) {
      const given = yield* readFilter(flags)
      const storage = yield* openStorage
      const filter = yield* withWholeWorker(storage, given)
      yield* Option.isSome(id)
        ? watchTask(storage, id.value)
        : watchNewest(storage, filter, {
          limit,
          interval: Math.max(shortestInterval, Option.getOrElse(interval, () => 2000))
        })
    },
    Effect.scoped
  )
).pipe(
  Command.withDescription("Watch one task until it ends, or the newest tasks"),
  Command.withExamples([
    { command: "mcp-task-storage watch 3f9a21bc", description: "Each change of a task, until it ends" },
    { command: "mcp-task-storage watch --status working --name report", description: "What runs now" }
  ])
)

const watchTask = Effect.fnUntraced(function*(storage: TaskStorageShape, id: string) {
  const { out } = yield* CliTerminal
  const json = yield* JsonFlag
  const taskId = yield* findTask(storage, id)
  yield* Stream.runForEach(storage.changes(taskId), (task) => {
    if (json) return out(`${safeJson(withoutPayloads(task))}\n`)
    const told = [shownTime(task.lastUpdatedAt), task.status, reasonOf(task)].filter((part) => part !== undefined)
    return out(`${safeLine(told.join("  "))}\n`)
  })
})

/** A terminal shows the list anew each time. Elsewhere each task is printed when it is new or has changed. */
const watchNewest = Effect.fnUntraced(function*(
  storage: TaskStorageShape,
  filter: CliFilter,
  { interval, limit }: { readonly interval: number; readonly limit: number }
) {
  const { columns, out } = yield* CliTerminal
  const redraws = columns() !== undefined && !(yield* JsonFlag)
  let seen: ReadonlyMap<string, number> = new Map()
  let isFirst = true
  while (true) {
    const { tasks } = yield* storage.listTaskSummaries({ ...filter, order: "newest", limit })
    if (redraws) {
      yield* out(`${clearScreen}${shownTime(yield* DateTime.now)}, every ${interval} ms, Ctrl-C ends it\n\n`)
      yield* printTasks(tasks)
    } else {
      const changed = tasks.filter(({ revision, taskId }) => seen.get(taskId) !== revision)
      yield* printTasks(changed.toReversed(), { heading: isFirst })
      isFirst &&= changed.length === 0
    }
    seen = new Map(tasks.map(({ revision, taskId }) => [taskId, revision]))
    yield* Effect.sleep(interval)
  }
})
