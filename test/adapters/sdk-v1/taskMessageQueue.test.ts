/**
 * The SDK's `TaskMessageQueue` over a storage.
 */
import type { QueuedMessage } from "@modelcontextprotocol/sdk/experimental/tasks"
import * as Effect from "effect/Effect"
import { describe, expect, test, vi } from "vitest"
import { SdkTaskMessageQueue, type SdkTaskStoreOptions } from "../../../src/adapters/sdk-v1/index.ts"
import { engineFailure, makeTestTime, onTheWire, openTestStorage } from "./harness.ts"

const timestamp = 1_767_323_045_678

const request = (id: number): QueuedMessage => ({
  type: "request",
  timestamp,
  message: { jsonrpc: "2.0", id, method: "elicitation/create", params: { message: "Who?", mode: "form" } }
})
const notification: QueuedMessage = {
  type: "notification",
  timestamp,
  message: { jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: "\u0000\ud800" } }
}
const response: QueuedMessage = {
  type: "response",
  timestamp,
  message: { jsonrpc: "2.0", id: 1, result: { b: 1, a: 2 } }
}
const error: QueuedMessage = {
  type: "error",
  timestamp,
  message: { jsonrpc: "2.0", id: 1, error: { code: -32601, message: "Method not found" } }
}
const everyType = [request(0), notification, response, error]

const open = async (options: SdkTaskStoreOptions = {}) => {
  const opened = await openTestStorage()
  return { ...opened, queue: new SdkTaskMessageQueue(opened.storage, options) }
}

const drain = async (queue: SdkTaskMessageQueue, sessionId?: string): Promise<ReadonlyArray<QueuedMessage>> => {
  const messages: Array<QueuedMessage> = []
  for (let next = await queue.dequeue("t", sessionId); next !== undefined; next = await queue.dequeue("t", sessionId)) {
    messages.push(next)
  }
  return messages
}

describe("a queue", () => {
  test("gives messages of every type, word for word, first in, first out", async () => {
    const { queue } = await open()
    for (const message of everyType) await queue.enqueue("t", message, "session")
    expect(JSON.stringify(await drain(queue, "session"))).toBe(JSON.stringify(everyType))
    expect(await queue.dequeue("t", "session")).toBeUndefined()
  })

  test("gives everything at once, and is empty then", async () => {
    const { queue } = await open()
    for (const message of everyType) await queue.enqueue("t", message)
    await queue.enqueue("other", request(7))
    expect(await queue.dequeueAll("t")).toStrictEqual(everyType)
    expect(await queue.dequeueAll("t")).toStrictEqual([])
    expect(await queue.dequeue("other")).toStrictEqual(request(7))
  })

  test("gives each message to one caller", async () => {
    const { queue } = await open()
    for (let id = 0; id < 20; id++) await queue.enqueue("t", request(id))
    const taken = await Promise.all(Array.from({ length: 25 }, () => queue.dequeue("t")))
    const ids = taken.flatMap((message) => message?.type === "request" ? [message.message.id] : [])
    expect(ids.toSorted((left, right) => Number(left) - Number(right))).toStrictEqual([...Array(20).keys()])
  })

  test("is never longer than its maximum", async () => {
    const { queue } = await open()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, (_, id) => queue.enqueue("t", request(id), undefined, 3))
    )
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(3)
    expect(await onTheWire(queue.enqueue("t", notification, undefined, 2))).toStrictEqual({
      message: "Task message queue overflow: queue size (3) exceeds maximum (2)"
    })
    expect(await drain(queue)).toHaveLength(3)
  })

  test("drops messages when their time is over", async () => {
    const { storage } = await openTestStorage()
    const time = makeTestTime()
    const queue = new SdkTaskMessageQueue(storage, { messageTtl: "2 seconds" }, time.run)
    await queue.enqueue("t", request(0))
    time.now += 1500
    await queue.enqueue("t", request(1))
    time.now += 500
    expect(await drain(queue)).toStrictEqual([request(1)])
  })

  test("keeps messages for a day unless it is told otherwise", async () => {
    const { storage } = await openTestStorage()
    const time = makeTestTime()
    const queue = new SdkTaskMessageQueue(storage, {}, time.run)
    await queue.enqueue("t", request(0))
    await queue.enqueue("t", request(1))
    time.now += 86_399_999
    expect(await queue.dequeue("t")).toStrictEqual(request(0))
    time.now += 1
    expect(await queue.dequeue("t")).toBeUndefined()
  })

  test("refuses what cannot be stored, and knows no messages of what cannot be an id", async () => {
    const { queue } = await open()
    expect(await onTheWire(queue.enqueue("", notification))).toStrictEqual({
      message: "Invalid taskId: must not be empty."
    })
    const large: QueuedMessage = {
      type: "notification",
      timestamp,
      message: { jsonrpc: "2.0", method: "x", params: { text: "x".repeat(8_000_000) } }
    }
    expect(await onTheWire(queue.enqueue("t", large))).toStrictEqual({ message: expect.stringContaining("at most") })
    expect(await queue.dequeue("")).toBeUndefined()
    expect(await queue.dequeueAll("")).toStrictEqual([])
  })

  test("passes over what is no message", async () => {
    const { direct, queue } = await open()
    const { message, type } = notification
    for (
      const alien of [
        null,
        7,
        ["request"],
        {},
        { instance: "x" },
        { instance: 1, message: notification },
        { instance: "x", message: null },
        { instance: "x", message: { type, message } },
        { instance: "x", message: { ...notification, type: "unknown" } },
        { instance: "x", message: { ...notification, message: { jsonrpc: "1.0" } } }
      ]
    ) {
      await Effect.runPromise(direct.messages.enqueue("t", alien))
      await Effect.runPromise(direct.messages.enqueue("all", alien))
    }
    await queue.enqueue("t", request(3))
    await queue.enqueue("all", request(4))
    expect(await queue.dequeue("t")).toStrictEqual(request(3))
    expect(await queue.dequeueAll("all")).toStrictEqual([request(4)])
  })
})

describe("two processes on one storage", () => {
  const openTwo = async () => {
    const { queue, storage } = await open()
    return { ours: queue, theirs: new SdkTaskMessageQueue(storage) }
  }

  test("deliver only notifications of each other, since request ids mean something in one process alone", async () => {
    const { ours, theirs } = await openTwo()
    for (const message of everyType) await theirs.enqueue("t", message)
    await ours.enqueue("t", request(0))
    expect(await ours.dequeue("t")).toStrictEqual(notification)
    expect(await ours.dequeue("t")).toStrictEqual(request(0))
    expect(await theirs.dequeue("t")).toBeUndefined()
  })

  test("do not resolve requests of each other when a queue is emptied", async () => {
    const { ours, theirs } = await openTwo()
    for (const message of everyType) await theirs.enqueue("t", message)
    await ours.enqueue("t", request(0))
    expect(await ours.dequeueAll("t")).toStrictEqual([notification, request(0)])
  })

  test("count the messages of both against the maximum", async () => {
    const { ours, theirs } = await openTwo()
    await theirs.enqueue("t", notification)
    expect(await onTheWire(ours.enqueue("t", notification, undefined, 1))).toStrictEqual({
      message: "Task message queue overflow: queue size (1) exceeds maximum (1)"
    })
  })
})

test("two sessions of one process deliver only notifications of each other, since each counts its own requests", async () => {
  const { queue } = await open()
  for (const message of everyType) await queue.enqueue("t", message, "a")
  await queue.enqueue("t", request(5), "b")
  await queue.enqueue("t", request(6))
  expect(await queue.dequeue("t", "b")).toStrictEqual(notification)
  expect(await queue.dequeue("t", "b")).toStrictEqual(request(5))
  expect(await queue.dequeue("t", "b")).toStrictEqual(request(6))
  expect(await queue.dequeue("t", "a")).toBeUndefined()
})

describe("engine failures", () => {
  const unavailable = { message: "Task storage is unavailable, try again later" }

  test("are waited out while they pass", async () => {
    const { interposer, queue } = await open()
    interposer.beforeNext("push", engineFailure())
    await queue.enqueue("t", request(0))
    await queue.enqueue("t", request(1))
    interposer.beforeNext("shift", engineFailure(), engineFailure({ applied: "unknown" }))
    expect(await queue.dequeue("t")).toStrictEqual(request(0))
    interposer.beforeNext("drain", engineFailure({ applied: "unknown" }))
    expect(await queue.dequeueAll("t")).toStrictEqual([request(1)])
  })

  test("do not make a message arrive twice", async () => {
    const { interposer, queue } = await open({ onError: () => {} })
    interposer.beforeNext("push", engineFailure({ applied: "unknown" }))
    expect(await onTheWire(queue.enqueue("t", request(0)))).toStrictEqual(unavailable)
    expect(interposer.calls).toStrictEqual(["push"])
  })

  test("never make dequeueAll reject, for which the SDK does not wait", async () => {
    const onError = vi.fn()
    const { interposer, queue } = await open({ onError })
    interposer.beforeAll("drain", engineFailure({ retryable: false }))
    interposer.beforeAll("shift", engineFailure({ retryable: false }))
    expect(await queue.dequeueAll("t")).toStrictEqual([])
    expect(onError).toHaveBeenCalledOnce()
    expect(await onTheWire(queue.dequeue("t"))).toStrictEqual(unavailable)
    interposer.beforeAll("drain", Effect.die(new Error("a bug")))
    expect(await queue.dequeueAll("t")).toStrictEqual([])
  })

  test("nor does it reject when promises themselves fail", async () => {
    const { storage } = await openTestStorage()
    const queue = new SdkTaskMessageQueue(storage, {}, () => Promise.reject(new Error("the runtime is gone")))
    expect(await queue.dequeueAll("t")).toStrictEqual([])
  })
})

test("a wrong message ttl throws", async () => {
  const { storage } = await openTestStorage()
  expect(() => new SdkTaskMessageQueue(storage, { messageTtl: 0 })).toThrow(/^Invalid messageTtl: /)
})
