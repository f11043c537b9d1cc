/** Many reports of progress are few writes, and the last of them is never lost. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { TestClock } from "effect/testing"
import { TaskStorage, type TaskStorageError, type TaskStorageShape, TaskStorageUnavailable } from "mcp-task-storage"
import { type InputRefused, makeTaskRunner, TaskContext, TaskFailure } from "mcp-task-storage/runner"
import { withStorage } from "./withStorage.ts"
import { type WorkerWrite, wrapWrites } from "./wrapWrites.ts"

const task = { originalMethod: "own" }
const question = { sure: { method: "elicitation/create", params: { message: "Sure?", requestedSchema: {} } } }
const unavailable = new TaskStorageUnavailable({ operation: "any", reason: "down", retryable: true, applied: "no" })

/** A runner on a storage that notes each message that is written, and its order among the other writes. */
const scene = Effect.gen(function*() {
  const storage = yield* TaskStorage
  const writes: Array<string> = []
  const engine = { isDown: false }
  const noted: TaskStorageShape = {
    ...wrapWrites(
      storage,
      <A, E>(write: Effect.Effect<A, E>, { name, statusMessage }: WorkerWrite) =>
        Effect.suspend((): Effect.Effect<A, E | TaskStorageUnavailable> => {
          if (name !== "touchTask") return write
          if (engine.isDown) return Effect.fail(unavailable)
          if (typeof statusMessage === "string") writes.push(statusMessage)
          return write
        })
    ),
    requireInput: (...args) => {
      writes.push("asked")
      return storage.requireInput(...args)
    }
  }
  const runner = yield* Effect.provideService(
    makeTaskRunner({ recovery: false, shutdownTimeout: 0 }),
    TaskStorage,
    noted
  )
  const start = (
    work: (context: TaskContext["Service"]) => Effect.Effect<unknown, InputRefused | TaskFailure | TaskStorageError>
  ) => Effect.map(runner.startTask(task, () => Effect.flatMap(TaskContext, work)), ({ taskId }) => taskId)
  const get = (taskId: string) => Effect.map(storage.getTask(taskId), Option.getOrThrow)
  return { runner, storage, writes, engine, start, get }
})

const many = ({ progress }: TaskContext["Service"], count: number) =>
  Effect.forEach(Array.from({ length: count }, (_, index) => `report ${index + 1}`), (message) => progress(message), {
    discard: true
  })

describe("reports of progress", () => {
  it.effect("are written at once for the first, and ten times a second at most", () =>
    withStorage(Effect.gen(function*() {
      const { get, start, writes } = yield* scene
      const taskId = yield* start((context) =>
        Effect.forEach(
          Array.from({ length: 500 }, (_, index) => `report ${index + 1}`),
          (message) => Effect.andThen(context.progress(message), Effect.sleep("2 millis")),
          { discard: true }
        ).pipe(Effect.andThen(Effect.never))
      )
      yield* TestClock.adjust("1 milli")
      assert.deepEqual(writes, ["report 1"])
      yield* TestClock.adjust("2 seconds")
      assert.isAtMost(writes.length, 12)
      assert.isAtLeast(writes.length, 10)
      assert.deepEqual(writes, writes.toSorted((a, b) => Number(a.slice(7)) - Number(b.slice(7))))
      assert.strictEqual((yield* get(taskId)).statusMessage, "report 500")
    })))

  it.effect("are stored when the first has returned", () =>
    withStorage(Effect.gen(function*() {
      const { start, storage } = yield* scene
      const seen = yield* Deferred.make<string | undefined>()
      yield* start(({ progress, taskId }) =>
        progress("begun").pipe(
          Effect.andThen(storage.getTask(taskId)),
          Effect.flatMap((found) => Deferred.succeed(seen, Option.getOrThrow(found).statusMessage))
        )
      )
      assert.strictEqual(yield* Deferred.await(seen), "begun")
    })))

  it.effect("are written with the outcome where the work ends before the last was", () =>
    withStorage(Effect.gen(function*() {
      const { start, storage, writes } = yield* scene
      const taskId = yield* start((context) => Effect.as(many(context, 5_000), "done"))
      const { revision, status, statusMessage } = yield* storage.awaitTask(taskId)
      assert.deepEqual([status, statusMessage, writes], ["completed", "report 5000", ["report 1"]])
      assert.strictEqual(revision, 3)
    })))

  it.effect("give way to what the end of the task has to say", () =>
    withStorage(Effect.gen(function*() {
      const { start, storage } = yield* scene
      const taskId = yield* start((context) =>
        Effect.andThen(many(context, 3), new TaskFailure({ code: -32001, message: "Locked" }))
      )
      assert.strictEqual((yield* storage.awaitTask(taskId)).statusMessage, "Locked")
    })))

  it.effect.each(["request", "suspend"] as const)(
    "are written before a question is asked: %s",
    (ask) =>
      withStorage(Effect.gen(function*() {
        const { get, start, writes } = yield* scene
        const taskId = yield* start((context) => Effect.andThen(many(context, 9), context[ask](question)))
        yield* TestClock.adjust("1 minute")
        assert.deepEqual(writes, ["report 1", "report 9", "asked"])
        assert.strictEqual((yield* get(taskId)).statusMessage, "report 9")
      }))
  )

  it.effect("are written before a worker gives its task back", () =>
    withStorage(Effect.gen(function*() {
      const { get, runner, storage } = yield* scene
      yield* runner.register({
        method: "own",
        lostWorker: { maxAttempts: 5 },
        run: () => Effect.flatMap(TaskContext, (context) => Effect.andThen(many(context, 9), Effect.never))
      })
      const { taskId } = yield* storage.createTask({ ...task, lease: 0 })
      yield* Effect.forkChild(runner.runTask(taskId, { timeout: 20 }))
      yield* TestClock.adjust("1 milli")
      yield* TestClock.adjust("30 millis")
      assert.strictEqual((yield* get(taskId)).statusMessage, "report 9")
    })))

  it.effect("do not make work wait for an engine that is down, and are written when it is back", () =>
    withStorage(Effect.gen(function*() {
      const { engine, get, start } = yield* scene
      const done = yield* Deferred.make<void>()
      engine.isDown = true
      const taskId = yield* start((context) =>
        many(context, 3).pipe(Effect.andThen(Deferred.succeed(done, undefined)), Effect.andThen(Effect.never))
      )
      yield* Deferred.await(done)
      yield* TestClock.adjust("1 minute")
      engine.isDown = false
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* get(taskId)).statusMessage, "report 3")
    })))
})
