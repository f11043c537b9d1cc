/**
 * `copy`: tasks move to another store.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { switchFlag } from "../bulkFlags.ts"
import { usageError } from "../ExitCode.ts"
import { UrlFlag } from "../globalFlags.ts"
import { openUrl } from "../openStorage.ts"
import { runTransfer } from "../runTransfer.ts"
import { readTransfer, transferFlags } from "../transferFlags.ts"

/**
 * Copies tasks to another store, word for word.
 *
 * @since 0.2.0
 * @category commands
 */
export const copy = Command.make(
  "copy",
  {
    from: Flag.String("from").pipe(Flag.withMetavar("URL"), Flag.withDescription("Where the tasks are")),
    to: Flag.String("to").pipe(
      Flag.withMetavar("URL"),
      Flag.withDescription("Where they are copied to: a store that migrate has made")
    ),
    ...transferFlags,
    dryRun: switchFlag("dry-run", "Change nothing, and tell what would be done")
  },
  Effect.fnUntraced(
    function*({ dryRun, from, to, ...flags }) {
      if (Option.isSome(yield* UrlFlag)) return yield* usageError("copy takes --from and --to, and no --url.")
      const { options, selection, words } = yield* readTransfer(flags)
      const source = yield* openUrl(from, { schema: "verify" })
      const target = yield* openUrl(to, { schema: "verify" })
      const { makeTaskAdmin } = yield* Effect.promise(() => import("../../makeTaskAdmin.ts"))
      yield* runTransfer({
        run: makeTaskAdmin(source).copyTasks(target, selection, { ...options, dryRun }),
        dryRun,
        // A URL may have a password.
        words: ["copy", "--from", "...", "--to", "...", ...words]
      })
    },
    Effect.scoped
  )
).pipe(
  Command.withDescription("Copy tasks to another store, word for word; a repeat adds what is missing"),
  Command.withExamples([
    {
      command: "mcp-task-storage copy --from sqlite:tasks.db --to postgres://localhost/tasks",
      description: "All tasks but those that run"
    }
  ])
)
