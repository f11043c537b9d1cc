/** That maps changed as text are what they are when they are decoded, changed and stored again. */
import { describe, expect, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Json } from "effect/Schema"
import { StoredJson } from "../../../src/domain/json/StoredJson.ts"
import { append, assign, entryOf, filterKeys, keysOf } from "../../../src/domain/json/StoredMap.ts"

const stored = (value: { readonly [key: string]: Json }) => Result.getOrThrow(StoredJson.fromValue(value))

/** Keys and texts that a search for quotes, brackets or commas could trip over. */
const strings = [
  "",
  "a",
  "10",
  "2",
  "__proto__",
  "constructor",
  "\"",
  "\\",
  "\\\"",
  "\\\\",
  "a\\",
  "a\\\"",
  "a\"b",
  ",\"a\":1}",
  "{[",
  "]}",
  "\u0000",
  "\ud800",
  "é😀"
]
const key = Schema.Literals(strings)
const value = Schema.Union([
  key,
  Schema.Literals([0, -1.5e300]),
  Schema.Boolean,
  Schema.Null,
  Schema.Array(Schema.Union([key, Schema.Array(key), Schema.Record(key, key)])),
  Schema.Record(key, Schema.Record(key, Schema.Array(key)))
])
const entries = Schema.Array(Schema.Tuple([key, value]))

const sorted = (map: object) => Object.entries(map).toSorted(([left], [right]) => left < right ? -1 : 1)

/** In any order of keys, since that of numbers is not the one in which they are added. */
const sameMap = (actual: StoredJson | null, expected: object) => {
  expect(JSON.stringify(sorted(Object(actual?.decode())))).toBe(JSON.stringify(sorted(expected)))
  expect(actual === null ? "" : actual.text).not.toMatch(/[^\x20-\x7e]/)
}

describe("a stored map", () => {
  it.prop("tells its keys", [entries], ([own]) => {
    const map = Object.fromEntries(own)
    expect(keysOf(stored(map))).toEqual(Object.keys(map))
    expect(keysOf(null)).toEqual([])
  })

  it.prop("takes entries of other keys behind its own", [entries, value], ([own, value]) => {
    const map = Object.fromEntries(own)
    const added = entryOf("new \"key\"", Result.getOrThrow(StoredJson.fromValue(value)))
    sameMap(append(stored(map), added), { ...map, "new \"key\"": value })
    sameMap(append(added, stored(map)), { ...map, "new \"key\"": value })
  })

  it("keeps the order in which entries come", () => {
    expect(append(null, stored({ a: 1 })).text).toBe("{\"a\":1}")
    expect(append(stored({ b: 1 }), stored({ a: 2 })).text).toBe("{\"b\":1,\"a\":2}")
  })

  it.prop("takes entries of its own keys in their place", [entries, entries], ([own, others]) => {
    const [left, right] = [Object.fromEntries(own), Object.fromEntries(others)]
    const expected = Object.fromEntries([...Object.entries(left), ...others])
    const assigned = assign(stored(left), stored(right))
    sameMap(assigned, expected)
  })

  it.prop("gives the entries of some keys", [entries, Schema.Array(key)], ([own, some]) => {
    const map = Object.fromEntries(own)
    const kept = Object.entries(map).filter(([key]) => some.includes(key))
    const filtered = filterKeys(stored(map), (key) => some.includes(key))
    sameMap(filtered, Object.fromEntries(kept))
    expect(filtered === null).toBe(kept.length === 0)
  })

  it.each(["", "{", "}", "[]", "{1:2}", "{\"a", "{\"a\":", "{\"a\":[}", "{\"a\\\":1}"])("is not %s", (text) => {
    expect(() => keysOf(StoredJson.fromText(text))).toThrow(SyntaxError)
  })
})
