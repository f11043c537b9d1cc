/** What the service adds to a driver: answers at once, whole records, spans, sessions. */
import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import { AtOnce } from "../../src/domain/effects/AtOnce.ts"
import { isOver } from "../../src/domain/effects/isOver.ts"
import { fromDriver } from "../../src/domain/fromDriver.ts"
import type { TaskStorageOptions } from "../../src/domain/options/TaskStorageOptions.ts"
import type { TaskStorageError } from "../../src/domain/task/TaskError.ts"
import { uuidV4 } from "../../src/domain/task/TaskId.ts"
import { isStorageOperation } from "../../src/domain/telemetry/StorageOperation.ts"
import { call, open, quietMemory } from "./quietMemory.ts"

describe("an answer at once", () => {
  it.effect("is not taken before the effect is run, and is taken again when it runs again", () =>
    Effect.gen(function*() {
      let asked = 0
      const answer = new AtOnce(() => ++asked)
      const twice = Effect.all([answer, answer])
      expect(asked).toBe(0)
      expect(yield* twice).toEqual([1, 2])
    }))
})

it.effect("a record replaces the task that is there, though it came after the one that was read first", () =>
  Effect.gen(function*() {
    let reads = 0
    const storage = yield* open((driver) => ({
      ...driver,
      find: (taskId, scope) =>
        Effect.tap(driver.find(taskId, scope), (stored) => {
          if (stored === undefined || reads++ > 0) return Effect.void
          const reborn = { ...stored, incarnation: "another" }
          const unlimited = { maxTasks: null, maxTasksPerSession: null }
          return Effect.andThen(driver.remove(taskId, scope), driver.insert(reborn, unlimited, scope.now))
        })
    }))
    const record = yield* storage.createTask(call)
    expect(yield* storage.updateTask({ ...record, statusMessage: "new" })).toMatchObject({ revision: 2 })
    expect(reads).toBe(2)
    // Whoever comes too late is still told by how much.
    expect(yield* Effect.flip(storage.updateTask(record))).toMatchObject({
      _tag: "ConcurrentModification",
      expected: 1,
      actual: 2
    })
  }))

it.effect("a driver around memory may copy the scope that it is given", () =>
  Effect.gen(function*() {
    const storage = yield* open((driver) => ({ ...driver, find: (taskId, scope) => driver.find(taskId, { ...scope }) }))
    const { taskId } = yield* storage.createTask({ ...call, ttl: 1_000 })
    expect(Option.isSome(yield* storage.getTask(taskId))).toBe(true)
    yield* TestClock.adjust(1_000)
    expect(Option.isNone(yield* storage.getTask(taskId))).toBe(true)
  }))

describe("a creation that generates its id", () => {
  const generators: ReadonlyArray<TaskStorageOptions> = [{}, { generateId: uuidV4 }]

  it.effect.each(generators)(
    "makes another task each time that it runs: %j",
    (options) =>
      Effect.gen(function*() {
        const storage = yield* fromDriver(yield* quietMemory, { ...options, maintenance: false })
        const create = storage.createTask(call)
        expect(yield* storage.taskCount()).toBe(0)
        const tasks = yield* Effect.all([create, create])
        expect(new Set(tasks.map(({ taskId }) => taskId)).size).toBe(2)
        expect(yield* storage.taskCount()).toBe(2)
      })
  )

  it.effect("is over at once in memory", () =>
    Effect.gen(function*() {
      const clock = yield* Clock.clockWith(Effect.succeed)
      const storage = yield* open()
      const create = storage.createTask(call)
      const begun = isStorageOperation(create) ? create.begin(clock) : create
      expect(isOver(begun)).toBe(true)
      const { taskId } = yield* begun
      expect(Option.isSome(yield* storage.getTask(taskId))).toBe(true)
    }))

  it.effect("tells its span the id", () =>
    Effect.gen(function*() {
      const made: Array<Tracer.Span> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          made.push(span)
          return span
        }
      })
      const storage = yield* open()
      const { taskId } = yield* storage.createTask(call).pipe(
        Effect.withSpan("request"),
        Effect.provideService(Tracer.Tracer, tracer)
      )
      const span = made.find(({ name }) => name === "TaskStorage.createTask")
      expect(Object.fromEntries(span?.attributes ?? [])).toMatchObject({ "mcp.task.id": taskId })
    }))
})

describe("tracing", () => {
  const spans: Array<string> = []
  const tracer = Tracer.make({
    span: (options) => {
      spans.push(options.name)
      return new Tracer.NativeSpan(options)
    }
  })

  it.effect("records a span where the caller is traced, and none where nobody is", () =>
    Effect.gen(function*() {
      const storage = yield* open()
      const { taskId } = yield* storage.createTask(call)
      expect(spans).toEqual([])
      const found = yield* Effect.withSpan(storage.getTask(taskId), "request")
      expect(Option.isSome(found)).toBe(true)
      expect(spans).toEqual(["request", "TaskStorage.getTask"])
    }).pipe(Effect.provideService(Tracer.Tracer, tracer)))

  it.effect.each([true, false])(
    "records none of an id that is refused, whether tasks are kept (%s) or not",
    (isKept) =>
      Effect.gen(function*() {
        const clock = yield* Clock.clockWith(Effect.succeed)
        const storage = yield* open(({ keepsTasks, ...driver }) =>
          isKept && keepsTasks === true ? { ...driver, keepsTasks } : driver
        )
        spans.length = 0
        const notText: unknown = 1
        for (const id of ["", "a\u0000", "\ud800", notText]) {
          // What a caller without a compiler can do.
          const get: ReturnType<typeof storage.getTask> = Reflect.apply(storage.getTask, storage, [id])
          const refusal = { _tag: "InvalidInput", field: "taskId" }
          expect(yield* Effect.flip(Effect.withSpan(get, "request"))).toMatchObject(refusal)
          // As promises begin it, without a fiber.
          const begun = isStorageOperation(get) ? get.begin(clock) : get
          expect(yield* Effect.flip(begun)).toMatchObject(refusal)
        }
        expect(new Set(spans)).toEqual(new Set(["request"]))
      }).pipe(Effect.provideService(Tracer.Tracer, tracer))
  )
})

describe("forSession", () => {
  it.effect("of something that is no session reaches nothing", () =>
    Effect.gen(function*() {
      const storage = yield* open()
      const { taskId } = yield* storage.createTask(call)
      const none: unknown = undefined
      for (const session of [none, 1, "", "\u0000"]) {
        // What a caller without a compiler can do.
        const tasks: typeof storage = Reflect.apply(storage.forSession, storage, [session])
        const refused = [
          Effect.asVoid(tasks.getTask(taskId)),
          Effect.asVoid(tasks.listTasks()),
          Effect.asVoid(tasks.createTask(call)),
          Effect.asVoid(tasks.taskCount()),
          Effect.asVoid(tasks.awaitTask(taskId))
        ]
        for (const effect of refused) {
          expect(yield* Effect.flip<void, TaskStorageError, never>(effect)).toMatchObject({
            _tag: "InvalidInput",
            field: "sessionId"
          })
        }
      }
    }))
})
