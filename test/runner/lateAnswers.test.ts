/** An answer that a worker hears of late, after a heartbeat that was answered without it. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { TaskStorage, type TaskStorageShape } from "mcp-task-storage"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { makeTaskRunner, TaskContext } from "mcp-task-storage/runner"

it.effect("an answer that is older than the last heartbeat is still an answer", () =>
  Effect.gen(function*() {
    const storage = yield* TaskStorage
    const late: TaskStorageShape = {
      ...storage,
      changes: (taskId) =>
        Stream.mapEffect(storage.changes(taskId), (task) => Effect.as(Effect.sleep("15 seconds"), task))
    }
    const runner = yield* Effect.provideService(
      makeTaskRunner({ recovery: false, lease: "30 seconds", shutdownTimeout: 0 }),
      TaskStorage,
      late
    )
    const { taskId } = yield* runner.startTask(
      { originalMethod: "own" },
      () => Effect.flatMap(TaskContext, ({ elicit }) => elicit("sure", { message: "Sure?", requestedSchema: {} }))
    )
    yield* TestClock.adjust("1 second")
    yield* storage.provideInput(taskId, { sure: { action: "decline" } })
    yield* TestClock.adjust("1 minute")
    const { result, status } = yield* storage.awaitTask(taskId)
    assert.deepEqual([status, result], ["completed", { _tag: "Success", value: { action: "decline" } }])
  }).pipe(Effect.scoped, Effect.provide(MemoryTaskStorage.layer({ maintenance: false }))))
