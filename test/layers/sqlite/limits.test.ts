/** That limits are exact, count what was there before, and hold against whoever opens the file without them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { TaskDriver } from "../../../src/domain/driver/TaskDriver.ts"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"
import { storedTask } from "../storedTask.ts"
import { anyone, bare, freshFile, unlimited } from "./database.ts"

type Bounds = readonly [maxTasks: number | null, maxTasksPerSession: number | null]

const insertAt = (now: number, driver: TaskDriver, taskId: string, sessionId: string | null, bounds: Bounds) =>
  Effect.map(
    driver.insert(
      storedTask(taskId, { sessionId }),
      { maxTasks: bounds[0], maxTasksPerSession: bounds[1] },
      now
    ),
    (result) => result._tag === "LimitReached" ? `${result.scope} ${result.limit}` : result._tag
  )

const insert = (driver: TaskDriver, taskId: string, sessionId: string | null, bounds: Bounds) =>
  insertAt(1000, driver, taskId, sessionId, bounds)

describe("limits", () => {
  it.live("count what was there before, and what others write without limits", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const before = yield* SqliteTaskStorage.makeDriver({ filename })
      yield* insert(before, "1", "a", [null, null])
      yield* insert(before, "2", null, [null, null])
      const limited = yield* SqliteTaskStorage.makeDriver({ filename })
      assert.strictEqual(yield* insert(limited, "3", null, [2, null]), "storage 2")
      assert.strictEqual(yield* insert(limited, "4", "a", [null, 1]), "session 1")
      assert.strictEqual(yield* insert(limited, "4", "b", [null, 1]), "Inserted")
      assert.strictEqual(yield* insert(before, "5", "b", [null, null]), "Inserted")
      assert.strictEqual(yield* insert(limited, "6", "b", [null, 2]), "session 2")
      assert.isTrue(yield* before.remove("5", anyone(1000)))
      assert.strictEqual(yield* insert(limited, "6", "b", [4, 2]), "Inserted")
      assert.strictEqual(yield* insert(limited, "7", "b", [4, 9]), "storage 4")
    }))

  it.live("do not concern tasks of no session, where they are limits of sessions", () =>
    Effect.gen(function*() {
      const driver = yield* SqliteTaskStorage.makeDriver({ filename: ":memory:" })
      for (const taskId of ["1", "2", "3"]) {
        assert.strictEqual(yield* insert(driver, taskId, null, [null, 1]), "Inserted")
      }
    }))

  it.live("come after an id that is taken", () =>
    Effect.gen(function*() {
      const driver = yield* SqliteTaskStorage.makeDriver({ filename: ":memory:" })
      yield* insert(driver, "1", "a", [1, 1])
      assert.strictEqual(yield* insert(driver, "1", "a", [1, 1]), "Exists")
    }))

  it.live("let an expired task be replaced", () =>
    Effect.gen(function*() {
      const driver = yield* SqliteTaskStorage.makeDriver({ filename: ":memory:" })
      const bounds = { maxTasks: 1, maxTasksPerSession: 1 }
      const task = storedTask("1", { sessionId: "a", ttl: 5 })
      yield* driver.insert(task, bounds, 1000)
      assert.deepStrictEqual(yield* driver.insert(task, bounds, 1004), { _tag: "Exists" })
      assert.deepStrictEqual(yield* driver.insert(task, bounds, 1005), { _tag: "Inserted" })
    }))

  it.live("leave an expired task alone where they refuse the one that would replace it", () =>
    Effect.gen(function*() {
      const driver = yield* SqliteTaskStorage.makeDriver({ filename: ":memory:" })
      yield* driver.insert(storedTask("1", { sessionId: "a", ttl: 5 }), unlimited, 1000)
      yield* insert(driver, "2", "b", [null, null])
      assert.strictEqual(yield* insertAt(1005, driver, "1", "b", [null, 1]), "session 1")
      assert.strictEqual(yield* insertAt(1005, driver, "1", "a", [1, null]), "storage 1")
      assert.deepStrictEqual(yield* driver.removeExpired(1005, 10), ["1"])
    }))

  it.live("keep no count of sessions without tasks, and cost nothing where they are off", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const driver = yield* SqliteTaskStorage.makeDriver({ filename })
      const database = yield* bare(filename)
      const triggers = () => database.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all().length
      const counts = () =>
        database.prepare("SELECT session_id, tasks FROM mcp_task_counts ORDER BY session_id").all()
          .map((row) => `${row["session_id"]}=${row["tasks"]}`)
      yield* driver.insert(storedTask("1", { sessionId: "a" }), unlimited, 1000)
      assert.strictEqual(triggers(), 0)
      yield* insert(driver, "2", "a", [9, 9])
      assert.strictEqual(triggers(), 2)
      yield* insert(driver, "3", "b", [9, 9])
      assert.deepStrictEqual(counts(), ["=3", "a=2", "b=1"])
      yield* driver.remove("1", anyone(1000))
      yield* driver.remove("2", anyone(1000))
      yield* driver.remove("3", anyone(1000))
      assert.deepStrictEqual(counts(), ["=0"])
    }))

  it.live("are started when a layer with limits opens the file, and only where it may change the schema", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const verifying = { filename, maxTasks: 1, schema: "verify" } as const
      yield* SqliteTaskStorage.makeDriver({ filename })
      const refused = yield* Effect.flip(SqliteTaskStorage.makeDriver(verifying))
      assert.match(refused._tag === "TaskDriverError" ? refused.reason : "", /limitTriggers/)
      yield* SqliteTaskStorage.makeDriver({ filename, maxTasksPerSession: 1 })
      const driver = yield* SqliteTaskStorage.makeDriver(verifying)
      assert.strictEqual(yield* insert(driver, "1", null, [1, null]), "Inserted")
      assert.strictEqual(yield* insert(driver, "2", null, [1, null]), "storage 1")
    }))

  it.live("hold when several handles race for the last place", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const drivers = yield* Effect.all(
        Array.from({ length: 4 }, () => SqliteTaskStorage.makeDriver({ filename, synchronous: "off" }))
      )
      const results = yield* Effect.all(
        drivers.flatMap((driver, handle) =>
          Array.from({ length: 10 }, (_, index) => insert(driver, `${handle}-${index}`, `s${index % 2}`, [null, 3]))
        ),
        { concurrency: "unbounded" }
      )
      assert.lengthOf(results.filter((result) => result === "Inserted"), 6)
      assert.lengthOf(results.filter((result) => result === "session 3"), 34)
    }))
})
