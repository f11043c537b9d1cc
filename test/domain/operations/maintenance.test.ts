/** What maintenance and recovery do in batches. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { TestClock } from "effect/testing"
import type { TaskDriver } from "../../../src/domain/driver/TaskDriver.ts"
import { fromDriver } from "../../../src/domain/fromDriver.ts"
import { makeDriver, makeStore } from "../../../src/layers/MemoryTaskStorage.ts"
import { broken, call, open, quietMemory } from "../quietMemory.ts"

it.effect("recovery goes on past tasks that an index still names though they were recovered before", () =>
  Effect.gen(function*() {
    const storage = yield* Effect.flatMap(quietMemory, (driver) => {
      const named: Array<{ readonly taskId: string; readonly resultKind: null }> = []
      return fromDriver({
        ...driver,
        insert: (task, ...rest) => {
          named.push({ taskId: task.taskId, resultKind: null })
          return driver.insert(task, ...rest)
        },
        stale: ({ limit }) => Effect.succeed(named.slice(0, limit))
      }, { maintenance: false })
    })
    for (let index = 0; index < 450; index++) yield* storage.createTask(call)
    yield* TestClock.adjust(1)
    expect(yield* storage.recoverStuckTasks(0)).toHaveLength(450)
    expect(yield* storage.recoverStuckTasks(0)).toHaveLength(0)
  }))

describe("maintenance", () => {
  it.effect("sweeps what expired, and goes on after an engine failed", () => {
    const warnings: Array<unknown> = []
    const logger = Logger.make(({ message }) => void warnings.push(message))
    return Effect.gen(function*() {
      const store = yield* makeStore
      let fails = true
      const driver: TaskDriver = {
        ...makeDriver(store),
        removeExpired: (now, limit) =>
          Effect.suspend(() => fails ? Effect.fail(broken) : makeDriver(store).removeExpired(now, limit))
      }
      const storage = yield* fromDriver(driver, { maintenance: { interval: "10 seconds" }, maxTasks: 1 })
      yield* storage.createTask({ ...call, ttl: "1 second" })
      yield* TestClock.adjust("9 seconds")
      expect(warnings).toHaveLength(0)
      yield* TestClock.adjust("1 second")
      expect(String(warnings)).toContain("the disk is on fire")
      expect(yield* Effect.flip(storage.createTask(call))).toMatchObject({ _tag: "MaxTasksReached" })
      fails = false
      yield* TestClock.adjust("10 seconds")
      expect(yield* storage.createTask(call)).toMatchObject({ status: "working" })
    }).pipe(Effect.provide(Logger.layer([logger])))
  })
})

it.effect("maintenance removes messages in batches, all of them", () =>
  Effect.gen(function*() {
    const limits: Array<number> = []
    const storage = yield* open((driver) => ({
      ...driver,
      messages: {
        ...driver.messages,
        removeExpired: (now, limit) => {
          limits.push(limit)
          return driver.messages.removeExpired(now, limit)
        }
      }
    }))
    for (let index = 0; index < 450; index++) yield* storage.messages.enqueue("queue", index, { ttl: 1 })
    yield* TestClock.adjust(1)
    expect(yield* storage.maintenance()).toMatchObject({ expiredMessages: 450 })
    expect(Math.max(...limits)).toBeLessThanOrEqual(200)
  }))
