/** What the charts are made of. */
import * as DateTime from "effect/DateTime"
import { describe, expect, test } from "vitest"
import { taskHistory } from "../../../src/admin/dashboard/taskHistory.ts"

const minute = 60_000
const from = Date.UTC(2026, 0, 2, 3)
const to = from + 60 * minute

type Told = Parameters<typeof taskHistory>[0][number]

const time = (minutes: number) => DateTime.makeUnsafe(from + minutes * minute)

/** A task that is created, taken and last written at these minutes of the hour. */
const task = (created: number, started: number | undefined, written: number, rest: Partial<Told> = {}): Told => ({
  status: "completed",
  originalMethod: "tools/call",
  name: "report",
  createdAt: time(created),
  ...(started === undefined ? {} : { startedAt: time(started) }),
  lastUpdatedAt: time(written),
  ...rest
})

const countsOf = (...tasks: ReadonlyArray<Told>) => {
  const { points } = taskHistory(tasks, from, to)
  expect(points).toHaveLength(60)
  const at = (key: "running" | "settled" | "failed") =>
    points.flatMap((point, minute) => point[key] === 0 ? [] : [[minute, point[key]]])
  return { running: at("running"), settled: at("settled"), failed: at("failed") }
}

const minutes = (begin: number, end: number) => Array.from({ length: end - begin }, (_, at) => [begin + at, 1])

describe("points", () => {
  test("count a task as running from when it was taken until it ended", () => {
    expect(countsOf(task(5, 10, 20))).toEqual({ running: minutes(10, 20), settled: [[20, 1]], failed: [] })
  })

  test("count one that ends as soon as it begins", () => {
    expect(countsOf(task(5, 5, 5))).toEqual({ running: [], settled: [[5, 1]], failed: [] })
  })

  test("count what began before and what has not ended", () => {
    expect(countsOf(task(-30, -20, 3))).toEqual({ running: minutes(0, 3), settled: [[3, 1]], failed: [] })
    expect(countsOf(task(50, 55, 56, { status: "working" }))).toEqual({
      running: minutes(55, 60),
      settled: [],
      failed: []
    })
  })

  test("count failures and tool errors as failed", () => {
    expect(countsOf(task(1, 1, 2, { status: "failed" }), task(1, 1, 2, { resultKind: "tool_error" }))).toMatchObject({
      settled: [],
      failed: [[2, 2]]
    })
  })

  test("leave out what waits for a worker or for an answer", () => {
    const epoch = DateTime.makeUnsafe(0)
    expect(countsOf(task(5, undefined, 5, { status: "working", leaseExpiresAt: epoch })).running).toEqual([])
    expect(countsOf(task(5, 6, 10, { status: "input_required" })).running).toEqual(minutes(6, 10))
  })

  test("count a task that no worker is to take from its creation on", () => {
    expect(countsOf(task(50, undefined, 52, { status: "working" })).running).toEqual(minutes(50, 60))
  })

  test("bear clocks that differ", () => {
    expect(countsOf(task(70, 75, 80))).toEqual({ running: [], settled: [[59, 1]], failed: [] })
    expect(countsOf(task(10, 20, 15))).toEqual({ running: [], settled: [[15, 1]], failed: [] })
    expect(countsOf(task(70, 75, 30))).toEqual({ running: [], settled: [[30, 1]], failed: [] })
    expect(countsOf(task(70, 75, 80, { status: "working" })).running).toEqual([[59, 1]])
  })

  const moments = { "when the span begins": 0, "when the span ends": 60 }

  describe.each(Object.entries(moments))("count what is written %s", (_, moment) => {
    const piece = Math.min(59, moment)
    const written: ReadonlyArray<
      readonly [Told["status"], Told["resultKind"], "running" | "settled" | "failed" | "none"]
    > = [
      ["working", undefined, "running"],
      ["input_required", undefined, "none"],
      ["completed", "success", "settled"],
      ["completed", "tool_error", "failed"],
      ["cancelled", undefined, "settled"],
      ["failed", "error", "failed"]
    ]

    test.each(written)("of a task that is %s (%s)", (status, resultKind, as) => {
      const rest = { status, ...(resultKind === undefined ? {} : { resultKind }) }
      const only = {
        running: as === "running" ? minutes(piece, 60) : [],
        settled: as === "settled" ? [[piece, 1]] : [],
        failed: as === "failed" ? [[piece, 1]] : []
      }
      expect(countsOf(task(moment, moment, moment, rest))).toEqual(only)
      // Of one that began before, and ran until then.
      const before = moment - 10
      expect(countsOf(task(before, before, moment, rest))).toEqual({
        ...only,
        running: minutes(Math.max(0, before), as === "running" ? 60 : piece)
      })
    })
  })
})

test("durations are those of each kind, the most frequent first", () => {
  const lengths = Array.from({ length: 100 }, (_, at) => task(0, 0, (at + 1) / 10))
  const { durations } = taskHistory(
    [...lengths, task(0, 1, 3, { name: "publish", status: "failed" }), task(0, 1, 3, { status: "working" })],
    from,
    to
  )
  expect(durations).toEqual([
    {
      method: "tools/call",
      name: "report",
      count: 100,
      failed: 0,
      median: 5.1 * minute,
      p95: 9.6 * minute,
      longest: 10 * minute
    },
    {
      method: "tools/call",
      name: "publish",
      count: 1,
      failed: 1,
      median: 2 * minute,
      p95: 2 * minute,
      longest: 2 * minute
    }
  ])
})

test("of many kinds only the most frequent are told", () => {
  const tasks = Array.from({ length: 100 }, (_, at) => task(0, 0, 1, { name: `tool ${at}` }))
  expect(taskHistory([...tasks, task(0, 0, 1, { name: "tool 77" })], from, to).durations).toMatchObject({
    length: 20,
    0: { name: "tool 77" }
  })
})
