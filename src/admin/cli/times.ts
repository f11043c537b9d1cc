/**
 * Times as people write and read them.
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
 * Parses a time: so long before `now`, or an ISO time, which is UTC where it does not say otherwise.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseTime = (text: string, now: DateTime.Utc): DateTime.Utc | undefined => {
  const ago = parseLength(text)
  if (ago !== undefined) return DateTime.subtract(now, { milliseconds: ago })
  const [, date = "", time = "00:00", zone = "Z"] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?(Z|[+-]\d\d:?\d\d)?$/i.exec(text.trim()) ?? []
  return date === "" ? undefined : Option.getOrUndefined(DateTime.make(`${date}T${time}${zone.toUpperCase()}`))
}

/**
 * Shows a length of time in two or three digits: `340ms`, `12s`, `5m`, `3h`, `12d`.
 *
 * @since 0.2.0
 * @category conversions
 */
export const shownLength = (millis: number): string => {
  if (millis < 1000) return `${Math.max(0, Math.round(millis))}ms`
  if (millis < 10_000) return `${(Math.floor(millis / 100) / 10).toFixed(1)}s`
  const known: ReadonlyArray<readonly [unit: string, millis: number, until: number]> = [
    ["s", 1000, 120_000],
    ["m", 60_000, 2 * 3_600_000],
    ["h", 3_600_000, 2 * 86_400_000]
  ]
  const [unit, size] = known.find(([, , until]) => millis < until) ?? ["d", 86_400_000]
  return `${Math.floor(millis / size)}${unit}`
}

/**
 * Shows how long ago a time was. A time to come has a plus: `+5m`.
 *
 * @since 0.2.0
 * @category conversions
 */
export const shownAge = (time: DateTime.Utc, now: DateTime.Utc): string => {
  const millis = now.epochMilliseconds - time.epochMilliseconds
  return millis < 0 ? `+${shownLength(-millis)}` : shownLength(millis)
}

/**
 * Shows a time to the second.
 *
 * @since 0.2.0
 * @category conversions
 */
export const shownTime = (time: DateTime.Utc): string => `${DateTime.formatIso(time).slice(0, 19).replace("T", " ")}Z`
