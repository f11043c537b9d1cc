/**
 * Options and records are closed: an unknown name is refused. A misspelt filter would list, fail or delete more than was
 * meant.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import * as Struct from "effect/Struct"
import { isPlainObject } from "../json/isPlainObject.ts"
import { InvalidInput } from "../task/TaskError.ts"

/**
 * The names of the options of a type, or of the fields of a record.
 *
 * @since 0.2.0
 * @category models
 */
export interface OptionNames<Options> extends ReadonlyArray<keyof Options & string> {
  /** For the compiler alone: the list of a type with more names is not the list of one with fewer. */
  readonly "~options"?: { readonly [Name in keyof Options]-?: true }
}

/**
 * Gives the names of all options of a type. It does not compile while one is missing, or is no option.
 *
 * @since 0.2.0
 * @category constructors
 */
export const optionNames = <Options extends object>(
  names: { readonly [Name in keyof Options]-?: true }
): OptionNames<Options> => Struct.keys<{ readonly [Name in keyof Options]: unknown }>(names)

/**
 * Reads the options of an operation once, and refuses names that it does not know. Without options it costs nothing.
 *
 * @since 0.2.0
 * @category parsers
 */
export const readOptions = <Options extends object>(
  options: Options | undefined,
  names: OptionNames<NoInfer<Options>>
): Result.Result<Options | undefined, InvalidInput> => {
  if (options === undefined) return none
  try {
    return isPlainObject(options) ? copyOf(options, names) : notPlain()
  } catch {
    return unreadable("options")
  }
}

const none: Result.Result<undefined, InvalidInput> = Result.succeed(undefined)

const notPlain = (): Result.Result<never, InvalidInput> =>
  Result.fail(new InvalidInput({ field: "options", reason: "must be a plain object" }))

/**
 * Reads the fields of an argument once, and refuses names that it does not know. A getter that throws is bad input like
 * any other. `within` is the path of the argument, with a dot behind it, if it is part of another one.
 *
 * @since 0.2.0
 * @category parsers
 */
export const readFields = <Fields extends object>(
  field: string,
  value: Fields,
  names: OptionNames<NoInfer<Fields>>,
  within = ""
): Result.Result<Fields, InvalidInput> => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return Result.fail(new InvalidInput({ field, reason: "must be an object" }))
  }
  try {
    return copyOf(value, names, within)
  } catch {
    return unreadable(field)
  }
}

const copyOf = <A extends object>(
  value: A,
  names: ReadonlyArray<string>,
  within = ""
): Result.Result<A, InvalidInput> => {
  const copy = { ...value }
  return Result.map(parseNames(copy, names, within), () => copy)
}

const unreadable = (field: string): Result.Result<never, InvalidInput> =>
  Result.fail(new InvalidInput({ field, reason: "reading it threw an exception" }))

/**
 * Refuses an object that has a property of another name than those that are known, `undefined` or not. `within` is the
 * path of the object, with a dot behind it. `elsewhere` are the paths of options that stand in another object, for those who
 * look for them here.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseNames = (
  options: object,
  names: ReadonlyArray<string>,
  within = "",
  elsewhere: ReadonlyArray<string> = []
): Result.Result<void, InvalidInput> => {
  // Without an array of keys, since every call with options comes by here.
  for (const name in options) {
    if (!names.includes(name)) return Result.fail(unknownName(within, name, names, elsewhere))
  }
  return Result.void
}

const unknownName = (
  within: string,
  name: string,
  names: ReadonlyArray<string>,
  elsewhere: ReadonlyArray<string>
): InvalidInput => {
  // A very long name may be a payload in the wrong place.
  const shown = name.length > longestName ? `${name.slice(0, longestName)}…` : name
  const known = Array.from(new Set(names))
  const meant = meantNames(shown, known, elsewhere)
  const advice = meant.length === 0 ? `; known are ${known.join(", ")}` : `; did you mean ${meant.join(" or ")}?`
  return new InvalidInput({ field: `${within}${shown}`, reason: `is not an option${advice}` })
}

const longestName = 60

/**
 * What may have been meant: the same name elsewhere, one that is a single typing mistake away, one that has this one as a part, or
 * one that is a few mistakes away.
 */
const meantNames = (
  name: string,
  known: ReadonlyArray<string>,
  elsewhere: ReadonlyArray<string>
): ReadonlyArray<string> => {
  const same = elsewhere.filter((path) => path.slice(path.lastIndexOf(".") + 1) === name)
  if (same.length > 0) return same
  const mistyped = nearestName(name, known, 1)
  if (mistyped !== undefined) return [mistyped]
  const longer = known.filter((candidate) => isPart(name, candidate))
  if (longer.length > 0 && longer.length <= mostMeant) return longer
  const nearest = nearestName(name, known, Math.max(2, Math.floor(name.length / 2)))
  return nearest === undefined ? [] : [nearest]
}

const mostMeant = 3

/** Whether a name is the beginning or the end of a longer one, in words: `method` of `originalMethod`, `active` of `activeTasks`. */
const isPart = (name: string, longer: string): boolean => {
  const capitalised = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  return longer.endsWith(capitalised) || (longer.startsWith(name) && /^[A-Z]/.test(longer.slice(name.length)))
}

/** The known name that is the fewest typing mistakes away, and not more than `most`. */
const nearestName = (name: string, known: ReadonlyArray<string>, most: number): string | undefined => {
  let nearest: string | undefined
  let fewest = most
  for (const candidate of known) {
    const count = mistakes(name.toLowerCase(), candidate.toLowerCase())
    if (count > fewest || (count === fewest && nearest !== undefined)) continue
    nearest = candidate
    fewest = count
  }
  return nearest
}

/** How many characters have to be added, left out or replaced to make one name of another. */
const mistakes = (from: string, to: string): number => {
  const others = Array.from(to)
  let row = [0, ...others.map((_, at) => at + 1)]
  for (const [index, character] of Array.from(from).entries()) {
    const next = [index + 1]
    for (const [at, other] of others.entries()) {
      const replaced = (row[at] ?? 0) + (character === other ? 0 : 1)
      next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
