/**
 * `reencrypt`: payloads are sealed with the current key.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ReencryptProgress, TaskStorageShape } from "../../../domain/service/TaskOperations.ts"
import { requirePerson, requireYes } from "../ask.ts"
import { bulkFlags, consentFlags } from "../bulkFlags.ts"
import { CliTerminal, type OutputClosed } from "../CliTerminal.ts"
import { counted, shownCount } from "../counted.ts"
import { encryptionOf, storageKeys } from "../encryptionOf.ts"
import { CommandEnded, exitCodes, usageError } from "../ExitCode.ts"
import { followWork } from "../followWork.ts"
import { JsonFlag } from "../globalFlags.ts"
import { makeNextCommand, type RepeatedFlags } from "../nextCommand.ts"
import { openUrl, storageUrl } from "../openStorage.ts"
import { restOf } from "../portionFlags.ts"
import { type Printing, printRows } from "../printRows.ts"
import { progressBar } from "../progressBar.ts"
import { safeLine } from "../safeText.ts"
import { makeStatusLine } from "../StatusLine.ts"

/** So many tasks are read at once. */
const pageSize = 100

/**
 * Seals with the current key what older keys have sealed, or none.
 *
 * @since 0.2.0
 * @category commands
 */
export const reencrypt = Command.make(
  "reencrypt",
  {
    limit: bulkFlags.limit.pipe(Flag.withDescription("At most so many tasks")),
    cursor: bulkFlags.cursor.pipe(Flag.withDescription("Go on where the run before stopped")),
    yes: consentFlags.yes
  },
  Effect.fnUntraced(
    function*({ cursor, limit, yes }) {
      const keys = yield* storageKeys
      if (keys.path === undefined) {
        return yield* usageError("With which keys? Give --keys FILE, or set TASKS_KEYS: a file of JSON.")
      }
      const url = yield* storageUrl
      const encryption = yield* encryptionOf(keys)
      const storage = yield* openUrl(url, { schema: "verify", encryption })
      if (encryption.current === null && !yes) {
        yield* requirePerson
        yield* requireYes("The file of keys has no current key, so that all payloads are stored open. Open them?")
      }
      const portion = { cursor: Option.getOrUndefined(cursor), limit: Option.getOrUndefined(limit) }
      yield* run(pagesOf(storage, portion), portion)
    },
    Effect.scoped
  )
).pipe(
  Command.withDescription("Seal all payloads with the current key; what has it already stays as it is"),
  Command.withExamples([
    { command: "mcp-task-storage reencrypt --keys keys.json", description: "After the key was changed" },
    {
      command: "mcp-task-storage reencrypt --keys keys.json --limit 10000",
      description: "In parts: it says how to go on"
    }
  ])
)

interface Portion {
  readonly cursor: string | undefined
  readonly limit: number | undefined
}

/** How far it has come: the tasks that cannot be opened are those of the last page. */
interface Place extends ReencryptProgress {
  readonly unreadableSoFar: number
}

/** Goes page by page, so that it ends exactly at the limit. */
const pagesOf = (
  storage: Pick<TaskStorageShape, "reencryptTasks">,
  { cursor, limit = Infinity }: Portion
) =>
  Stream.paginate({ cursor, examined: 0, resealed: 0, unreadableSoFar: 0 }, (before) =>
    Effect.map(
      Stream.runCollect(
        Stream.take(
          storage.reencryptTasks({ cursor: before.cursor, limit: Math.min(pageSize, limit - before.examined) }),
          1
        )
      ),
      (pages) => {
        const places = pages.map((page): Place => ({
          ...page,
          examined: before.examined + page.examined,
          resealed: before.resealed + page.resealed,
          unreadableSoFar: before.unreadableSoFar + page.unreadable.length
        }))
        const last = places.at(-1)
        const next = last?.cursor === undefined || last.examined >= limit ? undefined : { ...last, cursor: last.cursor }
        return [places, Option.fromUndefinedOr(next)] as const
      }
    ))

const run = Effect.fnUntraced(function*<E extends { readonly _tag: string }>(
  pages: Stream.Stream<Place, E>,
  portion: Portion
): Effect.fn.Return<void, E | CommandEnded | OutputClosed, Printing | RepeatedFlags> {
  const { err, out } = yield* CliTerminal
  const json = yield* JsonFlag
  const status = yield* makeStatusLine
  const began = yield* Clock.currentTimeMillis
  const nextCommand = yield* makeNextCommand
  const rest = (last: Place | undefined) => restOf(portion.limit, last?.examined ?? 0)
  const goOn = (last: Place | undefined, limit: number | undefined) =>
    `Go on with: ${nextCommand({ words: ["reencrypt"], limit, cursor: last?.cursor ?? portion.cursor })}`
  const last = yield* followWork(pages, {
    status,
    isUnfinished: (last) => last.cursor !== undefined && rest(last) !== 0,
    done: (last) => `${counted(last?.resealed ?? 0, "task")} sealed anew`,
    goOn: (last) => goOn(last, rest(last)),
    onProgress: Effect.fnUntraced(function*(place): Effect.fn.Return<void, OutputClosed, Printing> {
      const { unreadableSoFar: _, ...progress } = place
      if (json) yield* printRows(() => [], [progress])
      for (const { reason, taskId } of place.unreadable) {
        yield* err(`${safeLine(`${taskId} cannot be opened: ${reason}`)}\n`)
      }
      yield* status.show(progressBar(place.examined, undefined, (yield* Clock.currentTimeMillis) - began))
    })
  })
  const { examined = 0, resealed = 0, unreadableSoFar = 0 } = last ?? {}
  const summary = `${counted(resealed, "task")} of ${shownCount(examined)} sealed anew, ` +
    `${shownCount(unreadableSoFar)} cannot be opened.\n`
  yield* json ? err(summary) : out(summary)
  if (last?.cursor !== undefined) yield* err(`There are more. ${goOn(last, portion.limit)}\n`)
  if (unreadableSoFar > 0) return yield* new CommandEnded({ code: exitCodes.failed, message: "" })
})
