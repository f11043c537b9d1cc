/**
 * Reading a statement from its start to its end.
 *
 * @since 0.2.0
 */
import { isMark, parseTokens, type SqlToken } from "./SqlToken.ts"

/**
 * A place in a statement.
 *
 * @since 0.2.0
 * @category models
 */
export class SqlReader {
  readonly #tokens: ReadonlyArray<SqlToken>
  #index = 0

  constructor(tokens: ReadonlyArray<SqlToken>) {
    this.#tokens = tokens
  }

  static of(sql: string): SqlReader {
    return new SqlReader(parseTokens(sql))
  }

  get isAtEnd(): boolean {
    return this.#index >= this.#tokens.length
  }

  /** Reads these words if they come next. */
  reads(words: string): boolean {
    const wanted = words.split(" ")
    if (!wanted.every((word, offset) => isWord(this.#tokens[this.#index + offset], word))) return false
    this.#index += wanted.length
    return true
  }

  /** Reads one of these words, or a series of them, if it comes next, and gives it. */
  readsOneOf<Words extends string>(choices: ReadonlyArray<Words>): Words | undefined {
    return choices.find((words) => this.reads(words))
  }

  /** Reads a name, without its qualifiers. */
  name(): string {
    const name = this.token()?.value ?? ""
    if (!isMark(this.#tokens[this.#index], ".")) return name
    this.#index++
    return this.name()
  }

  token(): SqlToken | undefined {
    return this.#tokens[this.#index++]
  }

  /** Reads what is between parentheses, if they come next. */
  group(): ReadonlyArray<SqlToken> | undefined {
    if (!isMark(this.#tokens[this.#index], "(")) return undefined
    const start = this.#index + 1
    let depth = 0
    do {
      depth += depthOf(this.#tokens[this.#index])
      this.#index++
    } while (depth > 0 && !this.isAtEnd)
    return this.#tokens.slice(start, this.#index - 1)
  }

  /** Reads up to one of these words, which may be within no parentheses, or to the end. */
  until(words: ReadonlySet<string>): ReadonlyArray<SqlToken> {
    const start = this.#index
    let depth = 0
    while (!this.isAtEnd) {
      const token = this.#tokens[this.#index]
      if (depth === 0 && token?.kind === "word" && words.has(token.value)) break
      depth += depthOf(token)
      this.#index++
    }
    return this.#tokens.slice(start, this.#index)
  }

  rest(): ReadonlyArray<SqlToken> {
    return this.until(new Set())
  }
}

/**
 * Splits at the commas that are within no parentheses.
 *
 * @since 0.2.0
 * @category readers
 */
export const splitList = (tokens: ReadonlyArray<SqlToken>): ReadonlyArray<ReadonlyArray<SqlToken>> => {
  const items: Array<Array<SqlToken>> = [[]]
  let depth = 0
  for (const token of tokens) {
    depth += depthOf(token)
    if (depth === 0 && isMark(token, ",")) items.push([])
    else items.at(-1)?.push(token)
  }
  return items
}

const depthOf = (token: SqlToken | undefined): number => isMark(token, "(") ? 1 : isMark(token, ")") ? -1 : 0

const isWord = (token: SqlToken | undefined, word: string): boolean =>
  token !== undefined && token.kind === "word" && token.value === word
