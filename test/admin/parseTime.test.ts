/** Times as people write them, in flags and in addresses. */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import { readFilter } from "../../src/admin/dashboard/readFilter.ts"
import { parseTime } from "../../src/admin/parseTime.ts"

const now = Date.UTC(2026, 0, 31, 12)
const hour = 3_600_000

const times: ReadonlyArray<readonly [text: string, time: number | undefined]> = [
  ["500ms", now - 500],
  ["90s", now - 90_000],
  ["1.5h", now - 1.5 * hour],
  ["2d", now - 48 * hour],
  ["1w", now - 7 * 24 * hour],
  ["2026-01-02", Date.UTC(2026, 0, 2)],
  ["2026-01-02T03:04", Date.UTC(2026, 0, 2, 3, 4)],
  ["2026-01-02 03:04:05", Date.UTC(2026, 0, 2, 3, 4, 5)],
  ["2026-01-02T03:04:05.678Z", Date.UTC(2026, 0, 2, 3, 4, 5, 678)],
  ["2026-01-02T03:04-0500", Date.UTC(2026, 0, 2, 8, 4)],
  // Before all time.
  ["9999999999999w", undefined],
  ["2026-13-02", undefined],
  ["an hour", undefined],
  ["1y", undefined],
  ["", undefined]
]

describe("a time", () => {
  it.each(times)("%j is the same in a flag and in an address", (text, time) => {
    const parsed = parseTime(text, now)
    assert.strictEqual(parsed?.epochMilliseconds, time)
    const read = readFilter(new URLSearchParams({ createdAfter: text }), now)
    if (Result.isFailure(read)) {
      assert.strictEqual(time, undefined)
      assert.deepInclude(read.failure, { _tag: "InvalidInput", field: "createdAfter" })
      return
    }
    assert.strictEqual(read.success.filter.createdAfter?.epochMilliseconds, time)
    assert.strictEqual(read.success.fixed, new URLSearchParams({ createdAfter: iso(time) }).toString())
  })
})

const iso = (time: number | undefined): string => DateTime.formatIso(DateTime.makeUnsafe(time ?? Number.NaN))
