/** Calls that become tasks if they take long. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { vi } from "vitest"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import * as MemoryTaskStorage from "../../src/layers/MemoryTaskStorage.ts"
import { callTool } from "../../src/protocol/callTool.ts"
import type { OwnedTasks } from "../../src/protocol/OwnedTasks.ts"
import type { TaskClient } from "../../src/protocol/TaskClient.ts"
import type { Tasks } from "../../src/protocol/Tasks.ts"
import { resolveTasksOptions, resolveToolPolicy, type ToolTaskOptions } from "../../src/protocol/TasksOptions.ts"
import { registerTool } from "../../src/protocol/TaskTool.ts"
import type { ToolCall } from "../../src/protocol/ToolCall.ts"
import { layer as runnerLayer, TaskContext, type TaskContextShape, TaskFailure } from "../../src/runner/index.ts"
import type { ReservedSlot, TaskRunnerShape } from "../../src/runner/service/TaskRunner.ts"
import { eventually, form, memory, setUp } from "./setup.ts"

type Work = (context: TaskContextShape) => Effect.Effect<unknown>

const settings = Result.getOrThrow(resolveTasksOptions({}))
const extensions = { "io.modelcontextprotocol/tasks": {} }
const declares: TaskClient = {
  protocolVersion: "2026-07-28",
  clientCapabilities: { elicitation: {}, extensions }
}

const callOf = (
  owned: OwnedTasks,
  work: Work,
  options: ToolTaskOptions = {},
  more: Partial<ToolCall<unknown, never>> = {}
): ToolCall<unknown, never> => ({
  tool: {
    name: "tool",
    policy: Result.getOrThrow(resolveToolPolicy(settings, { taskAfter: 50, ...options }, false)),
    resultOfFailure: () => ({ isError: true })
  },
  client: declares,
  meta: {},
  task: undefined,
  owned: Effect.succeed(owned),
  prepare: Effect.succeed({ _tag: "Ready", arguments: {} }),
  toWireError: (error) => error,
  run: () => Effect.flatMap(TaskContext, work),
  toWire: (result) => Effect.succeed({ wire: result }),
  ...more
})

/** Calls a tool, and gives the id of the task that it became. */
const becomesTask = Effect.fnUntraced(function*(answering: ReturnType<typeof callTool<unknown, never>>) {
  const answer = yield* answering
  assert.strictEqual(answer._tag, "Wire")
  const { resultType, taskId } = answer._tag === "Wire" ? answer.result : {}
  assert.strictEqual(resultType, "task")
  return `${taskId}`
})

/** Makes tasks be stored a while after that was begun. */
const storingSlowly = (
  { owned, tasks }: { readonly owned: OwnedTasks; readonly tasks: Tasks },
  onBegin: Effect.Effect<unknown> = Effect.void,
  onEnd: Effect.Effect<unknown> = Effect.void
): { readonly owned: OwnedTasks; readonly tasks: Tasks } => {
  const slowly = (slot: ReservedSlot): ReservedSlot => ({
    taskId: () => slot.taskId(),
    free: () => slot.free(),
    startTask: (task, run) =>
      onBegin.pipe(
        Effect.andThen(Effect.sleep("150 millis")),
        Effect.andThen(slot.startTask(task, run)),
        Effect.tap(onEnd)
      )
  })
  const takeSlot: TaskRunnerShape["takeSlot"] = (task, sessionId) => {
    const slot = tasks.runner.takeSlot(task, sessionId)
    return slot === undefined ? undefined : slowly(slot)
  }
  const reserveSlot: OwnedTasks["runner"]["reserveSlot"] = (task) =>
    Effect.map(owned.runner.reserveSlot(task), Option.map(slowly))
  return {
    owned: { ...owned, storage: owned.storage, runner: { ...owned.runner, reserveSlot } },
    tasks: { ...tasks, runner: { ...tasks.runner, takeSlot } }
  }
}

describe("a call of a tool with taskAfter", () => {
  it.live("that ends in time is answered with its result, and is never stored", () =>
    Effect.gen(function*() {
      const { owned, storage, tasks } = yield* setUp()
      const changes: Array<number> = []
      const work: Work = ({ progress, step, taskId }) =>
        Effect.gen(function*() {
          assert.match(taskId, /^[0-9a-f-]{36}$/)
          yield* progress("half")
          yield* step("one", Schema.Int, Effect.succeed(1))
          changes.push(yield* storage.taskCount())
          return "done"
        }).pipe(Effect.orDie)
      const answer = yield* callTool(tasks, callOf(owned, work, { taskAfter: "10 seconds" }))
      assert.deepStrictEqual(answer, { _tag: "Result", result: "done" })
      changes.push(yield* storage.taskCount())
      assert.deepStrictEqual(changes, [0, 0])
      assert.strictEqual(yield* tasks.runner.running, 0)
    }).pipe(Effect.provide(memory)))

  it.live("that ends in the turn in which it began is over then, and has an id if it asks for one", () =>
    Effect.gen(function*() {
      const { owned, tasks } = yield* setUp()
      const answerNow = (work: Work) =>
        Effect.map(
          Effect.forkChild(callTool(tasks, callOf(owned, work)), { startImmediately: true }),
          (fiber) => fiber.pollUnsafe()
        )
      const done = Exit.succeed({ _tag: "Result" as const, result: "done" })
      // The first call of a process asks which tools are paused.
      yield* callTool(tasks, callOf(owned, () => Effect.void))
      const ids = vi.spyOn(crypto, "randomUUID")
      yield* Effect.addFinalizer(() => Effect.sync(() => ids.mockRestore()))
      assert.deepStrictEqual(yield* answerNow(() => Effect.succeed("done")), done)
      const forks = Effect.flatMap(Effect.forkChild(Effect.succeed("done")), Fiber.join)
      assert.deepStrictEqual(yield* answerNow(() => forks), done)
      assert.strictEqual(ids.mock.calls.length, 0)
      assert.deepStrictEqual(yield* answerNow(({ taskId }) => Effect.as(Effect.sync(() => taskId), "done")), done)
      assert.strictEqual(ids.mock.calls.length, 1)
    }).pipe(Effect.provide(memory)))

  it.live("is one of so many of its owner; one more becomes a task at once", () =>
    Effect.gen(function*() {
      const { owned, storage, tasks } = yield* setUp({ limits: { openCalls: 1 } })
      const options = { taskAfter: "10 seconds" } as const
      const running = yield* Effect.forkChild(callTool(tasks, callOf(owned, () => Effect.never, options)), {
        startImmediately: true
      })
      const done: Work = () => Effect.succeed("done")
      const inline = callTool(tasks, callOf(owned, done, options, { client: { ...declares, clientCapabilities: {} } }))
      assert.deepInclude((yield* Effect.flip(inline)).data, { limit: "openCalls", most: 1 })
      yield* registerTool(tasks, { ...callOf(owned, done, options).tool, work: () => Effect.succeed({}) })
      yield* becomesTask(callTool(tasks, callOf(owned, done, options)))
      assert.strictEqual(yield* storage.taskCount(), 1)
      yield* Fiber.interrupt(running)
      assert.deepStrictEqual(yield* inline, { _tag: "Result", result: "done" })
    }).pipe(Effect.provide(memory)))

  it.live("that fails in time is answered with that", () =>
    Effect.gen(function*() {
      const { owned, tasks } = yield* setUp()
      const refusal = new TaskFailure({ code: -32050, message: "no such account" })
      const refused = callTool(tasks, callOf(owned, () => Effect.die(refusal)))
      assert.deepInclude(yield* Effect.flip(refused), { code: -32050, message: "no such account" })
      const died = yield* Effect.exit(callTool(tasks, callOf(owned, () => Effect.die("hunter2"))))
      assert.strictEqual(died._tag, "Failure")
      assert.strictEqual(yield* tasks.runner.running, 0)
    }).pipe(Effect.provide(memory)))

  it.live("becomes a task when its time is over, with all that it has done in the very first write", () =>
    Effect.gen(function*() {
      const { owned, storage, tasks } = yield* setUp({ maxTtl: "1 day" })
      const looked = yield* Deferred.make<void>()
      let done = 0
      const one = Effect.sync(() => ++done)
      const work: Work = (context) =>
        Effect.gen(function*() {
          yield* context.setTtl("30 days")
          yield* context.step("one", Schema.Int, one)
          yield* context.progress("one of two")
          yield* Deferred.await(looked)
          const again = yield* context.step("one", Schema.Int, one)
          const two = yield* context.step("two", Schema.Int, one)
          yield* context.progress("two of two")
          return { again, two, taskId: context.taskId }
        }).pipe(Effect.orDie)
      const taskId = yield* becomesTask(callTool(tasks, callOf(owned, work)))
      const first = Option.getOrThrow(yield* storage.getTask(taskId))
      assert.strictEqual(first.revision, 1)
      assert.deepInclude({ ...first }, {
        status: "working",
        sessionId: "ann",
        name: "tool",
        statusMessage: "one of two",
        steps: { one: 1 },
        ttl: 86_400_000
      })
      assert.strictEqual(yield* tasks.runner.running, 1)
      yield* Deferred.succeed(looked, undefined)
      const ended = yield* storage.awaitTask(taskId)
      assert.deepStrictEqual(ended.steps, { one: 1, two: 2 })
      assert.deepStrictEqual(ended.result, { _tag: "Success", value: { wire: { again: 1, two: 2, taskId } } })
      assert.strictEqual(ended.statusMessage, "two of two")
      yield* Effect.repeat(tasks.runner.running, { until: (running) => running === 0, schedule: Schedule.spaced(5) })
    }).pipe(Effect.provide(memory)))

  it.live("that fails later fails as a task of the tool does", () =>
    Effect.gen(function*() {
      const { owned, storage, tasks } = yield* setUp()
      const answered = yield* Deferred.make<void>()
      const call = callOf(owned, () => Effect.andThen(Deferred.await(answered), Effect.die(new Error("hunter2"))))
      yield* registerTool(tasks, { ...call.tool, work: () => Effect.never })
      const taskId = yield* becomesTask(callTool(tasks, call))
      yield* Deferred.succeed(answered, undefined)
      const ended = yield* storage.awaitTask(taskId)
      assert.deepStrictEqual(ended.result, { _tag: "Success", value: { isError: true } })
      assert.strictEqual(ended.failure?.message, "hunter2")
    }).pipe(Effect.provide(memory)))

  it.live("becomes a task at once when it asks, and goes on with the answer", () =>
    Effect.gen(function*() {
      const { owned, storage, tasks } = yield* setUp()
      const work: Work = ({ elicit }) => Effect.map(elicit("sure", form), ({ action }) => action)
      const taskId = yield* becomesTask(callTool(tasks, callOf(owned, work, { taskAfter: "1 minute" })))
      yield* Effect.repeat(storage.getTaskSummary(taskId), {
        until: (found) => Option.getOrThrow(found).status === "input_required",
        schedule: Schedule.spaced(5)
      })
      yield* owned.runner.provideInput(taskId, { sure: { action: "decline" } })
      assert.deepStrictEqual((yield* storage.awaitTask(taskId)).result, { _tag: "Success", value: { wire: "decline" } })
    }).pipe(Effect.provide(memory)))

  it.live("that suspends begins anew, with its steps, when the answer is there", () =>
    Effect.gen(function*() {
      const { owned, storage, tasks } = yield* setUp()
      let begun = 0
      let stepped = 0
      const work: Work = ({ step, suspend }) =>
        Effect.gen(function*() {
          begun++
          yield* step("one", Schema.Int, Effect.sync(() => ++stepped))
          return yield* suspend({ sure: { method: "elicitation/create", params: form } })
        }).pipe(Effect.orDie)
      const call = callOf(owned, work, { taskAfter: "1 minute" })
      yield* registerTool(tasks, { ...call.tool, work: () => Effect.flatMap(TaskContext, work) })
      const taskId = yield* becomesTask(callTool(tasks, call))
      yield* Effect.repeat(tasks.runner.running, { until: (running) => running === 0, schedule: Schedule.spaced(5) })
      yield* owned.runner.provideInput(taskId, { sure: { action: "decline" } })
      const { result } = yield* storage.awaitTask(taskId)
      assert.deepStrictEqual(result, { _tag: "Success", value: { sure: { action: "decline" } } })
      assert.deepStrictEqual([begun, stepped], [2, 1])
    }).pipe(Effect.provide(memory)))

  it.live.each([["before", false], ["after", true]] as const)(
    "that sleeps %s it is a task begins anew when the time is over, and holds no worker meanwhile",
    ([, isLate]) =>
      Effect.gen(function*() {
        const { owned, storage, tasks } = yield* setUp()
        const answered = yield* Deferred.make<void>()
        let begun = 0
        const work: Work = ({ attempt, sleep }) =>
          Effect.gen(function*() {
            begun++
            if (isLate && attempt === 1) yield* Deferred.await(answered)
            yield* sleep("nap", "1 second")
            return attempt
          })
        const call = callOf(owned, work, { taskAfter: isLate ? 20 : "1 minute" })
        yield* registerTool(tasks, { ...call.tool, work: () => Effect.flatMap(TaskContext, work) })
        const taskId = yield* becomesTask(callTool(tasks, call))
        yield* Deferred.succeed(answered, undefined)
        yield* Effect.repeat(tasks.runner.running, { until: (running) => running === 0, schedule: Schedule.spaced(5) })
        const asleep = Option.getOrThrow(yield* storage.getTask(taskId))
        assert.deepStrictEqual([asleep.status, asleep.worker], ["working", undefined])
        const { result } = yield* storage.awaitTask(taskId)
        assert.deepStrictEqual(result, { _tag: "Success", value: 2 })
        assert.strictEqual(begun, 2)
      }).pipe(Effect.provide(memory))
  )

  it.live("ends with its client before it is a task, and not with it afterwards", () =>
    Effect.gen(function*() {
      const { owned, storage, tasks } = yield* setUp()
      const begun = yield* Deferred.make<void>()
      let interrupted = 0
      const work: Work = () =>
        Effect.onInterrupt(
          Effect.andThen(Deferred.succeed(begun, undefined), Effect.never),
          () => Effect.sync(() => void interrupted++)
        )
      const calling = yield* Effect.forkChild(callTool(tasks, callOf(owned, work, { taskAfter: "1 minute" })))
      yield* Deferred.await(begun)
      assert.strictEqual(yield* tasks.runner.running, 1)
      yield* Fiber.interrupt(calling)
      yield* eventually(() => interrupted === 1)
      assert.strictEqual(yield* storage.taskCount(), 0)
      assert.strictEqual(yield* tasks.runner.running, 0)

      const taskId = yield* becomesTask(callTool(tasks, callOf(owned, work)))
      yield* Effect.sleep("50 millis")
      assert.strictEqual(interrupted, 1)
      yield* owned.runner.cancelTask(taskId)
      yield* eventually(() => interrupted === 2)
    }).pipe(Effect.provide(memory)))

  it.live("is told of progress in its request, and no more once that was answered", () =>
    Effect.gen(function*() {
      const { owned, storage, tasks } = yield* setUp()
      const answered = yield* Deferred.make<void>()
      const told: Array<string | undefined> = []
      const work: Work = ({ progress }) =>
        Effect.gen(function*() {
          yield* progress("first")
          yield* Deferred.await(answered)
          yield* progress("second")
          return "done"
        })
      const taskId = yield* becomesTask(callTool(
        tasks,
        callOf(owned, work, {}, {
          meta: { progressToken: 1 },
          sendProgress: ({ message }) => Effect.sync(() => void told.push(message))
        })
      ))
      yield* Deferred.succeed(answered, undefined)
      yield* storage.awaitTask(taskId)
      assert.deepStrictEqual(told, ["first"])
    }).pipe(Effect.provide(memory)))

  it.live("leaves nothing where its client goes while it is stored", () =>
    Effect.gen(function*() {
      const { owned, storage, tasks } = yield* setUp()
      let interrupted = false
      const work: Work = () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => void (interrupted = true)))
      const storing = yield* Deferred.make<void>()
      const stored = yield* Deferred.make<void>()
      const slow = storingSlowly(
        { owned, tasks },
        Deferred.succeed(storing, undefined),
        Deferred.succeed(stored, undefined)
      )
      const calling = yield* Effect.forkChild(callTool(slow.tasks, callOf(slow.owned, work)))
      yield* Deferred.await(storing)
      yield* Fiber.interrupt(calling)
      assert.isTrue(interrupted)
      yield* Deferred.await(stored)
      assert.strictEqual(yield* storage.taskCount(), 0)
    }).pipe(Effect.provide(memory)))

  it.effect("becomes a task when its time is over on a clock that is turned by hand", () =>
    Effect.gen(function*() {
      const { owned, tasks } = yield* setUp()
      const call = callOf(owned, () => Effect.never, { taskAfter: "1 minute" })
      const calling = yield* Effect.forkChild(callTool(tasks, call), { startImmediately: true })
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(calling.pollUnsafe(), undefined)
      yield* TestClock.adjust("1 second")
      yield* becomesTask(Fiber.join(calling))
      const ended = yield* callTool(tasks, callOf(owned, () => Effect.sleep("59 seconds"), { taskAfter: "1 minute" }))
        .pipe(
          Effect.forkChild({ startImmediately: true }),
          Effect.tap(() => TestClock.adjust("1 hour")),
          Effect.flatMap(Fiber.join)
        )
      assert.strictEqual(ended._tag, "Result")
    }).pipe(Effect.provide(memory)))

  it.live("that ends while it is stored is that task, which has its result", () =>
    Effect.gen(function*() {
      const { owned, storage, tasks } = yield* setUp()
      const storing = yield* Deferred.make<void>()
      const slow = storingSlowly({ owned, tasks }, Deferred.succeed(storing, undefined))
      const work: Work = () => Effect.as(Deferred.await(storing), "done")
      const taskId = yield* becomesTask(callTool(slow.tasks, callOf(slow.owned, work)))
      assert.deepStrictEqual((yield* storage.awaitTask(taskId)).result, { _tag: "Success", value: { wire: "done" } })
      assert.strictEqual(yield* storage.taskCount(), 1)
    }).pipe(Effect.provide(memory)))

  it.live("that cannot be stored in the end is answered with that, and stops", () =>
    Effect.gen(function*() {
      const { owned, storage, tasks } = yield* setUp()
      yield* storage.createTask({ originalMethod: "tools/call" })
      let interrupted = false
      const work: Work = () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => void (interrupted = true)))
      const { message } = yield* Effect.flip(callTool(tasks, callOf(owned, work)))
      assert.match(message, /Too many tasks/)
      assert.isTrue(interrupted)
      assert.strictEqual(yield* tasks.runner.running, 0)
    }).pipe(Effect.provide(Layer.provideMerge(
      runnerLayer({ shutdownTimeout: 0 }),
      Layer.merge(MemoryTaskStorage.layer({ maxTasks: 1 }), Logger.layer([]))
    ))))

  it.live("is a task at once where the runner has no room for it, or gives its tasks to others", () =>
    Effect.gen(function*() {
      for (const options of [{ maxRunning: 1 }, { maxRunningPerSession: 1 }, { dispatch: () => Effect.void }]) {
        yield* Effect.gen(function*() {
          const { owned, storage, tasks } = yield* setUp()
          let runs = 0
          const work: Work = () => Effect.andThen(Effect.sync(() => runs++), Effect.never)
          const call = callOf(owned, work, { taskAfter: "1 minute" })
          yield* registerTool(tasks, { ...call.tool, work: () => Effect.flatMap(TaskContext, work) })
          if (options.dispatch === undefined) {
            yield* Effect.forkChild(callTool(tasks, call))
            yield* eventually(() => runs === 1)
          }
          const before = runs
          const taskId = yield* becomesTask(callTool(tasks, call))
          assert.strictEqual(Option.getOrThrow(yield* storage.getTask(taskId)).status, "working")
          assert.strictEqual(runs, before)
        }).pipe(
          Effect.provide(Layer.provideMerge(
            runnerLayer({ shutdownTimeout: 0, ...options }),
            Layer.merge(MemoryTaskStorage.layer(), Logger.layer([]))
          )),
          Effect.scoped
        )
      }
    }))

  it.live("is a task at once while its tool is paused, and runs when that is over", () =>
    Effect.gen(function*() {
      const { owned, storage, tasks } = yield* setUp()
      let runs = 0
      const work: Work = () => Effect.sync(() => ++runs)
      const call = callOf(owned, work, { taskAfter: "1 minute" })
      yield* registerTool(tasks, { ...call.tool, work: () => Effect.flatMap(TaskContext, work) })
      const paused = { method: "tools/call", name: "tool" }
      yield* storage.pauseTasks(paused)
      const taskId = yield* becomesTask(callTool(tasks, call))
      yield* Effect.sleep("100 millis")
      assert.deepStrictEqual([Option.getOrThrow(yield* storage.getTask(taskId)).status, runs], ["working", 0])
      yield* storage.resumeTasks(paused)
      assert.strictEqual((yield* storage.awaitTask(taskId)).status, "completed")
      yield* storage.pauseTasks({ method: "tools/call", name: "another tool" })
      const answer = yield* callTool(tasks, call)
      assert.deepStrictEqual([answer._tag, runs], ["Result", 2])
    }).pipe(Effect.provide(memory)))

  it.live("that is under way when its tool is paused goes on, also as a task", () =>
    Effect.gen(function*() {
      const { owned, storage, tasks } = yield* setUp()
      const paused = { method: "tools/call", name: "tool" }
      const answered = yield* Deferred.make<void>()
      const work: Work = () => Effect.andThen(Effect.orDie(storage.pauseTasks(paused)), Deferred.await(answered))
      const taskId = yield* becomesTask(callTool(tasks, callOf(owned, work)))
      yield* Deferred.succeed(answered, undefined)
      assert.strictEqual((yield* storage.awaitTask(taskId)).status, "completed")
    }).pipe(Effect.provide(memory)))

  it.live("is a task from the start in revision 2025-11-25, where the client decides", () =>
    Effect.gen(function*() {
      const { owned, tasks } = yield* setUp()
      const client: TaskClient = { protocolVersion: "2025-11-25", clientCapabilities: {} }
      const call = callOf(owned, () => Effect.succeed("done"), { taskAfter: "1 minute" }, { client, task: {} })
      yield* registerTool(tasks, { ...call.tool, work: () => Effect.succeed("done") })
      const answer = yield* callTool(tasks, call)
      assert.strictEqual(answer._tag, "Wire")
    }).pipe(Effect.provide(memory)))

  it.live("that is left by its process runs on elsewhere, as its policy says", () =>
    Effect.gen(function*() {
      const storage = yield* TaskStorage
      const runner = (work: Work, options: Parameters<typeof runnerLayer>[0]) =>
        Effect.gen(function*() {
          const { owned, tasks } = yield* setUp()
          const call = callOf(owned, work, { lostWorker: { maxAttempts: 2 } })
          yield* registerTool(tasks, { ...call.tool, work: () => Effect.flatMap(TaskContext, work) })
          return { call, tasks }
        }).pipe((setting) =>
          Effect.flatMap(
            Layer.build(runnerLayer({ shutdownTimeout: 0, ...options })),
            (built) => Effect.provideContext(setting, built)
          )
        )
      const taskId = yield* Effect.scoped(Effect.gen(function*() {
        const { call, tasks } = yield* runner(
          ({ step }) => Effect.andThen(Effect.orDie(step("one", Schema.Int, Effect.succeed(1))), Effect.never),
          { recovery: false }
        )
        return yield* becomesTask(callTool(tasks, call))
      }))
      yield* runner(
        ({ attempt, step }) =>
          Effect.map(Effect.orDie(step("one", Schema.Int, Effect.succeed(2))), (one) => ({ attempt, one })),
        { recovery: "20 millis" }
      )
      const { result } = yield* storage.awaitTask(taskId)
      assert.deepStrictEqual(result, { _tag: "Success", value: { attempt: 2, one: 1 } })
    }).pipe(Effect.scoped, Effect.provide(Layer.merge(MemoryTaskStorage.layer(), Logger.layer([])))))
})
