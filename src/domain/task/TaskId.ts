/**
 * Identifiers of tasks.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/**
 * The longest task or session id, in UTF-16 code units.
 *
 * @since 0.1.0
 * @category constants
 */
export const maxIdLength = 255

/**
 * Says why a string cannot be a task or session id, or `undefined` when it can.
 *
 * @since 0.1.0
 * @category guards
 */
export const idProblem = (id: string): string | undefined => {
  if (id.length === 0) return "must not be empty"
  if (id.length > maxIdLength) return `must have at most ${maxIdLength} UTF-16 code units, not ${id.length}`
  if (plainAscii.test(id)) return undefined
  if (/\p{Cc}/u.test(id)) return "must not contain control characters"
  return id.isWellFormed() ? undefined : "must be well-formed Unicode, without lone surrogates"
}

/** Not written where it is used, since that would make a new object for each id. */
const plainAscii = /^[\x21-\x7e]+$/

/**
 * Identifies a task: 1 to 255 UTF-16 code units of well-formed Unicode without control characters.
 *
 * @since 0.1.0
 * @category schemas
 */
export const TaskId = Schema.String.check(
  Schema.isMinLength(1),
  Schema.isMaxLength(maxIdLength),
  Schema.makeFilter((id) => idProblem(id))
).pipe(Schema.brand("TaskId"))

/**
 * @since 0.1.0
 * @category models
 */
export type TaskId = typeof TaskId.Type

/**
 * Generates a UUID version 7 whose 74 bits beside the timestamp are all fresh from a cryptographic source, so that one
 * id tells nothing about its neighbours. Ids of different milliseconds sort by time.
 *
 * @since 0.1.0
 * @category constructors
 */
export const uuidV7: Effect.Effect<string> = Effect.withFiber((fiber) =>
  Effect.succeed(uuidV7At(fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()))
)

/**
 * Generates what {@link uuidV7} generates, at a time in milliseconds.
 *
 * @since 0.2.0
 * @category constructors
 */
export const uuidV7At = (now: number): string =>
  // The runtime batches its random bytes for UUIDs, which makes this several times cheaper than asking for ten.
  `${startAt(now)}${crypto.randomUUID().slice(15)}`

/** The time of the last id, and its text up to the version: those that are made together share it. */
let lastTime = NaN
let lastStart = ""

/** Writes what the ids of a time begin with, which takes longer than all the rest of an id. */
const startAt = (now: number): string => {
  if (now !== lastTime) {
    const time = Math.floor(Math.min(Math.max(now, 0), latest)).toString(16).padStart(12, "0")
    lastStart = `${time.slice(0, 8)}-${time.slice(8)}-7`
    lastTime = now
  }
  return lastStart
}

/** What 48 bits of time can say; a clock out of their range, which a test may have, still makes well-formed ids. */
const latest = 2 ** 48 - 1

/**
 * Generates a UUID version 4: 122 bits from a cryptographic source and no time.
 *
 * @since 0.1.0
 * @category constructors
 */
export const uuidV4: Effect.Effect<string> = Effect.sync(() => crypto.randomUUID())

/**
 * Gives an id in a form that JavaScript orders as every backend orders ids: by their UTF-8 bytes. JavaScript itself
 * compares UTF-16 code units, which puts U+E000 to U+FFFF behind the characters outside the basic plane.
 *
 * @since 0.1.0
 * @category ordering
 */
export const sortKey = (id: string): string =>
  isUnordered.test(id)
    ? id.replace(/[\ud800-\uffff]/g, (unit) => String.fromCharCode(rank(unit.charCodeAt(0))))
    : id

const isUnordered = /[\ud800-\uffff]/

/** Swaps the surrogates with what is above them. */
const rank = (unit: number): number => unit < 0xe000 ? unit + 0x2000 : unit - 0x800
