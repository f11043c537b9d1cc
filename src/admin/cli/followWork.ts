/**
 * Following long work until its end, or until somebody wants it to stop.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { CliTerminal, type OutputClosed } from "./CliTerminal.ts"
import { CommandEnded, exitCodes, failedWith } from "./ExitCode.ts"
import type { StatusLine } from "./StatusLine.ts"

/**
 * What is done with each report of the work, and said of it.
 *
 * @since 0.2.0
 * @category models
 */
export interface Following<Progress, R> {
  readonly status: StatusLine
  readonly onProgress: (progress: Progress) => Effect.Effect<void, OutputClosed, R>
  /** Whether there is more to do after a report. */
  readonly isUnfinished: (last: Progress) => boolean
  /** Says what is done: "3 tasks deleted". */
  readonly done: (last: Progress | undefined) => string
  /** Says how to go on. */
  readonly goOn: (last: Progress | undefined) => string
}

/**
 * Follows work to its end, and gives its last report. After the first Ctrl-C it ends behind the report that comes next. Whenever it
 * ends early, it says how far it came and how to go on.
 *
 * @since 0.2.0
 * @category running
 */
export const followWork = Effect.fnUntraced(function*<Progress, E extends { readonly _tag: string }, R, R2>(
  work: Stream.Stream<Progress, E, R>,
  { done, goOn, isUnfinished, onProgress, status }: Following<Progress, R2>
): Effect.fn.Return<Progress | undefined, E | CommandEnded, R | R2 | CliTerminal> {
  const { err, gracefully } = yield* CliTerminal
  let last: Progress | undefined
  const way = (last: Progress | undefined) =>
    `Stopped: ${done(last)}${last === undefined || isUnfinished(last) ? ` so far. ${goOn(last)}` : "."}`
  const tellWay = Effect.suspend(() => Effect.andThen(status.clear, err(`${way(last)}\n`)))
  const isStopped = yield* gracefully((isStopping) =>
    work.pipe(
      Stream.takeUntil(isStopping),
      Stream.runForEach((progress) => {
        last = progress
        return Effect.andThen(status.clear, onProgress(progress))
      }),
      Effect.map(() => isStopping() && last !== undefined && isUnfinished(last))
    )
  ).pipe(
    Effect.onInterrupt(() => tellWay),
    Effect.catchIf(
      isClosed,
      () => Effect.andThen(tellWay, Effect.fail(failedWith("It stopped, because nobody reads the answers any more."))),
      (error) =>
        error._tag === "TaskStorageUnavailable" ? Effect.andThen(tellWay, Effect.fail(error)) : Effect.fail(error)
    )
  )
  yield* status.clear
  if (isStopped) return yield* new CommandEnded({ code: exitCodes.interrupted, message: way(last) })
  return last
})

const isClosed = (error: { readonly _tag: string }): error is OutputClosed => error._tag === "OutputClosed"
