/** What a runner does with tasks, on memory and with time that is turned by hand. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { TaskStorage } from "mcp-task-storage"
import { makeTaskRunner, TaskContext } from "mcp-task-storage/runner"
import { dying } from "./dyingRunner.ts"
import { lookTwice } from "./lookTwice.ts"
import { call, end, get, quiet, tool } from "./oneTask.ts"
import { withStorage } from "./withStorage.ts"

/** Runs a program until it waits for nothing but its end, as a server does, and then ends it as a signal does. */
const interrupted = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const begun = yield* Deferred.make<A, E>()
    const running = yield* Effect.forkChild(
      Effect.scoped(Effect.andThen(Deferred.complete(begun, program), Effect.never))
    )
    const value = yield* Deferred.await(begun)
    yield* Fiber.interrupt(running)
    return value
  })

describe("TaskRunner", () => {
  it.effect("the work inherits nothing of whoever starts it, and outlives them", () =>
    withStorage(Effect.gen(function*() {
      class Request extends Context.Service<Request, string>()("test/Request") {}
      const runner = yield* makeTaskRunner(quiet)
      const go = yield* Deferred.make<void>()
      yield* runner.register(
        tool("slow", Effect.andThen(Deferred.await(go), Effect.map(Effect.serviceOption(Request), Option.getOrNull)))
      )
      const starter = yield* Effect.forkChild(
        Effect.provideService(runner.startTask(call("slow")), Request, "mine")
      )
      const { taskId } = yield* Fiber.join(starter)
      yield* Deferred.succeed(go, undefined)
      const task = yield* end(taskId)
      assert.deepEqual(task.result, { _tag: "Success", value: null })
      assert.strictEqual(task.status, "completed")
    })))

  it.effect("whoever starts a task and goes away in the middle leaves it running", () =>
    withStorage(Effect.gen(function*() {
      const storage = yield* TaskStorage
      const begun = yield* Deferred.make<void>()
      const slow: typeof storage = {
        ...storage,
        createTask: (task) =>
          Deferred.succeed(begun, undefined).pipe(
            Effect.andThen(storage.createTask(task)),
            Effect.tap(() => Effect.sleep("1 second"))
          )
      }
      const runner = yield* Effect.provideService(makeTaskRunner(quiet), TaskStorage, slow)
      yield* runner.register(tool("job", Effect.succeed("done")))
      const starter = yield* Effect.forkChild(runner.startTask({ ...call("job"), taskId: "one" }))
      yield* Deferred.await(begun)
      yield* Effect.forkChild(Fiber.interrupt(starter))
      yield* TestClock.adjust("2 seconds")
      assert.deepEqual((yield* end("one")).result, { _tag: "Success", value: "done" })
    })))

  it.effect("a task that is not known is not taken, one of its own work is", () =>
    withStorage(Effect.gen(function*() {
      const runner = yield* makeTaskRunner(quiet)
      const error = yield* Effect.flip(runner.startTask(call("unknown")))
      assert.deepInclude(error, {
        _tag: "InvalidInput",
        field: "originalMethod",
        reason: "\"tools/call\" with the name \"unknown\" has no handler; register one, or pass what to run"
      })
      assert.strictEqual(yield* Effect.flatMap(TaskStorage, (storage) => storage.taskCount()), 0)
    })))

  it.effect("a cancel interrupts the work, runs its finalizers, and a late result is refused", () =>
    withStorage(Effect.gen(function*() {
      const runner = yield* makeTaskRunner(quiet)
      const cleaned = yield* Deferred.make<void>()
      yield* runner.register(
        tool("slow", Effect.onInterrupt(Effect.never, () => Effect.asVoid(Deferred.succeed(cleaned, undefined))))
      )
      const { taskId } = yield* runner.startTask(call("slow"))
      yield* TestClock.adjust("1 second")
      const cancelled = yield* runner.cancelTask(taskId)
      assert.strictEqual(cancelled.status, "cancelled")
      yield* Deferred.await(cleaned)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* get(taskId)).status, "cancelled")
      assert.deepInclude(yield* Effect.flip(runner.cancelTask(taskId)), { _tag: "TerminalState" })
    })))

  it.effect("a step is done once over all workers", () =>
    withStorage(Effect.gen(function*() {
      let sent = 0
      const work = Effect.flatMap(TaskContext, ({ attempt, step }) =>
        Effect.flatMap(
          step(
            "send",
            Schema.Struct({ at: Schema.DateTimeUtcFromString }),
            Effect.sync(() => {
              sent++
              return { at: Schema.decodeSync(Schema.DateTimeUtcFromString)("2026-01-02T03:04:05.678Z") }
            })
          ),
          ({ at }) => attempt === 1 ? Effect.never : Effect.succeed(at.epochMilliseconds)
        ))
      const { die, runner } = yield* dying()
      yield* runner.register(tool("mail", work, { maxAttempts: 2 }))
      const { taskId } = yield* runner.startTask(call("mail"))
      yield* TestClock.adjust("1 second")
      yield* die
      yield* TestClock.adjust("41 seconds")
      const other = yield* makeTaskRunner(quiet)
      yield* other.register(tool("mail", work, { maxAttempts: 2 }))
      assert.deepEqual(yield* lookTwice(other), [taskId])
      assert.deepEqual((yield* end(taskId)).result, { _tag: "Success", value: 1767323045678 })
      assert.strictEqual(sent, 1)
    })))

  it.effect("a deadline is a point in time, and what has no time left is left to others", () =>
    withStorage(Effect.gen(function*() {
      const runner = yield* makeTaskRunner({ ...quiet, dispatch: () => Effect.void })
      yield* runner.register(tool("slow", Effect.never))
      const { taskId } = yield* runner.startTask(call("slow"))
      yield* TestClock.adjust("1 hour")
      const now = yield* DateTime.now
      assert.strictEqual(yield* runner.runTask(taskId, { deadline: now }), "released")
      assert.strictEqual(yield* runner.runTask(taskId, { timeout: "-1 second" }), "released")
      assert.strictEqual((yield* get(taskId)).attempt, undefined)
      const deadline = DateTime.add(now, { minutes: 1 })
      const running = yield* Effect.forkChild(runner.runTask(taskId, { deadline, timeout: "1 hour" }))
      yield* TestClock.adjust("1 second")
      yield* TestClock.adjust("58 seconds")
      assert.strictEqual((yield* get(taskId)).status, "working")
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* Fiber.join(running), "settled")
      assert.strictEqual((yield* get(taskId)).status, "failed")
    })))

  it.effect("whoever stops waiting for a task that they run gives it back", () =>
    withStorage(Effect.gen(function*() {
      const runner = yield* makeTaskRunner({ ...quiet, dispatch: () => Effect.void })
      yield* runner.register(tool("slow", Effect.never, { maxAttempts: 5 }))
      const { taskId } = yield* runner.startTask(call("slow"))
      const running = yield* Effect.forkChild(runner.runTask(taskId))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(running)
      assert.strictEqual(yield* runner.running, 0)
      assert.strictEqual((yield* get(taskId)).leaseExpiresAt?.epochMilliseconds, 0)
    })))

  it.effect.each(
    [["its scope ends", Effect.scoped], ["its program is interrupted", interrupted]] as const
  )(
    "a runner gives tasks their time when %s, then leaves the rest to others at once",
    ([, ending]) =>
      withStorage(Effect.gen(function*() {
        const [quick, slow] = yield* ending(Effect.gen(function*() {
          const runner = yield* makeTaskRunner({ ...quiet, shutdownTimeout: "10 seconds" })
          yield* runner.register(tool("quick", Effect.as(Effect.sleep("5 seconds"), "done")))
          yield* runner.register(tool("slow", Effect.never, { maxAttempts: 2 }))
          const ids = [
            (yield* runner.startTask(call("quick"))).taskId,
            (yield* runner.startTask(call("slow"))).taskId
          ] as const
          yield* Effect.forkDetach(Effect.repeat(
            Effect.andThen(Effect.yieldNow, TestClock.adjust("100 millis")),
            { times: 200 }
          ))
          return ids
        }))
        assert.strictEqual((yield* get(quick)).status, "completed")
        assert.strictEqual((yield* get(slow)).status, "working")
        yield* TestClock.adjust("1 second")
        const other = yield* makeTaskRunner(quiet)
        yield* other.register(tool("slow", Effect.succeed("again"), { maxAttempts: 2 }))
        assert.deepEqual(yield* other.recover, [slow])
        assert.deepEqual((yield* end(slow)).result, { _tag: "Success", value: "again" })
      }))
  )

  it.effect("progress and another ttl are seen while the work goes on", () =>
    withStorage(Effect.gen(function*() {
      const runner = yield* makeTaskRunner(quiet)
      yield* runner.register(tool(
        "slow",
        Effect.flatMap(TaskContext, ({ progress, setTtl }) =>
          progress("half way").pipe(Effect.andThen(setTtl("2 hours")), Effect.andThen(Effect.never)))
      ))
      const { taskId } = yield* runner.startTask({ ...call("slow"), ttl: "1 hour" })
      yield* TestClock.adjust("1 second")
      const task = yield* get(taskId)
      assert.deepEqual([task.statusMessage, task.ttl], ["half way", Duration.toMillis("2 hours")])
    })))
})
