/** What a worker hears of its tasks, from its own process, from others that signal their writes, and from others that do not. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { type TaskDriver, TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import { fromDriver } from "../../../src/domain/fromDriver.ts"
import { makeDriver, makeStore } from "../../../src/layers/MemoryTaskStorage.ts"

const broken = new TaskDriverError({ reason: "the engine is down", retryable: true, applied: "no" })

/** What the mailbox of a worker is asked, and how it answers. */
interface Mailbox {
  asked: number
  works: boolean
  /** Milliseconds until the answer. */
  delay: number
}

const makeMailbox = (): Mailbox => ({ asked: 0, works: true, delay: 0 })

/**
 * A worker with a task in a storage whose driver signals `foreignWrites`, and another storage on the same store. `heard` is what
 * the worker has heard of.
 */
const open = (foreignWrites: TaskDriver["foreignWrites"], mailbox = makeMailbox()) =>
  Effect.gen(function*() {
    const { foreignWrites: _, ...driver } = makeDriver(yield* makeStore)
    const storage = yield* fromDriver({
      ...driver,
      ...(foreignWrites === undefined ? {} : { foreignWrites }),
      workers: {
        ...driver.workers,
        takeNews: (workerId) =>
          Effect.suspend(() => {
            mailbox.asked++
            const news = mailbox.works ? driver.workers.takeNews(workerId) : Effect.fail(broken)
            return mailbox.delay === 0 ? news : Effect.delay(news, mailbox.delay)
          })
      }
    }, { maintenance: false })
    const other = yield* fromDriver(driver, { maintenance: false })
    const { workerId } = yield* storage.registerWorker({ lease: "1 hour" })
    yield* storage.createTask({ originalMethod: "tools/call", taskId: "held", worker: workerId })
    const heard: Array<string> = []
    const listening = yield* Effect.forkChild(
      Stream.runForEach(storage.workerNews(workerId), (taskId) => Effect.sync(() => void heard.push(taskId)))
    )
    yield* TestClock.adjust(1)
    return { storage, other, heard, mailbox, listening, workerId }
  })

describe("news of a worker", () => {
  it.effect("come at once from its own process, but for its own writes", () =>
    Effect.gen(function*() {
      const { heard, mailbox, storage } = yield* open(Stream.never)
      yield* storage.touchTask("held", { attempt: 1, statusMessage: "progress" })
      yield* storage.storeTaskStep("held", "step", 1, { attempt: 1 })
      yield* storage.requireInput("held", { question: 1 }, { attempt: 1 })
      yield* TestClock.adjust("1 minute")
      expect(heard).toEqual([])
      const writes = [
        storage.provideInput("held", { question: 1 }),
        storage.touchTask("held", { statusMessage: "operator" }),
        storage.updateTaskStatus("held", "cancelled"),
        storage.deleteTask("held")
      ]
      for (const [index, write] of writes.entries()) {
        yield* write
        yield* TestClock.adjust(1)
        expect(heard).toHaveLength(index + 1)
      }
      expect(new Set(heard)).toEqual(new Set(["held"]))
      // The signals of others cover the rest.
      expect(mailbox.asked).toBe(1)
    }))

  it.effect("come from others with the signal that names the task", () =>
    Effect.gen(function*() {
      const signals = yield* Queue.unbounded<string | undefined>()
      const { heard, mailbox } = yield* open(Stream.fromQueue(signals))
      const { asked } = mailbox
      yield* Queue.offer(signals, "held")
      yield* TestClock.adjust(1)
      expect(heard).toEqual(["held"])
      expect(mailbox.asked).toBe(asked)
    }))

  it.effect("are asked for when a signal does not say which task it was, and not before", () =>
    Effect.gen(function*() {
      const signals = yield* Queue.unbounded<string | undefined>()
      const { heard, mailbox, other } = yield* open(Stream.fromQueue(signals))
      const { asked } = mailbox
      yield* other.updateTaskStatus("held", "cancelled")
      yield* TestClock.adjust("1 hour")
      expect([heard, mailbox.asked]).toEqual([[], asked])
      yield* Queue.offer(signals, undefined)
      // One fiber asks, and another one hears.
      yield* Effect.repeat(TestClock.adjust(1), { times: 2 })
      expect([heard, mailbox.asked]).toEqual([["held"], asked + 1])
    }))

  it.effect("that come while others are asked for are asked for afterwards", () =>
    Effect.gen(function*() {
      const signals = yield* Queue.unbounded<string | undefined>()
      const mailbox = makeMailbox()
      const { heard, other } = yield* open(Stream.fromQueue(signals), mailbox)
      mailbox.delay = 100
      yield* Queue.offer(signals, undefined)
      yield* TestClock.adjust(50)
      const { asked } = mailbox
      yield* Queue.offer(signals, undefined)
      yield* TestClock.adjust(50)
      yield* other.updateTaskStatus("held", "cancelled")
      yield* TestClock.adjust(100)
      expect([heard, mailbox.asked]).toEqual([["held"], asked + 1])
    }))

  it.effect("that were there before it listened come first", () =>
    Effect.gen(function*() {
      const { heard, listening, other, storage, workerId } = yield* open(Stream.never)
      yield* Fiber.interrupt(listening)
      yield* other.updateTaskStatus("held", "cancelled")
      const first = yield* Effect.forkChild(Stream.runHead(storage.workerNews(workerId)))
      yield* TestClock.adjust(1)
      expect(yield* Fiber.join(first)).toMatchObject({ value: "held" })
      expect(heard).toEqual([])
    }))

  it.effect("are asked for once a second where the driver signals nothing, however many tasks it holds", () =>
    Effect.gen(function*() {
      const { heard, mailbox, other, storage, workerId } = yield* open(undefined)
      for (let index = 0; index < 20; index++) {
        yield* storage.createTask({ originalMethod: "tools/call", worker: workerId })
      }
      const { asked } = mailbox
      yield* TestClock.adjust("10 seconds")
      expect(mailbox.asked).toBe(asked + 10)
      yield* other.updateTaskStatus("held", "cancelled")
      yield* TestClock.adjust("1 second")
      expect([heard, mailbox.asked]).toEqual([["held"], asked + 11])
    }))

  it.effect("come after an outage, in which they are asked for once a second", () =>
    Effect.gen(function*() {
      const signals = yield* Queue.unbounded<string | undefined>()
      for (const foreignWrites of [Stream.fromQueue(signals), undefined]) {
        const { heard, listening, mailbox, other } = yield* open(foreignWrites)
        mailbox.works = false
        yield* other.updateTaskStatus("held", "cancelled")
        yield* Queue.offer(signals, undefined)
        yield* TestClock.adjust("1 second")
        const { asked } = mailbox
        yield* TestClock.adjust("1 minute")
        expect([heard, mailbox.asked]).toEqual([[], asked + 60])
        mailbox.works = true
        yield* TestClock.adjust("1 second")
        expect(heard).toEqual(["held"])
        yield* Fiber.interrupt(listening)
      }
    }))

  it.effect("are asked for no longer than somebody listens", () =>
    Effect.gen(function*() {
      for (const foreignWrites of [Stream.never, undefined]) {
        const { heard, listening, mailbox, storage } = yield* open(foreignWrites)
        yield* Fiber.interrupt(listening)
        const { asked } = mailbox
        yield* storage.updateTaskStatus("held", "cancelled")
        yield* TestClock.adjust("1 minute")
        expect([heard, mailbox.asked]).toEqual([[], asked])
      }
    }))
})
