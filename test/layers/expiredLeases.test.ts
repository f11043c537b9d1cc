/** That recovery is not shown what waits for a worker: the guard would refuse each of those, at the cost of a write. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { makeDriver, makeStore } from "mcp-task-storage/memory"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import * as SqliteTaskStorage from "../../src/layers/SqliteTaskStorage.ts"
import { unlimited } from "./sqlite/database.ts"
import { storedTask } from "./storedTask.ts"

const backends = [
  ["memory", Effect.map(makeStore, makeDriver)],
  ["sqlite", SqliteTaskStorage.makeDriver({ filename: ":memory:" })]
] as const

describe.each(backends)("%s", (_, makeBackend) => {
  it.effect("lists released tasks for those alone who ask for them", () =>
    Effect.gen(function*() {
      const driver = yield* makeBackend
      for (const [taskId, leaseExpiresAt] of [["free", 0], ["left", 1], ["at last", 9], ["held", 10]] as const) {
        yield* driver.insert(storedTask(taskId, { leaseExpiresAt }), unlimited, 0)
      }
      const list = (released: boolean) =>
        Effect.map(driver.expiredLeases({ released, expiredBy: 9, now: 0, limit: 10 }), (found) =>
          found.map(({ taskId }) => taskId))
      expect(yield* list(true)).toEqual(["free", "left", "at last"])
      expect(yield* list(false)).toEqual(["left", "at last"])
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
      for (let index = 0; index < 5; index++) yield* storage.createTask({ originalMethod: "m", lease: 0 })
      yield* driver.insert(storedTask("left", { leaseExpiresAt: 1 }), unlimited, 0)
      expect(yield* storage.recoverStuckTasks(0, { leases: "expired" })).toEqual(["left"])
      expect(writes).toBe(1)
    }))
})
