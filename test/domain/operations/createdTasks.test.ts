/** Who waits for a task that this process has just created need not read it, unless somebody may have written it since. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import type { TaskDriver } from "../../../src/domain/driver/TaskDriver.ts"
import { fromDriver } from "../../../src/domain/fromDriver.ts"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import { makeDriver, makeStore } from "../../../src/layers/MemoryTaskStorage.ts"

const done = { _tag: "Success", value: { done: true } } as const

/** A storage of an engine that takes time, another one on the same store, and how often the first one was read. */
const open = Effect.fnUntraced(function*(change: (driver: TaskDriver) => Partial<TaskDriver> = () => ({})) {
  const { foreignWrites: _, ...driver } = makeDriver(yield* makeStore)
  const signals = yield* Queue.unbounded<string | undefined>()
  let reads = 0
  const slow: TaskDriver = {
    ...driver,
    insert: (task, bounds, now) => Effect.suspend(() => driver.insert(task, bounds, now)),
    patch: (...given) => Effect.suspend(() => driver.patch(...given)),
    remove: (...given) => Effect.suspend(() => driver.remove(...given)),
    find: (...given) =>
      Effect.suspend(() => {
        reads++
        return driver.find(...given)
      }),
    foreignWrites: Stream.fromQueue(signals)
  }
  const storage = yield* fromDriver({ ...slow, ...change(slow) }, { maintenance: false })
  const other = yield* fromDriver(driver, { maintenance: false })
  const { workerId } = yield* storage.registerWorker({ lease: "1 hour" })
  /** What a worker listens to. */
  const listen = Effect.andThen(
    Effect.forkChild(Stream.runDrain(storage.workerNews(workerId))),
    TestClock.adjust(1)
  )
  const signal = (taskId?: string) => Effect.andThen(Queue.offer(signals, taskId), TestClock.adjust(1))
  const create = storage.createTask({ originalMethod: "own", taskId: "own", sessionId: "mine", worker: workerId })
  return { storage, other, listen, signal, create, reads: () => reads }
})

const awaited = ({ awaitTask }: Pick<TaskStorageShape, "awaitTask">) =>
  Effect.gen(function*() {
    const waiting = yield* Effect.forkChild(awaitTask("own"))
    yield* TestClock.adjust(1)
    return yield* Effect.sync(() => waiting.pollUnsafe())
  })

describe("a task that was created here", () => {
  it.effect("is awaited without a read", () =>
    Effect.gen(function*() {
      const { create, listen, reads, storage } = yield* open()
      yield* listen
      yield* create
      const waiting = yield* Effect.forkChild(storage.awaitTask("own"))
      yield* TestClock.adjust(1)
      yield* storage.withSummary.settleTask("own", done, { attempt: 1 })
      const record = yield* Fiber.join(waiting)
      assert.strictEqual(reads(), 0)
      assert.deepEqual(record, Option.getOrThrow(yield* storage.getTask("own")))
    }))

  it.effect("is read if nobody hears of the writes of others", () =>
    Effect.gen(function*() {
      const { create, other, reads, storage } = yield* open()
      yield* create
      yield* other.settleTask("own", done)
      assert.strictEqual((yield* storage.awaitTask("own")).status, "completed")
      assert.strictEqual(reads(), 1)
    }))

  for (const named of [true, false]) {
    it.effect(`is read if others have written since, and ${named ? "named it" : "did not say what"}`, () =>
      Effect.gen(function*() {
        const { create, listen, other, signal, storage } = yield* open()
        yield* listen
        yield* create
        yield* other.updateTaskStatus("own", "cancelled")
        yield* signal(named ? "own" : undefined)
        assert.strictEqual((yield* awaited(storage))?._tag, "Success")
      }))
  }

  it.effect("is read if others have written before its creation was answered", () =>
    Effect.gen(function*() {
      const isAnswered = yield* Deferred.make<void>()
      const { create, listen, other, signal, storage } = yield* open(({ insert }) => ({
        insert: (...given) => Effect.tap(insert(...given), () => Deferred.await(isAnswered))
      }))
      yield* listen
      const creating = yield* Effect.forkChild(create)
      yield* TestClock.adjust(1)
      yield* other.updateTaskStatus("own", "cancelled")
      yield* signal()
      yield* Deferred.succeed(isAnswered, undefined)
      yield* Fiber.join(creating)
      assert.strictEqual((yield* awaited(storage))?._tag, "Success")
    }))

  it.effect("is read if this process has written since", () =>
    Effect.gen(function*() {
      const { create, listen, storage } = yield* open()
      yield* listen
      yield* create
      yield* storage.settleTask("own", done, { attempt: 1 })
      assert.strictEqual((yield* awaited(storage))?._tag, "Success")
    }))

  it.effect("is gone once it was deleted", () =>
    Effect.gen(function*() {
      const { create, listen, storage } = yield* open()
      yield* listen
      yield* create
      yield* storage.deleteTask("own")
      assert.strictEqual((yield* awaited(storage))?._tag, "Failure")
    }))

  it.effect("is none of another session", () =>
    Effect.gen(function*() {
      const { create, listen, storage } = yield* open()
      yield* listen
      yield* create
      assert.strictEqual((yield* awaited(storage.forSession("other")))?._tag, "Failure")
      yield* storage.deleteTask("own")
      yield* create
      assert.strictEqual(yield* awaited(storage.forSession("mine")), undefined)
    }))

  it.effect("is read while its transaction may be rolled back", () =>
    Effect.gen(function*() {
      const { create, listen, reads, storage } = yield* open(() => ({ afterCommit: () => Effect.void }))
      yield* listen
      yield* create
      yield* awaited(storage)
      assert.strictEqual(reads(), 1)
    }))
})
