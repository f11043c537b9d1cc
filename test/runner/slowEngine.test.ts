/** An engine that answers everything late, and is not away. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { TestClock } from "effect/testing"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import * as MemoryTaskStorage from "../../src/layers/MemoryTaskStorage.ts"
import { makeTaskRunner } from "../../src/runner/index.ts"
import { wrapPrimitives } from "../layers/faults/wrapPrimitives.ts"

const lease = 3_000

/** Milliseconds from step to step of the clock. */
const step = 50

const pass = (millis: number) =>
  Effect.forEach(Array.from({ length: millis / step }), () => TestClock.adjust(step), { discard: true })

/** What is slow: that what is asked for begins, or that its answer comes back. */
const ways = {
  "before it does what it is asked": (late: number) => <A, E>(call: Effect.Effect<A, E>) => Effect.delay(call, late),
  "after it has done what it was asked": (late: number) => <A, E>(call: Effect.Effect<A, E>) =>
    Effect.tap(call, () => Effect.sleep(late))
}

/** Leases that it takes: longer than a first renewal is waited for, than its retries are, and than a lease. */
const parts = [0.38, 0.7, 1.2, 2]

describe("an engine that is slow for six leases kills no task", () => {
  it.effect.each(
    Object.entries(ways).flatMap(([way, slow]) => parts.map((part) => [part, way, slow] as const))
  )("by %d leases, %s", ([part, , slow]) =>
    Effect.gen(function*() {
      let late = 0
      const store = yield* MemoryTaskStorage.makeStore
      let begun = 0
      const open = (recovery: number) =>
        Effect.gen(function*() {
          const driver = wrapPrimitives(
            MemoryTaskStorage.makeDriver(store),
            (_, call) => Effect.suspend(() => late === 0 ? call : slow(late)(call))
          )
          const storage = yield* TaskStorage.fromDriver(driver, { maintenance: false })
          const runner = yield* makeTaskRunner({ lease, shutdownTimeout: 0, recovery: { interval: recovery } }).pipe(
            Effect.provideService(TaskStorage, storage)
          )
          yield* runner.register({
            method: "works",
            run: () =>
              Effect.suspend(() => {
                begun++
                return Effect.as(Effect.sleep(9 * lease), "done")
              })
          })
          return { runner, storage }
        })
      const first = yield* open(1_000)
      const second = yield* open(1_000)
      // It runs nothing, so that it has no registration of its own to renew.
      yield* open(100)
      yield* open(2 * lease)
      const tasks = yield* Effect.forEach(
        [first, second],
        ({ runner }) => runner.startTask({ originalMethod: "works" })
      )
      yield* pass(1.1 * lease)
      late = part * lease
      yield* pass(6 * lease)
      late = 0
      yield* pass(6 * lease)
      for (const { taskId } of tasks) {
        const { attempt, status } = yield* first.storage.awaitTask(taskId)
        assert.deepStrictEqual({ attempt, status }, { attempt: 1, status: "completed" })
      }
      assert.strictEqual(begun, tasks.length)
    }).pipe(Effect.provide(Logger.layer([]))))
})
