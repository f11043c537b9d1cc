/** What the engine is asked for a task: its creation and its settlement, and nothing in between. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import type { TaskDriver, TaskDriverError } from "../../src/domain/driver/TaskDriver.ts"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import { realSleep } from "../../src/layers/realSleep.ts"
import { makeTaskRunner, TaskContext } from "../../src/runner/index.ts"
import type { FaultTarget } from "../layers/faults/FaultTarget.ts"
import { wrapPrimitives } from "../layers/faults/wrapPrimitives.ts"

const lease = 30_000
const large = "x".repeat(256 * 1024)

/** A runner, and what its driver was asked, in order. A write is named with what it was answered with. */
const scene = Effect.fnUntraced(function*<E>(target: FaultTarget<E>) {
  const driver = yield* Effect.flatMap(target.freshStore, (store) => store.openDriver())
  const calls: Array<string> = []
  const noting = <A>(name: string, call: Effect.Effect<A, TaskDriverError>) =>
    Effect.suspend(() => {
      calls.push(name)
      return call
    })
  const noted: TaskDriver = {
    ...wrapPrimitives(driver, ({ name }, call) =>
      Effect.suspend(() => {
        // What the process does as a worker is for all of its tasks together.
        if (!/^(workers|kinds)\./.test(name)) calls.push(name)
        return call
      })),
    patch: (taskId, scope, guard, patch, answer = "task") =>
      noting(`patch, ${answer}`, driver.patch(taskId, scope, guard, patch, answer))
  }
  const storage = yield* TaskStorage.fromDriver(noted, { maintenance: false })
  const runner = yield* Effect.provideService(
    makeTaskRunner({ recovery: false, lease, shutdownTimeout: 0 }),
    TaskStorage,
    storage
  )
  return { calls, runner, storage }
})

const ended = (runner: { readonly running: Effect.Effect<number> }) =>
  Effect.gen(function*() {
    while ((yield* runner.running) > 0) yield* realSleep(5)
  })

export const testPayloadReads = <E>(target: FaultTarget<E>): void => {
  describe(`a task that runs, on ${target.name}`, () => {
    it.effect("asks the engine for nothing while it runs, however long", () =>
      Effect.gen(function*() {
        const { calls, runner } = yield* scene(target)
        yield* runner.startTask({ originalMethod: "own", originalParams: { large } }, () => Effect.sleep(55_000))
        yield* runner.startTask({ originalMethod: "own" }, () => Effect.sleep(55_000))
        yield* realSleep(200)
        assert.deepEqual(calls, ["insert", "insert"])
        yield* TestClock.adjust("54 seconds")
        yield* realSleep(200)
        assert.deepEqual(calls, ["insert", "insert"])
        yield* TestClock.adjust("2 seconds")
        yield* ended(runner)
        assert.deepEqual(calls, ["insert", "insert", "patch, summary", "patch, summary"])
      }))

    it.effect(
      "and does nothing costs two statements, and none of them reads its payload",
      () =>
        Effect.gen(function*() {
          const { calls, runner } = yield* scene(target)
          yield* runner.startTask({ originalMethod: "own", originalParams: { large } }, () => Effect.void)
          yield* ended(runner)
          assert.deepEqual(calls, ["insert", "patch, summary"])
        })
    )

    it.effect(
      "is awaited in the same process by one read, and its end is known from the settlement",
      () =>
        Effect.gen(function*() {
          const { calls, runner, storage } = yield* scene(target)
          const [stepped, go] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
          const originalParams = { name: "own", given: [1, 2] }
          const { taskId } = yield* runner.startTask(
            { originalMethod: "own", originalParams, ttl: "1 hour" },
            () =>
              Effect.flatMap(TaskContext, ({ progress, step }) =>
                step("one", Schema.Number, Effect.succeed(1)).pipe(
                  Effect.andThen(Deferred.succeed(stepped, undefined)),
                  Effect.andThen(Deferred.await(go)),
                  Effect.andThen(progress("almost")),
                  Effect.as({ done: true })
                ))
          )
          yield* Deferred.await(stepped)
          yield* realSleep(200)
          calls.length = 0
          const awaiting = yield* Effect.forkChild(storage.awaitTask(taskId))
          while (calls.length === 0) yield* realSleep(5)
          yield* realSleep(200)
          assert.strictEqual(calls[0], "find")
          calls.length = 0
          yield* Deferred.succeed(go, undefined)
          const awaited = yield* Fiber.join(awaiting)
          assert.deepEqual(calls.filter((call) => call.startsWith("find")), [])
          assert.deepEqual(awaited, Option.getOrThrow(yield* storage.getTask(taskId)))
          assert.deepEqual(awaited.originalParams, originalParams)
          assert.deepEqual(awaited.result, { _tag: "Success", value: { done: true } })
        })
    )
  })
}
