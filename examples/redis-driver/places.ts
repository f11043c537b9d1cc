/** Where a task stands in the indexes, and the changes that keep them right. */
import type { TaskStatus } from "mcp-task-storage"
import {
  type FreeKindsQuery,
  holderOf,
  isAbandoned,
  type StoredKind,
  type StoredKinds,
  type StoredSummary
} from "mcp-task-storage/driver"

/** A change that the step `commit` makes: its name, and the texts that it takes. */
export type Change = readonly [name: string, ...texts: ReadonlyArray<string>]

/** The scopes that lists and counts are kept for: all tasks, and those of one session or of none. */
export const scopeOf = (session: string | null | undefined): string =>
  session === undefined ? "*" : session === null ? "-" : `s${session}`

/** The lists of the tasks of some statuses. */
export const listsOf = (
  statuses: ReadonlyArray<TaskStatus>,
  session: string | null | undefined
): ReadonlyArray<string> => statuses.map((status) => `:list:${status}:${scopeOf(session)}`)

/** Times become texts that sort as they do, those before 1970 too. */
export const timeDigits = 17

export const timeText = (time: number): string => String(time + 8.64e15).padStart(timeDigits, "0")

/** Methods and names are JSON texts, and have no control characters. */
const separator = "\u0001"

export const kindText = ({ name, originalMethod }: StoredKind): string =>
  originalMethod.text + separator + (name?.text ?? "")

/** The bounds, as Redis writes them, between which the kinds are that are meant. */
export const kindRanges = (
  { behind, kinds }: Pick<FreeKindsQuery, "behind" | "kinds">
): ReadonlyArray<{ readonly from: string; readonly to: string }> => {
  const least = behind === undefined ? undefined : kindText(behind)
  if (kinds === undefined) return [{ from: least === undefined ? "-" : `(${least}`, to: "+" }]
  return kinds.map(rangeOf)
    .filter(({ to }) => least === undefined || to > least)
    .map(({ from, to }) => ({ from: least === undefined || from > least ? `[${from}` : `(${least}`, to: `[${to}` }))
}

const rangeOf = ({ name, originalMethod }: StoredKinds) => {
  const kind = kindText({ originalMethod, name: name ?? null })
  return { from: kind, to: name === undefined ? `${kind}\u007f` : kind }
}

export const kindParts = (kind: string): { readonly method: string; readonly name: string } => {
  const [method = "", name = ""] = kind.split(separator)
  return { method, name }
}

interface Place {
  readonly set: string
  readonly score: number
  readonly member: string
}

const placesOf = (task: StoredSummary): ReadonlyArray<Place> => {
  const { createdAt, lastUpdatedAt, leaseExpiresAt, sessionId, status, taskId, ttl } = task
  const scopes = [scopeOf(undefined), scopeOf(sessionId)]
  const member = taskId
  const listed = [undefined, sessionId].flatMap((session) => listsOf([status], session)).map((set) => ({
    set,
    score: 0,
    member: timeText(createdAt) + taskId
  }))
  const expiring = ttl === null
    ? []
    : scopes.map((scope) => ({ set: `:expiry:${scope}`, score: createdAt + ttl, member }))
  const holder = holderOf(task)
  // Nobody is to find by its age or its lease what a registered worker holds.
  if (holder !== null) return [...listed, ...expiring, { set: `:held:${holder}`, score: 0, member }]
  const active = isActive(task) ? [{ set: `:active:${status}`, score: lastUpdatedAt, member }] : []
  const leased = status === "working" && leaseExpiresAt !== null && isAbandoned(task)
    ? [{ set: ":leases", score: leaseExpiresAt, member }]
    : []
  return [...listed, ...expiring, ...active, ...leased]
}

export const isActive = ({ status }: StoredSummary): boolean => status === "working" || status === "input_required"

const textOf = ({ member, score, set }: Place): string => JSON.stringify([set, score, member])

/** The lease under which a task stands in a line, or waits for its turn to stand there. */
const lineLease = (task: StoredSummary): number | undefined =>
  task.status === "working" && task.leaseExpiresAt !== null && holderOf(task) === null ? task.leaseExpiresAt : undefined

const outOfLine = (task: StoredSummary): Change => ["leave", kindText(task), task.sessionId ?? "", task.taskId]

const intoLine = (task: StoredSummary, lease: number): Change =>
  lease === 0
    ? ["enter", kindText(task), task.sessionId ?? "", task.taskId, "0"]
    : ["add", ":waiting", String(lease), task.taskId]

/** Moves a task from where it stood to where it stands now. */
export const moves = (before: StoredSummary | undefined, after: StoredSummary | undefined): ReadonlyArray<Change> => {
  const old = new Map((before === undefined ? [] : placesOf(before)).map((place) => [textOf(place), place]))
  const current = new Map((after === undefined ? [] : placesOf(after)).map((place) => [textOf(place), place]))
  const changes: Array<Change> = []
  // A member that only changes its score is added anew, so what goes is dropped first.
  for (const [text, { member, set }] of old) if (!current.has(text)) changes.push(["drop", set, member])
  for (const [text, { member, score, set }] of current) {
    if (!old.has(text)) changes.push(["add", set, String(score), member])
  }
  const [from, to] = [before && lineLease(before), after && lineLease(after)]
  if (before !== undefined && from !== undefined) changes.push(outOfLine(before))
  if (after !== undefined && to !== undefined) changes.push(intoLine(after, to))
  return changes
}
