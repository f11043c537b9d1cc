/** Sleeps and retries: durable, without a worker, and not twice; with time that is turned by hand. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { TaskStorage } from "mcp-task-storage"
import {
  layerTestContext,
  makeTaskRunner,
  type RetryPolicy,
  TaskContext,
  TaskFailure,
  type TaskHandler,
  TestTask
} from "mcp-task-storage/runner"
import { lookTwice } from "./lookTwice.ts"
import { get, quiet } from "./oneTask.ts"
import { withoutLog } from "./withStorage.ts"

const call = { originalMethod: "own" }

const summary = (taskId: string) =>
  Effect.map(
    get(taskId),
    ({ attempt, result, status }) => [status, attempt, result?._tag === "Success" ? result.value : result?.message]
  )

/** Does something, sleeps, does something else, sleeps again. */
const sleeper = (begun: Array<number>): TaskHandler => ({
  method: "own",
  run: () =>
    Effect.flatMap(TaskContext, ({ attempt, sleep, step }) =>
      Effect.gen(function*() {
        begun.push(attempt)
        yield* step("first", Schema.Number, Effect.succeed(1))
        yield* sleep("night", "8 hours")
        yield* sleep("nap", "10 minutes")
        return "awake"
      }))
})

describe("a sleep", () => {
  it.effect("holds no worker, and is not slept twice", () =>
    withoutLog(Effect.gen(function*() {
      const begun: Array<number> = []
      const runner = yield* makeTaskRunner(quiet)
      yield* runner.register(sleeper(begun))
      const { taskId } = yield* runner.startTask(call)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* runner.running, 0)
      assert.deepEqual(yield* summary(taskId), ["working", 1, undefined])
      yield* TestClock.adjust("7 hours")
      assert.deepEqual(begun, [1])
      yield* TestClock.adjust("1 hour")
      yield* TestClock.adjust("1 second")
      assert.deepEqual(begun, [1, 2])
      yield* TestClock.adjust("10 minutes")
      yield* TestClock.adjust("1 second")
      assert.deepEqual(begun, [1, 2, 3])
      assert.deepEqual(yield* summary(taskId), ["completed", 3, "awake"])
    })))

  it.effect("goes on in another process, and costs no attempt of a worker that died", () =>
    withoutLog(Effect.gen(function*() {
      const begun: Array<number> = []
      const handler: TaskHandler = { ...sleeper(begun), lostWorker: { maxAttempts: 2 } }
      const scope = yield* Scope.make()
      const first = yield* Effect.provideService(makeTaskRunner(quiet), Scope.Scope, scope)
      yield* first.register(handler)
      const { taskId } = yield* first.startTask(call)
      yield* TestClock.adjust("1 second")
      yield* Scope.close(scope, yield* Effect.exit(Effect.void))
      const second = yield* makeTaskRunner(quiet)
      yield* second.register(handler)
      assert.deepEqual(yield* second.recover, [])
      yield* TestClock.adjust("8 hours")
      assert.deepEqual(yield* second.recover, [taskId])
      yield* TestClock.adjust("1 second")
      yield* TestClock.adjust("11 minutes")
      yield* TestClock.adjust("1 second")
      assert.deepEqual(yield* summary(taskId), ["completed", 3, "awake"])
    })))

  it.effect("is dispatched with its delay, and again if its id comes too early", () =>
    withoutLog(Effect.gen(function*() {
      const queue: Array<readonly [string, number | undefined]> = []
      const runner = yield* makeTaskRunner({
        ...quiet,
        dispatch: (taskId, { delay }) => Effect.asVoid(Effect.sync(() => queue.push([taskId, delay])))
      })
      yield* runner.register({
        method: "own",
        run: () => Effect.flatMap(TaskContext, ({ sleep }) => Effect.as(sleep("hour", "1 hour"), "done"))
      })
      const { taskId } = yield* runner.startTask(call)
      assert.strictEqual(yield* runner.runTask(taskId), "suspended")
      yield* TestClock.adjust("15 minutes")
      assert.strictEqual(yield* runner.runTask(taskId), "suspended")
      yield* TestClock.adjust("45 minutes")
      assert.strictEqual(yield* runner.runTask(taskId), "settled")
      assert.deepEqual(queue, [[taskId, undefined], [taskId, 3_600_000], [taskId, 2_700_000]])
    })))

  it.effect("of a task that is cancelled meanwhile never ends", () =>
    withoutLog(Effect.gen(function*() {
      const begun: Array<number> = []
      const runner = yield* makeTaskRunner(quiet)
      yield* runner.register(sleeper(begun))
      const { taskId } = yield* runner.startTask(call)
      yield* TestClock.adjust("1 second")
      yield* runner.cancelTask(taskId)
      yield* TestClock.adjust("9 hours")
      assert.deepEqual(begun, [1])
      assert.strictEqual((yield* get(taskId)).status, "cancelled")
    })))

  it.effect.each([["a key", 1, "1 hour"], ["a duration", "key", "soon"]])(
    "needs %s",
    ([, key, duration]) =>
      withoutLog(Effect.gen(function*() {
        const runner = yield* makeTaskRunner(quiet)
        // As a caller without a compiler does.
        const given: { readonly key: string; readonly duration: number } = JSON.parse(JSON.stringify({ key, duration }))
        yield* runner.register({
          method: "own",
          run: () => Effect.flatMap(TaskContext, ({ sleep }) => sleep(given.key, given.duration))
        })
        const { taskId } = yield* runner.startTask(call)
        yield* TestClock.adjust("1 second")
        const [status, , message] = yield* summary(taskId)
        assert.strictEqual(status, "failed")
        assert.match(String(message), /key|duration/)
      }))
  )

  it.effect("of a tool under test is noted, and takes no time", () =>
    Effect.gen(function*() {
      const { sleep } = yield* TaskContext
      yield* sleep("night", "8 hours")
      assert.deepEqual(yield* (yield* TestTask).sleeps, [{ key: "night", millis: 28_800_000 }])
    }).pipe(Effect.provide(layerTestContext())))
})

describe("a task that failed", () => {
  const failing = (
    retry: RetryPolicy,
    fails: (attempt: number) => Effect.Effect<unknown, string | TaskFailure>
  ): TaskHandler => ({
    method: "own",
    retry,
    run: () => Effect.flatMap(TaskContext, ({ attempt }) => fails(attempt))
  })

  it.effect("runs again, each time later, and ends as its last try does", () =>
    withoutLog(Effect.gen(function*() {
      const at: Array<number> = []
      const runner = yield* makeTaskRunner(quiet)
      yield* runner.register(failing({ times: 3, delay: "10 seconds" }, (attempt) =>
        Effect.clockWith((clock) => {
          at.push(Math.round(clock.currentTimeMillisUnsafe() / 1000))
          return attempt < 4 ? Effect.die(new Error("not yet")) : Effect.succeed("done")
        })))
      const { taskId } = yield* runner.startTask(call)
      for (let second = 0; second < 90; second++) yield* TestClock.adjust("1 second")
      assert.deepEqual(yield* summary(taskId), ["completed", 4, "done"])
      assert.strictEqual(at.length, 4)
      const waits = at.slice(1).map((time, index) => time - (at[index] ?? 0))
      for (const [index, least] of [10, 20, 40].entries()) assert.isAtLeast(waits[index] ?? 0, least)
    })))

  it.effect("fails when it was tried often enough, with its last failure", () =>
    withoutLog(Effect.gen(function*() {
      let tries = 0
      const runner = yield* makeTaskRunner(quiet)
      yield* runner.register(failing({ times: 2, delay: 0, factor: 1 }, () => Effect.die(new Error(`try ${++tries}`))))
      const { taskId } = yield* runner.startTask(call)
      for (let second = 0; second < 10; second++) yield* TestClock.adjust("1 second")
      assert.strictEqual(tries, 3)
      const { failure, status } = yield* get(taskId)
      assert.deepEqual([status, failure?.message], ["failed", "try 3"])
    })))

  it.effect.each(
    [
      ["a TaskFailure", Effect.fail(new TaskFailure({ code: -32001, message: "No" }))],
      ["what `while` does not pick", Effect.fail("for good")],
      ["an interruption", Effect.interrupt]
    ] as const
  )("does not run again for %s", ([, failure]) =>
    withoutLog(Effect.gen(function*() {
      const runner = yield* makeTaskRunner(quiet)
      const retry: RetryPolicy = { times: 5, delay: 0, while: (error) => error !== "for good" }
      yield* runner.register(failing(retry, () => failure))
      const { taskId } = yield* runner.startTask(call)
      for (let second = 0; second < 3; second++) yield* TestClock.adjust("1 second")
      const [status, attempt] = yield* summary(taskId)
      assert.deepEqual([status, attempt], ["failed", 1])
    })))

  it.effect("has cost no attempt of workers that died", () =>
    withoutLog(Effect.gen(function*() {
      const storage = yield* TaskStorage
      const handler: TaskHandler = {
        ...failing({ times: 2, delay: "1 hour" }, (attempt) => attempt < 2 ? Effect.die("no") : Effect.succeed("done")),
        lostWorker: { maxAttempts: 2 }
      }
      const scope = yield* Scope.make()
      const first = yield* Effect.provideService(makeTaskRunner(quiet), Scope.Scope, scope)
      yield* first.register(handler)
      const { taskId } = yield* first.startTask(call)
      yield* TestClock.adjust("1 second")
      yield* Scope.close(scope, yield* Effect.exit(Effect.void))
      yield* TestClock.adjust("1 hour")
      // Somebody takes it for its second try, and dies.
      const { workerId } = yield* storage.registerWorker({ lease: "30 seconds" })
      yield* storage.claimTask(taskId, { worker: workerId })
      yield* TestClock.adjust("1 minute")
      const second = yield* makeTaskRunner(quiet)
      yield* second.register(handler)
      assert.deepEqual(yield* lookTwice(second), [taskId])
      yield* TestClock.adjust("1 second")
      assert.deepEqual(yield* summary(taskId), ["completed", 3, "done"])
    })))

  it.effect.each([
    { times: 0, delay: 1 },
    { times: 1, delay: "soon" },
    { times: 1, delay: 1, factor: 0.5 },
    { times: 1, delay: 1, factr: 2 },
    { times: 1, delay: 1, while: true }
  ])("is not registered with %o", (retry) =>
    withoutLog(Effect.gen(function*() {
      const runner = yield* makeTaskRunner(quiet)
      const given: RetryPolicy = JSON.parse(JSON.stringify(retry))
      const error = yield* Effect.flip(runner.register(failing(given, () => Effect.void)))
      assert.match(error.field, /^retry/)
    })))
})
