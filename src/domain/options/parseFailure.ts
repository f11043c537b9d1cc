/**
 * Failures as callers hand them in, in their stored form.
 *
 * @since 0.2.0
 */
import type * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import { allOf } from "../effects/allOf.ts"
import { StoredJson } from "../json/StoredJson.ts"
import type { FailureInput, StoredFailure } from "../task/FailureReport.ts"
import { InvalidInput } from "../task/TaskError.ts"
import { orAbsent, parseText, parseTime } from "./ArgumentParsers.ts"

/** How many bytes a failure may take. A message that leaves no room for the stack is cut to half of them. */
const maxBytes = 16_384

/** All that is stored beside its texts takes fewer bytes. */
const restBytes = 100

/** How many bytes a name may take. It is the name of a class. */
const maxNameBytes = 1_024

/**
 * A parsed failure. Gives its stored form when it is written at `now`.
 *
 * @since 0.2.0
 * @category models
 */
export type ParsedFailure = (now: number) => StoredFailure

/**
 * Parses a failure and cuts it to 16 KiB, its stack first. Without a time it gets the time of the write.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseFailure = (
  field: string,
  failure: FailureInput & { readonly at?: DateTime.Utc }
): Result.Result<ParsedFailure, InvalidInput> => {
  try {
    return typeof failure !== "object" || failure === null
      ? Result.fail(new InvalidInput({ field, reason: "must be an object with a name and a message" }))
      : parseParts(field, { name: failure.name, message: failure.message, stack: failure.stack, at: failure.at })
  } catch {
    return Result.fail(new InvalidInput({ field, reason: "reading it threw an exception" }))
  }
}

const parseParts = (
  field: string,
  { at, message, name, stack }: FailureInput & { readonly at: DateTime.Utc | undefined }
): Result.Result<ParsedFailure, InvalidInput> =>
  Result.map(
    allOf([
      parseText(`${field}.name`, name),
      parseText(`${field}.message`, message),
      orAbsent(stack, (stack) => parseText(`${field}.stack`, stack)),
      orAbsent(at, (at) => parseTime(`${field}.at`, at))
    ]),
    ([, , , at]) => storeFailure(name, message, stack, at)
  )

/**
 * Gives a failure in its stored form, cut to 16 KiB.
 *
 * @since 0.2.0
 * @category constructors
 */
export const storeFailure = (
  name: string,
  message: string,
  stack: string | undefined,
  at: number | null
): ParsedFailure => {
  const cutName = cut(name, maxNameBytes)
  const room = maxBytes - restBytes - textBytes(cutName)
  const stackBytes = stack === undefined ? 0 : textBytes(stack.slice(0, maxBytes))
  const cutMessage = cut(message, Math.max(room - stackBytes, room / 2))
  const failureStack = stack === undefined ? null : StoredJson.fromJson(cut(stack, room - textBytes(cutMessage)))
  return (now) => ({
    failure: StoredJson.fromJson({ name: cutName, message: cutMessage, at: at ?? now }),
    failureStack
  })
}

const textBytes = (text: string): number => StoredJson.fromJson(text).bytes

/** Gives the longest start of a text that fits into so many bytes. It cuts no character in two. */
const cut = (text: string, bytes: number): string => {
  // Each unit takes at least a byte, so nothing behind this fits.
  const start = text.slice(0, Math.max(0, bytes))
  if (textBytes(start) <= bytes) return start
  let [fits, tooLong] = [0, start.length]
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2)
    if (textBytes(start.slice(0, middle)) <= bytes) fits = middle
    else tooLong = middle
  }
  return start.slice(0, isInPair(start, fits) ? fits - 1 : fits)
}

const isInPair = (text: string, index: number): boolean => {
  const code = text.codePointAt(index - 1)
  return code !== undefined && code > 0xffff
}
