/**
 * The words of SQL.
 *
 * @since 0.2.0
 */

/**
 * A word, a literal, or a mark. Words are in lower case, since no name of this library differs from another by its case.
 *
 * @since 0.2.0
 * @category models
 */
export interface SqlToken {
  readonly kind: "word" | "text" | "mark"
  readonly value: string
}

/**
 * Parses SQL of SQLite or PostgreSQL, without its comments and whitespace. What it does not know is a mark for each
 * character.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseTokens = (sql: string): ReadonlyArray<SqlToken> =>
  Array.from(sql.matchAll(pattern), ({ groups = {} }): ReadonlyArray<SqlToken> => {
    const { body, mark, name, text, word } = groups
    if (word !== undefined) return [{ kind: "word", value: word.toLowerCase() }]
    if (name !== undefined) return [{ kind: "word", value: name.toLowerCase() }]
    const literal = text ?? body
    if (literal !== undefined) return [{ kind: "text", value: literal }]
    return mark === undefined ? [] : [{ kind: "mark", value: mark }]
  }).flat()

const pattern = new RegExp(
  [
    String.raw`--[^\n]*|/\*[\s\S]*?\*/|\s+`,
    String.raw`'(?<text>(?:[^']|'')*)'`,
    String.raw`\$(?<tag>\w*)\$(?<body>[\s\S]*?)\$\k<tag>\$`,
    "[\"`](?<name>[^\"`]*)[\"`]",
    String.raw`(?<word>[\p{L}\p{N}_]+)`,
    String.raw`(?<mark>::|[\s\S])`
  ].join("|"),
  "gu"
)

/**
 * Gives tokens in a common form. PostgreSQL spells them in its own way: it adds parentheses and types, and writes lists
 * differently.
 *
 * @since 0.2.0
 * @category writers
 */
export const canonical = (tokens: ReadonlyArray<SqlToken>): string => {
  const words: Array<string> = []
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index]
    if (token === undefined) continue
    const next = tokens[index + 1]
    if (isMark(next, ".") && !rows.has(token.value)) index++
    else if (isMark(token, "::")) index++
    else if (isMark(token, "=") && next?.value === "any") continue
    else if (token.kind === "mark" ? !"()[],;.".includes(token.value) : !spellings.has(token.value)) {
      words.push(token.value)
    }
  }
  return words.join(" ").replaceAll(/ else null\b/g, "")
}

/** Looks like a qualifier in a trigger, and is none. */
const rows = new Set(["old", "new"])

/** `x IN (a, b)` is `x = ANY (ARRAY[a, b])` to PostgreSQL. */
const spellings = new Set(["in", "any", "array"])

/**
 * Tells whether a token is this mark.
 *
 * @since 0.2.0
 * @category guards
 */
export const isMark = (token: SqlToken | undefined, value: string): boolean =>
  token !== undefined && token.kind === "mark" && token.value === value
