/** Many calls at once, on an engine that lets each wait before it fails: none waits for the failures of the others. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { TaskStorage, type TaskStorageShape, TaskStorageUnavailable } from "mcp-task-storage"
import { makeTaskRunner } from "mcp-task-storage/runner"
import { SharedCall } from "../../src/runner/queue/SharedCall.ts"
import { call, quiet, tool } from "./oneTask.ts"
import { withoutLog } from "./withStorage.ts"

const unreachable = new TaskStorageUnavailable({
  operation: "any",
  reason: "the engine cannot be reached",
  retryable: true,
  applied: "no"
})

/** What each call waits for before it fails. */
const inVain = Effect.andThen(Effect.sleep("10 seconds"), Effect.fail(unreachable))

const breaks = {
  registerWorker: () => ({ registerWorker: () => inVain }),
  renewWorker: () => ({ renewWorker: () => inVain }),
  pausedTasks: () => ({ pausedTasks: () => inVain }),
  "pausedTasks, which is never answered": () => ({ pausedTasks: () => Effect.never })
} satisfies { readonly [call: string]: () => Partial<TaskStorageShape> }

describe("fifty tasks that are started while the engine is away", () => {
  it.effect.each(Object.entries(breaks))(
    "are refused together, in half a minute (%s)",
    ([, broken]) =>
      withoutLog(Effect.gen(function*() {
        const runner = yield* Effect.provideService(
          makeTaskRunner({ ...quiet, lease: "30 seconds" }),
          TaskStorage,
          { ...(yield* TaskStorage), ...broken() }
        )
        yield* runner.register(tool("job", Effect.never))
        if ("renewWorker" in broken()) {
          yield* runner.startTask(call("job"))
          yield* TestClock.setTime(60_000)
        }
        const starts = yield* Effect.forEach(
          Array.from({ length: 50 }),
          () => Effect.forkChild(Effect.exit(runner.startTask(call("job"))))
        )
        for (let tenth = 0; tenth < 10; tenth++) yield* TestClock.adjust("3 seconds")
        for (const start of starts) {
          assert.isDefined(start.pollUnsafe())
          assert.isTrue(Exit.isFailure(yield* Fiber.join(start)))
        }
      }))
  )
})

describe("a shared call", () => {
  const scene = Effect.sync(() => {
    let asked = 0
    const shared = new SharedCall(Effect.andThen(Effect.sleep("1 second"), Effect.sync(() => ++asked)))
    return { shared, asked: () => asked }
  })

  it.effect("is made once for all who come while it is under way", () =>
    Effect.gen(function*() {
      const { asked, shared } = yield* scene
      const first = yield* Effect.forkChild(shared.answer)
      yield* TestClock.adjust("500 millis")
      const second = yield* Effect.forkChild(shared.answer)
      yield* TestClock.adjust("500 millis")
      assert.deepEqual([yield* Fiber.join(first), yield* Fiber.join(second), asked()], [1, 1, 1])
      const third = yield* Effect.forkChild(shared.answer)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(third), 2)
    }))

  it.effect("is made once more for all who want one that begins from now on", () =>
    Effect.gen(function*() {
      const { asked, shared } = yield* scene
      const first = yield* Effect.forkChild(shared.nextAnswer)
      yield* TestClock.adjust("500 millis")
      const later = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(shared.nextAnswer))
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* Fiber.join(first), 1)
      for (const one of later) assert.strictEqual(yield* Fiber.join(one), 2)
      assert.deepEqual([asked(), shared.isUnderWay], [2, false])
    }))

  it.effect("goes on when the one who began it is interrupted", () =>
    Effect.gen(function*() {
      const { shared } = yield* scene
      const first = yield* Effect.forkChild(shared.answer)
      yield* TestClock.adjust("100 millis")
      const second = yield* Effect.forkChild(shared.answer)
      yield* TestClock.adjust("100 millis")
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(second), 1)
    }))
})
