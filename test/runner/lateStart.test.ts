/** A process that starts as an outage ends knows nothing of it, and leaves the others time to renew. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { TestClock } from "effect/testing"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import * as MemoryTaskStorage from "../../src/layers/MemoryTaskStorage.ts"
import { makeTaskRunner } from "../../src/runner/index.ts"
import { Refusals } from "./RefusingDriver.ts"

const lease = 3_000

/** Opens processes on one store. */
const setUp = Effect.map(MemoryTaskStorage.makeStore, (store) => {
  const outage = new Refusals()
  const open = (recovery: number) =>
    Effect.gen(function*() {
      const driver = outage.wrap(MemoryTaskStorage.makeDriver(store))
      const storage = yield* TaskStorage.fromDriver(driver, { maintenance: false })
      const runner = yield* makeTaskRunner({ lease, shutdownTimeout: 0, recovery: { interval: recovery } }).pipe(
        Effect.provideService(TaskStorage, storage)
      )
      yield* runner.register({ method: "works", run: () => Effect.as(Effect.sleep(5 * lease), "done") })
      return { runner, storage }
    })
  return { open, outage }
})

describe("an outage of two leases", () => {
  it.effect.each([100, lease / 2, 2 * lease])(
    "ends as a process starts that looks every %d ms, and kills no task",
    (recovery) =>
      Effect.gen(function*() {
        const { open, outage } = yield* setUp
        const first = yield* open(1_000)
        const { taskId } = yield* first.runner.startTask({ originalMethod: "works" })
        yield* TestClock.adjust(200)
        outage.begin()
        yield* TestClock.adjust(2 * lease)
        outage.end()
        const second = yield* open(recovery)
        for (let time = 0; time < 4 * lease; time += 100) yield* TestClock.adjust(100)
        const { attempt, status } = yield* second.storage.awaitTask(taskId)
        assert.deepStrictEqual({ attempt, status }, { attempt: 1, status: "completed" })
      }).pipe(Effect.provide(Logger.layer([])))
  )

  it.effect("does not hide a process that died in it from one that starts afterwards", () =>
    Effect.gen(function*() {
      const { open, outage } = yield* setUp
      const storage = yield* Effect.scoped(Effect.gen(function*() {
        const { runner, storage } = yield* open(1_000)
        yield* runner.startTask({ originalMethod: "works" })
        yield* TestClock.adjust(200)
        outage.begin()
        return storage
      }))
      yield* TestClock.adjust(2 * lease)
      outage.end()
      yield* open(500)
      for (let time = 0; time < lease; time += 100) yield* TestClock.adjust(100)
      const [{ status } = { status: "none" }] = (yield* storage.listTasks()).tasks
      assert.strictEqual(status, "failed")
    }).pipe(Effect.provide(Logger.layer([]))))
})
