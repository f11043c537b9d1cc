/**
 * Text that fits a number of cells of a terminal.
 *
 * @since 0.2.0
 */
import { displayWidth } from "effect/cli/CliOutput"

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" })

/**
 * Shortens a text to a width. An ellipsis stands for what is left out: at its end, or at its start if the end is to stay.
 *
 * @since 0.2.0
 * @category conversions
 */
export const fitted = (text: string, width: number, keeps: "start" | "end" = "start"): string => {
  if (displayWidth(text) <= width) return text
  const segments = Array.from(graphemes.segment(text), ({ segment }) => segment)
  if (keeps === "end") segments.reverse()
  const kept: Array<string> = []
  let used = 1
  for (const segment of segments) {
    used += displayWidth(segment)
    if (used > width) break
    kept.push(segment)
  }
  return keeps === "end" ? `…${kept.toReversed().join("")}` : `${kept.join("")}…`
}
