/** A program that works in bulk, is killed in the middle of it and started again: nothing is done twice, and nothing is missed. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { makeTaskAdmin } from "mcp-task-storage/admin"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import { layerFromUrl } from "../../src/layers/TaskStorageUrl.ts"
import { startProgram } from "../layers/faults/childProcess.ts"
import { freshUrl } from "../layers/postgres/engine.ts"
import { freshFile } from "../layers/sqlite/database.ts"
import { completed, everything, failed, seed } from "./seed.ts"

const stores = [
  ["sqlite", Effect.map(freshFile, (filename) => `sqlite:${filename}`)],
  ["postgres", freshUrl]
] as const

const count = 4_000
const program = new URL("bulkProgram.ts", import.meta.url)

const openAt = (url: string) =>
  Effect.map(
    Layer.build(Layer.fresh(layerFromUrl(url, { maintenance: false }))),
    (built) => Context.get(built, TaskStorage)
  )

/** Runs the program and kills it once it has said that it did some, in the middle of the next tasks. */
const runAndKill = Effect.fnUntraced(function*(url: string, operation: "rerun" | "delete") {
  const child = yield* startProgram(program, [url, operation])
  const first = yield* child.nextLine
  yield* Effect.sleep(Math.floor(Math.random() * 60))
  const said = [first, ...yield* child.kill]
  return Number(said.at(-1) ?? 0)
})

describe.each(stores)("%s", (_, fresh) => {
  it.live("a rerun", () =>
    Effect.gen(function*() {
      const url = yield* fresh
      const storage = yield* openAt(url)
      const tasks = yield* seed(storage, count, (at) => at % 4 === 0 ? completed : failed)
      const meant = tasks.filter(({ status }) => status === "failed").map(({ taskId }) => taskId)
      const said = yield* runAndKill(url, "rerun")
      assert.isAbove(said, 0)
      const before = (yield* storage.taskCount()) - count
      assert.isAtLeast(before, said)
      assert.isBelow(before, meant.length, "it was killed too late")
      const last = (yield* Stream.runCollect(makeTaskAdmin(storage).rerunTasks({ status: "failed" }))).at(-1)
      assert.deepInclude(last, { done: meant.length - before, skipped: before, failed: 0 })
      const after = yield* everything(storage)
      const reruns = after.flatMap(({ rerunOf }) => rerunOf ?? [])
      assert.strictEqual(reruns.length, meant.length)
      assert.sameMembers(reruns, meant)
      for (const { rerunAs, taskId } of after) {
        if (rerunAs !== undefined) {
          assert.strictEqual(after.find((task) => task.taskId === rerunAs)?.rerunOf, taskId)
        }
      }
    }))

  it.live("a deletion", () =>
    Effect.gen(function*() {
      const url = yield* fresh
      const storage = yield* openAt(url)
      const tasks = yield* seed(storage, count, (at) => at % 4 === 0 ? completed : failed)
      yield* runAndKill(url, "delete")
      const left = yield* storage.taskCount()
      assert.isAbove(left, count / 4, "it was killed too late")
      const last = (yield* Stream.runCollect(makeTaskAdmin(storage).deleteTasks({ status: "failed" }))).at(-1)
      assert.deepInclude(last, { done: left - count / 4, skipped: 0, failed: 0 })
      assert.deepStrictEqual(
        (yield* everything(storage)).map(({ taskId }) => taskId),
        tasks.filter(({ status }) => status === "completed").map(({ taskId }) => taskId)
      )
    }))
})
