/** What a task that waits holds of the heap. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TaskRunner from "mcp-task-storage/runner"
import * as SqliteTaskStorage from "mcp-task-storage/sqlite"
import { usedBytes } from "./usedBytes.ts"

const tasks = 3_000

it.live("a task that runs holds at most 8 KiB beyond its closure and params", () =>
  Effect.gen(function*() {
    const runner = yield* TaskRunner.TaskRunner
    yield* runner.register({ method: "waits", run: () => Effect.never })
    const start = (count: number) =>
      Effect.forEach(
        Array.from({ length: count }),
        () => runner.startTask({ originalMethod: "waits", originalParams: {}, ttl: "1 hour" }),
        { discard: true }
      )
    yield* start(100)
    yield* Effect.sleep("100 millis")
    const before = yield* usedBytes
    yield* start(tasks)
    yield* Effect.sleep("200 millis")
    const each = ((yield* usedBytes) - before) / tasks
    assert.strictEqual(yield* runner.running, tasks + 100)
    assert.isAtMost(each, 8 * 1024)
  }).pipe(Effect.provide(
    TaskRunner.layer({ recovery: false, shutdownTimeout: 0 }).pipe(
      Layer.provide(SqliteTaskStorage.layer({ filename: ":memory:", maintenance: false }))
    )
  )))
