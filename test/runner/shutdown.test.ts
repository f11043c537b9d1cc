/** A runner that ends does so in its time, whatever its tasks wait for and whatever its engine does. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { TaskStorage, type TaskStorageShape } from "mcp-task-storage"
import { makeTaskRunner, TaskContext, type TaskHandler } from "mcp-task-storage/runner"
import { withStorage } from "./withStorage.ts"
import { wrapWrites } from "./wrapWrites.ts"

const form = { message: "Sure?", requestedSchema: {} }

const asks: TaskHandler = {
  method: "asks",
  run: () => Effect.flatMap(TaskContext, ({ elicit }) => elicit("sure", form))
}

const handlers: ReadonlyArray<TaskHandler> = [
  asks,
  { method: "clings", run: () => Effect.onInterrupt(Effect.never, () => Effect.never) },
  { method: "ends", run: () => Effect.sleep("1 second") }
]

/** What the engine does once the task runs. */
const engines = {
  answers: (storage) => storage,
  "hangs on every write": (storage) =>
    wrapWrites(storage, (write, { name }) => name === "registerWorker" ? write : Effect.never)
} satisfies { readonly [name: string]: (storage: TaskStorageShape) => TaskStorageShape }

const cases = handlers.flatMap((handler) =>
  Object.entries(engines).map(([name, engine]) => [handler.method, name, handler, engine] as const)
)

const openRunner = Effect.fnUntraced(function*(engine: (storage: TaskStorageShape) => TaskStorageShape) {
  const scope = yield* Scope.make()
  const storage = engine(yield* TaskStorage)
  const runner = yield* makeTaskRunner({ recovery: false, shutdownTimeout: "10 seconds" }).pipe(
    Effect.provideService(TaskStorage, storage),
    Effect.provideService(Scope.Scope, scope),
    Effect.provide(Logger.layer([]))
  )
  return { runner, close: Scope.close(scope, Exit.void) }
})

/** The timeout, the grace in which leases are given up, and a second for what cannot be interrupted. */
const bound = "18 seconds"

it.effect.each(cases)(
  "work that %s, on an engine that %s",
  ([, , handler, engine]) =>
    withStorage(Effect.gen(function*() {
      const { close, runner } = yield* openRunner(engine)
      yield* runner.register(handler)
      yield* runner.startTask({ originalMethod: handler.method })
      yield* TestClock.adjust("100 millis")
      const closing = yield* Effect.forkChild(close)
      yield* TestClock.adjust(bound)
      assert.isDefined(closing.pollUnsafe())
    }))
)

it.effect("an open question is waited for no longer than shutdownTimeout, and its task left to others", () =>
  withStorage(Effect.gen(function*() {
    const { close, runner } = yield* openRunner(engines.answers)
    yield* runner.register(asks)
    const { taskId } = yield* runner.startTask({ originalMethod: "asks" })
    yield* TestClock.adjust("100 millis")
    const closing = yield* Effect.forkChild(close)
    yield* TestClock.adjust("9 seconds")
    assert.isUndefined(closing.pollUnsafe())
    yield* TestClock.adjust("1100 millis")
    assert.isDefined(closing.pollUnsafe())
    const { getTask } = yield* TaskStorage
    assert.strictEqual(Option.getOrThrow(yield* getTask(taskId)).status, "input_required")
  })))

it.effect("a claim that the engine never answers holds nobody up", () =>
  withStorage(Effect.gen(function*() {
    const { close, runner } = yield* openRunner((storage) => ({ ...storage, claimTask: () => Effect.never }))
    const { createTask } = yield* TaskStorage
    yield* runner.register({ method: "own", run: () => Effect.void })
    const { taskId } = yield* createTask({ originalMethod: "own", lease: 0 })
    const running = yield* Effect.forkDetach(runner.runTask(taskId))
    yield* TestClock.adjust("100 millis")
    const closing = yield* Effect.forkChild(close)
    yield* TestClock.adjust(bound)
    assert.isDefined(closing.pollUnsafe())
    running.interruptUnsafe()
    yield* Fiber.join(closing)
  })))
