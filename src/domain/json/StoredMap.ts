/**
 * Maps in their stored form, changed as text. Adding or taking an entry costs the size of that entry. The others are not
 * decoded.
 *
 * @since 0.2.0
 */
import type { Json } from "effect/Schema"
import { endOfString, malformed } from "./JsonText.ts"
import { isSealed, StillSealed } from "./SealedText.ts"
import { StoredJson } from "./StoredJson.ts"

/** An entry of a map: from the quote before its key to the end of its value. */
interface Entry {
  readonly key: string
  readonly start: number
  readonly end: number
}

/**
 * Reads the keys of a stored map; an absent one is empty. Throws a `SyntaxError` when an engine gave back what is no map.
 *
 * @since 0.2.0
 * @category accessors
 */
export const keysOf = (map: StoredJson | null): ReadonlyArray<string> =>
  map === null ? [] : entriesIn(map.text).map(({ key }) => key)

/**
 * Makes a stored map of one entry.
 *
 * @since 0.2.0
 * @category constructors
 */
export const entryOf = (key: string, value: StoredJson): StoredJson =>
  StoredJson.fromText(`{${StoredJson.fromJson(key).text}:${value.text}}`)

/**
 * Adds the entries of a map behind those of another one. The two have no key in common.
 *
 * @since 0.2.0
 * @category combinators
 */
export const append = (map: StoredJson | null, added: StoredJson): StoredJson => {
  if (map === null || map.text === empty) return added
  if (added.text === empty) return map
  return StoredJson.fromText(`${unclosed(map.text)},${added.text.slice(1)}`)
}

/**
 * Adds the entries of a map to another one. An entry replaces one with the same key.
 *
 * @since 0.2.0
 * @category combinators
 */
export const assign = (map: StoredJson | null, added: StoredJson): StoredJson => {
  const known = new Set(keysOf(map))
  return keysOf(added).some((key) => known.has(key))
    ? StoredJson.fromJson(Object.fromEntries([...decodeEntries(map), ...decodeEntries(added)]))
    : append(map, added)
}

/**
 * Gives the entries of a map whose keys pass; `null` when none does.
 *
 * @since 0.2.0
 * @category combinators
 */
export const filterKeys = (map: StoredJson | null, passes: (key: string) => boolean): StoredJson | null => {
  if (map === null) return null
  const { text } = map
  const kept = entriesIn(text).filter(({ key }) => passes(key))
  return kept.length === 0
    ? null
    : StoredJson.fromText(`{${kept.map(({ end, start }) => text.slice(start, end)).join(",")}}`)
}

const empty = "{}"

const decodeEntries = (map: StoredJson | null): ReadonlyArray<readonly [key: string, value: Json]> =>
  Object.entries(map?.decode() ?? {})

const quote = 0x22
const comma = 0x2c

/** A map without its last bracket. */
const unclosed = (text: string): string => {
  if (text.startsWith("{") && text.endsWith("}")) return text.slice(0, -1)
  if (isSealed(text)) throw new StillSealed(text)
  return malformed()
}

/** Stored text has no space between its tokens. */
const entriesIn = (text: string): ReadonlyArray<Entry> => {
  const { length } = unclosed(text)
  const entries: Array<Entry> = []
  let start = 1
  while (start < length) {
    const colon = endOfString(text, start)
    const end = endOfValue(text, colon + 1)
    entries.push({ key: decodeKey(text.slice(start, colon)), start, end })
    start = end + 1
  }
  return entries
}

const decodeKey = (text: string): string => {
  const key: unknown = JSON.parse(text)
  return typeof key === "string" ? key : malformed()
}

const endOfValue = (text: string, start: number): number => {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = endOfString(text, at) - 1
        break
      case comma:
        if (depth === 0) return at
        break
      case 0x5b:
      case 0x7b:
        depth++
        break
      case 0x5d:
      case 0x7d:
        if (depth === 0) return at
        depth--
    }
  }
  return malformed()
}
