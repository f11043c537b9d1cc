import { describe, expect, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { maxDepth, StoredJson } from "../../../src/domain/json/StoredJson.ts"

const stored = (value: unknown) => Result.getOrThrow(StoredJson.fromValue(value))

const nested = (depth: number): unknown => depth === 0 ? 1 : [nested(depth - 1)]

describe("StoredJson", () => {
  it.prop("gives any JSON back as JSON itself would, from memory and from text", [Schema.Json], ([value]) => {
    const json = stored(value)
    const expected: unknown = JSON.parse(JSON.stringify(value))
    expect(json.decode()).toEqual(expected)
    expect(JSON.stringify(StoredJson.fromText(json.text).decode())).toBe(JSON.stringify(expected))
  })

  it("reads keys that are written with escapes, whatever JSON.parse has met before", () => {
    const keys = ["\\", "é", "\"", "\n", "\\u", "ü!", "__proto__"]
    for (const before of keys) {
      for (const key of keys) {
        JSON.parse(JSON.stringify({ a: 0, [before]: [{ b: 0, [before]: 0 }] }))
        const json = stored({ a: 0, [key]: [{ b: 0, [key]: "\\\"" }, [], {}, -1.5, true, null] })
        expect(JSON.stringify(StoredJson.fromText(json.text).decode())).toBe(JSON.stringify(json.decode()))
      }
    }
  })

  it.each(["{\"\\n\":1", "{\"\\n\" 1}", "{\"\\n\":1}}", "{\"\\n\":x}", "[\"\\"])(
    "refuses %s, which is no JSON",
    (text) => {
      expect(() => StoredJson.fromText(text).decode()).toThrow(SyntaxError)
    }
  )

  it.prop("bounds its size before it writes its text", [Schema.Json], ([value]) => {
    const json = stored(value)
    const bound = json.bytesAtMost
    expect(json.bytes).toBe(new TextEncoder().encode(json.text).length)
    expect(bound).toBeGreaterThanOrEqual(json.bytes)
  })

  it("writes printable ASCII only, whatever the value holds", () => {
    for (const text of ["\u0000", "\ud800", "\udc00x", "é", "😀", "\u007f", "\u2028"]) {
      const json = stored({ [text]: text })
      expect(json.text).toMatch(/^[\x20-\x7e]*$/)
      expect(StoredJson.fromText(json.text).decode()).toEqual({ [text]: text })
    }
  })

  it("keeps the order of keys, empty keys and __proto__ as data", () => {
    const value: unknown = JSON.parse("{\"z\":1,\"\":2,\"__proto__\":{\"a\":3},\"a\":4}")
    const text = "{\"z\":1,\"\":2,\"__proto__\":{\"a\":3},\"a\":4}"
    expect(JSON.stringify(stored(value).decode())).toBe(text)
    expect(stored(value).text).toBe(text)
    expect(Object.getPrototypeOf(stored(value).decode())).toBe(Object.prototype)
  })

  it("reads undefined properties as absent and -0 as 0", () => {
    expect(stored({ a: undefined, b: -0 }).text).toBe("{\"b\":0}")
    expect(Object.is(stored(-0).decode(), 0)).toBe(true)
  })

  it("shares nothing with the value it was made of, nor with what it gives", () => {
    const value = { list: [1], deep: { a: 1 } }
    const json = stored(value)
    value.list.push(2)
    value.deep.a = 2
    expect(json.decode()).toEqual({ list: [1], deep: { a: 1 } })
    const copy = json.decode()
    if (typeof copy === "object" && copy !== null) Reflect.set(copy, "list", "changed")
    expect(json.decode()).toEqual({ list: [1], deep: { a: 1 } })
  })

  it.prop("decodes what was opened again and again, into copies that may be changed", [Schema.Json], ([value]) => {
    const { text } = stored(value)
    const opened = StoredJson.opened(text, 1_000)
    const first = opened.decode()
    expect(opened.text).toBe(text)
    if (Array.isArray(first)) first.push("changed")
    else if (typeof first === "object" && first !== null) Object.assign(first, { changed: true })
    expect(JSON.stringify(opened.decode())).toBe(JSON.stringify(stored(value).decode()))
    expect(opened).toMatchObject({ text, bytes: text.length, storedBytes: 1_000 })
  })

  it("has the same value where an engine has it in another form", () => {
    const [fromValue, fromText] = [stored({ a: [1] }), StoredJson.fromText("{\"a\":[1]}")]
    for (const json of [fromValue, fromText]) {
      const other = json.storedAs(40)
      expect(other).toMatchObject({ text: json.text, storedBytes: 40 })
      expect(other.decode()).toEqual({ a: [1] })
      expect(json.storedBytes).toBeUndefined()
    }
  })

  it("keeps one box for a text that many tasks have, and forgets most of many texts", () => {
    expect(StoredJson.shared("render")).toBe(StoredJson.shared("render"))
    const texts = Array.from({ length: 1_000 }, (_, index) => `tool é ${index}`)
    const boxes = texts.map((text) => StoredJson.shared(text))
    expect(boxes.map((box) => box.decode())).toEqual(texts)
    const kept = texts.filter((text, index) => StoredJson.shared(text) === boxes[index])
    expect(kept.length).toBeLessThan(300)
  })

  it("takes objects of another realm and without a prototype", () => {
    expect(stored(Object.assign(Object.create(null), { a: 1 })).decode()).toEqual({ a: 1 })
    expect(stored(Object.create(Object.create(null))).decode()).toEqual({})
  })

  it("leaves out what an object only inherits", () => {
    const parent: object = Object.assign(Object.create(null), { inherited: 1 })
    expect(stored(Object.assign(Object.create(parent), { own: 2 })).text).toBe("{\"own\":2}")
  })

  it("takes arrays of any length as a whole", () => {
    for (const length of [0, 1, 999, 1_000, 1_001, 50_000]) {
      const value = Array.from({ length }, (_, index) => index)
      expect(stored(value).decode()).toStrictEqual(value)
    }
  })

  it("refuses an array that loses items while it is read", () => {
    const value: Array<unknown> = [1, 2, 3]
    Object.defineProperty(value, 0, {
      get: () => {
        value.length = 1
        return 1
      }
    })
    expect(StoredJson.fromValue(value)).toMatchObject({ failure: { reason: "undefined is not JSON", path: [1] } })
  })

  it("refuses what JSON cannot carry, and says why", () => {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    class Point {
      x = 1
    }
    const refused: ReadonlyArray<readonly [unknown, RegExp]> = [
      [1n, /bigint/],
      [NaN, /NaN/],
      [Infinity, /Infinity/],
      [undefined, /undefined/],
      [Symbol("s"), /symbol/],
      [() => 1, /function/],
      [new Date(0), /Date/],
      [new Map(), /Map/],
      [new Set(), /Set/],
      [new Uint8Array(1), /Uint8Array/],
      [new Point(), /Point/],
      [{ toJSON: () => 1 }, /toJSON|Object/],
      [[undefined], /undefined/],
      [new Array(2), /undefined/],
      [{ a: { b: () => 1 } }, /function/],
      [cycle, /itself/],
      [nested(maxDepth + 1), /500/],
      [{
        get a() {
          throw new RangeError("secret payload")
        }
      }, /RangeError/]
    ]
    for (const [value, reason] of refused) {
      const result = StoredJson.fromValue(value)
      expect(Result.isFailure(result) && result.failure.reason).toMatch(reason)
      expect(Result.isFailure(result) && result.failure.reason).not.toContain("secret")
    }
  })

  it("tells where in a value that is", () => {
    for (const [value, path] of [[1n, []], [{ a: [0, { b: 1n }] }, ["a", 1, "b"]], [[[NaN]], [0, 0]]] as const) {
      const result = StoredJson.fromValue(value)
      expect(Result.isFailure(result) && result.failure.path).toEqual(path)
    }
  })

  it("takes nesting up to the limit, and one object in two places", () => {
    expect(stored(nested(maxDepth)).decode()).toEqual(nested(maxDepth))
    const shared = { a: 1 }
    expect(stored([shared, shared]).decode()).toEqual([shared, shared])
  })
})
