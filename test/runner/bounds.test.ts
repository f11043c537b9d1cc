/** How many tasks a runner runs at once. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { TaskStorage } from "mcp-task-storage"
import { makeTaskRunner } from "mcp-task-storage/runner"
import { call, end, get, quiet, tool } from "./oneTask.ts"
import { withStorage } from "./withStorage.ts"

describe("bounds", () => {
  it.effect("make tasks wait, in order, durably", () =>
    withStorage(Effect.gen(function*() {
      const runner = yield* makeTaskRunner({ ...quiet, maxRunning: 2 })
      let most = 0
      let now = 0
      yield* runner.register(tool(
        "job",
        Effect.acquireUseRelease(
          Effect.sync(() => most = Math.max(most, ++now)),
          () => Effect.sleep("1 second"),
          () => Effect.sync(() => now--)
        )
      ))
      const ids = yield* Effect.forEach([1, 2, 3, 4, 5], () =>
        Effect.map(runner.startTask(call("job")), ({ taskId }) => taskId))
      assert.strictEqual((yield* get(ids[4] ?? "")).leaseExpiresAt?.epochMilliseconds, 0)
      yield* Effect.forkChild(Effect.forever(Effect.andThen(Effect.yieldNow, TestClock.adjust("100 millis"))))
      yield* Effect.forEach(ids, end)
      assert.strictEqual(most, 2)
    })))

  it.effect("hold when many ask at once, and nobody waits for ever", () =>
    withStorage(Effect.gen(function*() {
      const runner = yield* makeTaskRunner({ ...quiet, maxRunning: 3, maxRunningPerSession: 2 })
      let now = 0
      let most = 0
      yield* runner.register(tool(
        "job",
        Effect.acquireUseRelease(
          Effect.sync(() => most = Math.max(most, ++now)),
          () => Effect.yieldNow,
          () => Effect.sync(() => now--)
        )
      ))
      const started = yield* Effect.forEach(
        Array.from({ length: 60 }, (_, index) => `session-${index % 3}`),
        (sessionId) => runner.startTask({ ...call("job"), sessionId }),
        { concurrency: "unbounded" }
      )
      yield* Effect.forEach(started, ({ taskId }) => end(taskId), { concurrency: "unbounded" })
      assert.isAtMost(most, 3)
    })))

  it.effect("refuse tasks where they are told to, per session too", () =>
    withStorage(Effect.gen(function*() {
      const runner = yield* makeTaskRunner({ ...quiet, maxRunningPerSession: 1, whenFull: "refuse" })
      yield* runner.register(tool("job", Effect.never))
      yield* runner.startTask({ ...call("job"), sessionId: "a" })
      yield* runner.forSession("b").startTask(call("job"))
      const error = yield* Effect.flip(runner.forSession("a").startTask(call("job")))
      assert.deepInclude(error, { _tag: "TooManyTasks", scope: "session", limit: 1 })
      assert.strictEqual(yield* Effect.flatMap(TaskStorage, (storage) => storage.taskCount()), 2)
    })))
})
