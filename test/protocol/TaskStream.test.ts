/** What listeners of revision 2026-07-28 are told, and what they cost. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { TaskStorageUnavailable } from "../../src/domain/task/TaskError.ts"
import { openTaskStream } from "../../src/protocol/TaskStream.ts"
import { eventually, memory, setUp } from "./setup.ts"

type Told = Readonly<Record<string, unknown>>

describe("a stream of tasks", () => {
  it.live("names at most 256 tasks, those that there are", () =>
    Effect.gen(function*() {
      const { begin, owned, tasks } = yield* setUp()
      const taskId = yield* begin(() => Effect.succeed({}))
      const stream = yield* openTaskStream(tasks, owned, [taskId, "unknown", "", taskId])
      assert.deepStrictEqual(stream.taskIds, [taskId])
      const ids = Array.from({ length: 257 }, (_, index) => `${index}`)
      const refused = yield* Effect.flip(openTaskStream(tasks, owned, ids))
      assert.strictEqual(refused.code, -32602)
      assert.match(refused.message, /256/)
    }).pipe(Effect.scoped, Effect.provide(memory)))

  it.live("takes a fault of the engine for one, and not for an unknown task", () =>
    Effect.gen(function*() {
      const { owned, tasks } = yield* setUp()
      const reason = "the engine is down"
      const fault = new TaskStorageUnavailable({ operation: "getTask", reason, retryable: true, applied: "no" })
      const storage = { ...owned.storage, getTaskSummary: () => Effect.fail(fault) }
      const { code, message } = yield* Effect.flip(openTaskStream(tasks, { ...owned, storage }, ["a"]))
      assert.strictEqual(code, -32603)
      assert.notInclude(message, reason)
    }).pipe(Effect.scoped, Effect.provide(memory)))

  it.live("is one of so many, for each owner and in all", () =>
    Effect.gen(function*() {
      const { owned, tasks } = yield* setUp({ limits: { allOpenStreams: 3, openStreams: 2 } })
      const bob = tasks.ownedBy({ id: "bob", principal: undefined, canList: true })
      const open = (owner: typeof owned) => openTaskStream(tasks, owner, [])
      yield* Effect.scoped(Effect.gen(function*() {
        yield* open(owned)
        yield* open(owned)
        assert.strictEqual((yield* Effect.flip(open(owned))).code, -32603)
        yield* open(bob)
        assert.strictEqual((yield* Effect.flip(open(bob))).code, -32603)
      }))
      yield* open(owned)
    }).pipe(Effect.scoped, Effect.provide(memory)))

  it.live("tells the newest state when its client is ready, and reads nothing before", () =>
    Effect.gen(function*() {
      const { begin, owned, tasks } = yield* setUp()
      let reads = 0
      const storage = {
        ...owned.storage,
        getTaskSummary: (taskId: string) => Effect.suspend(() => (reads++, owned.storage.getTaskSummary(taskId)))
      }
      const first = yield* Deferred.make<void>()
      const taskId = yield* begin(({ progress }) =>
        Effect.gen(function*() {
          yield* Deferred.await(first)
          for (let i = 1; i <= 20; i++) {
            yield* progress(`${i}`)
            yield* Effect.sleep("5 millis")
          }
          return yield* Effect.never
        })
      )
      const { run } = yield* openTaskStream(tasks, { ...owned, storage }, [taskId])
      reads = 0
      const told: Array<Told> = []
      const ready = yield* Deferred.make<void>()
      const running = yield* Effect.forkChild(run((task) =>
        Effect.suspend(() => {
          told.push(task)
          return told.length === 1 ? Deferred.await(ready) : Effect.void
        })
      ))
      yield* eventually(() => told.length === 1)
      yield* Deferred.succeed(first, undefined)
      yield* Effect.repeat(owned.storage.getTaskSummary(taskId), {
        until: (found) => Option.getOrThrow(found).statusMessage === "20",
        schedule: Schedule.spaced("5 millis")
      })
      yield* Effect.sleep("300 millis")
      assert.strictEqual(reads, 1)
      yield* Deferred.succeed(ready, undefined)
      yield* eventually(() => told.at(-1)?.["statusMessage"] === "20")
      assert.isAtMost(told.length, 3)
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(memory)))

  it.live("tells the last state through faults of the engine, and watches on", () =>
    Effect.gen(function*() {
      const { begin, owned, tasks } = yield* setUp()
      const reason = "the engine is down"
      const fault = new TaskStorageUnavailable({ operation: "getTask", reason, retryable: true, applied: "no" })
      const go = yield* Deferred.make<void>()
      const taskId = yield* begin(() => Deferred.await(go))
      let faults = 0
      const failing = <A, E>(reading: Effect.Effect<A, E>) =>
        Effect.suspend((): Effect.Effect<A, E | TaskStorageUnavailable> => faults-- > 0 ? Effect.fail(fault) : reading)
      const storage = {
        ...owned.storage,
        getTaskSummary: (taskId: string) => failing(owned.storage.getTaskSummary(taskId)),
        changes: (taskId: string) => Stream.unwrap(failing(Effect.sync(() => owned.storage.changes(taskId))))
      }
      const told: Array<Told> = []
      const { run } = yield* openTaskStream(tasks, { ...owned, storage }, [taskId])
      faults = 1
      const running = yield* Effect.forkChild(run((task) => Effect.sync(() => void told.push(task))))
      yield* eventually(() => told.length === 1)
      faults = 1
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(running)
      assert.deepStrictEqual(told.map(({ status }) => status), ["working", "completed"])
    }).pipe(Effect.scoped, Effect.provide(memory)))

  it.live("tells of no sign of life, and ends with its tasks", () =>
    Effect.gen(function*() {
      const { begin, owned, storage, tasks } = yield* setUp()
      const taskId = yield* begin(() => Effect.never)
      const told: Array<Told> = []
      const { run } = yield* openTaskStream(tasks, owned, [taskId])
      const running = yield* Effect.forkChild(run((task) => Effect.sync(() => void told.push(task))))
      yield* eventually(() => told.length === 1)
      yield* storage.touchTask(taskId, { lease: "1 minute" })
      yield* storage.touchTask(taskId)
      yield* Effect.sleep("100 millis")
      assert.strictEqual(told.length, 1)
      yield* owned.runner.cancelTask(taskId)
      yield* Fiber.join(running)
      assert.deepStrictEqual(told.map(({ status }) => status), ["working", "cancelled"])
    }).pipe(Effect.scoped, Effect.provide(memory)))
})
