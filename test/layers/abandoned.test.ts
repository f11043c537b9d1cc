/** That recovery is not shown what waits for a worker: the guard would refuse each of those, at the cost of a write. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { makeDriver, makeStore } from "mcp-task-storage/memory"
import { heldByWorker } from "../../src/domain/task/StoredTask.ts"
import { activeStatuses } from "../../src/domain/task/TaskStatus.ts"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import * as SqliteTaskStorage from "../../src/layers/SqliteTaskStorage.ts"
import { unlimited } from "./sqlite/database.ts"
import { storedTask } from "./storedTask.ts"

const backends = [
  ["memory", Effect.map(makeStore, makeDriver)],
  ["sqlite", SqliteTaskStorage.makeDriver({ filename: ":memory:" })]
] as const

const leases = [
  ["a nobody's", null],
  ["b held", 10],
  ["c free", 0],
  ["d left", 1],
  ["e at last", 9],
  ["f held", 99]
] as const

describe.each(backends)("%s", (_, makeBackend) => {
  it.effect("lists as abandoned what was neither released nor waits on purpose, by the end of its lease", () =>
    Effect.gen(function*() {
      const driver = yield* makeBackend
      for (const [taskId, leaseExpiresAt] of leases) {
        yield* driver.insert(storedTask(taskId, { leaseExpiresAt }), unlimited, 0)
      }
      yield* driver.insert(storedTask("g sleeps no more", { leaseExpiresAt: 5, dueAt: 5 }), unlimited, 0)
      yield* driver.insert(storedTask("h slept before", { leaseExpiresAt: 6, dueAt: 5 }), unlimited, 0)
      yield* driver.insert(storedTask("i runs", { leaseExpiresAt: heldByWorker, worker: "w" }), unlimited, 0)
      yield* driver.insert(storedTask("j asks", { leaseExpiresAt: 7, status: "input_required" }), unlimited, 0)
      const list = (limit: number) =>
        Effect.map(driver.abandoned({ expiredBy: 9, now: 0, limit }), (found) => found.map(({ taskId }) => taskId))
      expect(yield* list(10)).toEqual(["d left", "h slept before", "e at last"])
      expect(yield* list(2)).toEqual(["d left", "h slept before"])
    }))

  it.effect("lists as untouched what nobody has held since", () =>
    Effect.gen(function*() {
      const driver = yield* makeBackend
      for (const [taskId, leaseExpiresAt] of leases) {
        yield* driver.insert(storedTask(taskId, { leaseExpiresAt }), unlimited, 0)
      }
      yield* driver.insert(storedTask("g runs", { leaseExpiresAt: heldByWorker, worker: "w" }), unlimited, 0)
      const stale = { statuses: activeStatuses, updatedBefore: 2_000, freeSince: 9, now: 0 }
      const list = (limit: number) =>
        Effect.map(driver.stale({ ...stale, limit }), (found) => found.map(({ taskId }) => taskId))
      expect(yield* list(10)).toEqual(["a nobody's", "c free", "d left", "e at last"])
      expect(yield* list(2)).toEqual(["a nobody's", "c free"])
    }))

  it.live("recovers without a try at each of them", () =>
    Effect.gen(function*() {
      const driver = yield* makeBackend
      let writes = 0
      const storage = yield* TaskStorage.fromDriver({
        ...driver,
        patch: (...args) =>
          Effect.suspend(() => {
            writes++
            return driver.patch(...args)
          })
      }, { maintenance: false })
      for (let index = 0; index < 5; index++) {
        yield* storage.createTask({ originalMethod: "m", lease: 0 })
        yield* driver.insert(storedTask(`slept ${index}`, { leaseExpiresAt: 1, dueAt: 1 }), unlimited, 0)
      }
      yield* driver.insert(storedTask("left", { leaseExpiresAt: 1 }), unlimited, 0)
      expect(yield* storage.recoverStuckTasks(0, { leases: "expired" })).toEqual(["left"])
      expect(writes).toBe(1)
    }))
})
