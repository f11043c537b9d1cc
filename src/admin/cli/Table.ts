/**
 * Tables that fit the terminal.
 *
 * @since 0.2.0
 */
import { displayWidth } from "effect/cli/CliOutput"
import { type Colour, coloured } from "./colours.ts"
import { fitted } from "./fitted.ts"
import { safeLine } from "./safeText.ts"

/**
 * A column of a table.
 *
 * @since 0.2.0
 * @category models
 */
export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => string | undefined
  readonly colour?: (row: Row) => Colour | undefined
  readonly align?: "right"
  /** How narrow it may become; as wide as its content by default. */
  readonly narrowest?: number
  /** Which part of a cell stays when it becomes narrow: its `start` by default. The end of an id is an id too. */
  readonly keeps?: "start" | "end"
  /** Where the terminal is too narrow, columns go, that of the highest number first. The others stay. */
  readonly goes?: number
}

const gap = "  "

/**
 * How to show a table.
 *
 * @since 0.2.0
 * @category options
 */
export interface TableOptions {
  /** Where it must fit. Without it every cell is whole. */
  readonly width?: number | undefined
  readonly colours: boolean
  readonly heading: boolean
}

/**
 * Renders rows as a table with a heading, each line with its line feed. Nothing in it is a control character but that and the colours.
 *
 * @since 0.2.0
 * @category conversions
 */
export const renderTable = <Row>(
  columns: ReadonlyArray<Column<Row>>,
  rows: ReadonlyArray<Row>,
  options: TableOptions
): string => {
  const filled = columns.map((column) => {
    const cells = rows.map((row) => safeLine(column.cell(row) ?? ""))
    return { column, cells, width: Math.max(displayWidth(column.title), ...cells.map(displayWidth)) }
  })
  // A column that says nothing only takes room.
  const told = filled.filter(({ cells, column }) => column.goes === undefined || cells.some((cell) => cell !== ""))
  const shown = fit(told, options.width)
  const heading = shown.map(({ column, width }) => ({ column, width, text: column.title, colour: "dim" as const }))
  const lines = rows.map((row, index) =>
    shown.map(({ cells, column, width }) => ({ column, width, text: cells[index] ?? "", colour: column.colour?.(row) }))
  )
  return [...(options.heading ? [heading] : []), ...lines].map((line) => `${renderLine(line, options.colours)}\n`).join(
    ""
  )
}

interface Filled<Row> {
  readonly column: Column<Row>
  readonly cells: ReadonlyArray<string>
  readonly width: number
}

const fit = <Row>(columns: ReadonlyArray<Filled<Row>>, limit: number | undefined): ReadonlyArray<Filled<Row>> => {
  if (limit === undefined || total(columns.map(({ width }) => width)) <= limit) return columns
  const least = columns.map(({ column, width }) => Math.min(column.narrowest ?? width, width))
  if (total(least) > limit) {
    const last = columns.reduce<Filled<Row> | undefined>(
      (last, filled) => (filled.column.goes ?? 0) > (last?.column.goes ?? 0) ? filled : last,
      undefined
    )
    if (last !== undefined) return fit(columns.filter((filled) => filled !== last), limit)
  }
  return narrow(columns.map((filled, index) => ({ ...filled, least: least[index] ?? 0 })), limit)
}

/** Takes from the widest column that can give, cell by cell: from ids first, whose ends say enough. */
const narrow = <Row>(
  columns: ReadonlyArray<Filled<Row> & { readonly least: number }>,
  limit: number
): ReadonlyArray<Filled<Row>> => {
  const widths = columns.map(({ width }) => width)
  const widest = (keeps: "start" | "end") => {
    let found: number | undefined
    for (const [index, { column, least }] of columns.entries()) {
      const width = widths[index] ?? 0
      if ((column.keeps ?? "start") === keeps && width > least && width > (widths[found ?? -1] ?? 0)) found = index
    }
    return found
  }
  for (let over = total(widths) - limit; over > 0; over--) {
    const giving = widest("end") ?? widest("start")
    if (giving === undefined) break
    widths[giving] = (widths[giving] ?? 0) - 1
  }
  return columns.map((column, index) => ({ ...column, width: widths[index] ?? column.width }))
}

const total = (widths: ReadonlyArray<number>): number =>
  widths.reduce((sum, width) => sum + width, gap.length * Math.max(0, widths.length - 1))

interface Cell<Row> {
  readonly column: Column<Row>
  readonly width: number
  readonly text: string
  readonly colour: Colour | undefined
}

const renderLine = <Row>(cells: ReadonlyArray<Cell<Row>>, colours: boolean): string =>
  cells
    .map(({ colour, column, text, width }, index) => {
      const kept = fitted(text, width, column.keeps)
      const shown = coloured(kept, colour, colours)
      const room = " ".repeat(Math.max(0, width - displayWidth(kept)))
      if (column.align === "right") return `${room}${shown}`
      return index === cells.length - 1 ? shown : `${shown}${room}`
    })
    .join(gap)
    .trimEnd()
