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
import { encryptionOf } from "../encryptionOf.ts"
import { usageError } from "../ExitCode.ts"
import { flagWords } from "../flagWords.ts"
import { KeysFlag, UrlFlag } from "../globalFlags.ts"
import { openUrl } from "../openStorage.ts"
import { runTransfer } from "../runTransfer.ts"
import { safeUrl } from "../safeText.ts"
import { readTransfer, transferFlags } from "../transferFlags.ts"

const keysFlag = (name: string, description: string): Flag.Flag<Option.Option<string>> =>
  Flag.String(name).pipe(Flag.withMetavar("FILE"), Flag.withDescription(description), Flag.optional)

const keysOf = (name: string, path: Option.Option<string>) =>
  encryptionOf({ path: Option.getOrUndefined(path), advice: `give --${name} FILE` })

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
    fromKeys: keysFlag("from-keys", "The keys of a store whose payloads are sealed, as for --keys"),
    toKeys: keysFlag("to-keys", "The keys that seal the copies. Without it they are stored as they are"),
    ...transferFlags,
    dryRun: switchFlag("dry-run", "Change nothing, and tell what would be done")
  },
  Effect.fnUntraced(
    function*({ dryRun, from, fromKeys, to, toKeys, ...flags }) {
      if (Option.isSome(yield* UrlFlag)) return yield* usageError("copy takes --from and --to, and no --url.")
      if (Option.isSome(yield* KeysFlag)) {
        return yield* usageError("copy takes --from-keys and --to-keys, and no --keys.")
      }
      const source = yield* openUrl(from, { schema: "verify", encryption: yield* keysOf("from-keys", fromKeys) })
      const { options, selection, words } = yield* readTransfer(source, flags)
      const target = yield* openUrl(to, { schema: "verify", encryption: yield* keysOf("to-keys", toKeys) })
      const { makeTaskAdmin } = yield* Effect.promise(() => import("../../makeTaskAdmin.ts"))
      yield* runTransfer({
        run: makeTaskAdmin(source).copyTasks(target, selection, { ...options, dryRun }),
        dryRun,
        again: {
          words: [
            "copy",
            ...flagWords("from", safeUrl(from)),
            ...flagWords("to", safeUrl(to)),
            ...flagWords("from-keys", Option.getOrUndefined(fromKeys)),
            ...flagWords("to-keys", Option.getOrUndefined(toKeys)),
            ...words,
            ...(dryRun ? ["--dry-run"] : [])
          ],
          ...options
        },
        hasCursor: true
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
    },
    {
      command:
        "mcp-task-storage copy --from sqlite:tasks.db --from-keys keys.json --to sqlite:new.db --to-keys new-keys.json",
      description: "From sealed payloads to sealed payloads"
    }
  ])
)
