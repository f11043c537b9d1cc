/** What browsers watch: one look for all of them, at a pace that the storage can bear, and nothing left when they have gone. */
import { assert, describe, it } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { TaskStorage } from "mcp-task-storage"
import { makeDashboard } from "mcp-task-storage/dashboard"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { openTaskStorage } from "mcp-task-storage/promise"
import { expect, test } from "vitest"
import { LiveFeeds, type Look, pauseAfter } from "../../../src/admin/dashboard/LiveFeeds.ts"
import { until } from "../../support/until.ts"
import { openPage } from "./pages.ts"

const call = { originalMethod: "tools/call" }

/** Reads a stream as a browser does, without an end. */
const watch = (response: Response | undefined) => {
  const reader = response?.body?.getReader()
  let text = ""
  let isOver = false
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder()
    for (let chunk = await reader?.read(); chunk?.done === false; chunk = await reader?.read()) {
      text += decoder.decode(chunk.value, { stream: true })
    }
    isOver = true
  }
  const reading = read().catch(() => {
    isOver = true
  })
  return {
    get text() {
      return text
    },
    get looks() {
      return text.split("\n\n").filter((part) => part.startsWith("event:"))
    },
    get isOver() {
      return isOver
    },
    leave: async () => {
      await reader?.cancel()
      await reading
    }
  }
}

const microtasks = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

describe("a feed", () => {
  const make = (look: (count: number) => Look, maxStreams = 10) =>
    Effect.map(Effect.context<never>(), (context) => {
      const run = Effect.runPromiseWith(context)
      let count = 0
      const feeds = new LiveFeeds((effect, signal) => run(effect, { signal }), maxStreams)
      const stream = (key = "tasks", signal = new AbortController().signal) =>
        feeds.open(key, Effect.sync(() => look(++count)), signal)
      return {
        feeds,
        looks: () => count,
        stream,
        open: (...args: Parameters<typeof stream>) => watch(stream(...args))
      }
    })

  const pass = (duration: Duration.Input) =>
    Effect.andThen(microtasks, Effect.andThen(TestClock.adjust(duration), microtasks))

  it.effect("is looked at once for all that watch the same", () =>
    Effect.gen(function*() {
      const { looks, open } = yield* make((count) => ({ event: "view", data: `${count}` }))
      const viewers = [open(), open(), open()]
      yield* microtasks
      assert.strictEqual(looks(), 1)
      yield* pass("1 second")
      yield* pass("1 second")
      assert.strictEqual(looks(), 3)
      const late = open()
      yield* microtasks
      assert.strictEqual(looks(), 3)
      assert.deepStrictEqual(late.looks, ["event: view\ndata: 3"])
      for (const viewer of viewers) {
        assert.deepStrictEqual(viewer.looks, ["event: view\ndata: 1", "event: view\ndata: 2", "event: view\ndata: 3"])
      }
      open("others")
      yield* microtasks
      assert.strictEqual(looks(), 4)
    }))

  it.effect("says nothing new of what did not change, but shows that it is alive", () =>
    Effect.gen(function*() {
      const { open } = yield* make(() => ({ event: "view", data: "same" }))
      const viewer = open()
      for (let second = 0; second < 40; second++) yield* pass("1 second")
      assert.lengthOf(viewer.looks, 1)
      const beats = viewer.text.split("\n\n").filter((part) => part === ":")
      assert.isAtLeast(beats.length, 2)
      assert.isAtMost(beats.length, 3)
    }))

  it.effect("keeps no place for a browser that has left before it begins", () =>
    Effect.gen(function*() {
      const { feeds, stream } = yield* make(() => ({ event: "view", data: "same" }), 1)
      assert.isDefined(stream("tasks", AbortSignal.abort()))
      assert.deepStrictEqual(feeds.counts, { streams: 0, feeds: 0 })
      assert.isDefined(stream())
      assert.deepStrictEqual(feeds.counts, { streams: 1, feeds: 1 })
    }))

  it.effect("ends with the last that watches, and begins anew with the next", () =>
    Effect.gen(function*() {
      const { feeds, looks, open } = yield* make((count) => ({ event: "view", data: `${count}` }))
      const gone = new AbortController()
      const [one, two] = [open("tasks"), open("tasks", gone.signal)]
      yield* microtasks
      yield* Effect.promise(() => one.leave())
      assert.deepStrictEqual(feeds.counts, { streams: 1, feeds: 1 })
      gone.abort()
      yield* microtasks
      assert.isTrue(two.isOver)
      assert.deepStrictEqual(feeds.counts, { streams: 0, feeds: 0 })
      yield* pass("1 minute")
      assert.strictEqual(looks(), 1)
      const next = open()
      yield* microtasks
      assert.deepStrictEqual(next.looks, ["event: view\ndata: 2"])
    }))

  it.effect("spares who reads slowly all but the latest", () =>
    Effect.gen(function*() {
      const { looks, stream } = yield* make((count) => ({ event: "view", data: `${count}` }))
      const response = stream()
      for (let second = 0; second < 100; second++) yield* pass("1 second")
      assert.strictEqual(looks(), 101)
      const slow = watch(response)
      yield* microtasks
      assert.deepStrictEqual(slow.looks, ["event: view\ndata: 101"])
    }))

  it.effect("has as many that watch as may, and more when some have gone", () =>
    Effect.gen(function*() {
      const { open, stream } = yield* make(() => ({ event: "view", data: "" }), 2)
      const one = open("a")
      open("b")
      assert.isUndefined(stream("a"))
      yield* Effect.promise(() => one.leave())
      assert.isDefined(stream("a"))
    }))

  it.effect("lets nobody watch for ever, so that each is asked again who it is", () =>
    Effect.gen(function*() {
      const { feeds, open } = yield* make(() => ({ event: "view", data: "" }))
      const viewer = open()
      for (let minute = 0; minute < 9; minute++) yield* pass("1 minute")
      assert.isFalse(viewer.isOver)
      yield* pass("1 minute")
      yield* pass("1 minute")
      assert.isTrue(viewer.isOver)
      assert.deepStrictEqual(feeds.counts, { streams: 0, feeds: 0 })
    }))

  it.effect("looks at once when something was changed", () =>
    Effect.gen(function*() {
      const { feeds, open } = yield* make((count) => ({ event: "view", data: `${count}` }))
      const viewer = open()
      yield* microtasks
      feeds.refresh()
      yield* microtasks
      assert.lengthOf(viewer.looks, 2)
    }))
})

test.each([[0, 1_000], [99, 1_000], [100, 1_000], [250, 2_500], [2_999, 29_990], [60_000, 30_000]])(
  "a look that takes %i ms is followed by a pause of %i ms",
  (cost, pause) => expect(pauseAfter(cost)).toBe(pause)
)

describe("the page", () => {
  test("streams a list, and its changes", async () => {
    const { get, storage } = await openPage()
    const response = await get("-/live/tasks?status=failed")
    expect(response.headers.get("content-type")).toBe("text/event-stream")
    const viewer = watch(response)
    await until(() => viewer.looks.length === 1)
    const { taskId } = await storage.createTask(call)
    await storage.settleTask(taskId, { _tag: "Error", code: 1, message: "no" })
    await until(() => viewer.looks.length === 2)
    expect(viewer.looks[1]).toContain(taskId)
    await viewer.leave()
  })

  test("streams a task until it is gone, and says so", async () => {
    const { get, post, storage } = await openPage()
    const { taskId } = await storage.createTask(call)
    const viewer = watch(await get(`-/live/task?id=${taskId}`))
    await until(() => viewer.looks.length === 1)
    await post("-/change", { action: "delete", taskId })
    await until(() => viewer.looks.length === 2)
    expect(viewer.looks[1]).toMatch(/^event: problem\ndata: .*TaskNotFound/)
    await viewer.leave()
  })

  test("reads a watched task whole only when it was written", async () => {
    const service = await Effect.runPromise(
      Effect.provide(TaskStorage, MemoryTaskStorage.layer({ maintenance: false }))
    )
    let reads = 0
    let looks = 0
    const dashboard = makeDashboard({
      ...service,
      getTask: (id: string) =>
        Effect.suspend(() => {
          reads++
          return service.getTask(id)
        }),
      getTaskSummary: (id: string) =>
        Effect.suspend(() => {
          looks++
          return service.getTaskSummary(id)
        })
    })
    const { taskId } = await Effect.runPromise(service.createTask(call))
    const viewer = watch(await dashboard(new Request(`http://localhost/-/live/task?id=${taskId}`)))
    await until(() => looks >= 2)
    expect(reads).toBe(1)
    await Effect.runPromise(service.touchTask(taskId, { statusMessage: "on" }))
    await until(() => viewer.looks.length === 2)
    expect(viewer.looks[1]).toContain("\"statusMessage\":\"on\"")
    expect(reads).toBe(2)
    await viewer.leave()
  })

  test("says what is wrong with a filter that is watched", async () => {
    const { get } = await openPage()
    const viewer = watch(await get("-/live/tasks?state=failed"))
    await until(() => viewer.looks.length === 1)
    expect(viewer.looks[0]).toMatch(/^event: problem\ndata: .*InvalidInput/)
    await viewer.leave()
  })

  test("has no more streams than it may", async () => {
    const { get } = await openPage({ maxStreams: 1 })
    const viewer = watch(await get("-/live/tasks"))
    expect((await get("-/live/tasks")).status).toBe(503)
    await viewer.leave()
    const next = await get("-/live/tasks")
    expect(next.status).toBe(200)
    await next.body?.cancel()
  })

  test("ends its streams when the storage is closed", async () => {
    const storage = await openTaskStorage("memory:")
    const dashboard = makeDashboard(storage)
    const viewer = watch(await dashboard(new Request("http://localhost/-/live/tasks")))
    await until(() => viewer.looks.length === 1)
    await storage.close()
    await until(() => viewer.isOver)
  })
})
