/** What one owner may take of a server, and how it holds. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { TaskStorageUnavailable } from "../../src/domain/task/TaskError.ts"
import type { OwnedTasks } from "../../src/protocol/OwnedTasks.ts"
import { OwnerCount } from "../../src/protocol/OwnerCount.ts"
import { defaultLimits } from "../../src/protocol/OwnerLimits.ts"
import type { Tasks } from "../../src/protocol/Tasks.ts"
import { getTask20251125, taskResult20251125 } from "../../src/protocol/Tasks20251125.ts"
import type { WireError } from "../../src/protocol/WireError.ts"
import { form, memory, setUp } from "./setup.ts"

const bob = { id: "bob", principal: undefined, canList: true }
const anybody = { id: null, principal: undefined, canList: false }

/** Creates a task as a call does. */
const create = (tasks: Tasks, owned: OwnedTasks) =>
  tasks.room.within(owned, owned.storage.createTask({ originalMethod: "tools/call" }))

/** A refusal stands for a moment. */
const createSoon = (tasks: Tasks, owned: OwnedTasks) =>
  create(tasks, owned).pipe(Effect.retry(Schedule.spaced("10 millis")), Effect.timeout("60 seconds"))

const refusalOf = (error: WireError | { readonly _tag: string }) => "_tag" in error ? error._tag : error.data

const reached = (limit: string, most: number) => ({ reason: "LimitReached", limit, most })

/** An owner whose reads of the storage are counted. */
const counted = (owned: OwnedTasks) => {
  const reads = { taskCount: 0, listTaskSummaries: 0 }
  const { storage } = owned
  return {
    reads,
    owned: {
      ...owned,
      storage: {
        ...storage,
        taskCount: () => Effect.suspend(() => (reads.taskCount++, storage.taskCount())),
        listTaskSummaries: (options) =>
          Effect.suspend(() => (reads.listTaskSummaries++, storage.listTaskSummaries(options)))
      }
    } satisfies OwnedTasks
  }
}

describe("the stored tasks of an owner", () => {
  it.live("are so many, and there is room again once some have gone", () =>
    Effect.gen(function*() {
      const { owned, tasks } = yield* setUp({ limits: { storedTasks: 3 } })
      for (let index = 0; index < 3; index++) {
        const { taskId } = yield* create(tasks, owned)
        yield* owned.storage.settleTask(taskId, { _tag: "Success", value: {} })
      }
      assert.deepStrictEqual(refusalOf(yield* Effect.flip(create(tasks, owned))), reached("storedTasks", 3))
      yield* create(tasks, tasks.ownedBy(bob))
      const { tasks: [first] } = yield* owned.storage.listTaskSummaries()
      yield* owned.storage.deleteTask(first?.taskId ?? "")
      yield* createSoon(tasks, owned)
    }).pipe(Effect.provide(memory)))

  it.live("are so many over all processes", () =>
    Effect.gen(function*() {
      const one = yield* setUp({ limits: { storedTasks: 40 } })
      const other = yield* setUp({ limits: { storedTasks: 40 } })
      const outcomes = yield* Effect.forEach(
        Array.from({ length: 100 }, (_, index) => index % 2 === 0 ? one : other),
        ({ owned, tasks }) => Effect.result(create(tasks, owned))
      )
      const stored = yield* one.owned.storage.taskCount()
      assert.strictEqual(outcomes.filter(({ _tag }) => _tag === "Success").length, stored)
      assert.isAtLeast(stored, 40)
      // A sixteenth for the other process.
      assert.isAtMost(stored, 42)
    }).pipe(Effect.provide(memory)))

  it.live("are never more in one process, however many are created at once", () =>
    Effect.gen(function*() {
      const { owned, tasks } = yield* setUp({ limits: { storedTasks: 20, activeTasks: null } })
      const slow = Effect.andThen(Effect.sleep("5 millis"), owned.storage.createTask({ originalMethod: "tools/call" }))
      const outcomes = yield* Effect.forEach(
        Array.from({ length: 60 }),
        () => Effect.result(tasks.room.within(owned, slow)),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(outcomes.filter(({ _tag }) => _tag === "Success").length, 20)
      assert.strictEqual(yield* owned.storage.taskCount(), 20)
    }).pipe(Effect.provide(memory)))

  it.live("that could not be stored take no room", () =>
    Effect.gen(function*() {
      const { owned, tasks } = yield* setUp({ limits: { storedTasks: 1 } })
      for (let index = 0; index < 3; index++) {
        assert.strictEqual(yield* Effect.flip(tasks.room.within(owned, Effect.fail("no"))), "no")
        const interrupted = yield* Effect.forkChild(tasks.room.within(owned, Effect.never), { startImmediately: true })
        yield* Fiber.interrupt(interrupted)
      }
      yield* create(tasks, owned)
    }).pipe(Effect.provide(memory)))
})

describe("the active tasks of an owner", () => {
  it.live("are so many, and there is room again once some have ended", () =>
    Effect.gen(function*() {
      const { owned, tasks } = yield* setUp({ limits: { activeTasks: 2 } })
      const { taskId } = yield* create(tasks, owned)
      const waiting = yield* create(tasks, owned)
      yield* owned.storage.requireInput(waiting.taskId, { sure: { method: "elicitation/create", params: form } })
      assert.deepStrictEqual(refusalOf(yield* Effect.flip(create(tasks, owned))), reached("activeTasks", 2))
      yield* create(tasks, tasks.ownedBy(bob))
      yield* owned.storage.settleTask(taskId, { _tag: "Success", value: {} })
      yield* createSoon(tasks, owned)
    }).pipe(Effect.provide(memory)))

  it.live("are counted page by page where pages are short", () =>
    Effect.gen(function*() {
      const { owned, tasks } = yield* setUp({ limits: { activeTasks: 6 } })
      const { storage } = owned
      const short: OwnedTasks = {
        ...owned,
        storage: { ...storage, listTaskSummaries: (options) => storage.listTaskSummaries({ ...options, limit: 2 }) }
      }
      for (let index = 0; index < 6; index++) yield* create(tasks, short)
      assert.deepStrictEqual(refusalOf(yield* Effect.flip(create(tasks, short))), reached("activeTasks", 6))
    }).pipe(Effect.provide(memory)))
})

describe("the tasks of all clients without an owner", () => {
  it.live("are ten times as many", () =>
    Effect.gen(function*() {
      const { tasks } = yield* setUp({ limits: { activeTasks: 1 } })
      const owned = tasks.ownedBy(anybody)
      for (let index = 0; index < 10; index++) yield* create(tasks, owned)
      assert.deepStrictEqual(refusalOf(yield* Effect.flip(create(tasks, owned))), reached("activeTasks", 10))
    }).pipe(Effect.provide(memory)))
})

describe("counting the tasks of an owner", () => {
  it.effect("is done for some of the creations, and anew when it is old", () =>
    Effect.gen(function*() {
      const { owned: own, tasks } = yield* setUp({ limits: { storedTasks: 3_300, activeTasks: 330 } })
      const { owned, reads } = counted(own)
      for (let index = 0; index < 20; index++) yield* create(tasks, owned)
      assert.deepStrictEqual(reads, { taskCount: 1, listTaskSummaries: 1 })
      yield* create(tasks, owned)
      yield* create(tasks, owned)
      assert.deepStrictEqual(reads, { taskCount: 2, listTaskSummaries: 2 })
      yield* TestClock.adjust("61 seconds")
      yield* create(tasks, owned)
      assert.deepStrictEqual(reads, { taskCount: 3, listTaskSummaries: 3 })
    }).pipe(Effect.provide(memory)))

  it.live("takes little of the time of a server whose owner is full", () =>
    Effect.gen(function*() {
      const { owned: own, tasks } = yield* setUp({ limits: { storedTasks: 1 } })
      yield* create(tasks, own)
      let counts = 0
      const storage = {
        ...own.storage,
        taskCount: () => Effect.suspend(() => (counts++, Effect.delay(own.storage.taskCount(), "20 millis")))
      }
      const owned = { ...own, storage }
      const refusals = yield* Effect.forEach(
        Array.from({ length: 1000 }),
        () => Effect.flip(create(tasks, owned)),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(new Set(refusals.map((error) => JSON.stringify(refusalOf(error)))).size, 1)
      assert.strictEqual(counts, 1)
    }).pipe(Effect.provide(memory)))

  it.live("is left out where there are no limits", () =>
    Effect.gen(function*() {
      const { owned: own, tasks } = yield* setUp({ limits: { storedTasks: null, activeTasks: null } })
      const { owned, reads } = counted(own)
      yield* create(tasks, owned)
      assert.deepStrictEqual(reads, { taskCount: 0, listTaskSummaries: 0 })
    }).pipe(Effect.provide(memory)))

  it.live("fails as the engine does, and says nothing of it", () =>
    Effect.gen(function*() {
      const { owned, tasks } = yield* setUp()
      const reason = "postgres://admin:hunter2@db"
      const fault = new TaskStorageUnavailable({ operation: "taskCount", reason, retryable: true, applied: "no" })
      const storage = { ...owned.storage, taskCount: () => Effect.fail(fault) }
      const error = yield* Effect.flip(create(tasks, { ...owned, storage }))
      assert.notInclude(JSON.stringify(error), "hunter2")
      assert.strictEqual("code" in error ? error.code : undefined, -32603)
      yield* create(tasks, owned)
    }).pipe(Effect.provide(memory)))

  it.live("remembers ten thousand owners", () =>
    Effect.gen(function*() {
      const { tasks } = yield* setUp()
      const { owned, reads } = counted(tasks.ownedBy(bob))
      const visit = (owned: OwnedTasks) => tasks.room.within(owned, Effect.void)
      yield* visit(owned)
      const others = (count: number) =>
        Effect.forEach(Array.from({ length: count }), (_, index) => visit(tasks.ownedBy({ ...bob, id: `${index}` })))
      yield* others(9_999)
      yield* visit(owned)
      assert.strictEqual(reads.taskCount, 1)
      yield* visit(tasks.ownedBy({ ...bob, id: "new" }))
      yield* visit(owned)
      assert.strictEqual(reads.taskCount, 2)
    }).pipe(Effect.provide(memory)))
})

describe("what an owner holds open", () => {
  const kinds = [["openStreams", "allOpenStreams"], ["openCalls", "allOpenCalls"], [
    "blockedResults",
    "allBlockedResults"
  ]] as const

  it.effect.each(kinds)(
    "is so much of one kind, for each owner and in all: %s",
    ([kind, all]) =>
      Effect.gen(function*() {
        const limits = { ...defaultLimits, [kind]: 2, [all]: 3 }
        const count = new OwnerCount(kind, limits)
        const [ann, bob] = [{ id: "ann", limits }, { id: "bob", limits }]
        const refused = (holder: typeof ann) =>
          Effect.map(Effect.flip(count.while(holder, Effect.void)), ({ data }) => data)
        yield* Effect.scoped(Effect.gen(function*() {
          yield* count.open(ann)
          const held = yield* count.while(ann, refused(ann))
          assert.deepStrictEqual(held, reached(kind, 2))
          yield* count.open(ann)
          yield* count.open(bob)
          assert.deepStrictEqual(yield* refused(bob), reached(all, 3))
        }))
        assert.isUndefined(count.refusal(ann))
        const running = yield* Effect.forkChild(count.while(bob, count.while(bob, Effect.never)), {
          startImmediately: true
        })
        assert.deepStrictEqual(count.refusal(bob)?.data, reached(kind, 2))
        yield* Fiber.interrupt(running)
        assert.isUndefined(count.refusal(bob))
      })
  )
})

describe("the waiting results of an owner", () => {
  const silent = { ask: () => Effect.never, clientCapabilities: { elicitation: {} }, client: {} }

  it.live("are so many, for each owner and in all, but for those of tasks that have ended", () =>
    Effect.gen(function*() {
      const { begin, owned, storage, tasks } = yield* setUp({ limits: { blockedResults: 2, allBlockedResults: 3 } })
      const taskId = yield* begin(() => Effect.never)
      const other = tasks.ownedBy(bob)
      const { taskId: others } = yield* storage.createTask({ originalMethod: "tools/call", sessionId: "bob" })
      const wait = (owned: OwnedTasks, taskId: string) => taskResult20251125(tasks, owned, taskId, silent)
      const waiting = (owned: OwnedTasks, taskId: string) =>
        Effect.forkChild(wait(owned, taskId), { startImmediately: true })
      const first = yield* waiting(owned, taskId)
      yield* waiting(owned, taskId)
      assert.deepStrictEqual((yield* Effect.flip(wait(owned, taskId))).data, reached("blockedResults", 2))
      yield* waiting(other, others)
      assert.deepStrictEqual((yield* Effect.flip(wait(other, others))).data, reached("allBlockedResults", 3))
      const ended = yield* begin(() => Effect.succeed({ content: [] }))
      yield* storage.awaitTask(ended)
      assert.deepStrictEqual((yield* wait(owned, ended))["content"], [])
      yield* Fiber.interrupt(first)
      yield* waiting(owned, taskId)
      assert.deepStrictEqual((yield* Effect.flip(wait(owned, taskId))).data, reached("blockedResults", 2))
    }).pipe(Effect.provide(memory)))

  it.live("do not keep a poll from its answer", () =>
    Effect.gen(function*() {
      const { begin, owned, tasks } = yield* setUp({ inputOnPoll: true, limits: { blockedResults: 1 } })
      const asked = yield* Deferred.make<void>()
      const taskId = yield* begin(({ elicit }) => Effect.map(elicit("sure", form), () => ({})))
      const poll = { ...silent, ask: () => Effect.andThen(Deferred.succeed(asked, undefined), Effect.never) }
      const get = getTask20251125(tasks, owned, taskId, poll)
      yield* owned.storage.changes(taskId).pipe(
        Stream.takeUntil(({ status }) => status === "input_required"),
        Stream.runDrain
      )
      // The first poll makes the task known.
      yield* get
      const held = yield* Effect.forkChild(get)
      yield* Deferred.await(asked)
      const answered = yield* get.pipe(Effect.timeout("30 seconds"))
      assert.strictEqual(answered["status"], "input_required")
      yield* Fiber.interrupt(held)
    }).pipe(Effect.provide(memory)))
})
