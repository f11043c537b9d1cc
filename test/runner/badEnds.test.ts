/** Whatever work throws, gives or asks for, its task ends soon, and says why to whoever should know. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { TaskStorage } from "mcp-task-storage"
import { makeTaskRunner, TaskContext, TaskFailure } from "mcp-task-storage/runner"
import { badRequests, badResults, type Thrown, thrownValues } from "./hostile.ts"
import { withStorage } from "./withStorage.ts"

const call = { originalMethod: "tools/call", originalParams: { name: "odd" } }

const isWork = (asked: unknown): asked is Effect.Effect<unknown, Thrown, TaskContext> => Effect.isEffect(asked)

/** Runs work to the end of its task, with a logger. */
const endOf = Effect.fnUntraced(function*(
  work: Effect.Effect<unknown, Thrown, TaskContext>,
  log: (line: Logger.Options<unknown>) => void = () => undefined
) {
  const runner = yield* Effect.provide(makeTaskRunner({ recovery: false }), Logger.layer([Logger.make(log)]))
  const { awaitTask } = yield* TaskStorage
  const { taskId } = yield* runner.startTask(call, () => work)
  const task = yield* Effect.timeout(awaitTask(taskId), "60 seconds")
  while ((yield* runner.running) > 0) yield* Effect.yieldNow
  return task
})

const ways = {
  "fails with": (thrown: Thrown) => Effect.fail(thrown),
  "dies of": (thrown: Thrown) => Effect.die(thrown),
  "throws": (thrown: Thrown) =>
    Effect.sync(() => {
      throw thrown
    })
}

describe.each(Object.entries(ways))("work that %s", (_, end) => {
  it.live.each(thrownValues)("%s", ([, make, told]) =>
    withStorage(Effect.gen(function*() {
      const { failure, result, status } = yield* endOf(end(make()))
      assert.strictEqual(status, "failed")
      assert.deepEqual(result, { _tag: "Error", code: -32603, message: "Internal error" })
      assert.include(`${failure?.name}: ${failure?.message}`, told)
    })))

  it.live.each(thrownValues)("%s, with a logger that throws", ([, make]) =>
    withStorage(Effect.gen(function*() {
      const log = ({ message }: Logger.Options<unknown>) => {
        throw new Error(String(message))
      }
      assert.strictEqual((yield* endOf(end(make()), log)).status, "failed")
    })))
})

it.live.each(thrownValues)(
  "what cannot be logged is no matter of the task: %s",
  ([, make]) =>
    withStorage(Effect.gen(function*() {
      const runner = yield* Effect.provide(
        makeTaskRunner({ recovery: false }),
        Logger.layer([Logger.make((options) => Logger.formatStructured.log(options)), Logger.tracerLogger])
      )
      const { awaitTask } = yield* TaskStorage
      const { taskId } = yield* runner.startTask(call, () => Effect.die(make()))
      assert.strictEqual((yield* Effect.timeout(awaitTask(taskId), "60 seconds")).status, "failed")
      while ((yield* runner.running) > 0) yield* Effect.yieldNow
    }))
)

it.live.each(badResults)("a result that is no JSON: %s", ([, make, told]) =>
  withStorage(Effect.gen(function*() {
    const lines: Array<string> = []
    const task = yield* endOf(Effect.sync(make), ({ message }) => lines.push(String(message)))
    assert.strictEqual(task.status, "failed")
    assert.include(task.statusMessage, "The result is not what JSON can carry")
    assert.include(task.statusMessage, told)
    assert.strictEqual(task.failure?.name, "InvalidInput")
    assert.match(lines.join(), /The result of a task was not stored/)
  })))

it.live.each(badRequests)("a request that is none: %s", ([, ask, told]) =>
  withStorage(Effect.gen(function*() {
    const work = Effect.flatMap(TaskContext, (context) => {
      const asked = ask(context)
      return isWork(asked) ? asked : Effect.void
    })
    const task = yield* endOf(work)
    assert.strictEqual(task.status, "failed")
    assert.include(task.statusMessage, told)
    assert.include(task.failure?.message, told)
  })))

it.live("what a promise rejected with is told, and not that it was one", () =>
  withStorage(Effect.gen(function*() {
    const lines: Array<string> = []
    const work = Effect.tryPromise(() => Promise.reject(new TypeError("no such column")))
    const { failure } = yield* endOf(work, ({ cause, message }) => lines.push(`${String(message)} ${String(cause)}`))
    assert.deepInclude(failure, { name: "TypeError", message: "no such column" })
    assert.include(lines.join(), "no such column")
    assert.notInclude(lines.join() + JSON.stringify(failure), "tryPromise(")
    assert.notInclude(lines.join() + JSON.stringify(failure), "UnknownError")
  })))

it.live("the log line names the task, its method, its tool and the cause", () =>
  withStorage(Effect.gen(function*() {
    let seen: Record<string, unknown> = {}
    const { taskId } = yield* endOf(Effect.die(new Error("no such column")), (line) => {
      const { annotations, cause, message } = Logger.formatStructured.log(line)
      seen = { annotations, cause, message }
    })
    assert.deepEqual(seen["annotations"], {
      "mcp.task.id": taskId,
      "mcp.task.method": "tools/call",
      "mcp.task.name": "odd"
    })
    assert.include(String(seen["cause"]), "no such column")
  })))

it.live("a TaskFailure is what its client is told, and leaves the operator nothing", () =>
  withStorage(Effect.gen(function*() {
    const { failure, result } = yield* endOf(Effect.fail(new TaskFailure({ code: -32001, message: "Locked" })))
    assert.deepEqual([result, failure], [{ _tag: "Error", code: -32001, message: "Locked" }, undefined])
  })))

it.live("the causes of an error are told with it", () =>
  withStorage(Effect.gen(function*() {
    const { failure } = yield* endOf(Effect.die(new Error("outer", { cause: new RangeError("inner") })))
    assert.include(failure?.message, "outer\nCaused by RangeError: inner")
  })))
