/** The size of JSON, which is looked at no further than its bounds. */
import { assert, describe, it } from "@effect/vitest"
import { overrunJson } from "../../src/protocol/overrunJson.ts"

const nested = (levels: number): unknown => {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

const values: ReadonlyArray<unknown> = [
  null,
  true,
  -1.5,
  "",
  "plain",
  "é",
  "€",
  "😀",
  [],
  {},
  [1, "two", null],
  { a: { "é": ["€", "😀"] }, b: false }
]

describe("the size of JSON", () => {
  it.each(values.map((value) => [JSON.stringify(value), value] as const))("%s is that of its text", (text, value) => {
    const bytes = new TextEncoder().encode(text).length
    assert.isUndefined(overrunJson(value, { bytes, depth: 9 }))
    assert.strictEqual(overrunJson(value, { bytes: bytes - 1, depth: 9 }), "bytes")
  })

  it("is overrun by levels that are nested, and by no others", () => {
    const bounds = { bytes: Infinity, depth: 3 }
    assert.isUndefined(overrunJson(nested(3), bounds))
    assert.isUndefined(overrunJson(Array.from({ length: 1000 }, () => [[]]), bounds))
    assert.strictEqual(overrunJson(nested(4), bounds), "depth")
    // Deeper than calls can be nested.
    assert.strictEqual(overrunJson(nested(1_000_000), bounds), "depth")
    assert.isUndefined(overrunJson(nested(1_000_000), { bytes: Infinity, depth: Infinity }))
  })

  it("is not looked at any further once it is overrun", () => {
    let read = 0
    const large = new Proxy({}, {
      ownKeys: () => Array.from({ length: 1000 }, (_, index) => `${index}`),
      getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
      get: (_, key) => {
        if (typeof key === "string") read++
        return "x".repeat(100)
      }
    })
    const items: Array<unknown> = Array.from({ length: 100 }, () => large)
    assert.strictEqual(overrunJson(items, { bytes: 500, depth: 9 }), "bytes")
    // One of the hundred, in two looks.
    assert.isAtMost(read, 2000)
  })
})
