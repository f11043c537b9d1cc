/**
 * `import`: tasks that were exported.
 *
 * @since 0.2.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { switchFlag } from "../bulkFlags.ts"
import { CliTerminal } from "../CliTerminal.ts"
import { type CommandEnded, failedWith, usageError } from "../ExitCode.ts"
import { openStorage } from "../openStorage.ts"
import { runTransfer } from "../runTransfer.ts"

/**
 * Stores tasks that `export` has written.
 *
 * @since 0.2.0
 * @category commands
 */
export const importTasks = Command.make(
  "import",
  {
    file: Argument.String("file").pipe(
      Argument.withDescription("What export has written; standard input by default"),
      Argument.optional
    ),
    dryRun: switchFlag("dry-run", "Change nothing, and tell what would be done")
  },
  Effect.fnUntraced(
    function*({ dryRun, file }) {
      const { canAsk, input } = yield* CliTerminal
      const path = Option.getOrUndefined(Option.filter(file, (path) => path !== "-"))
      if (path === undefined && canAsk) {
        return yield* usageError("Import what? Give a file, or lines on standard input.")
      }
      const storage = yield* openStorage
      const { makeTaskAdmin } = yield* Effect.promise(() => import("../../makeTaskAdmin.ts"))
      const text: Stream.Stream<string, CommandEnded> = path === undefined ? input : readFile(path)
      yield* runTransfer({
        run: makeTaskAdmin(storage).importTasks(Stream.splitLines(text), { dryRun }),
        dryRun,
        again: { words: ["import", ...(dryRun ? ["--dry-run"] : [])], operands: Option.toArray(file) },
        hasCursor: false
      })
    },
    Effect.scoped
  )
).pipe(
  Command.withDescription("Store tasks that export has written; what is there already stays as it is"),
  Command.withExamples([
    { command: "mcp-task-storage import tasks.ndjson", description: "From a file" },
    { command: "gunzip -c tasks.ndjson.gz | mcp-task-storage import", description: "From standard input" }
  ])
)

const readFile = (path: string): Stream.Stream<string, CommandEnded> =>
  Stream.unwrap(Effect.map(
    Effect.promise(() => import("node:fs")),
    ({ createReadStream }) =>
      Stream.fromAsyncIterable(
        createReadStream(path, { encoding: "utf8" }),
        (fault) => failedWith(`${path} cannot be read: ${fault instanceof Error ? fault.message : String(fault)}`)
      ).pipe(Stream.map(String))
  ))
