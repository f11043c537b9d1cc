/**
 * Printing a list: a table for people, a line of JSON for each thing for programs.
 *
 * @since 0.2.0
 */
import type * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { CliTerminal, type OutputClosed } from "./CliTerminal.ts"
import { JsonFlag } from "./globalFlags.ts"
import { safeJson } from "./safeText.ts"
import { type Column, renderTable } from "./Table.ts"

/**
 * How things of a kind are shown in a table. Ages in it are those of `now`.
 *
 * @since 0.2.0
 * @category models
 */
export type Format<Row> = (now: DateTime.Utc) => ReadonlyArray<Column<Row>>

/**
 * What printing needs.
 *
 * @since 0.2.0
 * @category models
 */
export type Printing = CliTerminal | Context.Service.Identifier<typeof JsonFlag>

/**
 * Prints things of a kind. `none` is for people, and goes to standard error, when there are none.
 *
 * @since 0.2.0
 * @category printers
 */
export const printRows = Effect.fnUntraced(function*<Row>(
  format: Format<Row>,
  rows: ReadonlyArray<Row>,
  options: { readonly none?: string; readonly heading?: boolean } = {}
): Effect.fn.Return<void, OutputClosed, Printing> {
  const { colours, columns, err, out } = yield* CliTerminal
  if (yield* JsonFlag) {
    return yield* rows.length === 0 ? Effect.void : out(rows.map((row) => `${safeJson(row)}\n`).join(""))
  }
  if (rows.length === 0) return yield* options.none === undefined ? Effect.void : err(`${options.none}\n`)
  const width = columns()
  yield* out(renderTable(format(yield* DateTime.now), rows, {
    width,
    colours: colours.out,
    heading: options.heading ?? true
  }))
})

/**
 * Prints one answer: `text` for people, and `value` as JSON.
 *
 * @since 0.2.0
 * @category printers
 */
export const printAnswer = Effect.fnUntraced(function*(
  value: unknown,
  text: string
): Effect.fn.Return<void, OutputClosed, Printing> {
  const { out } = yield* CliTerminal
  yield* out((yield* JsonFlag) ? `${safeJson(value)}\n` : `${text}\n`)
})
