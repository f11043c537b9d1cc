/** How payloads come to be sealed with the current key: as they are written, and by `reencryptTasks`. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { TaskStorage, type TaskStorageShape } from "mcp-task-storage"
import type { TaskDriver } from "../../../src/domain/driver/TaskDriver.ts"
import type { StoredTask } from "../../../src/domain/task/StoredTask.ts"
import { anyone, bytesOf, first, get, keyIds, open, second, secret, store, task } from "./keyed.ts"

describe("unsealed payloads", () => {
  it.effect("are read until they are refused, and seal themselves as they are written", () =>
    Effect.scoped(Effect.gen(function*() {
      const raw = yield* store
      const plain = yield* TaskStorage.fromDriver(raw, { maintenance: false })
      yield* plain.createTask(task("one"))
      const keys = { k1: first }
      const storage = yield* open(raw, { current: "k1", keys })
      expect(yield* get(storage, "one")).toMatchObject({ originalParams: secret, meta: secret })
      yield* storage.settleTask("one", { _tag: "Success", value: secret })
      expect(yield* keyIds(raw, "one")).toEqual(["none", "k1"])
      const strict = yield* open(raw, { current: "k1", keys, unsealed: "refuse" })
      expect(yield* Effect.flip(strict.getTask("one"))).toMatchObject({
        _tag: "TaskStorageUnavailable",
        retryable: false
      })
    })))

  it.effect("that are refused are not claimed among others to be run, and keep none of the others", () =>
    Effect.scoped(Effect.gen(function*() {
      const raw = yield* store
      const strict = yield* open(raw, { current: "k1", keys: { k1: first }, unsealed: "refuse" })
      const plain = yield* TaskStorage.fromDriver(raw, { maintenance: false })
      const put = (taskId: string) => plain.createTask({ ...task(taskId), originalParams: "another one", lease: 0 })
      yield* put("one")
      const error = yield* Effect.flip(strict.claimTasks({ lease: "1 minute" }))
      expect(error).toMatchObject({ _tag: "TaskStorageUnavailable", retryable: false, applied: "unknown" })
      expect(error.message).toContain("a payload is not sealed")
      yield* put("two")
      yield* strict.createTask({ ...task("three"), lease: 0 })
      const claimed = yield* strict.claimTasks({ lease: "1 minute" })
      expect(claimed.map(({ record }) => record.taskId)).toEqual(["three"])
    })))
})

describe("reencryptTasks", () => {
  const count = 25

  const fill = (storage: TaskStorageShape) =>
    Effect.forEach(
      Array.from({ length: count }, (_, index) => `task-${String(index).padStart(2, "0")}`),
      (taskId) =>
        Effect.andThen(storage.createTask(task(taskId)), storage.settleTask(taskId, { _tag: "Success", value: secret }))
    )

  const rows = (raw: TaskDriver): Effect.Effect<ReadonlyArray<StoredTask>> =>
    Effect.orDie(Effect.map(
      raw.page({
        scope: anyone,
        order: "oldest",
        statuses: undefined,
        createdAfter: undefined,
        createdBefore: undefined,
        after: undefined,
        limit: 100,
        maxBytes: 1e9
      }),
      ({ tasks }) => tasks
    ))

  it.effect("seals what was not sealed and what old keys have sealed, in pages, and goes on from a cursor", () =>
    Effect.scoped(Effect.gen(function*() {
      const raw = yield* store
      const keys = { k1: first, k2: second }
      yield* Effect.flatMap(TaskStorage.fromDriver(raw, { maintenance: false }), fill)
      const one = yield* open(raw, { current: "k1", keys })
      const before = yield* one.listTasks({ limit: 100 })
      const [started] = yield* Stream.runCollect(Stream.take(one.reencryptTasks({ limit: 10 }), 1))
      expect(started).toMatchObject({ examined: 10, resealed: 10, unreadable: [] })
      const went = yield* Stream.runCollect(one.reencryptTasks({ limit: 10, cursor: started?.cursor }))
      expect(went.map(({ examined, resealed }) => [examined, resealed])).toEqual([[10, 10], [15, 15]])
      expect(went.at(-1)?.cursor).toBeUndefined()
      for (const { taskId } of yield* rows(raw)) expect(yield* keyIds(raw, taskId)).toEqual(["k1"])

      const two = yield* open(raw, { current: "k2", keys })
      const [again] = yield* Stream.runCollect(two.reencryptTasks())
      expect(again).toEqual({ examined: count, resealed: count, unreadable: [] })
      const [idle] = yield* Stream.runCollect(two.reencryptTasks())
      expect(idle).toEqual({ examined: count, resealed: 0, unreadable: [] })
      // The old key is not needed any more.
      const after = yield* Effect.flatMap(
        open(raw, { current: "k2", keys: { k2: second }, unsealed: "refuse" }),
        (storage) => storage.listTasks({ limit: 100 })
      )
      expect(after.tasks.map((task) => ({ ...task, revision: 0 }))).toEqual(
        before.tasks.map((task) => ({ ...task, revision: 0 }))
      )

      const none = yield* open(raw, { current: null, keys })
      yield* Stream.runDrain(none.reencryptTasks())
      const plain = yield* TaskStorage.fromDriver(raw, { maintenance: false })
      expect((yield* plain.listTasks({ limit: 100 })).tasks).toHaveLength(count)
    })))

  it.effect("tells of what it cannot open, leaves it, and goes on", () =>
    Effect.scoped(Effect.gen(function*() {
      const raw = yield* store
      yield* Effect.flatMap(open(raw, { current: "k1", keys: { k1: first } }), (storage) =>
        storage.createTask(task("lost")))
      const storage = yield* open(raw, { current: "k2", keys: { k2: second, k3: bytesOf(3) } })
      yield* Effect.flatMap(
        open(raw, { current: "k3", keys: { k3: bytesOf(3) } }),
        (storage) =>
          storage.createTask(task("old"))
      )
      const before = yield* raw.find("lost", anyone)
      const [progress] = yield* Stream.runCollect(storage.reencryptTasks())
      expect(progress).toMatchObject({ examined: 2, resealed: 1, unreadable: [{ taskId: "lost" }] })
      expect(progress?.unreadable[0]?.reason).toContain("\"k1\"")
      expect(yield* raw.find("lost", anyone)).toEqual(before)
    })))

  it.effect("overwrites nothing that others write meanwhile, and wakes nobody", () =>
    Effect.scoped(Effect.gen(function*() {
      const raw = yield* store
      const keys = { k1: first, k2: second }
      const old = yield* open(raw, { current: "k1", keys })
      yield* old.createTask(task("one"))
      // Somebody writes between the look of the page and its write.
      const racing: TaskDriver = {
        ...raw,
        page: (query) => Effect.tap(raw.page(query), () => Effect.orDie(old.storeTaskStep("one", "step", 7)))
      }
      const storage = yield* open(racing, { current: "k2", keys })
      const [progress] = yield* Stream.runCollect(storage.reencryptTasks())
      expect(progress).toMatchObject({ examined: 1, resealed: 1 })
      const record = yield* get(storage, "one")
      expect(record.steps).toEqual({ step: 7 })
      expect(yield* keyIds(raw, "one")).toEqual(["k2"])
    })))

  it.effect("is for a storage with keys, and knows its options", () =>
    Effect.scoped(Effect.gen(function*() {
      const raw = yield* store
      const plain = yield* TaskStorage.fromDriver(raw, { maintenance: false })
      expect(yield* Effect.flip(Stream.runDrain(plain.reencryptTasks()))).toMatchObject({
        _tag: "InvalidInput",
        field: "encryption"
      })
      const storage = yield* open(raw, { current: "k1", keys: { k1: first } })
      expect(yield* Effect.flip(Stream.runDrain(storage.reencryptTasks({ cursor: "x" })))).toMatchObject({
        _tag: "InvalidCursor"
      })
      const misspelt: ReturnType<TaskStorageShape["reencryptTasks"]> = Reflect.apply(
        storage.reencryptTasks,
        undefined,
        [
          { limt: 5 }
        ]
      )
      expect(yield* Effect.flip(Stream.runDrain(misspelt))).toMatchObject({ _tag: "InvalidInput", field: "limt" })
    })))
})
