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
import { type Printing, printRows } from "./printRows.ts"
import { programName } from "./programName.ts"
import { progressBar } from "./progressBar.ts"
import { safeLine } from "./safeText.ts"
import { shellWords } from "./shellWords.ts"
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
  /** The command as it was given, without what may be secret. */
  readonly words: ReadonlyArray<string>
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
  { dryRun, run, words }: TransferWork<E, R>
): Effect.fn.Return<void, E | CommandEnded | OutputClosed, R | Printing> {
  const { err, out } = yield* CliTerminal
  const json = yield* JsonFlag
  const status = yield* makeStatusLine
  const began = yield* Clock.currentTimeMillis
  let others = 0
  const last = yield* followWork(run, {
    status,
    isUnfinished: (last) => last?.nextCursor !== undefined || words[0] === "import",
    way: (last) => {
      const cursor = last?.nextCursor === undefined ? [] : ["--cursor", last.nextCursor]
      const again = shellWords([programName, ...words, ...cursor])
      return `Stopped: ${
        counted(last?.copied ?? 0, "task")
      } copied so far. What is there already stays. Go on with: ${again}`
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
  const summary =
    `${counted(copied, "task")} ${dryRun ? "would be copied" : "copied"}, ${shownCount(same)} the same, ` +
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
