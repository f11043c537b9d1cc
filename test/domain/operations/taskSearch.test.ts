/** How far a search for tasks goes at once: what no index has is looked for in steps. */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { PageQuery } from "../../../src/domain/driver/TaskDriver.ts"
import { fromDriver } from "../../../src/domain/fromDriver.ts"
import type { StorageListOptions } from "../../../src/domain/options/TaskOptions.ts"
import { makeDriver, makeStore } from "../../../src/layers/MemoryTaskStorage.ts"

/** A storage of so many tasks, some of which have a name, and what it asks its driver for. */
const open = (count: number, named: ReadonlyArray<number>) =>
  Effect.gen(function*() {
    const queries: Array<PageQuery> = []
    const driver = makeDriver(yield* makeStore)
    const storage = yield* fromDriver({
      ...driver,
      pageSummaries: (query) => {
        queries.push(query)
        return driver.pageSummaries(query)
      }
    }, { maintenance: false })
    for (let index = 0; index < count; index++) {
      yield* storage.createTask({
        taskId: String(index).padStart(6, "0"),
        originalMethod: "tools/call",
        ...(named.includes(index) ? { name: "report", statusMessage: "x".repeat(10) } : {})
      })
    }
    const search = (options: StorageListOptions = {}) =>
      Effect.map(storage.listTaskSummaries({ name: "report", ...options }), ({ tasks, ...rest }) => ({
        ...rest,
        ids: tasks.map(({ taskId }) => Number(taskId))
      }))
    return { queries, search }
  })

it.effect("looks at ten thousand tasks for one page, and goes on from there", () =>
  Effect.gen(function*() {
    const { queries, search } = yield* open(20_500, [3, 10_001, 20_400])
    const first = yield* search()
    expect(first).toEqual({ ids: [3], examined: 10_000, nextCursor: expect.any(String) })
    expect(queries.map(({ limit }) => limit)).toEqual([51, ...Array.from({ length: 9 }, () => 1_000), 949])
    const second = yield* search({ cursor: first.nextCursor })
    expect(second).toEqual({ ids: [10_001], examined: 10_000, nextCursor: expect.any(String) })
    expect(yield* search({ cursor: second.nextCursor })).toEqual({ ids: [20_400], examined: 500 })
    const newest = yield* search({ order: "newest" })
    expect(newest).toEqual({ ids: [20_400], examined: 10_000, nextCursor: expect.any(String) })
    expect(yield* search({ order: "newest", cursor: newest.nextCursor }))
      .toEqual({ ids: [10_001], examined: 10_000, nextCursor: expect.any(String) })
  }))

it.effect("gives a page without tasks, but with a cursor, where it finds none in time", () =>
  Effect.gen(function*() {
    const { search } = yield* open(10_001, [10_000])
    const first = yield* search()
    expect(first).toEqual({ ids: [], examined: 10_000, nextCursor: expect.any(String) })
    expect(yield* search({ cursor: first.nextCursor })).toEqual({ ids: [10_000], examined: 1 })
  }))

it.effect("looks no further than to the next find, and never twice at what lies before it", () =>
  Effect.gen(function*() {
    const { queries, search } = yield* open(3_000, [10, 2_000, 2_999])
    const first = yield* search({ limit: 1 })
    expect(first).toEqual({ ids: [10], examined: 2_000, nextCursor: expect.any(String) })
    queries.length = 0
    const second = yield* search({ limit: 1, cursor: first.nextCursor })
    expect(second).toEqual({ ids: [2_000], examined: 999, nextCursor: expect.any(String) })
    expect(queries.map(({ after }) => after?.taskId)).toEqual(["001999", "002001"])
    expect(yield* search({ limit: 1, cursor: second.nextCursor })).toEqual({ ids: [2_999], examined: 1 })
  }))
