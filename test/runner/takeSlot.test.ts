/** Places that are taken without an effect: under the rules of those that are reserved by one. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { TaskStorage, type TaskStorageShape } from "mcp-task-storage"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { makeTaskRunner, type TaskRunnerOptions, type TaskRunnerShape } from "mcp-task-storage/runner"

const report = { originalMethod: "tools/call", name: "report" }

interface Scene {
  readonly runner: TaskRunnerShape
  readonly storage: TaskStorageShape
}

const withRunner = <A, E>(
  use: (scene: Scene) => Effect.Effect<A, E, Scope.Scope>,
  options: TaskRunnerOptions = {},
  generateId?: Effect.Effect<string>
) =>
  Effect.gen(function*() {
    const runner = yield* makeTaskRunner({ shutdownTimeout: 0, ...options })
    yield* runner.register({ method: "tools/call", name: "report", run: () => Effect.never })
    // By now it knows which kinds are paused.
    yield* runner.forSession(null).reserveSlot(report).pipe(Effect.map(Option.map((slot) => slot.free())))
    return yield* use({ runner, storage: yield* TaskStorage })
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.merge(MemoryTaskStorage.layer({ maintenance: false, generateId }), Logger.layer([])))
  )

/** Tells whether a call of a session gets a place at once, and whether it gets one by the effect. Both are given up. */
const both = ({ runner }: Scene, sessionId: string | null) =>
  Effect.map(runner.forSession(sessionId).reserveSlot(report), (reserved) => {
    const isReserved = Option.isSome(reserved)
    if (isReserved) reserved.value.free()
    const taken = runner.takeSlot(report, sessionId)
    taken?.free()
    return [taken !== undefined, isReserved]
  })

const taken = [true, true]
const refused = [false, false]

describe("takeSlot", () => {
  it.effect("takes a place that it gives up, once", () =>
    withRunner((scene) =>
      Effect.gen(function*() {
        const { runner } = scene
        const slot = runner.takeSlot(report, "ann")
        assert.match(slot?.taskId() ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
        assert.deepStrictEqual([yield* runner.running, yield* both(scene, "ann"), yield* both(scene, "bob")], [
          1,
          refused,
          taken
        ])
        slot?.free()
        slot?.free()
        assert.deepStrictEqual([yield* runner.running, yield* both(scene, "ann")], [0, taken])
      }), { maxRunningPerSession: 1 }))

  it.effect("gives the place to the task of its session that is begun on it", () =>
    withRunner((scene) =>
      Effect.gen(function*() {
        const { runner, storage } = scene
        const slot = runner.takeSlot(report, "ann")
        assert.isDefined(slot)
        const goOn = yield* Deferred.make<void>()
        const task = yield* slot.startTask(report, () => Deferred.await(goOn))
        slot.free()
        assert.deepStrictEqual([task.taskId, task.sessionId, yield* runner.running], [slot.taskId(), "ann", 1])
        yield* Deferred.succeed(goOn, undefined)
        yield* storage.awaitTask(task.taskId)
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* runner.running, 0)
      })
    ))

  it.effect("takes none where tasks are dispatched", () =>
    withRunner((scene) => Effect.map(both(scene, "ann"), (found) => assert.deepStrictEqual(found, refused)), {
      dispatch: () => Effect.void
    }))

  it.effect("takes none for a kind that is paused", () =>
    withRunner((scene) =>
      Effect.gen(function*() {
        yield* scene.storage.pauseTasks({ method: "tools/call", name: "report" })
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(yield* both(scene, "ann"), refused)
        yield* scene.storage.resumeTasks({ method: "tools/call", name: "report" })
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(yield* both(scene, "ann"), taken)
      })
    ))

  it.effect("takes none before it is known which kinds are paused", () =>
    withRunner((scene) =>
      Effect.gen(function*() {
        yield* TestClock.adjust("1 minute")
        assert.isUndefined(scene.runner.takeSlot(report, "ann"))
        assert.deepStrictEqual(yield* both(scene, "ann"), taken)
      }), { recovery: false }))

  it.effect("leaves ids of another make to the effect", () =>
    withRunner(
      (scene) => Effect.map(both(scene, "ann"), (found) => assert.deepStrictEqual(found, [false, true])),
      {},
      Effect.succeed("own")
    ))
})
