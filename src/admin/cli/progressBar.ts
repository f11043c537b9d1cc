/**
 * How far bulk work has come, in one line.
 *
 * @since 0.2.0
 */
import { shownCount } from "./counted.ts"

const width = 24

/**
 * Draws a bar, if it is known how much there is to do, with the numbers and how many are done each second.
 *
 * @since 0.2.0
 * @category conversions
 */
export const progressBar = (done: number, total: number | undefined, millis: number): string => {
  const rate = millis < 500 ? "" : `  ${shownCount(Math.round(done / millis * 1000))}/s`
  if (total === undefined || total === 0) return `${shownCount(done)}${rate}`
  const share = Math.min(1, done / total)
  const filled = Math.floor(share * width)
  const bar = `[${"#".repeat(filled)}${"-".repeat(width - filled)}]`
  return `${bar} ${Math.floor(share * 100)}%  ${shownCount(done)} of ${shownCount(total)}${rate}`
}
