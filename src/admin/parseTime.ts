/**
 * Times as people write them: in flags of the command line, and in addresses of the page.
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"

const units: { readonly [unit: string]: number } = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000
}

/**
 * Says how times are written.
 *
 * @since 0.2.0
 * @category constants
 */
export const timeForm = "a time ago such as 90s, 15m, 2h or 2d, or an ISO time such as 2026-01-31T08:30Z"

/**
 * Parses a length of time: `90s`, `15m`, `2h`, `2d`, `1w`.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseLength = (text: string): number | undefined => {
  const [, count = "", unit = ""] = /^(\d+(?:\.\d+)?)\s*(ms|[smhdw])$/.exec(text.trim()) ?? []
  const millis = units[unit]
  return millis === undefined ? undefined : Math.round(Number(count) * millis)
}

/**
 * Parses a time: so long before `now`, which is in milliseconds since the epoch, or an ISO time. That is UTC where it does not say
 * otherwise.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseTime = (text: string, now: number): DateTime.Utc | undefined => {
  const ago = parseLength(text)
  if (ago !== undefined) return Option.getOrUndefined(DateTime.make(now - ago))
  const [, date = "", time = "00:00", zone = "Z"] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?(Z|[+-]\d\d:?\d\d)?$/i.exec(text.trim()) ?? []
  return date === "" ? undefined : Option.getOrUndefined(DateTime.make(`${date}T${time}${zone.toUpperCase()}`))
}
