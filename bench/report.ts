/**
 * What was measured, as data and as a table.
 */
import type { PairComparison } from "./measurePairs.ts"

/** One measurement beside another one that stands for 1, both in microseconds for one operation. */
export interface Comparison {
  readonly subject: string
  readonly micros: number
  readonly baseline: number
  /** What the ratio of the two is meant to be at most, of throughputs at least; nothing fails when it is not. */
  readonly target?: number
}

/** A number that stands for itself. */
export interface Measure {
  readonly subject: string
  readonly measured: number
  /** What it is meant to be at most; nothing fails when it is more. */
  readonly target: number
}

type Names = readonly [measured: string, baseline: string]

const number = (value: number): string =>
  value === 0 || value >= 100
    ? value.toFixed(0)
    : value >= 10
    ? value.toFixed(1)
    : value >= 0.1
    ? value.toFixed(2)
    : value.toFixed(4)

const verdict = (bound: string, isMet: boolean): string => isMet ? bound : `${bound}  missed`

const timeCells = ({ baseline, micros, subject, target }: Comparison): ReadonlyArray<string> => {
  const ratio = micros / baseline
  return [
    subject,
    number(micros),
    number(baseline),
    number(ratio),
    target === undefined ? "" : verdict(`<= ${target}`, ratio <= target)
  ]
}

const throughputCells = ({ baseline, micros, subject, target }: Comparison): ReadonlyArray<string> => {
  const ratio = baseline / micros
  return [
    subject,
    number(1e6 / micros),
    number(1e6 / baseline),
    number(ratio),
    target === undefined ? "" : verdict(`>= ${target}`, ratio >= target)
  ]
}

/** Prints times below a title. `names` says what is compared with what. */
export const print = (title: string, names: Names, comparisons: ReadonlyArray<Comparison>): void =>
  printTable(title, [["us per operation", ...names, "ratio", "target"], ...comparisons.map(timeCells)])

/** Prints how much is done in a second: the same, the other way round. */
export const printThroughput = (title: string, names: Names, comparisons: ReadonlyArray<Comparison>): void =>
  printTable(title, [["operations per second", ...names, "ratio", "target"], ...comparisons.map(throughputCells)])

/** Prints pairs below a title: what they took, and what processors spent on it. The target is for what they took. */
export const printPairs = (
  title: string,
  names: Names,
  target: number,
  pairs: ReadonlyArray<PairComparison & { readonly subject: string }>
): void =>
  printTable(title, [
    ["us per operation", ...names, "ratio", "of it processors", "", "ratio", "target"],
    ...pairs.map(({ processor, subject, wall }) => [
      subject,
      ...[wall, processor].flatMap(({ baseline, measured, ratio }) => [measured, baseline, ratio].map(number)),
      verdict(`<= ${target}`, wall.ratio <= target)
    ])
  ])

/** Prints numbers below a title. */
export const printMeasures = (title: string, measures: ReadonlyArray<Measure>): void =>
  printTable(title, [
    ["", "measured", "target"],
    ...measures.map(({ measured, subject, target }) => [
      subject,
      number(measured),
      verdict(`<= ${target}`, measured <= target)
    ])
  ])

/** Prints rows below a title. The first and the last column are words. */
export const printTable = (title: string, rows: ReadonlyArray<ReadonlyArray<string>>): void => {
  const widthOf = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  console.log(`\n${title}\n`)
  for (const row of rows) {
    const cells = row.map((cell, column) =>
      column === 0 || column === row.length - 1 ? cell.padEnd(widthOf(column)) : cell.padStart(widthOf(column))
    )
    console.log(`  ${cells.join("   ").trimEnd()}`)
  }
}
