/** What tasks ask, and whom, in revision 2025-11-25. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { OwnedTasks } from "../../src/protocol/OwnedTasks.ts"
import { type Ask, ListenerGone, type Question } from "../../src/protocol/Questions.ts"
import { taskResult20251125 } from "../../src/protocol/Tasks20251125.ts"
import type { TasksLimits } from "../../src/protocol/TasksOptions.ts"
import { unknownTask, type WireError } from "../../src/protocol/WireError.ts"
import { eventually, form, memory, setUp } from "./setup.ts"

type Answer = Effect.Effect<unknown, WireError | ListenerGone>

/** A client that is asked: what it was asked, and what was withdrawn. */
const clientOf = (answer: Answer, clientCapabilities: unknown = { elicitation: {}, sampling: {} }) => {
  const asked: Array<Question> = []
  const withdrawn: Array<Question> = []
  const ask: Ask = (question) =>
    Effect.suspend(() => {
      asked.push(question)
      return Effect.onInterrupt(answer, () => Effect.sync(() => withdrawn.push(question)))
    })
  return { asked, withdrawn, listener: { ask, clientCapabilities, client: { name: "client" } } }
}

const accept = { action: "accept", content: { sure: true } }
const textOf = (value: unknown) => JSON.stringify(value)

describe("a question", () => {
  it.live("is put to the listener, and its answer given to the task", () =>
    Effect.gen(function*() {
      const { begin, owned, tasks } = yield* setUp()
      const taskId = yield* begin(({ elicit }) => Effect.map(elicit("sure", form), (answer) => ({ answer })))
      const { asked, listener, withdrawn } = clientOf(Effect.succeed(accept))
      const result = yield* taskResult20251125(tasks, owned, taskId, listener)
      assert.deepStrictEqual(result["answer"], accept)
      assert.deepStrictEqual(asked, [{
        method: "elicitation/create",
        params: { ...form, _meta: { "io.modelcontextprotocol/related-task": { taskId } } }
      }])
      assert.deepStrictEqual(withdrawn, [])
    }).pipe(Effect.provide(memory)))

  it.live("that a client answers with an error is answered by that", () =>
    Effect.gen(function*() {
      const { begin, owned, tasks } = yield* setUp()
      const taskId = yield* begin(({ elicit, sample }) =>
        Effect.gen(function*() {
          const elicited = yield* elicit("sure", form)
          const { code, message } = yield* Effect.flip(sample("model", {}))
          return { elicited, code, message }
        })
      )
      const { listener } = clientOf(Effect.fail({ code: -32000, message: "No" }))
      const { code, elicited, message } = yield* taskResult20251125(tasks, owned, taskId, listener)
      assert.deepStrictEqual({ code, elicited, message }, {
        elicited: { action: "cancel" },
        code: -32000,
        message: "No"
      })
    }).pipe(Effect.provide(memory)))

  const levels = (depth: number): unknown => depth === 0 ? {} : { a: levels(depth - 1) }
  const unlimited = { answerBytes: null, answerDepth: null }
  const wrong: ReadonlyArray<readonly [string, unknown, RegExp, TasksLimits?]> = [
    ["nested deeper than the limit", levels(65), /^The answers are nested in more than 64 levels/],
    ["larger than the limit", { text: "x".repeat(1024 * 1024) }, /^The answers take more than 1048576 bytes/],
    ["nested deeper than is stored", levels(600), /cannot be stored/, unlimited],
    ["larger than is stored", { text: "x".repeat(8 * 1024 * 1024) }, /stored/, unlimited],
    ["no object", "yes", /no result/],
    ["null", null, /no result/],
    ["made up as a refusal", { _meta: { "mcp-task-storage/refused": { code: 1, message: "x" } } }, /no result/]
  ]
  for (const [what, answer, reason, limits] of wrong) {
    it.live(`whose answer is ${what} is refused, with the reason`, () =>
      Effect.gen(function*() {
        const { begin, owned, tasks } = yield* setUp({ limits })
        const taskId = yield* begin(({ sample }) =>
          Effect.map(Effect.flip(sample("model", {})), ({ code, message }) => ({ code, message }))
        )
        const { listener } = clientOf(Effect.succeed(answer))
        const { code, message } = yield* taskResult20251125(tasks, owned, taskId, listener)
        assert.strictEqual(code, -32602)
        assert.match(String(message), reason)
      }).pipe(Effect.provide(memory)))
  }

  it.live("goes to the next listener when one goes away, whether it hears of that or not", () =>
    Effect.gen(function*() {
      const { begin, owned, tasks } = yield* setUp()
      const ask = begin(({ elicit }) => Effect.map(elicit("sure", form), (answer) => ({ answer })))
      const silent = () => clientOf(Effect.never)
      const willing = () => clientOf(Effect.succeed(accept))
      const listen = (taskId: string, { listener }: ReturnType<typeof clientOf>) =>
        Effect.forkChild(taskResult20251125(tasks, owned, taskId, listener))

      // It goes, and says so.
      const left = yield* ask
      const [leaver, next] = [silent(), willing()]
      const leaving = yield* listen(left, leaver)
      yield* eventually(() => leaver.asked.length === 1)
      const waiting = yield* listen(left, next)
      yield* Effect.sleep("50 millis")
      assert.strictEqual(next.asked.length, 0)
      yield* Fiber.interrupt(leaving)
      assert.deepStrictEqual((yield* Fiber.join(waiting))["answer"], accept)
      assert.strictEqual(leaver.withdrawn.length, 1)

      // Its stream is lost, and it listens anew.
      const lost = yield* ask
      const [old, anew] = [silent(), willing()]
      yield* listen(lost, old)
      yield* eventually(() => old.asked.length === 1)
      const again = yield* listen(lost, { ...anew, listener: { ...anew.listener, client: old.listener.client } })
      assert.deepStrictEqual((yield* Fiber.join(again))["answer"], accept)
      assert.strictEqual(old.withdrawn.length, 1)

      // It fails with that.
      const failed = yield* ask
      const [failing, other] = [clientOf(Effect.fail(new ListenerGone())), willing()]
      yield* listen(failed, failing)
      yield* eventually(() => failing.asked.length === 1)
      assert.deepStrictEqual((yield* Fiber.join(yield* listen(failed, other)))["answer"], accept)
    }).pipe(Effect.scoped, Effect.provide(memory)))

  it.live("goes only to a client that declares to answer it", () =>
    Effect.gen(function*() {
      const { begin, owned, tasks } = yield* setUp()
      const taskId = yield* begin(({ elicit }) => Effect.map(elicit("sure", form), (answer) => ({ answer })))
      const unable = clientOf(Effect.succeed({ action: "decline" }), { sampling: {} })
      yield* Effect.forkChild(taskResult20251125(tasks, owned, taskId, unable.listener))
      yield* Effect.sleep("50 millis")
      const able = clientOf(Effect.succeed(accept))
      assert.deepStrictEqual((yield* taskResult20251125(tasks, owned, taskId, able.listener))["answer"], accept)
      assert.deepStrictEqual(unable.asked, [])
    }).pipe(Effect.provide(memory)))

  it.live("goes to nobody who may not reach the task, and its answer to its owner's task", () =>
    Effect.gen(function*() {
      const { begin, owned, tasks } = yield* setUp()
      const taskId = yield* begin(({ elicit }) => Effect.map(elicit("sure", form), (answer) => ({ answer })))
      const bobs = tasks.ownedBy({ id: "bob", principal: undefined, canList: true })
      // He listens first, and a slow storage finds out that the task is none of his.
      const slow: OwnedTasks = {
        ...bobs,
        storage: {
          ...bobs.storage,
          changes: (taskId) => Stream.unwrap(Effect.as(Effect.sleep("200 millis"), bobs.storage.changes(taskId)))
        }
      }
      const [bob, ann] = [clientOf(Effect.succeed({ action: "decline" })), clientOf(Effect.succeed(accept))]
      const listening = yield* Effect.forkChild(Effect.flip(taskResult20251125(tasks, slow, taskId, bob.listener)))
      yield* Effect.sleep("20 millis")
      const result = yield* Effect.timeout(taskResult20251125(tasks, owned, taskId, ann.listener), "60 seconds")
      assert.deepStrictEqual(result["answer"], accept)
      assert.deepStrictEqual(bob.asked, [])
      assert.deepStrictEqual(yield* Fiber.join(listening), unknownTask(taskId))
    }).pipe(Effect.provide(memory)))

  it.live("is withdrawn at once when the task is cancelled, or answered elsewhere", () =>
    Effect.gen(function*() {
      const { begin, owned, tasks } = yield* setUp()
      const ask = begin(({ elicit }) =>
        Effect.gen(function*() {
          yield* elicit("sure", form)
          return yield* Effect.never
        })
      )
      for (const end of ["cancelled", "answered"]) {
        const taskId = yield* ask
        const client = clientOf(Effect.never)
        const waiting = yield* Effect.forkChild(taskResult20251125(tasks, owned, taskId, client.listener))
        yield* eventually(() => client.asked.length === 1)
        yield* end === "cancelled"
          ? owned.runner.cancelTask(taskId)
          : owned.runner.provideInput(taskId, { sure: accept })
        yield* eventually(() => client.withdrawn.length === 1)
        yield* Fiber.interrupt(waiting)
        assert.strictEqual(client.withdrawn.length, 1)
      }
    }).pipe(Effect.provide(memory)))

  it.live("whose answer has arrived is answered, whatever becomes of the listener", () =>
    Effect.gen(function*() {
      const { begin, owned, storage, tasks } = yield* setUp()
      const taskId = yield* begin(({ elicit }) => Effect.map(elicit("sure", form), (answer) => ({ answer })))
      const answering = yield* Deferred.make<unknown>()
      const client = clientOf(Deferred.await(answering))
      const waiting = yield* Effect.forkChild(taskResult20251125(tasks, owned, taskId, client.listener))
      yield* eventually(() => client.asked.length === 1)
      yield* Deferred.succeed(answering, accept)
      yield* Fiber.interrupt(waiting)
      const { result } = yield* storage.awaitTask(taskId)
      assert.strictEqual(textOf(result), textOf({ _tag: "Success", value: { answer: accept } }))
    }).pipe(Effect.provide(memory)))
})
