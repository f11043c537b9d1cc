/**
 * How often something is done in the background.
 *
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { InvalidInput } from "../task/TaskError.ts"
import { parseMillis } from "./ArgumentParsers.ts"
import { parseNames } from "./optionNames.ts"

/**
 * The pause between two runs; `false` for never. The duration may stand alone, as configuration gives it.
 *
 * @since 0.2.0
 * @category options
 */
export type RepeatOption =
  | Duration.Duration
  | Extract<Duration.Input, string | number>
  | { readonly interval: Duration.Input }
  | false

/**
 * Parses such an option into milliseconds; `null` is never.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseRepeat = (field: string, option: RepeatOption): Result.Result<number | null, InvalidInput> => {
  if (option === false) return Result.succeed(null)
  if (typeof option !== "object" || Duration.isDuration(option)) {
    return Result.mapError(
      parseMillis(field, option, 1),
      () => new InvalidInput({ field, reason: "must be false, a duration, or an object with an interval" })
    )
  }
  return Result.flatMap(
    parseNames(option, ["interval"], `${field}.`),
    () => parseMillis(`${field}.interval`, option.interval, 1)
  )
}
