/**
 * One operation at a time: each of them is timed by itself.
 */
import { median } from "./measure.ts"

/** How many operations one way has before it is the turn of the next. */
const inTurn = 20

/** Measures ways to do the same in turns, after one turn that does not count. Gives the median microseconds by way. */
export const measureLatency = async (
  ways: ReadonlyArray<() => Promise<unknown>>,
  turns: number
): Promise<(way: () => Promise<unknown>) => number> => {
  const times = new Map<() => Promise<unknown>, Array<number>>(ways.map((way) => [way, []]))
  for (let turn = 0; turn <= turns; turn++) {
    for (const [way, measured] of turn % 2 === 0 ? times : [...times].reverse()) {
      for (let operation = 0; operation < inTurn; operation++) {
        const begin = performance.now()
        await way()
        if (turn > 0) measured.push((performance.now() - begin) * 1000)
      }
    }
  }
  return (way) => median(times.get(way) ?? [])
}
