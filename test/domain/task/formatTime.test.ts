/**
 * Times are written as `Date` writes them.
 */
import * as DateTime from "effect/DateTime"
import { expect, test } from "vitest"
import { formatTime } from "../../../src/domain/task/formatTime.ts"

const day = 86_400_000
const edges = [0, 1, 9, 10, 99, 100, 999, 1_000, 59_999, 60_000, 3_599_999, 3_600_000, day - 1, day, day + 1]
const years = [-1, 0, 1, 999, 1582, 1969, 1970, 2000, 2026, 9999, 10_000].map((year) =>
  new Date(0).setUTCFullYear(year, 1, 28)
)
const ends = [8.64e15, 8.64e15 - 1, -8.64e15, -8.64e15 + 1]

test.each([...ends, ...years, ...edges, ...edges.map((millis) => -millis)])("%d", (millis) => {
  expect(formatTime(DateTime.makeUnsafe(millis))).toBe(new Date(millis).toISOString())
})

test("any time, whatever came before it", () => {
  for (let index = 0; index < 20_000; index++) {
    const millis = Math.floor((Math.random() - 0.5) * (index % 2 === 0 ? 10 * day : 2 * 8.64e15))
    // The second one may be remembered.
    expect(formatTime(DateTime.makeUnsafe(millis))).toBe(new Date(millis).toISOString())
    expect(formatTime(DateTime.makeUnsafe(millis))).toBe(new Date(millis).toISOString())
  }
})
