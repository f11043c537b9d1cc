/**
 * Times as text.
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { InvalidInput } from "../task/TaskError.ts"

const layout = /^(?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/

/**
 * Parses a time in UTC such as `2026-01-02T03:04:05.678Z`.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseIsoTime = (field: string, text: unknown): Result.Result<DateTime.Utc, InvalidInput> => {
  if (typeof text === "string" && layout.test(text)) {
    const time = DateTime.make(text)
    // The parser takes the 30th of February for the 2nd of March.
    if (Option.isSome(time) && DateTime.formatIso(time.value).startsWith(text.slice(0, text.indexOf("T") + 9))) {
      return Result.succeed(time.value)
    }
  }
  return Result.fail(new InvalidInput({ field, reason: "must be a time in UTC such as 2026-01-02T03:04:05.678Z" }))
}
