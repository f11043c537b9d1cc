/** What a tool finds in a test, in the place of a task that a runner runs. */
import { assert, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { layerTestContext, TaskContext, TestTask } from "mcp-task-storage/runner"

const form = { message: "Sure?", requestedSchema: {} }

it.effect("progress, questions, steps and ttls are recorded, and answers given as they are told", () =>
  Effect.gen(function*() {
    const { attempt, elicit, progress, sample, sessionId, setTtl, step, suspend, taskId } = yield* TaskContext
    assert.deepEqual([taskId, attempt, sessionId], ["test-task", 2, "s"])
    yield* progress("half", { progress: 1, total: 2 })
    yield* progress("done")
    yield* setTtl("1 minute")
    yield* setTtl(null)
    assert.strictEqual(yield* step("old", Schema.String, Effect.die("done before")), "kept")
    assert.strictEqual(yield* step("new", Schema.NumberFromString, Effect.succeed(5)), 5)
    assert.strictEqual(yield* step("new", Schema.NumberFromString, Effect.die("done twice")), 5)
    assert.deepEqual(yield* elicit("sure", form), { action: "accept" })
    assert.deepEqual(yield* elicit("odd", form), { action: "cancel" })
    assert.deepEqual(yield* sample("model", { prompt: "x" }), { method: "sampling/createMessage" })
    assert.deepEqual(yield* suspend({ constructor: { method: "roots/list" } }), { constructor: [] })
    const test = yield* TestTask
    assert.deepEqual(yield* test.progress, [
      { message: "half", amount: { progress: 1, total: 2 } },
      { message: "done" }
    ])
    assert.deepEqual(yield* test.ttls, [60_000, null])
    assert.deepEqual(yield* test.steps, { old: "kept", new: "5" })
    assert.deepEqual((yield* test.questions).map(({ key }) => key), ["sure", "odd", "model", "constructor"])
  }).pipe(Effect.provide(layerTestContext({
    attempt: 2,
    sessionId: "s",
    steps: { old: "kept" },
    answers: { sure: { action: "accept" }, odd: "nonsense", model: ({ method }) => ({ method }), constructor: [] }
  }))))

it.effect("a question without an answer, and one that is none, end the test", () =>
  Effect.gen(function*() {
    const { elicit, request } = yield* TaskContext
    const unanswered = yield* Effect.exit(elicit("who", form))
    assert.include(
      Exit.isFailure(unanswered) ? Cause.pretty(unanswered.cause) : "",
      "no answer to the question \"who\""
    )
    const none = yield* Effect.exit(request({}))
    assert.include(Exit.isFailure(none) ? Cause.pretty(none.cause) : "", "requests")
  }).pipe(Effect.provide(layerTestContext())))

it.effect("a ttl that the storage would refuse ends the test", () =>
  Effect.gen(function*() {
    const { setTtl } = yield* TaskContext
    const refused = yield* Effect.exit(setTtl(0))
    assert.include(Exit.isFailure(refused) ? Cause.pretty(refused.cause) : "", "ttl: must be a duration")
  }).pipe(Effect.provide(layerTestContext())))
