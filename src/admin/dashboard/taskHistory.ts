/**
 * What tasks tell of the time behind: how many ran, ended and failed, and how long they took.
 *
 * @since 0.2.0
 */
import type { TaskSummary } from "../../domain/task/TaskRecord.ts"
import { isTerminal } from "../../domain/task/TaskStatus.ts"
import type { History, HistoryPoint, KindDurations } from "./Api.ts"

/** The charts have this many pieces. */
const pieces = 60

/** The kinds that ran most often. */
const maxKinds = 20

type Told = Pick<
  TaskSummary,
  "status" | "resultKind" | "createdAt" | "startedAt" | "lastUpdatedAt" | "leaseExpiresAt" | "originalMethod" | "name"
>

/**
 * Adds up tasks over a span of time, in milliseconds since 1970.
 *
 * @since 0.2.0
 * @category constructors
 */
export const taskHistory = (
  tasks: ReadonlyArray<Told>,
  from: number,
  to: number
): Pick<History, "points" | "durations"> => ({
  points: pointsOf(tasks, from, to),
  durations: durationsOf(tasks)
})

/** A tool error is a failure to whoever called the tool, although its task completed. */
const hasFailed = ({ resultKind, status }: Told): boolean => status === "failed" || resultKind === "tool_error"

/** A task that waits for a worker does not run. One that no worker is to claim runs from its creation. */
const beginOf = (task: Told): number | undefined => {
  if (task.startedAt !== undefined) return task.startedAt.epochMilliseconds
  return isTerminal(task.status) || task.leaseExpiresAt === undefined ? task.createdAt.epochMilliseconds : undefined
}

const endOf = (task: Told): number | undefined =>
  isTerminal(task.status) ? task.lastUpdatedAt.epochMilliseconds : undefined

/** Nor does a task run that waits for an answer. */
const pauseOf = (task: Told): number | undefined =>
  task.status === "working" ? undefined : task.lastUpdatedAt.epochMilliseconds

const pointsOf = (tasks: ReadonlyArray<Told>, from: number, to: number): ReadonlyArray<HistoryPoint> => {
  const length = (to - from) / pieces
  // How many more tasks run from a piece on than before it.
  const begun = new Array<number>(pieces).fill(0)
  const settled = new Array<number>(pieces).fill(0)
  const failed = new Array<number>(pieces).fill(0)
  // The last piece has its end too, and what was written while the tasks were read, or by a clock that is ahead.
  const pieceAt = (time: number): number => Math.min(pieces - 1, Math.max(0, Math.floor((time - from) / length)))
  for (const task of tasks) {
    const [begin, pause, end] = [beginOf(task), pauseOf(task), endOf(task)]
    if (begin !== undefined) {
      raise(begun, pieceAt(begin), 1)
      // Not before it began: the clocks of those who wrote both may differ.
      if (pause !== undefined) raise(begun, pieceAt(Math.max(begin, pause)), -1)
    }
    if (end !== undefined && end >= from) raise(hasFailed(task) ? failed : settled, pieceAt(end), 1)
  }
  let running = 0
  return settled.map((count, piece) => {
    running += begun[piece] ?? 0
    return {
      at: Math.round((from + (piece + 1) * length) / 1000),
      running,
      settled: count,
      failed: failed[piece] ?? 0
    }
  })
}

const raise = (counts: Array<number>, at: number, by: number): void => {
  const count = counts[at]
  if (count !== undefined) counts[at] = count + by
}

const durationsOf = (tasks: ReadonlyArray<Told>): ReadonlyArray<KindDurations> => {
  const kinds = new Map<string, { readonly kind: Told; readonly millis: Array<number>; failed: number }>()
  for (const task of tasks) {
    const [begin, end] = [beginOf(task), endOf(task)]
    if (begin === undefined || end === undefined) continue
    const key = JSON.stringify([task.originalMethod, task.name])
    const kind = kinds.get(key) ?? { kind: task, millis: [], failed: 0 }
    kinds.set(key, kind)
    kind.millis.push(Math.max(0, end - begin))
    if (hasFailed(task)) kind.failed++
  }
  return Array.from(kinds.values())
    .toSorted((left, right) => right.millis.length - left.millis.length)
    .slice(0, maxKinds)
    .map(({ failed, kind: { name, originalMethod }, millis }) => {
      const sorted = millis.toSorted((left, right) => left - right)
      const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
      return {
        method: originalMethod,
        ...(name === undefined ? {} : { name }),
        count: sorted.length,
        failed,
        median: at(0.5),
        p95: at(0.95),
        longest: at(1)
      }
    })
}
