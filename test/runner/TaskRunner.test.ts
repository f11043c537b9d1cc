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
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { TaskStorage, type TaskStorageOptions } from "mcp-task-storage"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import {
  makeTaskRunner,
  TaskContext,
  TaskFailure,
  type TaskHandler,
  type TaskRunnerOptions,
  twoPart
} from "mcp-task-storage/runner"
import { lookTwice } from "./lookTwice.ts"
import { wrapWrites } from "./wrapWrites.ts"

/** One storage, on which runners come and go like processes. */
const withStorage = <A, E>(
  effect: Effect.Effect<A, E, TaskStorage | Scope.Scope>,
  options: TaskStorageOptions = {}
) => Effect.scoped(effect).pipe(Effect.provide(MemoryTaskStorage.layer({ maintenance: false, ...options })))

const quiet: TaskRunnerOptions = { recovery: false, lease: "30 seconds", shutdownTimeout: 0 }

const call = (name: string, args: object = {}) => ({
  originalMethod: "tools/call",
  originalParams: { name, arguments: args }
})

const tool = <E, R>(
  name: string,
  run: Effect.Effect<unknown, E, R | TaskContext>,
  lostWorker?: TaskHandler["lostWorker"]
): TaskHandler<E, R> => ({ method: "tools/call", name, run: () => run, lostWorker })

const get = (taskId: string) =>
  Effect.flatMap(TaskStorage, (storage) => Effect.map(storage.getTask(taskId), Option.getOrThrow))

const end = (taskId: string) => Effect.flatMap(TaskStorage, (storage) => storage.awaitTask(taskId))

/** A runner that dies: nothing of it is heard any more. */
const dying = (options: TaskRunnerOptions = quiet) =>
  Effect.gen(function*() {
    const storage = yield* TaskStorage
    const state = { isDead: false }
    const silenced: typeof storage = {
      ...wrapWrites(storage, (write) => state.isDead ? Effect.never : write),
      requireInput: (...args) => state.isDead ? Effect.never : storage.requireInput(...args)
    }
    // Nobody closes its scope.
    const runner = yield* makeTaskRunner(options).pipe(
      Effect.provideService(TaskStorage, silenced),
      Effect.provideService(Scope.Scope, Scope.makeUnsafe())
    )
    return { runner, die: Effect.sync(() => state.isDead = true) }
  })

const ask = { message: "Sure?", requestedSchema: { type: "object", properties: {} } }
const yes = { action: "accept", content: { sure: true } }

describe("TaskRunner", () => {
  describe("settles a task, whatever becomes of its work:", () => {
    it.effect("success", () =>
      withStorage(Effect.gen(function*() {
        const runner = yield* makeTaskRunner(quiet)
        yield* runner.register(tool("fine", Effect.succeed({ content: [] })))
        const { taskId } = yield* runner.startTask(call("fine"))
        const task = yield* end(taskId)
        assert.deepEqual([task.status, task.result], ["completed", { _tag: "Success", value: { content: [] } }])
        yield* TestClock.adjust("1 second")
        assert.deepEqual(yield* runner.running, 0)
      })))

    it.effect("a TaskFailure, word for word", () =>
      withStorage(Effect.gen(function*() {
        const runner = yield* makeTaskRunner(quiet)
        const failure = new TaskFailure({ code: -32001, message: "Locked", data: { by: "me" } })
        yield* runner.register(tool("locked", Effect.fail(failure)))
        const task = yield* end((yield* runner.startTask(call("locked"))).taskId)
        assert.deepEqual(task.result, { _tag: "Error", code: -32001, message: "Locked", data: { by: "me" } })
        assert.deepEqual([task.status, task.statusMessage], ["failed", "Locked"])
      })))

    const badEnds = {
      failure: Effect.fail("secret"),
      defect: Effect.die(new Error("secret")),
      interruption: Effect.interrupt
    }
    it.effect.each(["failure", "defect", "interruption"] as const)(
      "a %s, without its details",
      (name) =>
        withStorage(Effect.gen(function*() {
          const runner = yield* makeTaskRunner(quiet)
          yield* runner.register(tool("bad", badEnds[name]))
          const task = yield* end((yield* runner.startTask(call("bad"))).taskId)
          assert.strictEqual(task.status, "failed")
          assert.notInclude(JSON.stringify([task.result, task.statusMessage]), "secret")
          assert.include(JSON.stringify(task.result), "-32603")
        }))
    )

    it.effect.each([
      ["too large", "x".repeat(3_000)],
      ["not JSON", { value: 1n }]
    ])("a result that is %s", ([, value]) =>
      withStorage(
        Effect.gen(function*() {
          const runner = yield* makeTaskRunner(quiet)
          yield* runner.register(tool("odd", Effect.succeed(value)))
          const task = yield* end((yield* runner.startTask(call("odd"))).taskId)
          assert.strictEqual(task.status, "failed")
          assert.strictEqual(task.resultKind, "error")
        }),
        { maxPayloadBytes: 2_000 }
      ))

    it.effect("nothing to give", () =>
      withStorage(Effect.gen(function*() {
        const runner = yield* makeTaskRunner(quiet)
        const { taskId } = yield* runner.startTask({ originalMethod: "own" }, () => Effect.void)
        assert.deepEqual((yield* end(taskId)).result, { _tag: "Success", value: null })
      })))
  })

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

  describe("input", () => {
    it.effect("is asked for, waited for, and given, several at once", () =>
      withStorage(Effect.gen(function*() {
        const runner = yield* makeTaskRunner(quiet)
        yield* runner.register(tool(
          "ask",
          Effect.flatMap(TaskContext, ({ elicit }) =>
            Effect.all([elicit("one", ask), elicit("two", ask)], { concurrency: "unbounded" }))
        ))
        const { taskId } = yield* runner.startTask(call("ask"))
        yield* TestClock.adjust("1 second")
        assert.deepEqual(Object.keys((yield* get(taskId)).inputRequests ?? {}).toSorted(), ["one", "two"])
        yield* runner.provideInput(taskId, { one: yes })
        yield* TestClock.adjust("10 minutes")
        assert.strictEqual((yield* get(taskId)).status, "input_required")
        yield* runner.provideInput(taskId, { two: "nonsense" })
        const task = yield* end(taskId)
        assert.deepEqual(task.result, { _tag: "Success", value: [yes, { action: "cancel" }] })
      })))

    it.effect("that was asked for is not asked for again beside what is new", () =>
      withStorage(Effect.gen(function*() {
        const runner = yield* makeTaskRunner(quiet)
        const question = { method: "elicitation/create", params: ask }
        yield* runner.register(tool(
          "ask",
          Effect.flatMap(TaskContext, ({ elicit, request }) =>
            Effect.andThen(elicit("one", ask), request({ one: question, two: question })))
        ))
        const { taskId } = yield* runner.startTask(call("ask"))
        yield* TestClock.adjust("1 second")
        yield* runner.provideInput(taskId, { one: yes })
        yield* TestClock.adjust("1 second")
        assert.deepEqual(Object.keys((yield* get(taskId)).inputRequests ?? {}), ["two"])
        yield* runner.provideInput(taskId, { two: yes })
        assert.deepEqual((yield* end(taskId)).result, { _tag: "Success", value: { one: yes, two: yes } })
      })))

    it.effect("that was asked for by a worker that waits can be waited for without one", () =>
      withStorage(Effect.gen(function*() {
        const runner = yield* makeTaskRunner(quiet)
        const question = { sure: { method: "elicitation/create", params: ask } }
        yield* runner.register(tool(
          "ask",
          Effect.flatMap(
            TaskContext,
            ({ request, suspend }) =>
              Effect.all([request(question), Effect.andThen(Effect.sleep("1 second"), suspend(question))], {
                concurrency: "unbounded"
              })
          )
        ))
        const { taskId } = yield* runner.startTask(call("ask"))
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual(yield* runner.running, 0)
        assert.strictEqual((yield* get(taskId)).leaseExpiresAt?.epochMilliseconds, 0)
      })))

    it.effect("that was answered is not asked for again when the work begins anew", () =>
      withStorage(Effect.gen(function*() {
        const work = Effect.flatMap(
          TaskContext,
          ({ attempt, elicit }) =>
            Effect.flatMap(elicit("sure", ask), (answer) => attempt === 1 ? Effect.never : Effect.succeed(answer))
        )
        const { die, runner } = yield* dying()
        yield* runner.register(tool("ask", work, { maxAttempts: 2 }))
        const { taskId } = yield* runner.startTask(call("ask"))
        yield* TestClock.adjust("1 second")
        yield* runner.provideInput(taskId, { sure: yes })
        yield* TestClock.adjust("1 second")
        yield* die
        yield* TestClock.adjust("41 seconds")
        const other = yield* makeTaskRunner(quiet)
        yield* other.register(tool("ask", work, { maxAttempts: 2 }))
        assert.deepEqual(yield* lookTwice(other), [taskId])
        assert.deepEqual((yield* end(taskId)).result, { _tag: "Success", value: yes })
      })))

    it.effect("that arrives after the worker has gone is taken up at once", () =>
      withStorage(Effect.gen(function*() {
        const handler = tool("ask", Effect.flatMap(TaskContext, ({ elicit }) => elicit("sure", ask)), {
          maxAttempts: 2
        })
        const { die, runner } = yield* dying()
        yield* runner.register(handler)
        const { taskId } = yield* runner.startTask(call("ask"))
        yield* TestClock.adjust("1 second")
        yield* die
        yield* TestClock.adjust("41 seconds")
        const other = yield* makeTaskRunner(quiet)
        yield* other.register(handler)
        // Its look finds the worker dead, and nothing to run yet.
        assert.deepEqual(yield* lookTwice(other), [])
        yield* other.provideInput(taskId, { sure: yes })
        assert.deepEqual((yield* end(taskId)).result, { _tag: "Success", value: yes })
      })))

    it.effect("is waited for without a worker by work in two parts, over deploys, wherever it is answered", () =>
      withStorage(Effect.gen(function*() {
        const storage = yield* TaskStorage
        let asked = 0
        const handler: TaskHandler = {
          method: "tools/call",
          name: "two",
          run: twoPart({
            ask: () =>
              Effect.sync(() => {
                asked++
                return { sure: { method: "elicitation/create", params: ask } }
              }),
            answer: (answers) => Effect.succeed(answers)
          })
        }
        const taskId = yield* Effect.scoped(Effect.gen(function*() {
          const runner = yield* makeTaskRunner(quiet)
          yield* runner.register(handler)
          const { taskId } = yield* runner.startTask(call("two"))
          yield* TestClock.adjust("1 second")
          assert.strictEqual(yield* runner.running, 0)
          return taskId
        }))
        yield* TestClock.adjust("20 days")
        assert.deepEqual(yield* storage.claimableTasks(), [])
        const other = yield* makeTaskRunner(quiet)
        yield* other.register(handler)
        yield* other.provideInput(taskId, { sure: yes })
        const task = yield* end(taskId)
        assert.deepEqual(task.result, { _tag: "Success", value: { sure: yes } })
        assert.strictEqual(asked, 1)
      })))
  })

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

  describe("bounds", () => {
    it.effect("make tasks wait, in order, durably", () =>
      withStorage(Effect.gen(function*() {
        const runner = yield* makeTaskRunner({ ...quiet, maxRunning: 2 })
        let most = 0
        let now = 0
        yield* runner.register(tool(
          "job",
          Effect.acquireUseRelease(
            Effect.sync(() => most = Math.max(most, ++now)),
            () => Effect.sleep("1 second"),
            () => Effect.sync(() => now--)
          )
        ))
        const ids = yield* Effect.forEach([1, 2, 3, 4, 5], () =>
          Effect.map(runner.startTask(call("job")), ({ taskId }) => taskId))
        assert.strictEqual((yield* get(ids[4] ?? "")).leaseExpiresAt?.epochMilliseconds, 0)
        yield* Effect.forkChild(Effect.forever(Effect.andThen(Effect.yieldNow, TestClock.adjust("100 millis"))))
        yield* Effect.forEach(ids, end)
        assert.strictEqual(most, 2)
      })))

    it.effect("hold when many ask at once, and nobody waits for ever", () =>
      withStorage(Effect.gen(function*() {
        const runner = yield* makeTaskRunner({ ...quiet, maxRunning: 3, maxRunningPerSession: 2 })
        let now = 0
        let most = 0
        yield* runner.register(tool(
          "job",
          Effect.acquireUseRelease(
            Effect.sync(() => most = Math.max(most, ++now)),
            () => Effect.yieldNow,
            () => Effect.sync(() => now--)
          )
        ))
        const started = yield* Effect.forEach(
          Array.from({ length: 60 }, (_, index) => `session-${index % 3}`),
          (sessionId) => runner.startTask({ ...call("job"), sessionId }),
          { concurrency: "unbounded" }
        )
        yield* Effect.forEach(started, ({ taskId }) => end(taskId), { concurrency: "unbounded" })
        assert.isAtMost(most, 3)
      })))

    it.effect("refuse tasks where they are told to, per session too", () =>
      withStorage(Effect.gen(function*() {
        const runner = yield* makeTaskRunner({ ...quiet, maxRunningPerSession: 1, whenFull: "refuse" })
        yield* runner.register(tool("job", Effect.never))
        yield* runner.startTask({ ...call("job"), sessionId: "a" })
        yield* runner.forSession("b").startTask(call("job"))
        const error = yield* Effect.flip(runner.forSession("a").startTask(call("job")))
        assert.deepInclude(error, { _tag: "TooManyTasks", scope: "session", limit: 1 })
        assert.strictEqual(yield* Effect.flatMap(TaskStorage, (storage) => storage.taskCount()), 2)
      })))
  })

  describe("without timers", () => {
    it.effect("a task is dispatched, run by id, and dispatched again by its last answer", () =>
      withStorage(Effect.gen(function*() {
        const queue: Array<string> = []
        const dispatch = (taskId: string) => Effect.asVoid(Effect.sync(() => queue.push(taskId)))
        const runner = yield* makeTaskRunner({ ...quiet, dispatch })
        yield* runner.register({
          method: "tools/call",
          name: "two",
          run: twoPart({
            ask: () => Effect.succeed({ sure: { method: "elicitation/create", params: ask } }),
            answer: () => Effect.succeed("done")
          })
        })
        const { taskId } = yield* runner.startTask(call("two"))
        assert.deepEqual(queue, [taskId])
        assert.strictEqual(yield* runner.runTask(taskId), "suspended")
        assert.strictEqual(yield* runner.runTask(taskId), "suspended")
        assert.strictEqual((yield* get(taskId)).attempt, 1)
        yield* runner.provideInput(taskId, { sure: yes })
        assert.deepEqual(queue, [taskId, taskId])
        assert.strictEqual(yield* runner.runTask(taskId), "settled")
        assert.strictEqual(yield* runner.runTask(taskId), "skipped")
        assert.deepEqual((yield* end(taskId)).result, { _tag: "Success", value: "done" })
      })))

    it.effect("what is recovered is dispatched", () =>
      withStorage(Effect.gen(function*() {
        const storage = yield* TaskStorage
        const queue: Array<string> = []
        const dispatch = (taskId: string) => Effect.asVoid(Effect.sync(() => queue.push(taskId)))
        const runner = yield* makeTaskRunner({ dispatch })
        yield* runner.register(tool("job", Effect.die("ran here"), { maxAttempts: 2 }))
        const { taskId } = yield* storage.createTask({ ...call("job"), lease: "30 seconds" })
        yield* TestClock.adjust("1 hour")
        assert.deepEqual(queue, [])
        assert.deepEqual(yield* runner.recover, [taskId])
        assert.deepEqual(queue, [taskId])
        assert.strictEqual((yield* get(taskId)).attempt, 1)
      })))

    it.effect.each(
      [
        [{ maxAttempts: 5 }, "released", "working"],
        ["fail", "settled", "failed"]
      ] as const
    )("a deadline ends the work: %o", ([policy, result, status]) =>
      withStorage(Effect.gen(function*() {
        const queue: Array<string> = []
        const dispatch = (taskId: string) => Effect.asVoid(Effect.sync(() => queue.push(taskId)))
        const runner = yield* makeTaskRunner({ ...quiet, dispatch })
        yield* runner.register(tool("slow", Effect.never, policy))
        const { taskId } = yield* runner.startTask(call("slow"))
        const running = yield* Effect.forkChild(runner.runTask(taskId, { timeout: "1 minute" }))
        yield* TestClock.adjust("1 second")
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* Fiber.join(running), result)
        assert.strictEqual((yield* get(taskId)).status, status)
        assert.strictEqual(queue.length, result === "released" ? 2 : 1)
      })))
  })

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

  it.effect("a runner that ends gives tasks their time, then leaves the rest to others at once", () =>
    withStorage(Effect.gen(function*() {
      const [quick, slow] = yield* Effect.scoped(Effect.gen(function*() {
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
    })))

  it.effect("tasks of no known kind are left alone for an hour of the runner, then fail", () =>
    withStorage(Effect.gen(function*() {
      const storage = yield* TaskStorage
      const { taskId } = yield* storage.createTask({ ...call("dropped"), lease: 0 })
      yield* TestClock.adjust("2 hours")
      const runner = yield* makeTaskRunner(quiet)
      yield* runner.register(tool("kept", Effect.void))
      assert.deepEqual(yield* runner.recover, [])
      yield* TestClock.adjust("59 minutes")
      assert.deepEqual(yield* runner.recover, [])
      yield* TestClock.adjust("1 minute")
      assert.deepEqual(yield* runner.recover, [taskId])
      assert.strictEqual((yield* end(taskId)).status, "failed")
    })))

  it.effect("tasks that no runner made are nobody's to take", () =>
    withStorage(Effect.gen(function*() {
      const storage = yield* TaskStorage
      yield* storage.createTask(call("job"))
      const runner = yield* makeTaskRunner(quiet)
      yield* runner.register(tool("job", Effect.void))
      yield* TestClock.adjust("1 day")
      assert.deepEqual(yield* runner.recover, [])
    })))

  it.effect("looks for tasks without a worker at the start and from time to time", () =>
    withStorage(Effect.gen(function*() {
      const storage = yield* TaskStorage
      yield* storage.createTask({ ...call("job"), taskId: "early", lease: 0 })
      const runner = yield* makeTaskRunner({ recovery: { interval: "10 seconds" } })
      yield* runner.register(tool("job", Effect.void))
      yield* TestClock.adjust("1 second")
      yield* storage.createTask({ ...call("job"), taskId: "late", lease: 0 })
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* end("early")).status, "completed")
      assert.strictEqual((yield* end("late")).status, "completed")
    })))

  it.effect("takes up what it passed by as soon as somebody knows how", () =>
    withStorage(Effect.gen(function*() {
      const storage = yield* TaskStorage
      yield* storage.createTask({ ...call("job"), taskId: "early", lease: 0 })
      const runner = yield* makeTaskRunner({ recovery: { interval: "10 minutes" } })
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* get("early")).attempt, undefined)
      yield* runner.register(tool("job", Effect.void))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* end("early")).status, "completed")
    })))

  it.effect("tasks that it passes by keep it from no others", () =>
    withStorage(Effect.gen(function*() {
      const storage = yield* TaskStorage
      for (let count = 0; count < 120; count++) yield* storage.createTask({ ...call("unknown"), lease: 0 })
      yield* TestClock.adjust("1 second")
      const { taskId } = yield* storage.createTask({ ...call("job"), lease: 0 })
      const runner = yield* makeTaskRunner(quiet)
      yield* runner.register(tool("job", Effect.void))
      for (let look = 0; look < 3; look++) yield* runner.recover
      assert.strictEqual((yield* end(taskId)).status, "completed")
    })))

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
