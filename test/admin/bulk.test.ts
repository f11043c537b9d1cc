/** Operations in bulk, on each engine. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { makeTaskAdmin } from "mcp-task-storage/admin"
import { backends, open } from "./backends.ts"
import { completed, everything, failed, seed } from "./seed.ts"

const counts = { memory: 1_200, sqlite: 1_200, postgres: 1_200, dynamodb: 160 } as const

for (const backend of backends) {
  const count = counts[backend.name]
  const half = count / 2

  /** Half of them have failed, one in six is under way, one in three is completed. */
  const seeded = Effect.gen(function*() {
    const storage = yield* open(backend)
    const tasks = yield* seed(storage, count, (at) => at % 2 === 0 ? failed : at % 6 === 1 ? {} : completed)
    return { storage, admin: makeTaskAdmin(storage), tasks }
  })

  backend.describe(backend.name, () => {
    it.live("rerunTasks runs each failed task again, once, and the repeat does nothing", () =>
      Effect.gen(function*() {
        const { admin, storage, tasks } = yield* seeded
        const progress = yield* Stream.runCollect(admin.rerunTasks({ status: "failed" }))
        assert.deepInclude(progress.at(-1), { matched: half, done: half, skipped: 0, failed: 0 })
        assert.notProperty(progress.at(-1), "nextCursor")
        const after = yield* everything(storage)
        assert.strictEqual(after.length, count + half)
        const reported = new Map(progress.flatMap(({ tasks }) =>
          tasks.map((task) => [task.taskId, task._tag === "Done" ? task.rerunAs : undefined])
        ))
        for (const task of after) {
          if (task.status !== "failed") {
            continue
          }
          assert.strictEqual(task.rerunAs, reported.get(task.taskId))
          assert.strictEqual(
            after.find(({ taskId }) =>
              taskId === task.rerunAs
            )?.rerunOf,
            task.taskId
          )
        }
        assert.deepStrictEqual(
          [...reported.keys()],
          tasks.filter(({ status }) => status === "failed").map(({ taskId }) => taskId)
        )
        const repeat = yield* Stream.runCollect(admin.rerunTasks({ status: "failed" }))
        assert.deepInclude(repeat.at(-1), { matched: half, done: 0, skipped: half, failed: 0 })
        assert.strictEqual((yield* everything(storage)).length, count + half)
      }))

    it.live("cancelTasks cancels what has not ended", () =>
      Effect.gen(function*() {
        const { admin, storage } = yield* seeded
        const sixth = Math.ceil(count / 6)
        const progress = yield* Stream.runCollect(admin.cancelTasks({ all: true }, { statusMessage: "No more" }))
        assert.deepInclude(progress.at(-1), { matched: count, done: sixth, skipped: count - sixth, failed: 0 })
        const cancelled = (yield* everything(storage)).filter(({ status }) => status === "cancelled")
        assert.strictEqual(cancelled.length, sixth)
        assert.isTrue(cancelled.every(({ statusMessage }) => statusMessage === "No more"))
      }))

    it.live("deleteTasks deletes what the filter names, newest first too, and nothing else", () =>
      Effect.gen(function*() {
        const { admin, storage, tasks } = yield* seeded
        const progress = yield* Stream.runCollect(admin.deleteTasks({ status: "failed", order: "newest" }))
        assert.deepInclude(progress.at(-1), { matched: half, done: half, skipped: 0, failed: 0 })
        assert.deepStrictEqual(
          progress.flatMap(({ tasks }) => tasks.map(({ taskId }) => taskId)),
          tasks.filter(({ status }) => status === "failed").map(({ taskId }) => taskId).reverse()
        )
        assert.deepStrictEqual(
          (yield* everything(storage)).map(({ taskId }) => taskId),
          tasks.filter(({ status }) => status !== "failed").map(({ taskId }) => taskId)
        )
      }))

    it.live("a dry run counts the same and changes nothing", () =>
      Effect.gen(function*() {
        const { admin, storage } = yield* seeded
        yield* Stream.runDrain(admin.rerunTasks({ status: "failed" }, { limit: half / 2 }))
        const before = yield* everything(storage)
        const operations = [
          (dryRun: boolean) => admin.rerunTasks({ status: ["failed", "working"] }, { dryRun, limit: count }),
          (dryRun: boolean) => admin.cancelTasks({ all: true }, { dryRun }),
          (dryRun: boolean) => admin.deleteTasks({ method: "tools/call", status: "completed" }, { dryRun })
        ]
        const dry = yield* Effect.forEach(operations, (run) => Stream.runCollect(run(true)))
        assert.deepStrictEqual(yield* everything(storage), before)
        for (const [at, run] of operations.entries()) {
          const total = (yield* Stream.runCollect(run(false))).at(-1)
          const { done, failed, matched, skipped } = total ?? assert.fail("it reported nothing")
          // A rerun adds tasks, which the next operation finds.
          if (at !== 1) assert.deepInclude(dry[at]?.at(-1), { done, failed, matched, skipped })
        }
      }))

    it.live("a cursor goes on behind the last batch, and a limit ends a run with one", () =>
      Effect.gen(function*() {
        const { admin, storage } = yield* seeded
        const some = 70
        const first = yield* Stream.runCollect(admin.rerunTasks({ status: "failed" }, { limit: some }))
        assert.deepInclude(first.at(-1), { matched: some, done: some })
        const cursor = first.at(-1)?.nextCursor
        const rest = yield* Stream.runCollect(admin.rerunTasks({ status: "failed" }, { cursor }))
        assert.deepInclude(rest.at(-1), { matched: half - some, done: half - some, skipped: 0 })
        assert.strictEqual((yield* everything(storage)).length, count + half)
      }))

    it.live("an interrupted run leaves each task whole, and the next one ends it", () =>
      Effect.gen(function*() {
        const { admin, storage, tasks } = yield* seeded
        yield* Effect.timeoutOption(Stream.runDrain(admin.rerunTasks({ status: "failed" })), 30)
        const progress = yield* Stream.runCollect(admin.rerunTasks({ status: "failed" }))
        const { done, skipped } = progress.at(-1) ?? assert.fail("it reported nothing")
        assert.strictEqual(done + skipped, half)
        const after = yield* everything(storage)
        assert.strictEqual(after.length, count + half)
        const again = new Set(after.flatMap(({ rerunOf }) => rerunOf ?? []))
        assert.strictEqual(again.size, half)
        assert.isTrue(tasks.every(({ status, taskId }) => again.has(taskId) === (status === "failed")))
      }))
  })
}
