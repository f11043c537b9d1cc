/** A thousand tasks at once on one SQLite file: each of them ends, and nothing of them is left behind. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TaskStorage } from "mcp-task-storage"
import * as TaskRunner from "mcp-task-storage/runner"
import * as SqliteTaskStorage from "mcp-task-storage/sqlite"
import { freshFile } from "../layers/sqlite/database.ts"
import { usedBytes } from "./usedBytes.ts"

const tasks = 1_000

it.live("a thousand tasks at once are all settled, and leave no memory in use", () =>
  Effect.gen(function*() {
    const storage = SqliteTaskStorage.layer({ filename: yield* freshFile, maintenance: false })
    yield* Effect.gen(function*() {
      const runner = yield* TaskRunner.TaskRunner
      const { awaitTask } = yield* TaskStorage
      let atOnce = 0
      yield* runner.register({
        method: "tools/call",
        name: "slow",
        run: ({ taskId }) =>
          Effect.sleep("300 millis").pipe(
            Effect.andThen(runner.running),
            Effect.map((running) => {
              atOnce = Math.max(atOnce, running)
              return { did: taskId }
            })
          )
      })
      const round = Effect.gen(function*() {
        const started = yield* Effect.forEach(
          Array.from({ length: tasks }),
          () => runner.startTask({ originalMethod: "tools/call", originalParams: { name: "slow" } }),
          { concurrency: "unbounded" }
        )
        const ended = yield* Effect.forEach(started, ({ taskId }) => awaitTask(taskId), { concurrency: "unbounded" })
        for (const { result, status, taskId } of ended) {
          assert.strictEqual(status, "completed")
          assert.deepEqual(result, { _tag: "Success", value: { did: taskId } })
        }
        // Their workers are gone a moment after their ends are seen.
        while ((yield* runner.running) > 0) yield* Effect.sleep("10 millis")
      })
      yield* round
      const before = yield* usedBytes
      yield* round
      const after = yield* usedBytes
      assert.isAbove(atOnce, tasks / 10)
      assert.isBelow(after - before, 4 * 1024 * 1024)
    }).pipe(Effect.provide(TaskRunner.layer({ recovery: false }).pipe(Layer.provideMerge(storage))))
  }))
