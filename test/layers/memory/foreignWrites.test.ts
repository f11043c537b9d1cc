/** A process on a store in memory hears of what others write, and not of its own writes: its waiters know of those. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { makeDriver, makeStore } from "mcp-task-storage/memory"
import { newsOfSeats } from "../../../src/domain/driver/ActiveBounds.ts"
import type { TaskDriver, TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import { StoredJson } from "../../../src/domain/json/StoredJson.ts"
import { unlimited } from "../sqlite/database.ts"
import { storedTask } from "../storedTask.ts"

const scope = { now: 0, session: undefined }
const kind = { originalMethod: StoredJson.fromJson("tools/call"), name: null }
const query = { kind, freeBy: 0, now: 0, behind: undefined, except: [], perSession: 1, limit: 1 }

type Write = (driver: TaskDriver) => Effect.Effect<unknown, TaskDriverError>

/** The writes of a service that tells its own waiters of them. */
const writes: { readonly [name: string]: Write } = {
  insert: ({ insert }) => insert(storedTask("new"), unlimited, 0),
  patch: ({ patch }) => patch("free", scope, {}, { lastUpdatedAt: 1 }),
  remove: ({ remove }) => remove("free", scope),
  take: ({ take }) => take === undefined ? Effect.void : take(query, { lastUpdatedAt: 1, leaseExpiresAt: 9 })
}

describe.each(Object.entries(writes))("%s", (kind, write) => {
  it.effect("is told to others, and not to the one who did it", () =>
    Effect.gen(function*() {
      const store = yield* makeStore
      const [first, second] = [makeDriver(store), makeDriver(store)]
      yield* first.insert(storedTask("free", { leaseExpiresAt: 0 }), unlimited, 0)
      const heard: Record<"first" | "second", Array<string>> = { first: [], second: [] }
      for (const [name, { foreignWrites = Stream.empty }] of [["first", first], ["second", second]] as const) {
        yield* Effect.forkChild(
          Stream.runForEach(foreignWrites, (taskId) =>
            Effect.sync(() => {
              if (taskId !== undefined) heard[name].push(taskId)
            }))
        )
      }
      yield* TestClock.adjust(1)
      yield* write(first)
      yield* TestClock.adjust(1)
      expect(heard.first).toEqual([])
      // Others may wait for the task that was removed.
      expect(heard.second).toHaveLength(kind === "remove" ? 2 : 1)
      expect(heard.second.slice(1)).toEqual(kind === "remove" ? [newsOfSeats] : [])
    }))
})
