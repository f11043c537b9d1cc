/**
 * Taking tasks from one place to another, and saying what became of each.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { TransferProgress, TransferTask } from "../AdminOperations.ts"
import { CliTerminal, type OutputClosed } from "./CliTerminal.ts"
import { counted, shownCount } from "./counted.ts"
import { CommandEnded, exitCodes } from "./ExitCode.ts"
import { followWork } from "./followWork.ts"
import { JsonFlag } from "./globalFlags.ts"
import { makeNextCommand, type NextCommand, type RepeatedFlags } from "./nextCommand.ts"
import { restOf } from "./portionFlags.ts"
import { type Printing, printRows } from "./printRows.ts"
import { progressBar } from "./progressBar.ts"
import { safeLine } from "./safeText.ts"
import { makeStatusLine } from "./StatusLine.ts"

/**
 * What is taken over.
 *
 * @since 0.2.0
 * @category models
 */
export interface TransferWork<E, R> {
  readonly run: Stream.Stream<TransferProgress, E, R>
  readonly dryRun: boolean
  /** The command as it was given. */
  readonly again: NextCommand
  /** Whether it tells from where it goes on. If not, it begins anew, and finds what is there already. */
  readonly hasCursor: boolean
}

/** How many tasks are named that were not taken over. The rest is a number. */
const namedTasks = 20

/**
 * Takes tasks over, and says what became of them. A task that is there already and differs is a failure.
 *
 * @since 0.2.0
 * @category running
 */
export const runTransfer = Effect.fnUntraced(function*<E extends { readonly _tag: string }, R>(
  { again, dryRun, hasCursor, run }: TransferWork<E, R>
): Effect.fn.Return<void, E | CommandEnded | OutputClosed, R | Printing | RepeatedFlags> {
  const { err, out } = yield* CliTerminal
  const json = yield* JsonFlag
  const status = yield* makeStatusLine
  const began = yield* Clock.currentTimeMillis
  const nextCommand = yield* makeNextCommand
  const rest = (last: TransferProgress | undefined) => restOf(again.limit, last?.passed ?? 0)
  const done = dryRun ? "would be copied" : "copied"
  let others = 0
  const last = yield* followWork(run, {
    status,
    isUnfinished: (last) => !hasCursor || (last.nextCursor !== undefined && rest(last) !== 0),
    done: (last) => `${counted(last?.copied ?? 0, "task")} ${done}`,
    goOn: (last) => {
      const next = nextCommand({ ...again, limit: rest(last), cursor: last?.nextCursor ?? again.cursor })
      return `What is there already stays. Go on with: ${next}`
    },
    onProgress: Effect.fnUntraced(
      function*(progress: TransferProgress): Effect.fn.Return<void, OutputClosed, Printing> {
        if (json) yield* printRows(() => [], progress.tasks)
        for (const task of progress.tasks) {
          const told = json ? undefined : lineOf(task)
          if (told !== undefined && others++ < namedTasks) yield* out(`${safeLine(told)}\n`)
        }
        yield* status.show(progressBar(progress.examined, undefined, (yield* Clock.currentTimeMillis) - began))
      }
    )
  })
  const { copied = 0, differing = 0, failed = 0, leftOut = 0, same = 0 } = last ?? {}
  if (others > namedTasks) yield* out(`and ${counted(others - namedTasks, "other")}, which --json names\n`)
  const summary = `${counted(copied, "task")} ${done}, ${shownCount(same)} the same, ` +
    `${shownCount(differing)} different, ${shownCount(leftOut)} left out, ${shownCount(failed)} failed.\n`
  yield* json ? err(summary) : out(summary)
  if (failed + differing > 0) return yield* new CommandEnded({ code: exitCodes.failed, message: "" })
})

/** What a person has to know of a task. */
const lineOf = (task: TransferTask): string | undefined => {
  switch (task._tag) {
    case "Copied":
    case "Same":
    case "WouldBeCopied":
      return undefined
    case "Differs":
      return `${task.taskId} is there already, and differs in ${task.fields.join(", ")}`
    case "LeftOut":
      return `${task.taskId} left out: ${task.reason}`
    case "Failed":
      return `${task.taskId} failed: ${task.error.message}`
  }
}
