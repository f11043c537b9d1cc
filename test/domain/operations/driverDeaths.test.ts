/** What goes on in the background, where the driver dies or is interrupted instead of failing: once does not end it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import type { TaskDriver } from "../../../src/domain/driver/TaskDriver.ts"
import { fromDriver } from "../../../src/domain/fromDriver.ts"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { makeTaskRunner } from "../../../src/runner/index.ts"
import { call, quietMemory } from "../quietMemory.ts"

const deaths = {
  dies: Effect.die(new Error("a mistake of the driver")),
  "is interrupted": Effect.interrupt
} satisfies { readonly [how: string]: Effect.Effect<never> }

/** A store whose driver does that when it is asked the next time, and another storage on it, whose driver is well. */
const scene = Effect.fnUntraced(function*(
  death: Effect.Effect<never>,
  change: (driver: TaskDriver, mortal: <A, E>(call: Effect.Effect<A, E>) => Effect.Effect<A, E>) => TaskDriver
) {
  const driver = yield* quietMemory
  let deathsLeft = 1
  const mortal = <A, E>(call: Effect.Effect<A, E>) => Effect.suspend(() => deathsLeft-- > 0 ? death : call)
  return {
    storage: yield* fromDriver(change(driver, mortal), { maintenance: { interval: "10 seconds" } }),
    other: yield* fromDriver(driver, { maintenance: false }),
    /** Whether it has happened. */
    hasDied: () => deathsLeft < 1
  }
})

const quietly = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provide(effect, Logger.layer([]))

describe.each(Object.entries(deaths))("a driver that %s", (_, death) => {
  it.effect("in maintenance is asked again", () =>
    quietly(Effect.gen(function*() {
      let swept = 0
      const { hasDied, storage } = yield* scene(death, (driver, mortal) => ({
        ...driver,
        removeExpired: (now, limit) =>
          mortal(Effect.tap(driver.removeExpired(now, limit), (ids) => Effect.sync(() => swept += ids.length)))
      }))
      yield* storage.createTask({ ...call, ttl: "1 second" })
      yield* TestClock.adjust("10 seconds")
      assert.isTrue(hasDied())
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(swept, 1)
    })))

  it.effect("when it looks for the news of a worker leaves it those that come", () =>
    quietly(Effect.gen(function*() {
      const { hasDied, other, storage } = yield* scene(death, (driver, mortal) => ({
        ...driver,
        workers: { ...driver.workers, takeNews: (workerId) => mortal(driver.workers.takeNews(workerId)) }
      }))
      const { workerId } = yield* storage.registerWorker({ lease: "1 hour" })
      const { taskId } = yield* storage.createTask({ ...call, worker: workerId })
      const hearing = yield* Effect.forkChild(Stream.runHead(storage.workerNews(workerId)))
      yield* TestClock.adjust("1 second")
      assert.isTrue(hasDied())
      yield* other.updateTaskStatus(taskId, "cancelled")
      yield* TestClock.adjust("5 seconds")
      assert.deepEqual(yield* Fiber.join(hearing), Option.some(taskId))
    })))

  it.effect("when it looks for waiters wakes them with the next look", () =>
    quietly(Effect.gen(function*() {
      const { hasDied, other, storage } = yield* scene(death, (driver, mortal) => ({
        ...driver,
        findRevisions: (taskIds) =>
          mortal(
            Effect.map(
              Effect.forEach(taskIds, (taskId) => driver.find(taskId, { now: 0, session: undefined })),
              (tasks) => new Map(tasks.flatMap((task) => task === undefined ? [] : [[task.taskId, task]]))
            )
          )
      }))
      const { taskId } = yield* other.createTask(call)
      const waiting = yield* Effect.forkChild(storage.awaitTask(taskId))
      yield* TestClock.adjust("1 second")
      assert.isTrue(hasDied())
      yield* other.updateTaskStatus(taskId, "cancelled")
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(waiting)).status, "cancelled")
    })))

  it.effect("when a runner looks for tasks is asked again with the next look", () =>
    quietly(Effect.gen(function*() {
      const { hasDied, other, storage } = yield* scene(death, (driver, mortal) => ({
        ...driver,
        freeKinds: (query) => mortal(driver.freeKinds(query))
      }))
      const runner = yield* Effect.provideService(
        makeTaskRunner({ recovery: { interval: "10 seconds" } }),
        TaskStorage,
        storage
      )
      yield* runner.register({ method: call.originalMethod, run: () => Effect.succeed("done") })
      for (let step = 0; step < 10; step++) yield* TestClock.adjust("100 millis")
      assert.isTrue(hasDied())
      const { taskId } = yield* other.createTask({ ...call, lease: 0 })
      for (let step = 0; step < 10; step++) yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* storage.awaitTask(taskId)).status, "completed")
    })))
})
