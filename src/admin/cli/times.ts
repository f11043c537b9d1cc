/**
 * Times as people read them.
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"

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
