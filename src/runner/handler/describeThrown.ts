/**
 * Text for anything that was thrown.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import type { FailureInput } from "../../domain/task/FailureReport.ts"

/** How many errors behind an error are named, each as the cause of the one before. */
const maxCauses = 8

/** How much of a text is read: more than will be stored. */
const maxText = 20_000

/**
 * Describes what was thrown, be it an error, any other value, or an object that throws when it is looked at.
 *
 * @since 0.2.0
 * @category constructors
 */
export const describeThrown = (thrown: unknown): FailureInput => {
  const { message, name, stack } = describeOne(thrown)
  const causes = causesOf(thrown).map((cause) => `\nCaused by ${headOf(describeOne(cause))}`).join("")
  return { name, message: message + causes, ...(stack === undefined ? {} : { stack: stack + causes }) }
}

/**
 * Gives the class of what was thrown, which says nothing of what it was thrown for. `_OTHER` is OpenTelemetry's name for what has
 * none.
 *
 * @since 0.2.0
 * @category accessors
 */
export const classOfThrown = (thrown: unknown): string => {
  const { name } = describeOne(unwrapped(thrown))
  return /^[\w$.:/@-]{1,100}$/.test(name) ? name : "_OTHER"
}

/**
 * Unwraps the error that Effect puts around the rejection of a promise.
 *
 * @since 0.2.0
 * @category accessors
 */
export const unwrapped = (thrown: unknown): unknown =>
  quietly(() => Cause.isUnknownError(thrown)) === true ? causeOf(thrown) ?? thrown : thrown

const headOf = ({ message, name }: FailureInput): string => message === "" ? name : `${name}: ${message}`

const describeOne = (thrown: unknown): FailureInput => {
  if ((typeof thrown !== "object" && typeof thrown !== "function") || thrown === null) {
    return {
      name: "Thrown",
      message: `${String(thrown).slice(0, maxText)} (${kindOf(thrown)} was thrown, and no Error)`
    }
  }
  const message = textOf(thrown, "message")
  const name = textOf(thrown, "name") ?? textOf(thrown, "_tag")
  if (message === undefined && name === undefined) {
    return { name: "Thrown", message: `${kindOf(thrown)} was thrown that is no Error${keysOf(thrown)}` }
  }
  const stack = textOf(thrown, "stack")
  return { name: name ?? "Error", message: message ?? "", ...(stack === undefined ? {} : { stack }) }
}

const kindOf = (value: unknown): string =>
  value === null || value === undefined
    ? String(value)
    : typeof value === "object"
    ? "an object"
    : `a ${typeof value}`

const keysOf = (value: object): string => {
  const keys = quietly(() => Object.keys(value).slice(0, 10))
  return keys === undefined || keys.length === 0 ? "" : `, with ${keys.join(", ")}`.slice(0, maxText)
}

const causesOf = (thrown: unknown): ReadonlyArray<unknown> => {
  const causes: Array<unknown> = []
  let next = causeOf(thrown)
  while (next !== undefined && causes.length < maxCauses && !causes.includes(next)) {
    causes.push(next)
    next = causeOf(next)
  }
  return causes
}

const causeOf = (thrown: unknown): unknown =>
  typeof thrown === "object" && thrown !== null
    ? quietly((): unknown => "cause" in thrown ? thrown.cause : undefined)
    : undefined

const textOf = (value: object, key: "message" | "name" | "stack" | "_tag"): string | undefined =>
  quietly(() => {
    const text: unknown = Reflect.get(value, key)
    return typeof text === "string" && (text !== "" || key === "message") ? text.slice(0, maxText) : undefined
  })

/**
 * Reads foreign data. Gives nothing if reading it throws.
 *
 * @since 0.2.0
 * @category combinators
 */
export const quietly = <A>(look: () => A): A | undefined => {
  try {
    return look()
  } catch {
    return undefined
  }
}
