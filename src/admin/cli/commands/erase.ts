/**
 * `erase`: everything of a session goes.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { consentFlags } from "../bulkFlags.ts"
import { flagWords } from "../flagWords.ts"
import { openStorage } from "../openStorage.ts"
import { runBulkCommand } from "../runBulkCommand.ts"

/**
 * Erases everything that is bound to a session.
 *
 * @since 0.2.0
 * @category commands
 */
export const erase = Command.make(
  "erase",
  {
    session: Flag.String("session").pipe(
      Flag.withMetavar("SESSION"),
      Flag.withDescription("The session whose tasks, payloads and messages go, and all else that carries its name")
    ),
    ...consentFlags
  },
  Effect.fnUntraced(
    function*({ session, ...consent }) {
      const storage = yield* openStorage
      const { makeTaskAdmin } = yield* Effect.promise(() => import("../../makeTaskAdmin.ts"))
      const admin = makeTaskAdmin(storage)
      yield* runBulkCommand({
        run: ({ dryRun }) => admin.eraseSession(session, { dryRun }),
        storage,
        done: "erased",
        question: (tasks) => `Erase the session for good, with ${tasks}?`,
        asks: true,
        words: ["erase", ...flagWords("session", session)],
        ids: undefined,
        goesOn: "again"
      }, { ...consent, limit: Option.none(), cursor: Option.none() })
    },
    Effect.scoped
  )
).pipe(
  Command.withDescription("Erase everything that is bound to a session, such as one customer's"),
  Command.withExamples([
    { command: "mcp-task-storage erase --session alice --dry-run", description: "What there is" },
    { command: "mcp-task-storage erase --session alice", description: "Erase it" }
  ])
)
