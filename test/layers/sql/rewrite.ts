/** Changes in the text of statements. */
export type Rewrite = (text: string) => string

/** `?` in one engine, `$1` in the other. */
const parameter = String.raw`(?:\?|\$\d+)`

/** A part of a statement: `#` stands for a parameter, `*` for what is between two brackets. */
const partOf = (part: string): RegExp =>
  new RegExp(
    part.split(/([#*])/).map((piece) =>
      piece === "#"
        ? parameter
        : piece === "*"
        ? String.raw`(?:[^()]|\([^()]*\))*`
        : piece.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
    ).join(""),
    "g"
  )

/** Changes a part of the statements that match, where they have it. */
export const rewrite = (statement: RegExp, part: string, change: (matched: string) => string): Rewrite => {
  const pattern = partOf(part)
  return (text) => statement.test(text) ? text.replaceAll(pattern, change) : text
}
