/** What maintenance and recovery do in batches. */
import { describe, expect, it } from "@effect/vitest"
import type * as Duration from "effect/Duration"
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

describe("maintenance in the background", () => {
  /** What it swept, how often. The sweep of messages goes on as it is told. */
  const scene = Effect.fnUntraced(function*(interval: Duration.Input) {
    const swept = { tasks: 0, messages: 0, workers: 0 }
    const counted = <A, E>(what: keyof typeof swept, sweep: Effect.Effect<A, E>) =>
      Effect.andThen(Effect.sync(() => swept[what]++), sweep)
    const driver = yield* quietMemory
    const messages = { sweep: driver.messages.removeExpired }
    const storage = yield* fromDriver({
      ...driver,
      removeExpired: (...args) => counted("tasks", driver.removeExpired(...args)),
      messages: {
        ...driver.messages,
        removeExpired: (...args) => counted("messages", messages.sweep(...args))
      },
      workers: {
        ...driver.workers,
        removeDead: (...args) => counted("workers", driver.workers.removeDead(...args))
      }
    }, { maintenance: { interval } })
    return { storage, swept, messages }
  })

  it.effect("sweeps tasks in each run, and all that can wait every ten minutes", () =>
    Effect.gen(function*() {
      const { storage, swept } = yield* scene("1 minute")
      yield* TestClock.adjust("20 minutes")
      expect(swept).toEqual({ tasks: 20, messages: 2, workers: 2 })
      yield* storage.maintenance()
      expect(swept).toEqual({ tasks: 21, messages: 3, workers: 3 })
    }))

  it.effect("sweeps all in each run if it runs seldom", () =>
    Effect.gen(function*() {
      const { swept } = yield* scene("10 minutes")
      yield* TestClock.adjust("1 hour")
      expect(swept).toEqual({ tasks: 6, messages: 6, workers: 6 })
    }))

  it.effect("sweeps all in the next run too while there is more, and after a failure", () =>
    Effect.gen(function*() {
      const { messages, swept } = yield* scene("1 minute")
      messages.sweep = (_now, limit) => Effect.succeed(limit)
      yield* TestClock.adjust("2 minutes")
      expect(swept).toEqual({ tasks: 2, messages: 200, workers: 2 })
      messages.sweep = () => Effect.fail(broken)
      yield* TestClock.adjust("2 minutes")
      expect(swept).toEqual({ tasks: 4, messages: 202, workers: 2 })
      messages.sweep = () => Effect.succeed(0)
      yield* TestClock.adjust("10 minutes")
      expect(swept).toEqual({ tasks: 14, messages: 203, workers: 3 })
    }).pipe(Effect.provide(Logger.layer([]))))
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
