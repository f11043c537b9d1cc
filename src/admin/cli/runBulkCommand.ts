/**
 * A command that does something with many tasks: it tells what it would do, asks, does it, and says how far it came.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type { InvalidCursor, InvalidInput, TaskStorageUnavailable } from "../../domain/task/TaskError.ts"
import type { BulkProgress, BulkTask } from "../AdminOperations.ts"
import type { BulkOptions } from "../AdminOptions.ts"
import { requirePerson, requireYes } from "./ask.ts"
import { CliTerminal, type OutputClosed } from "./CliTerminal.ts"
import { counted } from "./counted.ts"
import { CommandEnded, exitCodes } from "./ExitCode.ts"
import { followWork } from "./followWork.ts"
import { taskFormat } from "./formats/taskFormat.ts"
import { JsonFlag } from "./globalFlags.ts"
import { makeNextCommand, type NextCommand, type RepeatedFlags } from "./nextCommand.ts"
import { restOf } from "./portionFlags.ts"
import { type Printing, printRows } from "./printRows.ts"
import { progressBar } from "./progressBar.ts"
import { safeLine } from "./safeText.ts"
import { makeStatusLine } from "./StatusLine.ts"

/**
 * What is to be done.
 *
 * @since 0.2.0
 * @category models
 */
export interface BulkWork {
  readonly run: (
    options: BulkOptions
  ) => Stream.Stream<BulkProgress, InvalidInput | InvalidCursor | TaskStorageUnavailable>
  /** Where tasks are looked up that are shown as examples. */
  readonly storage: Pick<TaskStorageShape, "getTaskSummary">
  /** The participle: "run again", "deleted". */
  readonly done: string
  /** The question, for so many tasks. */
  readonly question: (tasks: string) => string
  /** Whether a person is asked before. */
  readonly asks: boolean
  /** The command as it was given, its flags without those of consent. */
  readonly words: ReadonlyArray<string>
  /** The tasks, if they were named by ids. */
  readonly ids: ReadonlyArray<string> | undefined
  /** How it goes on after a stop: from a cursor by default, or by the same command again, which also does more than its tasks. */
  readonly goesOn?: "again"
}

/**
 * How it is to be done.
 *
 * @since 0.2.0
 * @category models
 */
export interface BulkConsent {
  readonly dryRun: boolean
  readonly yes: boolean
  readonly limit: Option.Option<number>
  readonly cursor: Option.Option<string>
}

/** How many tasks are named one by one. With more, numbers say more. */
const namedTasks = 20

const examples = 5

type BulkError = CommandEnded | OutputClosed | InvalidInput | InvalidCursor | TaskStorageUnavailable

/**
 * Runs a command that does something with many tasks.
 *
 * @since 0.2.0
 * @category running
 */
export const runBulkCommand = Effect.fnUntraced(function*(
  work: BulkWork,
  { cursor, dryRun, limit, yes }: BulkConsent
): Effect.fn.Return<void, BulkError, Printing | RepeatedFlags> {
  const options = { cursor: Option.getOrUndefined(cursor), limit: Option.getOrUndefined(limit) }
  if (dryRun) return yield* tellWhatWouldBe(work, options)
  let total = work.ids?.length
  if (work.asks && !yes) {
    yield* requirePerson
    const { done, matched, tasks } = yield* preview(work, options)
    total = matched
    const { err } = yield* CliTerminal
    if (done === 0 && work.goesOn !== "again") {
      return yield* err(`${matched === 0 ? "No such tasks." : nothingToDo(matched, work)}\n`)
    }
    yield* showExamples(work, tasks, done)
    yield* requireYes(work.question(counted(done, "task")))
  }
  yield* perform(work, options, total)
})

const nothingToDo = (matched: number, { done }: BulkWork): string =>
  `Of ${counted(matched, "task")} none can be ${done}. --dry-run --json says why.`

interface Preview {
  readonly matched: number
  readonly done: number
  readonly tasks: ReadonlyArray<BulkTask>
}

/** Goes the very same way as the work itself, and changes nothing. */
const preview = Effect.fnUntraced(function*(
  work: BulkWork,
  options: BulkOptions,
  each: (progress: BulkProgress) => Effect.Effect<void, OutputClosed, Printing> = () => Effect.void
): Effect.fn.Return<Preview, BulkError, Printing> {
  const status = yield* makeStatusLine
  let seen: Preview = { matched: 0, done: 0, tasks: [] }
  yield* Stream.runForEach(work.run({ ...options, dryRun: true }), (progress) => {
    const { done, matched, tasks } = progress
    seen = { matched, done, tasks: [...seen.tasks, ...tasks.filter(isMeant)].slice(0, examples) }
    return Effect.andThen(each(progress), status.show(`Looking: ${counted(matched, "task")} so far …`))
  }).pipe(Effect.ensuring(status.clear))
  return seen
})

const isMeant = ({ _tag }: BulkTask): boolean => _tag === "WouldBeDone"

const tellWhatWouldBe = Effect.fnUntraced(function*(
  work: BulkWork,
  options: BulkOptions
): Effect.fn.Return<void, BulkError, Printing> {
  const { out } = yield* CliTerminal
  const json = yield* JsonFlag
  const { done, matched, tasks } = yield* preview(
    work,
    options,
    (progress) => json ? printRows(() => [], progress.tasks) : Effect.void
  )
  if (json) return
  yield* out(`${counted(done, "task")} would be ${work.done}, and ${counted(matched - done, "task")} skipped.\n`)
  yield* showExamples(work, tasks, done)
})

const showExamples = Effect.fnUntraced(function*(
  { storage }: BulkWork,
  tasks: ReadonlyArray<BulkTask>,
  done: number
): Effect.fn.Return<void, BulkError, Printing> {
  if (yield* JsonFlag) return
  const found = yield* Effect.forEach(tasks, ({ taskId }) => storage.getTaskSummary(taskId))
  yield* printRows(taskFormat, found.flatMap((task) => Option.isSome(task) ? [task.value] : []))
  const { err } = yield* CliTerminal
  if (done > tasks.length) yield* err(`and ${counted(done - tasks.length, "other")}\n`)
})

const perform = Effect.fnUntraced(function*(
  work: BulkWork,
  options: BulkOptions,
  total: number | undefined
): Effect.fn.Return<void, BulkError, Printing | RepeatedFlags> {
  const { err, out } = yield* CliTerminal
  const json = yield* JsonFlag
  const status = yield* makeStatusLine
  const began = yield* Clock.currentTimeMillis
  const reported = new Set<string>()
  const reasons = new Map<string, number>()
  const nextCommand = yield* makeNextCommand
  const rest = (last: BulkProgress | undefined) => restOf(options.limit, last?.passed ?? 0)

  const last = yield* followWork(work.run(options), {
    status,
    isUnfinished: (last) => work.goesOn === "again" || (last.nextCursor !== undefined && rest(last) !== 0),
    done: (last) => `${counted(last?.done ?? 0, "task")} ${work.done}`,
    goOn: (last) => {
      const next: NextCommand = work.ids === undefined
        ? { words: work.words, limit: rest(last), cursor: last?.nextCursor ?? options.cursor }
        : { words: work.words, operands: work.ids.filter((id) => !reported.has(id)) }
      return `Go on with: ${nextCommand(next)}`
    },
    onProgress: Effect.fnUntraced(function*(progress: BulkProgress): Effect.fn.Return<void, OutputClosed, Printing> {
      for (const task of progress.tasks) {
        if (work.ids !== undefined) reported.add(task.taskId)
        if (task._tag === "Skipped") reasons.set(task.reason, (reasons.get(task.reason) ?? 0) + 1)
      }
      if (json) yield* printRows(() => [], progress.tasks)
      for (const task of progress.tasks) {
        if (task._tag === "Failed") yield* err(`${safeLine(`${task.taskId} failed: ${task.error.message}`)}\n`)
        else if (!json && progress.matched <= namedTasks) yield* out(`${safeLine(lineOf(task, work))}\n`)
      }
      yield* status.show(progressBar(progress.matched, total, (yield* Clock.currentTimeMillis) - began))
    })
  })
  const { done = 0, failed = 0, matched = 0, skipped = 0 } = last ?? {}
  const why = Array.from(reasons, ([reason, count]) => `  skipped ${counted(count, "task")}: ${reason}`)
  const summary = safeLinesOf([`${counted(done, "task")} ${work.done}, ${skipped} skipped, ${failed} failed.`, ...why])
  yield* matched === 0 && work.goesOn !== "again" ? err("No such tasks.\n") : json ? err(summary) : out(summary)
  if (failed > 0) return yield* new CommandEnded({ code: exitCodes.failed, message: "" })
})

const safeLinesOf = (lines: ReadonlyArray<string>): string =>
  lines.slice(0, namedTasks).map((line) => `${safeLine(line)}\n`).join("")

const lineOf = (task: BulkTask, { done }: BulkWork): string => {
  switch (task._tag) {
    case "Done":
      return task.rerunAs === undefined ? `${task.taskId} ${done}` : `${task.taskId} ${done} as ${task.rerunAs}`
    case "WouldBeDone":
      return `${task.taskId} would be ${done}`
    case "Skipped":
      return `${task.taskId} skipped: ${task.reason}${task.rerunAs === undefined ? "" : `, as ${task.rerunAs}`}`
    case "Failed":
      return `${task.taskId} failed: ${task.error.message}`
  }
}
