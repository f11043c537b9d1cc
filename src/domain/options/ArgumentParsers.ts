/**
 * Parsers of arguments. Callers of the promise API may have no compiler, so a parser trusts no type.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { type NotJson, StoredJson } from "../json/StoredJson.ts"
import { InvalidInput } from "../task/TaskError.ts"
import { idProblem } from "../task/TaskId.ts"
import { type TaskStatus, taskStatuses } from "../task/TaskStatus.ts"
import { optionNames } from "./optionNames.ts"

type Parsed<A> = Result.Result<A, InvalidInput>

const refuse = (field: string, reason: string): Result.Result<never, InvalidInput> =>
  Result.fail(new InvalidInput({ field, reason }))

/**
 * Parses a value unless it is absent or `null`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const orNull = <A, B, E>(
  value: A | null | undefined,
  parse: (value: A) => Result.Result<B, E>
): Result.Result<B | null, E> => value === undefined || value === null ? absent : parse(value)

/**
 * Parses a value unless it is absent; `null` is a value.
 *
 * @since 0.1.0
 * @category combinators
 */
export const orAbsent = <A, B, E>(
  value: A | undefined,
  parse: (value: A) => Result.Result<B, E>
): Result.Result<B | null, E> => value === undefined ? absent : parse(value)

const absent = Result.succeed(null)

/**
 * Parses a task or session id.
 *
 * @since 0.1.0
 * @category parsers
 */
export const parseId = (field: string, id: unknown): Parsed<string> => {
  if (typeof id !== "string") return refuse(field, "must be a string")
  const problem = idProblem(id)
  return problem === undefined ? Result.succeed(id) : refuse(field, problem)
}

/**
 * Parses a positive integer.
 *
 * @since 0.1.0
 * @category parsers
 */
export const parseCount = (field: string, value: unknown): Parsed<number> =>
  typeof value === "number" && Number.isSafeInteger(value) && value > 0
    ? Result.succeed(value)
    : refuse(field, "must be a positive integer")

/**
 * Parses an integer that is not negative.
 *
 * @since 0.1.0
 * @category parsers
 */
export const parseNatural = (field: string, value: unknown): Parsed<number> =>
  value === 0 ? Result.succeed(0) : Result.mapError(
    parseCount(field, value),
    () => new InvalidInput({ field, reason: "must be an integer that is not negative" })
  )

/**
 * Parses a switch, which is off unless it is given.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseFlag = (field: string, value: unknown): Parsed<boolean> =>
  value === undefined || typeof value === "boolean"
    ? Result.succeed(value ?? false)
    : refuse(field, "must be true or false")

/**
 * Parses a duration of whole milliseconds, at least `least` of them.
 *
 * @since 0.1.0
 * @category parsers
 */
export const parseMillis = (field: string, value: Duration.Input | undefined, least: number): Parsed<number> => {
  const millis = typeof value === "number" ? value : value === undefined ? NaN : durationMillis(value)
  return Number.isSafeInteger(millis) && millis >= least
    // Adding zero makes -0 the 0 that every engine stores.
    ? Result.succeed(millis + 0)
    : refuse(
      field,
      `must be a duration, as 30000 (milliseconds) or "30 seconds", of whole milliseconds, at least ${least} and below 2^53`
    )
}

const durationUnits: ReadonlyArray<string> = optionNames<Duration.DurationObject>({
  days: true,
  hours: true,
  microseconds: true,
  milliseconds: true,
  minutes: true,
  nanoseconds: true,
  seconds: true,
  weeks: true
})

/** Effect reads a misspelt unit, or a value that is no number, as zero. */
const isSpelt = (value: Duration.Input): boolean => {
  if (typeof value !== "object" || Duration.isDuration(value)) return true
  if (Array.isArray(value)) return value.every(Number.isFinite)
  const units = Object.entries(value)
  return units.length > 0 && units.every(([unit, count]) => durationUnits.includes(unit) && typeof count === "number")
}

const durationMillis = (value: Duration.Input): number => {
  try {
    if (!isSpelt(value)) return NaN
    return Option.match(Duration.fromInput(value), { onNone: () => NaN, onSome: Duration.toMillis })
  } catch {
    // The parser throws for a value of another type.
    return NaN
  }
}

/**
 * Parses a time given as `DateTime.Utc` into milliseconds since the epoch.
 *
 * @since 0.1.0
 * @category parsers
 */
export const parseTime = (field: string, value: unknown): Parsed<number> => {
  const millis = typeof value === "object" && value !== null && "epochMilliseconds" in value
    ? value.epochMilliseconds
    : undefined
  return typeof millis === "number" && Number.isInteger(millis) && Math.abs(millis) <= 8.64e15
    ? Result.succeed(millis + 0)
    : refuse(field, "must be a DateTime.Utc of whole milliseconds")
}

/**
 * Parses a status.
 *
 * @since 0.1.0
 * @category parsers
 */
export const parseStatus = (field: string, value: unknown): Parsed<TaskStatus> => {
  const status = taskStatuses.find((known) => known === value)
  return status === undefined ? refuse(field, `must be one of ${taskStatuses.join(", ")}`) : Result.succeed(status)
}

/**
 * Parses a string of any content.
 *
 * @since 0.1.0
 * @category parsers
 */
export const parseText = (field: string, value: unknown): Parsed<StoredJson> =>
  typeof value === "string" ? parseJson(field, value) : refuse(field, "must be a string")

/**
 * Parses a string of at least one character and at most so many.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseShortText = (field: string, value: unknown, maxLength: number): Parsed<StoredJson> =>
  typeof value === "string" && value.length > 0 && value.length <= maxLength
    ? parseJson(field, value)
    : refuse(field, `must be a string of 1 to ${maxLength} characters`)

/**
 * Parses a value that JSON can carry. It may be nested `levels` deep, by default as deep as can be stored.
 *
 * @since 0.1.0
 * @category parsers
 */
export const parseJson = (field: string, value: unknown, levels?: number): Parsed<StoredJson> => {
  const stored = StoredJson.fromValue(value, levels)
  return Result.isSuccess(stored)
    ? Result.succeed(stored.success)
    : Result.fail(notJson(field, stored.failure.reason, stored.failure.path))
}

const notJson = (field: string, reason: string, path: NotJson["path"]): InvalidInput =>
  new InvalidInput({ field, reason: path.length === 0 ? reason : `${reason} (at ${writePath(path)})` })

/** Writes the path to a value inside a payload, cut to what helps to find it. */
const writePath = (path: NotJson["path"]): string => {
  const shown = path.slice(0, longestPath).map((place) => typeof place === "number" ? `[${place}]` : `.${cut(place)}`)
  return `${shown.join("").replace(/^\./, "")}${path.length > longestPath ? "…" : ""}`
}

const longestPath = 8

const cut = (name: string): string => name.length > longestName ? `${name.slice(0, longestName)}…` : name

const longestName = 60

/**
 * Parses a map of keys to what JSON can carry. The error names the key whose value is wrong.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseKeyed = (field: string, value: unknown): Parsed<StoredJson> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Result.mapError(
      StoredJson.fromValue(value),
      ({ path: [key, ...path], reason }) =>
        notJson(key === undefined ? field : `${field}.${cut(String(key))}`, reason, path)
    )
    : refuse(field, "must be an object")

/**
 * Parses an object whose values JSON can carry. They may be nested `levels` deep, by default as deep as can be stored.
 *
 * @since 0.1.0
 * @category parsers
 */
export const parseJsonObject = (field: string, value: unknown, levels?: number): Parsed<StoredJson> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? parseJson(field, value, levels)
    : refuse(field, "must be an object")
