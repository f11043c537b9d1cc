/**
 * Measuring side by side: contenders take turns in the same run, and the medians of their rounds are compared.
 */

/** One of several ways to do the same. `prepare` is not timed; what it gives is, and does it `operations` times. */
export interface Contender {
  readonly operations: number
  readonly prepare: () => Promise<() => Promise<void> | void>
}

/** Microseconds of one operation. */
export interface Micros {
  /** By the clock on the wall, which also counts what others do on this machine meanwhile. */
  readonly wall: number
  /** Of the processors, by all threads of this process. */
  readonly processors: number
}

/**
 * Measures contenders in alternating rounds, after one round of each, or more, that does not count. Gives the median
 * microseconds of an operation by contender.
 */
export const measure = async (
  contenders: ReadonlyArray<Contender>,
  rounds: number,
  warmUp = 1
): Promise<(contender: Contender) => number> => {
  const micros = await measureProcessors(contenders, rounds, warmUp)
  return (contender) => micros(contender).wall
}

/** Measures as {@link measure} does, and the time of the processors beside that of the clock. */
export const measureProcessors = async (
  contenders: ReadonlyArray<Contender>,
  rounds: number,
  warmUp = 1
): Promise<(contender: Contender) => Micros> => {
  const times = new Map<Contender, Array<Micros>>(contenders.map((contender) => [contender, []]))
  for (let round = 0; round < warmUp + rounds; round++) {
    // Who follows whom changes, since each one leaves something behind: garbage, and pages to be written.
    for (const [contender, measured] of round % 2 === 0 ? times : [...times].reverse()) {
      const run = await contender.prepare()
      const used = process.cpuUsage()
      const begin = performance.now()
      await run()
      const wall = (performance.now() - begin) * 1000 / contender.operations
      const { system, user } = process.cpuUsage(used)
      if (round >= warmUp) measured.push({ wall, processors: (user + system) / contender.operations })
    }
  }
  return (contender) => {
    const measured = times.get(contender) ?? []
    return {
      wall: median(measured.map(({ wall }) => wall)),
      processors: median(measured.map(({ processors }) => processors))
    }
  }
}

/** Gives the middle one of some numbers. */
export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((left, right) => left - right)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2
}
