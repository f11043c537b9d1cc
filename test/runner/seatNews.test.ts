/** That a task which waits for a seat begins soon when another process leaves one, on each engine that can tell. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type InvalidInput, TaskStorage, type TaskStorageError, type TaskStorageShape } from "mcp-task-storage"
import { makeTaskRunner } from "mcp-task-storage/runner"
import type { TaskDriver, TaskDriverError } from "../../src/domain/driver/TaskDriver.ts"
import { makeDriver, makeStore } from "../../src/layers/MemoryTaskStorage.ts"
import * as PostgresTaskStorage from "../../src/layers/PostgresTaskStorage.ts"
import * as SqliteTaskStorage from "../../src/layers/SqliteTaskStorage.ts"
import { freshUrl } from "../layers/postgres/engine.ts"
import { freshFile } from "../layers/sqlite/database.ts"

const limits = { maxActive: 1, whenMaxActive: "wait" } as const
const success = { _tag: "Success", value: 1 } as const

/** Gives what opens drivers of one store, as several processes have them. */
type Opening = Effect.Effect<
  Effect.Effect<TaskDriver, InvalidInput | TaskDriverError, Scope.Scope>,
  never,
  Scope.Scope
>

const engines: ReadonlyArray<readonly [string, Opening]> = [
  ["memory", Effect.map(makeStore, (store) => Effect.sync(() => makeDriver(store)))],
  ["sqlite", Effect.map(freshFile, (filename) => SqliteTaskStorage.makeDriver({ filename, ...limits }))],
  ["postgres", Effect.map(freshUrl, (url) => PostgresTaskStorage.makeDriver({ url, ...limits }))]
]

/** What leaves the seat of a task in another process. */
const ways: ReadonlyArray<readonly [string, (storage: TaskStorageShape) => Effect.Effect<unknown, TaskStorageError>]> =
  [
    ["an end", (storage) => storage.settleTask("first", success)],
    ["a cancel", (storage) => storage.updateTaskStatus("first", "cancelled")],
    ["a deletion", (storage) => storage.deleteTask("first")]
  ]

const cases = engines.flatMap(([engine, opening]) => ways.map(([way, leave]) => [engine, way, opening, leave] as const))

describe("a task that waits for a seat", () => {
  it.live.each(cases)(
    "begins within a second, on %s, after %s in another process",
    ([, , opening, leave]) =>
      Effect.scoped(Effect.gen(function*() {
        const openDriver = yield* opening
        const open = Effect.flatMap(
          openDriver,
          (driver) => TaskStorage.fromDriver(driver, { ...limits, maintenance: false })
        )
        const [here, there] = [yield* open, yield* open]
        const runner = yield* Effect.provideService(
          makeTaskRunner({ recovery: { interval: "1 hour" }, shutdownTimeout: 0 }),
          TaskStorage,
          here
        )
        yield* there.createTask({ taskId: "first", originalMethod: "tools/call", lease: "1 minute" })
        const begun = yield* Deferred.make<number>()
        // Nobody else can run what a caller brings along.
        yield* runner.startTask(
          { taskId: "second", originalMethod: "tools/call" },
          () => Effect.sync(() => Deferred.doneUnsafe(begun, Effect.succeed(performance.now())))
        )
        yield* Effect.sleep(300)
        assert.isFalse(yield* Deferred.isDone(begun))
        const left = performance.now()
        yield* leave(there)
        const at = yield* Effect.timeoutOrElse(Deferred.await(begun), {
          duration: "60 seconds",
          orElse: () => Effect.die("it has not begun")
        })
        assert.isBelow(at - left, 5_000)
      }))
  )
})
