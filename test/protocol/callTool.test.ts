/** Calls of tools, decided and run without a server. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { callTool } from "../../src/protocol/callTool.ts"
import type { OwnedTasks } from "../../src/protocol/OwnedTasks.ts"
import type { TaskClient } from "../../src/protocol/TaskClient.ts"
import { resolveTasksOptions, resolveToolPolicy, type ToolTaskOptions } from "../../src/protocol/TasksOptions.ts"
import { registerTool } from "../../src/protocol/TaskTool.ts"
import type { ToolCall } from "../../src/protocol/ToolCall.ts"
import { TaskContext, type TaskContextShape } from "../../src/runner/index.ts"
import { eventually, form, memory, setUp } from "./setup.ts"

type Work = (context: TaskContextShape) => Effect.Effect<unknown>

const settings = Result.getOrThrow(resolveTasksOptions({}))

const callOf = (
  owned: OwnedTasks,
  client: TaskClient,
  work: Work,
  more: Partial<ToolCall<unknown, never>> = {},
  options: ToolTaskOptions = {}
): ToolCall<unknown, never> => ({
  tool: {
    name: "tool",
    policy: Result.getOrThrow(resolveToolPolicy(settings, options, false)),
    resultOfFailure: () => undefined
  },
  client,
  meta: {},
  task: undefined,
  owned: Effect.succeed(owned),
  prepare: Effect.succeed({ _tag: "Ready", arguments: {} }),
  toWireError: (error) => error,
  run: () => Effect.flatMap(TaskContext, work),
  toWire: Effect.succeed,
  ...more
})

const modern = (clientCapabilities: unknown): TaskClient => ({ protocolVersion: "2026-07-28", clientCapabilities })
const asksPlainly = modern({ elicitation: {} })
const declares = modern({ elicitation: {}, extensions: { "io.modelcontextprotocol/tasks": {} } })
const old = (clientCapabilities: unknown): TaskClient => ({ protocolVersion: "2025-11-25", clientCapabilities })

const elicits: Work = ({ elicit }) => Effect.map(elicit("sure", form), (answer) => ({ answer }))

describe("a call", () => {
  it.live("becomes a task or not, as the revision, the client and the tool have it", () =>
    Effect.gen(function*() {
      const { owned, tasks } = yield* setUp()
      const work: Work = () => Effect.succeed({ done: true })
      const { tool } = callOf(owned, declares, work)
      yield* registerTool(tasks, { ...tool, work: () => Effect.succeed({}) })
      const augmented = { task: {} }
      const table = [
        [declares, {}, "optional", "task"],
        [declares, {}, "required", "task"],
        [declares, {}, "forbidden", "result"],
        [asksPlainly, {}, "optional", "result"],
        [asksPlainly, {}, "required", -32021],
        [old({}), augmented, "optional", "task"],
        [old({}), augmented, "required", "task"],
        [old({}), augmented, "forbidden", -32601],
        [old({}), {}, "optional", "result"],
        [old({}), {}, "required", -32601],
        [{ protocolVersion: "2025-06-18", clientCapabilities: {} }, {}, "optional", "result"],
        [{ protocolVersion: "2025-06-18", clientCapabilities: {} }, {}, "required", -32601]
      ] as const
      for (const [client, more, taskSupport, expected] of table) {
        const answer = yield* callTool(tasks, callOf(owned, client, work, more, { taskSupport })).pipe(
          Effect.map(({ _tag }) => _tag === "Wire" ? "task" : "result"),
          Effect.catch(({ code }) => Effect.succeed(code))
        )
        assert.strictEqual(answer, expected, `${client.protocolVersion} ${taskSupport}`)
      }
    }).pipe(Effect.provide(memory)))

  it.live("knows on whose behalf it runs, whether it is a task or not", () =>
    Effect.gen(function*() {
      const { owned, tasks } = yield* setUp()
      const principal = { name: "Ann" }
      const work: Work = ({ principal, sessionId }) => Effect.succeed({ principal, sessionId })
      const answer = yield* callTool(tasks, callOf({ ...owned, principal }, asksPlainly, work))
      assert.deepStrictEqual(answer, { _tag: "Result", result: { principal, sessionId: "ann" } })
    }).pipe(Effect.provide(memory)))

  it.live("that asks where nobody can be asked ends with an error that says so", () =>
    Effect.gen(function*() {
      const { owned, tasks } = yield* setUp()
      const { code, message } = yield* Effect.flip(callTool(tasks, callOf(owned, old(undefined), elicits)))
      assert.strictEqual(code, -32603)
      assert.match(message, /'tool' has to ask its client/)
    }).pipe(Effect.provide(memory)))

  it.live("is stored when it asks, with its steps, and gone when it is answered", () =>
    Effect.gen(function*() {
      const { owned, storage, tasks } = yield* setUp()
      let stepped = 0
      const work: Work = ({ elicit, step }) =>
        Effect.gen(function*() {
          const first = yield* step("one", Schema.Int, Effect.sync(() => ++stepped))
          assert.strictEqual(yield* storage.taskCount(), 0)
          const { action } = yield* elicit("sure", form)
          return { action, first, again: yield* step("one", Schema.Int, Effect.sync(() => ++stepped)) }
        }).pipe(Effect.orDie)
      const asked = yield* callTool(tasks, callOf(owned, asksPlainly, work))
      assert.strictEqual(asked._tag, "Wire")
      const { inputRequests, requestState, resultType } = asked._tag === "Wire" ? asked.result : {}
      assert.strictEqual(resultType, "input_required")
      assert.property(inputRequests, "sure")
      const [record] = (yield* storage.listTasks()).tasks
      assert.deepStrictEqual(record?.steps, { one: 1 })
      const inputResponses = { sure: { action: "decline" } }
      const answered = yield* callTool(tasks, callOf(owned, asksPlainly, work, { requestState, inputResponses }))
      assert.deepStrictEqual(answered, {
        _tag: "Wire",
        result: { action: "decline", first: 1, again: 1, resultType: "complete" }
      })
      yield* Effect.repeat(storage.taskCount(), { until: (count) => count === 0, schedule: Schedule.spaced(5) })
    }).pipe(Effect.provide(memory)))

  it.live("goes on while tasks of its tool are paused, for it is none", () =>
    Effect.gen(function*() {
      const { owned, storage, tasks } = yield* setUp()
      yield* storage.pauseTasks({ method: "tools/call" })
      const asked = yield* Effect.timeout(callTool(tasks, callOf(owned, asksPlainly, elicits)), "60 seconds")
      const { requestState, resultType } = asked._tag === "Wire" ? asked.result : {}
      assert.strictEqual(resultType, "input_required")
      const inputResponses = { sure: { action: "decline" } }
      const answering = callTool(tasks, callOf(owned, asksPlainly, elicits, { requestState, inputResponses }))
      const answered = yield* Effect.timeout(answering, "60 seconds")
      assert.strictEqual(answered._tag === "Wire" && answered.result["resultType"], "complete")
    }).pipe(Effect.provide(memory)))

  it.live("that nobody comes back to is given up, and lets go of its worker", () =>
    Effect.gen(function*() {
      const { owned, storage, tasks } = yield* setUp({ limits: { answerTimeout: 50 } })
      let interrupted = false
      const work: Work = (context) =>
        Effect.onInterrupt(elicits(context), () => Effect.sync(() => void (interrupted = true)))
      const asked = yield* callTool(tasks, callOf(owned, asksPlainly, work))
      const requestState = asked._tag === "Wire" ? asked.result["requestState"] : undefined
      yield* eventually(() => interrupted)
      yield* Effect.repeat(storage.taskCount(), { until: (count) => count === 0, schedule: Schedule.spaced(5) })
      const late = callTool(tasks, callOf(owned, asksPlainly, work, { requestState, inputResponses: {} }))
      assert.strictEqual((yield* Effect.flip(late)).code, -32602)
      assert.strictEqual(yield* tasks.runner.running, 0)
    }).pipe(Effect.provide(memory)))

  it.live("ends with its client, before it asks and after", () =>
    Effect.gen(function*() {
      const { owned, storage, tasks } = yield* setUp()
      const begun = yield* Deferred.make<void>()
      let interrupted = 0
      const counting = (work: Work): Work => (context) =>
        Effect.onInterrupt(
          Effect.andThen(Deferred.succeed(begun, undefined), work(context)),
          () => Effect.sync(() => void interrupted++)
        )
      const never = counting(() => Effect.never)
      const calling = yield* Effect.forkChild(callTool(tasks, callOf(owned, asksPlainly, never)))
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(calling)
      yield* eventually(() => interrupted === 1)

      const asks = counting((context) => Effect.andThen(elicits(context), Effect.never))
      const asked = yield* callTool(tasks, callOf(owned, asksPlainly, asks))
      const requestState = asked._tag === "Wire" ? asked.result["requestState"] : undefined
      const inputResponses = { sure: { action: "decline" } }
      const resumed = yield* Effect.forkChild(
        callTool(tasks, callOf(owned, asksPlainly, asks, { requestState, inputResponses })),
        { startImmediately: true }
      )
      yield* Effect.sleep("50 millis")
      yield* Fiber.interrupt(resumed)
      yield* eventually(() => interrupted === 2)
      assert.strictEqual(yield* storage.taskCount(), 0)
    }).pipe(Effect.provide(memory)))

  it.live("is another owner's to nobody, nor another tool's", () =>
    Effect.gen(function*() {
      const { owned, tasks } = yield* setUp()
      const asked = yield* callTool(tasks, callOf(owned, asksPlainly, elicits))
      const requestState = asked._tag === "Wire" ? asked.result["requestState"] : undefined
      const more = { requestState, inputResponses: { sure: { action: "decline" } } }
      const bob = tasks.ownedBy({ id: "bob", principal: undefined, canList: true })
      const call = callOf(owned, asksPlainly, elicits, more)
      const foreign = callTool(tasks, callOf(bob, asksPlainly, elicits, more))
      const other = callTool(tasks, { ...call, tool: { ...call.tool, name: "other" } })
      const made = callTool(tasks, { ...call, requestState: "mcp-task-storage:made-up" })
      for (const refused of [foreign, other, made]) assert.strictEqual((yield* Effect.flip(refused)).code, -32602)
    }).pipe(Effect.provide(memory)))

  it.live("is one of so many open calls of its owner when it goes on, too", () =>
    Effect.gen(function*() {
      const { owned, tasks } = yield* setUp({ limits: { openCalls: 2 } })
      const asks: Work = (context) => Effect.andThen(elicits(context), Effect.never)
      const asked = yield* callTool(tasks, callOf(owned, asksPlainly, asks))
      const requestState = asked._tag === "Wire" ? asked.result["requestState"] : undefined
      const inputResponses = { sure: { action: "decline" } }
      const resume = callTool(tasks, callOf(owned, asksPlainly, asks, { requestState, inputResponses }))
      for (let count = 0; count < 2; count++) yield* Effect.forkScoped(resume, { startImmediately: true })
      const third = yield* Effect.flip(Effect.timeout(resume, "30 seconds"))
      assert.deepInclude("data" in third ? third.data : undefined, { limit: "openCalls", most: 2 })
    }).pipe(Effect.scoped, Effect.provide(memory)))
})
