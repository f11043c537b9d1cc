/**
 * What was measured, as data and as a table.
 */

/** One measurement beside another one that stands for 1, both in microseconds for one operation. */
export interface Comparison {
  readonly subject: string
  readonly micros: number
  readonly baseline: number
  /** What the ratio of the two is meant to be at most; nothing fails when it is not. */
  readonly target?: number
}

const number = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value >= 0.1 ? value.toFixed(2) : value.toFixed(4)

const cellsOf = ({ baseline, micros, subject, target }: Comparison): ReadonlyArray<string> => {
  const ratio = micros / baseline
  const verdict = target === undefined ? "" : ratio <= target ? `<= ${target}` : `<= ${target}  missed`
  return [subject, number(micros), number(baseline), number(ratio), verdict]
}

/** Prints comparisons below a title. `names` says what is compared with what. */
export const print = (
  title: string,
  names: readonly [measured: string, baseline: string],
  comparisons: ReadonlyArray<Comparison>
): void => {
  const rows = [["us per operation", ...names, "ratio", "target"], ...comparisons.map(cellsOf)]
  const widthOf = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  console.log(`\n${title}\n`)
  for (const row of rows) {
    const cells = row.map((cell, column) =>
      column === 0 || column === 4 ? cell.padEnd(widthOf(column)) : cell.padStart(widthOf(column))
    )
    console.log(`  ${cells.join("   ").trimEnd()}`)
  }
}
