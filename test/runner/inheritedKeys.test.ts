/** Keys that every object inherits are keys like others, for questions and for steps. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { TaskStorage } from "mcp-task-storage"
import { openTaskRunner, type PromiseTaskContext } from "mcp-task-storage/promise"
import { makeTaskRunner, TaskContext, twoPart } from "mcp-task-storage/runner"
import { onTestFinished } from "vitest"
import { withStorage } from "./withStorage.ts"

const keys = ["constructor", "toString", "__proto__", "hasOwnProperty", "valueOf"] as const
const question = { method: "elicitation/create", params: { message: "Sure?", requestedSchema: {} } }
const entry = <A>(key: string, value: A): { readonly [key: string]: A } => Object.fromEntries([[key, value]])

const get = (taskId: string) =>
  Effect.flatMap(TaskStorage, (storage) => Effect.map(storage.getTask(taskId), Option.getOrThrow))

it.effect.each(keys)(
  "a question under %s is put, and its answer given",
  (key) =>
    withStorage(Effect.scoped(Effect.gen(function*() {
      const runner = yield* makeTaskRunner({ recovery: false })
      const { taskId } = yield* runner.startTask({ originalMethod: "own" }, () =>
        Effect.flatMap(
          TaskContext,
          ({ request }) =>
            Effect.andThen(request({ first: question }), Effect.map(request(entry(key, question)), Object.entries))
        ))
      yield* TestClock.adjust("1 second")
      yield* runner.provideInput(taskId, { first: "yes" })
      yield* TestClock.adjust("1 second")
      assert.deepEqual(Object.keys((yield* get(taskId)).inputRequests ?? {}), [key])
      yield* runner.provideInput(taskId, entry(key, "this"))
      yield* TestClock.adjust("1 second")
      assert.deepEqual((yield* get(taskId)).result, { _tag: "Success", value: [[key, "this"]] })
    })))
)

it.effect.each(keys)("work in two parts asks under %s", (key) =>
  withStorage(Effect.scoped(Effect.gen(function*() {
    const runner = yield* makeTaskRunner({ recovery: false })
    yield* runner.register({
      method: "two",
      run: twoPart({
        ask: () => Effect.succeed(entry(key, question)),
        answer: (answers) => Effect.succeed(Object.entries(answers))
      })
    })
    const { taskId } = yield* runner.startTask({ originalMethod: "two" })
    yield* TestClock.adjust("1 second")
    yield* runner.provideInput(taskId, entry(key, "this"))
    yield* TestClock.adjust("1 second")
    assert.deepEqual((yield* get(taskId)).result, { _tag: "Success", value: [[key, "this"]] })
  }))))

it.effect.each(keys)("a step under %s is done, once", (key) =>
  withStorage(Effect.scoped(Effect.gen(function*() {
    const runner = yield* makeTaskRunner({ recovery: false })
    const { taskId } = yield* runner.startTask({ originalMethod: "own" }, () =>
      Effect.flatMap(TaskContext, ({ step }) =>
        Effect.all([
          step("first", Schema.String, Effect.succeed("one")),
          step(key, Schema.String, Effect.succeed("two")),
          step(key, Schema.String, Effect.succeed("three"))
        ])))
    yield* TestClock.adjust("1 second")
    assert.deepEqual((yield* get(taskId)).result, { _tag: "Success", value: ["one", "two", "two"] })
  }))))

it.live.each(keys)("in promises too: %s", (key) =>
  Effect.promise(async () => {
    const runner = await openTaskRunner("memory:", { recovery: false })
    onTestFinished(() => runner.close())
    const work = async (_: unknown, { request, step }: PromiseTaskContext) => {
      await request({ first: question })
      await step("first", () => "one")
      return [await step(key, () => "two"), Object.entries(await request(entry(key, question)))]
    }
    const { taskId } = await runner.startTask({ originalMethod: "own" }, work)
    for await (const { inputRequests } of runner.storage.changes(taskId)) {
      for (const asked of Object.keys(inputRequests ?? {})) {
        await runner.provideInput(taskId, entry(asked, "this"))
      }
    }
    const task = await runner.storage.getTask(taskId)
    assert.deepEqual(task?.result, { _tag: "Success", value: ["two", [[key, "this"]]] })
  }))
