/**
 * Measuring two ways to do the same against each other on a machine that others use.
 *
 * The two take turns in slices of some milliseconds, so that what slows down one slows down the other. Each slice is compared with the
 * one beside it, and the median of these ratios counts: a pause of the machine spoils a pair, and not the result.
 */
import { median } from "./measure.ts"

/** One of the two. `prepare` is not timed; what it gives is, and does it `operations` times. */
export interface Side {
  readonly operations: number
  readonly prepare: () => Promise<() => Promise<unknown>>
  /** How many microseconds of processors a server has spent on it so far. */
  readonly serverMicros: () => number
}

/** Microseconds for one operation. */
interface Slice {
  readonly wall: number
  readonly processor: number
}

/** The medians of both sides in microseconds for one operation, and of their ratios. */
interface Medians {
  readonly measured: number
  readonly baseline: number
  readonly ratio: number
}

export interface PairComparison {
  readonly wall: Medians
  /** What processors have spent on it, in this process and in the server. */
  readonly processor: Medians
}

const slice = async ({ operations, prepare, serverMicros }: Side): Promise<Slice> => {
  const run = await prepare()
  const [begin, here, server] = [performance.now(), process.cpuUsage(), serverMicros()]
  await run()
  const wall = (performance.now() - begin) * 1000
  const { system, user } = process.cpuUsage(here)
  return { wall: wall / operations, processor: (user + system + serverMicros() - server) / operations }
}

/** Measures so many pairs of slices, after some that do not count. */
export const measurePairs = async (
  measured: Side,
  baseline: Side,
  pairs: number,
  warmUp: number
): Promise<PairComparison> => {
  const slices: Array<readonly [measured: Slice, baseline: Slice]> = []
  for (let pair = 0; pair < warmUp + pairs; pair++) {
    // Who follows whom changes, since each one leaves something behind: garbage, and pages to be written.
    const isFirst = pair % 2 === 0
    const first = await slice(isFirst ? measured : baseline)
    const second = await slice(isFirst ? baseline : measured)
    if (pair >= warmUp) slices.push(isFirst ? [first, second] : [second, first])
  }
  const compared = (of: (slice: Slice) => number): Medians => ({
    measured: median(slices.map(([measured]) => of(measured))),
    baseline: median(slices.map(([, baseline]) => of(baseline))),
    ratio: median(slices.map(([measured, baseline]) => of(measured) / of(baseline)))
  })
  return { wall: compared(({ wall }) => wall), processor: compared(({ processor }) => processor) }
}
