/**
 * `ls`: which tasks there are.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { switchFlag } from "../bulkFlags.ts"
import { CliTerminal } from "../CliTerminal.ts"
import { filterFlags, filterWords, readFilter } from "../filterFlags.ts"
import { flagWords } from "../flagWords.ts"
import { makeNextCommand } from "../nextCommand.ts"
import { openStorage } from "../openStorage.ts"
import { printTasks } from "../printTasks.ts"
import { makeStatusLine } from "../StatusLine.ts"
import { withWholeWorker } from "../withWholeWorker.ts"

const usualLimit = 50

/** The largest page that a storage gives by default. */
const pageSize = 1000

/**
 * Lists tasks without their payloads, the newest first.
 *
 * @since 0.2.0
 * @category commands
 */
export const ls = Command.make(
  "ls",
  {
    ...filterFlags,
    order: Flag.Literals("order", ["newest", "oldest"]).pipe(
      Flag.withDescription("Which tasks come first: newest by default"),
      Flag.withDefault("newest")
    ),
    limit: Flag.Int("limit").pipe(
      Flag.filter((limit) => limit > 0, () => "a positive number"),
      Flag.withMetavar("NUMBER"),
      Flag.withDescription(`At most so many tasks: ${usualLimit} by default`),
      Flag.optional
    ),
    all: switchFlag("all", "All tasks, however many"),
    cursor: Flag.String("cursor").pipe(
      Flag.withMetavar("CURSOR"),
      Flag.withDescription("Go on where the list before ended, with the same filter"),
      Flag.optional
    )
  },
  Effect.fnUntraced(
    function*({ all, cursor, limit, order, ...flags }) {
      const given = yield* readFilter(flags)
      const storage = yield* openStorage
      const filter = yield* withWholeWorker(storage, given)
      const { err } = yield* CliTerminal
      const status = yield* makeStatusLine
      let left = all ? Number.POSITIVE_INFINITY : Option.getOrElse(limit, () => usualLimit)
      let next = Option.getOrUndefined(cursor)
      let examined = 0
      let isFirst = true
      do {
        const page = yield* storage.listTaskSummaries({
          ...filter,
          order,
          cursor: next,
          limit: Math.min(left, pageSize)
        })
        left -= page.tasks.length
        next = page.nextCursor
        examined += page.examined ?? 0
        if (page.tasks.length > 0) {
          yield* status.clear
          yield* printTasks(page.tasks, { heading: isFirst })
          isFirst = false
        }
        if (next !== undefined && left > 0) yield* status.show(`Searched ${examined} tasks …`)
      } while (next !== undefined && left > 0)
      yield* status.clear
      if (isFirst) yield* err("No such tasks.\n")
      if (next !== undefined) {
        const nextCommand = yield* makeNextCommand
        const words = ["ls", ...filterWords(filter), ...(order === "newest" ? [] : flagWords("order", order))]
        const again = nextCommand({ words, limit: Option.getOrUndefined(limit), cursor: next })
        yield* err(`There are more: ${again}\n`)
      }
    },
    Effect.scoped
  )
).pipe(
  Command.withDescription("List tasks, the newest first"),
  Command.withExamples([
    {
      command: "mcp-task-storage ls --status failed --name report --since 1h",
      description: "What failed in the last hour"
    },
    {
      command: "mcp-task-storage ls --status working --order oldest",
      description: "What has run for the longest time"
    },
    { command: "mcp-task-storage ls --session alice --all --json", description: "All tasks of a session, as JSON" }
  ])
)
