import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { idProblem, maxIdLength, sortKey, uuidV4, uuidV7 } from "../../../src/domain/task/TaskId.ts"

const uuid = (version: number) =>
  new RegExp(`^[0-9a-f]{8}-[0-9a-f]{4}-${version}[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

describe("TaskId", () => {
  it.effect("generates a UUID version 7 that holds the time of the clock", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(0x0123456789ab)
      const id = yield* uuidV7
      expect(id).toMatch(uuid(7))
      expect(id.slice(0, 13)).toBe("01234567-89ab")
    }))

  it.effect("stays well-formed under clocks that are out of range or not in whole milliseconds", () =>
    Effect.gen(function*() {
      for (const now of [-1, 0, 0.5, 1767323045678.9, 8.64e15]) {
        yield* TestClock.setTime(now)
        expect(yield* uuidV7).toMatch(uuid(7))
      }
    }))

  it.effect("takes every other bit of a UUID version 7 afresh, within one millisecond too", () =>
    Effect.gen(function*() {
      const ids = yield* Effect.replicateEffect(uuidV7, 2000)
      const bits = ids.map((id) => BigInt(`0x${id.replaceAll("-", "")}`))
      const random = Array.from({ length: 128 }, (_, bit) => bit).filter((bit) =>
        // 48 bits of time, 4 of version and 2 of variant are fixed.
        bit < 80 && !(bit >= 76 && bit < 80) && bit !== 62 && bit !== 63
      )
      expect(random).toHaveLength(74)
      for (const bit of random) {
        const ones = bits.filter((id) => (id >> BigInt(bit)) & 1n).length
        // A fair bit is this far from 1000 once in some 10^11 times.
        expect(Math.abs(ones - 1000)).toBeLessThan(155)
      }
      const rising = ids.filter((id, index) => index > 0 && id > (ids[index - 1] ?? "")).length
      expect(rising).toBeGreaterThan(800)
      expect(rising).toBeLessThan(1200)
    }))

  it.effect("generates a UUID version 4", () =>
    Effect.map(uuidV4, (id) => {
      expect(id).toMatch(uuid(4))
    }))

  it("says what is wrong with an id", () => {
    for (const good of ["a", "a b", "é", "😀", "x".repeat(maxIdLength), "__proto__"]) {
      expect(idProblem(good)).toBeUndefined()
    }
    expect(idProblem("")).toMatch(/empty/)
    expect(idProblem("x".repeat(maxIdLength + 1))).toMatch(/255/)
    expect(idProblem("a\u0000")).toMatch(/control/)
    expect(idProblem("a\u007f")).toMatch(/control/)
    expect(idProblem("a\u0085")).toMatch(/control/)
    expect(idProblem("\ud800")).toMatch(/Unicode/)
    expect(idProblem("\udc00a")).toMatch(/Unicode/)
  })

  const wellFormed = Schema.String.check(Schema.makeFilter((text) => text.isWellFormed()))
  const hard = Schema.Literals(["", "a", "b", "é", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}", "😀"])
  const ids = Schema.Union([wellFormed, Schema.TemplateLiteral([hard, hard, hard])])

  it.prop("sorts ids by their UTF-8 bytes", [ids, ids], ([left, right]) => {
    const keys: [string, string] = [sortKey(left), sortKey(right)]
    expect(Math.sign(keys[0] < keys[1] ? -1 : keys[0] > keys[1] ? 1 : 0))
      .toBe(Math.sign(Buffer.compare(Buffer.from(left), Buffer.from(right))))
  }, { arbitrary: { runs: 2000 } })
})
