/**
 * Where a task is in the index of free tasks.
 *
 * The tasks of one kind and session stand in one line, which is named so that lines come in the order of kinds, and then of
 * sessions. What is under a lease, or waits on purpose, stands in the {@link waitingLine} behind all of them, by the time at which
 * it becomes free. Somebody has to move it then. A task in the hands of a registered worker is in no line.
 *
 * @since 0.2.0
 */
import { createHash } from "node:crypto"
import type { StoredKinds } from "../../domain/driver/KindDriver.ts"
import type { StoredKind } from "../../domain/driver/TaskDriver.ts"
import { StoredJson } from "../../domain/json/StoredJson.ts"
import { heldByWorker, type StoredTask } from "../../domain/task/StoredTask.ts"

/** Smaller than every character of ids and of JSON texts, which have no control characters. */
const separator = "\u0001"

/** Greater than the separator, and smaller than every other character. */
const mark = "\u0002"

/** Bytes: the sort key of an index takes 1024 in all. */
const most = { method: 160, name: 160, session: 300, task: 300 } as const

/** A hash in base64url takes 43 bytes, and the mark one. */
const hashBytes = 44

/**
 * The line of what is not free yet. It comes behind all others, as they begin with a quotation mark.
 *
 * @since 0.2.0
 * @category keys
 */
export const waitingLine = "~"

/**
 * The bounds of all other lines.
 *
 * @since 0.2.0
 * @category keys
 */
export const allLines = { from: "\"", to: waitingLine } as const

/**
 * Gives the name of the line of a task. One that has a seat, for which others may wait, stands apart from those that have none. The texts of nearly all tasks are in it as they are. Of one that is too long it has the
 * beginning and a hash, so that very long ids with the same beginning are in no order.
 *
 * @since 0.2.0
 * @category keys
 */
export const lineOf = (task: StoredKind & Pick<StoredTask, "sessionId">, hasSeat: boolean): string =>
  (hasSeat ? lineOfSeated : lineOfSession)(kindKey(task), task.sessionId)

/**
 * Gives the name of the line of a session; `null` for the tasks that are bound to none.
 *
 * @since 0.2.0
 * @category keys
 */
export const lineOfSession = (kind: string, sessionId: string | null): string =>
  `${kind}${separator}${shortened(sessionId ?? "", most.session)}`

/**
 * Gives the name of the line in which those tasks of a session stand that have a seat. These lines come before those of all sessions.
 *
 * @since 0.2.0
 * @category keys
 */
export const lineOfSeated = (kind: string, sessionId: string | null): string =>
  `${kind}${separator}${separator}${shortened(sessionId ?? "", most.session)}`

/**
 * Gives the name of the line in which a task stands once it has a seat, of the one in which it stood before.
 *
 * @since 0.2.0
 * @category keys
 */
export const seatedLine = (line: string): string => {
  const kind = kindKeyOf(line)
  const session = line.slice(kind.length + separator.length)
  return session.startsWith(separator) ? line : kind + separator + separator + session
}

/**
 * Gives the bounds of these lines of a kind, and of the others: that of no session, and those of sessions.
 *
 * @since 0.2.0
 * @category keys
 */
export const partsOf = (kind: string) => ({
  seated: { from: kind + separator + separator, to: kind + separator + mark },
  others: [
    { from: kind + separator, to: kind + separator },
    { from: kind + separator + mark, to: kind + mark }
  ]
})

/**
 * Gives what the names of the lines of a kind begin with.
 *
 * @since 0.2.0
 * @category keys
 */
export const kindKey = ({ name, originalMethod }: StoredKind): string =>
  methodKey(originalMethod) + separator + (name === null ? "" : shortened(name.text, most.name))

/**
 * Gives what the keys of the kinds of a method begin with, before the separator.
 *
 * @since 0.2.0
 * @category keys
 */
export const methodKey = (originalMethod: StoredJson): string => shortened(originalMethod.text, most.method)

/**
 * Gives the same, of the key of a kind.
 *
 * @since 0.2.0
 * @category keys
 */
export const methodKeyOf = (kind: string): string => kind.split(separator, 1).join("")

/**
 * Gives what the name of this line begins with, as all of its kind.
 *
 * @since 0.2.0
 * @category keys
 */
export const kindKeyOf = (line: string): string => line.split(separator).slice(0, 2).join(separator)

/**
 * Gives the least that is behind this line, and not behind the next one.
 *
 * @since 0.2.0
 * @category keys
 */
export const behindLine = (line: string): string => line + separator

/**
 * Gives the bounds of the lines of a kind.
 *
 * @since 0.2.0
 * @category keys
 */
export const linesOf = (kind: string): { readonly from: string; readonly to: string } => ({
  from: kind + separator,
  to: kind + mark
})

/**
 * Gives the bounds of the lines of some kinds.
 *
 * @since 0.2.0
 * @category keys
 */
export const linesOfKinds = ({ name, originalMethod }: StoredKinds): ReturnType<typeof linesOf> =>
  name === undefined
    ? { from: methodKey(originalMethod) + separator, to: methodKey(originalMethod) + mark }
    : linesOf(kindKey({ name, originalMethod }))

/**
 * Gives the kind of the tasks in a line; `undefined` when it is too long for the name.
 *
 * @since 0.2.0
 * @category readers
 */
export const kindOf = (line: string): StoredKind | undefined => {
  const [method = "", name = ""] = line.split(separator)
  if (method.includes(mark) || name.includes(mark)) return undefined
  return { originalMethod: StoredJson.fromText(method), name: name === "" ? null : StoredJson.fromText(name) }
}

/**
 * A place in a line, which is that of free tasks or the waiting one.
 *
 * @since 0.2.0
 * @category models
 */
export interface Spot {
  readonly isFree: boolean
  readonly place: string
}

/**
 * Says where a task with this lease stands; `undefined` when it stands in no line.
 *
 * @since 0.2.0
 * @category keys
 */
export const spotOf = (leaseExpiresAt: number | null, taskId: string): Spot | undefined =>
  leaseExpiresAt === null || leaseExpiresAt === heldByWorker
    ? undefined
    : { isFree: leaseExpiresAt === 0, place: placeOf(leaseExpiresAt, taskId) }

/**
 * Gives the place of a task in its line: by its lease, and then by its id.
 *
 * @since 0.2.0
 * @category keys
 */
export const placeOf = (leaseExpiresAt: number, taskId: string): string =>
  `${padded(leaseExpiresAt)}#${shortened(taskId, most.task)}`

/**
 * Gives the place before which all stand whose lease ends at this time or earlier.
 *
 * @since 0.2.0
 * @category keys
 */
export const placesUpTo = (time: number): string => padded(Math.max(0, time + 1))

const padded = (time: number): string => String(time).padStart(16, "0")

const shortened = (text: string, bytes: number): string => {
  if (Buffer.byteLength(text) <= bytes) return text
  // Whole characters.
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytes - hashBytes))
  return text.slice(0, read) + mark + createHash("sha256").update(text).digest("base64url")
}
