/** What a runner does while its engine is down, with time that is turned by hand. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Struct from "effect/Struct"
import { TestClock } from "effect/testing"
import { TaskStorage, TaskStorageUnavailable } from "mcp-task-storage"
import { makeTaskRunner, type TaskRunnerOptions } from "mcp-task-storage/runner"
import { withStorage } from "./withStorage.ts"
import { wrapWrites } from "./wrapWrites.ts"

const lease = 30_000
const quiet: TaskRunnerOptions = { recovery: false, lease, shutdownTimeout: 0 }

/** How an engine that is down behaves. */
const downs = {
  "refuses for now": Effect.fail(unavailable(true)),
  "refuses for good": Effect.fail(unavailable(false)),
  "dies": Effect.die(new Error("the driver died")),
  "interrupts its caller": Effect.interrupt,
  "never answers": Effect.never
} as const

type Down = keyof typeof downs

function unavailable(retryable: boolean) {
  return new TaskStorageUnavailable({ operation: "touchTask", reason: "no access", retryable, applied: "no" })
}

/** One engine, which is down as long as it is told to be, and a runner on it. */
const scene = Effect.fnUntraced(function*(how: Down) {
  const storage = yield* TaskStorage
  const state = { isDown: false }
  const unless = <A, E>(call: Effect.Effect<A, E>) =>
    Effect.suspend((): Effect.Effect<A, E | TaskStorageUnavailable> => state.isDown ? downs[how] : call)
  const failing = wrapWrites(storage, unless)
  const logged: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => logged.push(`${logLevel} ${String(message)}`))
  const runner = yield* makeTaskRunner(quiet).pipe(
    Effect.provideService(TaskStorage, failing),
    Effect.provide(Logger.layer([logger]))
  )
  const go = yield* Deferred.make<void>()
  let interrupted = 0
  yield* runner.register({
    method: "own",
    run: () => Effect.onInterrupt(Effect.as(Deferred.await(go), "done"), () => Effect.sync(() => interrupted++))
  })
  return {
    storage,
    runner,
    logged,
    go: Deferred.succeed(go, undefined),
    interrupted: () => interrupted,
    down: Effect.sync(() => state.isDown = true),
    up: Effect.sync(() => state.isDown = false)
  }
})

describe("an engine that", () => {
  describe.each(Struct.keys(downs))("%s", (how) => {
    it.effect("for longer than a lease interrupts nothing, and says so once", () =>
      withStorage(Effect.gen(function*() {
        const { down, go, interrupted, logged, runner, storage, up } = yield* scene(how)
        const { taskId } = yield* runner.startTask({ originalMethod: "own" })
        yield* TestClock.adjust("1 second")
        yield* down
        yield* TestClock.adjust(3 * lease)
        assert.strictEqual(interrupted(), 0)
        yield* up
        yield* TestClock.adjust(lease)
        assert.strictEqual((yield* storage.claimTask(taskId, { lease }).pipe(Effect.flip))._tag, "LeaseHeld")
        yield* go
        const { attempt, status } = yield* storage.awaitTask(taskId)
        assert.deepEqual([status, attempt], ["completed", 1])
        assert.deepEqual(logged.map((line) => line.slice(0, 25)), [
          "Warn The task storage fai",
          "Info The task storage ans"
        ])
      })))

    it.effect("when the work has ended gets its outcome later", () =>
      withStorage(Effect.gen(function*() {
        const { down, go, runner, storage, up } = yield* scene(how)
        const { taskId } = yield* runner.startTask({ originalMethod: "own" })
        yield* TestClock.adjust("1 second")
        yield* down
        yield* go
        yield* TestClock.adjust(3 * lease)
        assert.strictEqual(yield* runner.running, 1)
        yield* up
        yield* TestClock.adjust(lease)
        assert.deepEqual((yield* storage.awaitTask(taskId)).result, { _tag: "Success", value: "done" })
        assert.strictEqual(yield* runner.running, 0)
      })))

    it.effect("when the time of the task is over is asked no more", () =>
      withStorage(Effect.gen(function*() {
        const { down, go, logged, runner } = yield* scene(how)
        yield* runner.startTask({ originalMethod: "own", ttl: "10 minutes" })
        yield* TestClock.adjust("1 second")
        yield* down
        yield* go
        yield* TestClock.adjust("9 minutes")
        assert.strictEqual(yield* runner.running, 1)
        yield* TestClock.adjust("2 minutes")
        assert.strictEqual(yield* runner.running, 0)
        assert.strictEqual(logged.filter((line) => line.startsWith("Warn")).length, 1)
      })))
  })

  it.effect("gave the task to another meanwhile stops the worker", () =>
    withStorage(Effect.gen(function*() {
      const { down, interrupted, runner, storage, up } = yield* scene("refuses for good")
      const { taskId } = yield* runner.startTask({ originalMethod: "own" })
      yield* TestClock.adjust("1 second")
      yield* down
      yield* TestClock.adjust(2 * lease)
      yield* storage.declareDeadWorkers()
      yield* storage.claimTask(taskId, { lease })
      yield* up
      yield* TestClock.adjust(lease)
      assert.strictEqual(interrupted(), 1)
      assert.strictEqual(yield* runner.running, 0)
    })))
})
