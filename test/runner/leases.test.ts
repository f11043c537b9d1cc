/** What the lease of a task does for its worker, and against a worker that is gone. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { TaskStorage } from "mcp-task-storage"
import { makeTaskRunner } from "mcp-task-storage/runner"
import { dying } from "./dyingRunner.ts"
import { lookTwice } from "./lookTwice.ts"
import { call, end, get, quiet, tool } from "./oneTask.ts"
import { withStorage } from "./withStorage.ts"

describe("leases", () => {
  it.effect("are kept while the work goes on, however long", () =>
    withStorage(Effect.gen(function*() {
      const runner = yield* makeTaskRunner(quiet)
      yield* runner.register(tool("long", Effect.as(Effect.sleep("10 minutes"), "done"), { maxAttempts: 9 }))
      const other = yield* makeTaskRunner(quiet)
      yield* other.register(tool("long", Effect.die("ran twice"), { maxAttempts: 9 }))
      const { taskId } = yield* runner.startTask(call("long"))
      for (let minute = 0; minute < 9; minute++) {
        yield* TestClock.adjust("1 minute")
        assert.deepEqual(yield* other.recover, [])
      }
      yield* TestClock.adjust("1 minute")
      assert.deepEqual((yield* end(taskId)).result, { _tag: "Success", value: "done" })
    })))

  it.effect("of a dead worker run out, and its task fails", () =>
    withStorage(Effect.gen(function*() {
      const { die, runner } = yield* dying()
      yield* runner.register(tool("job", Effect.never))
      const { taskId } = yield* runner.startTask(call("job"))
      const other = yield* makeTaskRunner(quiet)
      yield* other.register(tool("job", Effect.die("ran twice")))
      yield* die
      yield* TestClock.adjust("14 seconds")
      assert.deepEqual(yield* lookTwice(other), [])
      yield* TestClock.adjust("1 second")
      assert.deepEqual(yield* other.recover, [taskId])
      const task = yield* end(taskId)
      assert.strictEqual(task.status, "failed")
      assert.include(task.statusMessage, "Interrupted")
    })))

  it.effect("of a dead worker run out, and its task runs again where it may, at most so often", () =>
    withStorage(Effect.gen(function*() {
      const policy = { maxAttempts: 2 }
      let runs = 0
      const work = Effect.andThen(Effect.sync(() => runs++), Effect.never)
      const first = yield* dying()
      yield* first.runner.register(tool("job", work, policy))
      const { taskId } = yield* first.runner.startTask(call("job"))
      yield* TestClock.adjust("1 second")
      yield* first.die
      yield* TestClock.adjust("30 seconds")
      const second = yield* dying()
      yield* second.runner.register(tool("job", work, policy))
      assert.deepEqual(yield* lookTwice(second.runner), [taskId])
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* get(taskId)).attempt, 2)
      yield* second.die
      yield* TestClock.adjust("30 seconds")
      const third = yield* makeTaskRunner(quiet)
      yield* third.register(tool("job", work, policy))
      assert.deepEqual(yield* lookTwice(third), [taskId])
      const task = yield* end(taskId)
      assert.strictEqual(task.status, "failed")
      assert.strictEqual(runs, 2)
    })))

  it.effect("that are lost stop the worker, which cannot write any more", () =>
    withStorage(Effect.gen(function*() {
      const storage = yield* TaskStorage
      const runner = yield* makeTaskRunner({ ...quiet, lease: "1 hour" })
      const interrupted = yield* Deferred.make<void>()
      yield* runner.register(
        tool("job", Effect.onInterrupt(Effect.never, () => Effect.asVoid(Deferred.succeed(interrupted, undefined))))
      )
      const { taskId } = yield* runner.startTask(call("job"))
      yield* TestClock.adjust("1 second")
      yield* storage.touchTask(taskId, { lease: 0 })
      const { record } = yield* storage.claimTask(taskId, { lease: "1 hour" })
      yield* Deferred.await(interrupted)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* get(taskId)).status, "working")
      assert.strictEqual(record.attempt, 2)
      assert.strictEqual(yield* runner.running, 0)
    })))

  it.effect("that are lost unnoticed keep the worker from writing all the same", () =>
    withStorage(Effect.gen(function*() {
      const storage = yield* TaskStorage
      const blind: typeof storage = { ...storage, changes: () => Stream.never }
      const runner = yield* Effect.provideService(makeTaskRunner(quiet), TaskStorage, blind)
      const go = yield* Deferred.make<void>()
      yield* runner.register(tool("job", Effect.as(Deferred.await(go), "late")))
      const { taskId } = yield* runner.startTask(call("job"))
      yield* TestClock.adjust("1 second")
      yield* storage.touchTask(taskId, { lease: 0 })
      yield* storage.claimTask(taskId, { lease: "1 hour" })
      yield* Deferred.succeed(go, undefined)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* get(taskId)).status, "working")
      assert.strictEqual(yield* runner.running, 0)
    })))
})
