/**
 * What users see of a tally.
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import {
  longestResult,
  type TallyFailure,
  type TallyGroup,
  type TallyQuery,
  type TaskTally
} from "../driver/TaskTally.ts"
import type { StoredJson } from "../json/StoredJson.ts"
import type { FailureStats, KindStats, StatsByStatus, StatusStats, TaskStats } from "../service/TaskStats.ts"
import { readObject } from "../task/TaskRecord.ts"
import type { TaskStatus } from "../task/TaskStatus.ts"

/** How many reasons are listed. */
const mostReasons = 50

/** How many characters of a reason are shown. */
const longestReason = 200

/**
 * Gives the numbers of a tally. Throws when an engine gave back what it cannot have counted.
 *
 * @since 0.2.0
 * @category constructors
 */
export const statsOfTally = (
  { failures, groups, waitingSince }: TaskTally,
  { failedSince, failureLimit }: Pick<TallyQuery, "failedSince" | "failureLimit">
): Omit<TaskStats, "paused" | "workers"> => {
  const byStatus = statusStats(groups)
  const reasons = reasonsOf(failures)
  const isCut = failures.length >= failureLimit
  const earliest = isCut ? failures.reduce((time, task) => Math.min(time, task.lastUpdatedAt), Infinity) : failedSince
  return {
    count: totalOf(groups),
    byStatus,
    byName: kindsOf(groups),
    failures: reasons.slice(0, mostReasons),
    otherFailures: totalOf(reasons.slice(mostReasons)),
    failuresSince: DateTime.makeUnsafe(earliest),
    waitingForInput: {
      count: byStatus.input_required.count,
      ...(waitingSince === null ? {} : { since: DateTime.makeUnsafe(waitingSince) })
    }
  }
}

const totalOf = (counted: ReadonlyArray<{ readonly count: number }>): number =>
  counted.reduce((total, { count }) => total + count, 0)

const statusStats = (groups: ReadonlyArray<TallyGroup>): StatsByStatus => ({
  working: statsOf(groups, "working"),
  input_required: statsOf(groups, "input_required"),
  completed: statsOf(groups, "completed"),
  failed: statsOf(groups, "failed"),
  cancelled: statsOf(groups, "cancelled")
})

const statsOf = (groups: ReadonlyArray<TallyGroup>, status: TaskStatus): StatusStats => {
  const own = groups.filter((group) => group.status === status)
  return own.length === 0 ? { count: 0 } : {
    count: totalOf(own),
    oldest: DateTime.makeUnsafe(own.reduce((oldest, group) => Math.min(oldest, group.oldest), Infinity))
  }
}

const kindsOf = (groups: ReadonlyArray<TallyGroup>): ReadonlyArray<KindStats> =>
  byKey(groups, keyOf, (own, first) => ({ ...shownKind(first), count: totalOf(own), byStatus: statusStats(own) }))
    .sort(inOrder)

const reasonsOf = (failures: ReadonlyArray<TallyFailure>): ReadonlyArray<FailureStats> =>
  byKey(
    failures.map((failure) => ({ ...failure, reason: reasonOf(failure) })),
    (failure) => `${keyOf(failure)}${failure.reason}`,
    (own, first) => ({
      ...shownKind(first),
      reason: first.reason,
      count: own.length,
      latest: DateTime.makeUnsafe(own.reduce((latest, { lastUpdatedAt }) => Math.max(latest, lastUpdatedAt), -Infinity))
    })
  ).sort(inOrder)

const byKey = <Item, A>(
  items: ReadonlyArray<Item>,
  key: (item: Item) => string,
  use: (items: ReadonlyArray<Item>, first: Item) => A
): Array<A> =>
  Array.from(Map.groupBy(items, key).values(), (own) => own.slice(0, 1).map((first) => use(own, first))).flat()

const reasonOf = ({ failure, result, statusMessage }: TallyFailure): string => {
  const reason = (failure === null ? undefined : textAt(failure, "name")) ??
    (result === null || result.bytes > longestResult ? undefined : textAt(result, "message")) ??
    (statusMessage === null ? "" : textOf(statusMessage))
  return reason.length > longestReason ? `${reason.slice(0, longestReason)}…` : reason
}

type Kind = Pick<TallyGroup, "originalMethod" | "name">

/** Texts of JSON end where their quotes do, so that no two kinds share a key. */
const keyOf = ({ name, originalMethod }: Kind): string => originalMethod.text + (name?.text ?? "")

const shownKind = ({ name, originalMethod }: Kind): { readonly method: string; readonly name?: string } => ({
  method: textOf(originalMethod),
  ...(name === null ? {} : { name: textOf(name) })
})

const textOf = (stored: StoredJson): string => {
  const value = stored.decode()
  if (typeof value === "string") return value
  throw new TypeError("the stored text is corrupt")
}

const textAt = (stored: StoredJson, key: string): string | undefined => {
  const value = readObject(stored)[key]
  return typeof value === "string" ? value : undefined
}

/** The most frequent first. */
const inOrder = (left: Counted, right: Counted): number =>
  right.count - left.count ||
  compare(left.method, right.method) ||
  compare(left.name ?? "", right.name ?? "") ||
  compare(left.reason ?? "", right.reason ?? "")

type Counted = Pick<FailureStats, "count" | "method" | "name"> & Partial<Pick<FailureStats, "reason">>

const compare = (left: string, right: string): number => left < right ? -1 : left > right ? 1 : 0
