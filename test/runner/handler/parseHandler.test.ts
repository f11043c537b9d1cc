/** Handlers that a runner could not run by are refused when they are registered, and leave it as it was. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { TaskStorage } from "mcp-task-storage"
import { makeTaskRunner, type TaskHandler } from "mcp-task-storage/runner"
import { parseHandler } from "../../../src/runner/handler/parseHandler.ts"
import { end, quiet } from "../oneTask.ts"
import { withStorage } from "../withStorage.ts"

const right: TaskHandler = { method: "tools/call", name: "job", run: () => Effect.succeed("done") }

/** Each handler with something wrong beside what is right, as a program without a compiler may give it. */
const wrong: ReadonlyArray<readonly [wrong: object, field: string, reason: string]> = [
  [{ retries: 3 }, "retries", "is not an option; did you mean retry?"],
  [{ method: undefined }, "method", "must be a string"],
  [{ name: "" }, "name", "must be a string of 1 to 255 characters"],
  [{ name: "n".repeat(256) }, "name", "must be a string of 1 to 255 characters"],
  [{ name: null }, "name", "must be a string of 1 to 255 characters"],
  [{ run: Effect.void }, "run", "must be a function"],
  [{ resultOfFailure: "hidden" }, "resultOfFailure", "must be a function"],
  [{ resultTtl: 0 }, "resultTtl", "must be a duration"],
  [{ retry: { time: 3, delay: 0 } }, "retry.time", "is not an option; did you mean times?"],
  [{ lostWorker: "retry" }, "lostWorker", "must be \"fail\", or an object with maxAttempts"],
  [{ lostWorker: { maxAttempt: 3 } }, "lostWorker.maxAttempt", "is not an option; did you mean maxAttempts?"],
  [{ lostWorker: {} }, "lostWorker.maxAttempts", "must be a positive integer"],
  [{ lostWorker: { maxAttempts: 0 } }, "lostWorker.maxAttempts", "must be a positive integer"]
]

describe("a handler", () => {
  it.effect.each(wrong)(
    "with %j is refused, and the runner finds the tasks of others",
    ([wrong, field, reason]) =>
      withStorage(Effect.gen(function*() {
        const storage = yield* TaskStorage
        const runner = yield* makeTaskRunner(quiet)
        const error = yield* Effect.flip(runner.register(Object.assign({}, right, wrong)))
        assert.deepInclude(error, { _tag: "InvalidInput", field })
        assert.include(error.reason, reason)
        yield* runner.register(right)
        const { taskId } = yield* storage.createTask({ originalMethod: "tools/call", name: "job", lease: 0 })
        assert.deepEqual(yield* runner.recover, [taskId])
        assert.strictEqual((yield* end(taskId)).status, "completed")
      }))
  )

  it("that is none at all is refused", () => {
    const parsed: unknown = Reflect.apply(parseHandler, undefined, [null])
    assert.isTrue(Result.isResult(parsed) && Result.isFailure(parsed))
  })

  it.effect("of all names of a method runs its tasks", () =>
    withStorage(Effect.gen(function*() {
      const runner = yield* makeTaskRunner(quiet)
      yield* runner.register({ method: "tools/call", run: right.run })
      const { taskId } = yield* runner.startTask({ originalMethod: "tools/call", name: "any" })
      assert.strictEqual((yield* end(taskId)).status, "completed")
    })))
})
