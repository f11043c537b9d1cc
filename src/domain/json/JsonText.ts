/**
 * JSON text that `JSON.stringify` wrote, read without decoding it, or with more care than `JSON.parse` takes.
 *
 * @since 0.2.0
 */
import type { Json } from "effect/Schema"

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a

/**
 * Gives the place behind the string that begins at a place. Strings are passed over by a search for their end, so that
 * long ones cost next to nothing. Throws a `SyntaxError` where there is no string.
 *
 * @since 0.2.0
 * @category readers
 */
export const endOfString = (text: string, start: number): number =>
  text.charCodeAt(start) === quote ? endAfter(text, start) : malformed()

/** Gives the index behind the string that an index is in. */
const endAfter = (text: string, inside: number): number => {
  let end = inside
  do {
    end = text.indexOf("\"", end + 1)
    if (end < 0) return malformed()
  } while (isEscaped(text, end))
  return end + 1
}

const isEscaped = (text: string, at: number): boolean => {
  let before = at
  while (text.charCodeAt(before - 1) === backslash) before--
  return (at - before) % 2 === 1
}

/**
 * Parses the text of a value. `JSON.parse` of V8 13 takes a key that is written with an escape for another one, once it has
 * met that at the same place of any text: after `{"a":0,"\\":0}` it reads `{"a":0,"\u00e9":0}` as the first one. So texts
 * with such keys are read here.
 *
 * @since 0.2.0
 * @category readers
 */
export const parseJsonText = (text: string): Json => hasEscapedKey(text) ? new Reader(text).whole() : JSON.parse(text)

/** A string that a colon follows is a key. */
const hasEscapedKey = (text: string): boolean => {
  let at = text.indexOf("\\")
  while (at >= 0) {
    const end = endAfter(text, at)
    if (text.charCodeAt(end) === colon) return true
    at = text.indexOf("\\", end)
  }
  return false
}

/** Reads value by value. A string that stands alone is read right by `JSON.parse`. */
class Reader {
  #at = 0
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  whole(): Json {
    const value = this.#value()
    return this.#at === this.#text.length ? value : malformed()
  }

  #value(): Json {
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object()
      case "[":
        return this.#array()
      case "\"":
        return this.#string()
      default:
        return this.#scalar()
    }
  }

  #object(): Json {
    const entries: Array<readonly [key: string, value: Json]> = []
    this.#items("}", () => {
      const key = this.#string()
      this.#take(":")
      entries.push([key, this.#value()])
    })
    return Object.fromEntries(entries)
  }

  #array(): Json {
    const items: Array<Json> = []
    this.#items("]", () => items.push(this.#value()))
    return items
  }

  /** Reads items up to a bracket. */
  #items(close: string, readItem: () => void): void {
    this.#at++
    if (this.#text[this.#at] !== close) {
      readItem()
      while (this.#text[this.#at] === ",") {
        this.#at++
        readItem()
      }
    }
    this.#take(close)
  }

  #take(character: string): void {
    if (this.#text[this.#at] !== character) malformed()
    this.#at++
  }

  #string(): string {
    const start = this.#at
    this.#at = endOfString(this.#text, start)
    const value: unknown = JSON.parse(this.#text.slice(start, this.#at))
    return typeof value === "string" ? value : malformed()
  }

  #scalar(): Json {
    const start = this.#at
    while (this.#at < this.#text.length && !/[,\]}]/.test(this.#text.charAt(this.#at))) this.#at++
    return JSON.parse(this.#text.slice(start, this.#at))
  }
}

/**
 * @since 0.2.0
 * @category errors
 */
export const malformed = (): never => {
  throw new SyntaxError("the stored text is not as it was written")
}
