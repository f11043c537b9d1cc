/** How long tasks live once they have ended: as their handler says, or else as the runner has it. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { TaskStorage, type TaskStorageError } from "mcp-task-storage"
import { makeTaskRunner, TaskFailure, type TaskHandler, type TooManyTasks } from "mcp-task-storage/runner"
import { withStorage } from "./withStorage.ts"

const day = Duration.toMillis("1 day")
const call = { originalMethod: "tools/call", originalParams: { name: "job" }, ttl: "30 days" } as const

/** What a runner and a handler say, and how long a task lives by that. */
const sayings = [
  ["a runner", "1 hour", undefined, 3_600_000],
  ["a handler", undefined, "2 hours", 7_200_000],
  ["a handler, whatever the runner says", "1 hour", "2 hours", 7_200_000]
] as const

type Resulting = Pick<TaskHandler, "resultTtl">

const make = Effect.fnUntraced(function*(ofRunner: Resulting["resultTtl"], run: TaskHandler["run"], ofKind: Resulting) {
  const runner = yield* makeTaskRunner({ recovery: false, shutdownTimeout: 0, resultTtl: ofRunner })
  yield* runner.register({ method: "tools/call", name: "job", run, ...ofKind })
  yield* runner.register({ method: "tools/call", name: "other", run, resultTtl: "5 seconds" })
  return runner
})

type Runner = Effect.Success<ReturnType<typeof make>>

/** Ways in which a task ends; each gives its id. */
const ends: ReadonlyArray<{
  readonly name: string
  readonly run: TaskHandler["run"]
  readonly end: (runner: Runner, another: Effect.Effect<Runner, never, TaskStorage | Scope.Scope>) => Effect.Effect<
    string,
    TaskStorageError | TooManyTasks,
    TaskStorage | Scope.Scope
  >
}> = [
  { name: "is done", run: () => Effect.sleep("10 seconds"), end: (runner) => started(runner) },
  { name: "fails", run: () => Effect.fail("no"), end: (runner) => started(runner) },
  {
    name: "fails with an error for the client",
    run: () => new TaskFailure({ code: -1, message: "no" }),
    end: (runner) => started(runner)
  },
  {
    name: "is done by work that is given with it",
    run: () => Effect.never,
    end: (runner) => Effect.map(runner.startTask(call, () => Effect.void), ({ taskId }) => taskId)
  },
  {
    name: "gives what cannot be stored",
    run: () => Effect.succeed(1n),
    end: (runner) => started(runner)
  },
  {
    name: "is cancelled where it runs",
    run: () => Effect.never,
    end: (runner) =>
      started(runner).pipe(
        // Its worker has it by then.
        Effect.tap(() => TestClock.adjust("1 second")),
        Effect.tap((taskId) => runner.cancelTask(taskId))
      )
  },
  {
    name: "is cancelled where it does not run",
    run: () => Effect.never,
    end: (runner, another) =>
      Effect.tap(
        started(runner),
        (taskId) => Effect.flatMap(another, (other) => other.forSession(null).cancelTask(taskId))
      )
  },
  {
    name: "fails because its worker died",
    run: () => Effect.void,
    end: (runner) =>
      Effect.gen(function*() {
        const { createTask } = yield* TaskStorage
        const { taskId } = yield* createTask({ ...call, lease: 1 })
        yield* TestClock.adjust("1 second")
        assert.deepEqual(yield* runner.recover, [taskId])
        return taskId
      })
  },
  {
    name: "fails at the deadline of its worker",
    run: () => Effect.never,
    end: (runner) =>
      Effect.gen(function*() {
        const { createTask } = yield* TaskStorage
        const { taskId } = yield* createTask({ ...call, lease: 0 })
        yield* Effect.forkChild(runner.runTask(taskId, { timeout: "10 seconds" }))
        // It begins before time goes on.
        yield* TestClock.adjust("1 second")
        return taskId
      })
  }
]

const started = (runner: Runner) => Effect.map(runner.startTask(call), ({ taskId }) => taskId)

describe("resultTtl", () => {
  describe.each(sayings)("of %s", (_, ofRunner, ofKind, expected) => {
    it.effect.each(ends.map((way) => [way.name, way] as const))(
      "counts from the end of a task that %s",
      ([, way]) =>
        withStorage(Effect.gen(function*() {
          const { awaitTask, getTask } = yield* TaskStorage
          const another = Effect.orDie(make(ofRunner, way.run, { resultTtl: ofKind }))
          const taskId = yield* way.end(yield* another, another)
          yield* TestClock.adjust("20 seconds")
          const { createdAt, lastUpdatedAt, ttl } = yield* awaitTask(taskId)
          assert.strictEqual(ttl, lastUpdatedAt.epochMilliseconds - createdAt.epochMilliseconds + expected)
          yield* TestClock.adjust(expected - 21_000)
          assert.isTrue(Option.isSome(yield* getTask(taskId)))
          yield* TestClock.adjust("21 seconds")
          assert.isTrue(Option.isNone(yield* getTask(taskId)))
        }))
    )
  })

  it.effect("that nobody names leaves a task its ttl, and one that is too long the maxTtl of the storage", () =>
    withStorage(
      Effect.gen(function*() {
        const { awaitTask } = yield* TaskStorage
        const none = yield* make(undefined, () => Effect.void, {})
        assert.strictEqual((yield* Effect.flatMap(started(none), awaitTask)).ttl, 30 * day)
        const long = yield* make(undefined, () => Effect.void, { resultTtl: "90 days" })
        assert.strictEqual((yield* Effect.flatMap(started(long), awaitTask)).ttl, 40 * day)
      }),
      { maxTtl: "40 days" }
    ))

  it.effect("that is no time is refused where the handler is registered", () =>
    withStorage(Effect.gen(function*() {
      for (const resultTtl of [0, -1, Infinity]) {
        const error = yield* Effect.flip(make(undefined, () => Effect.void, { resultTtl }))
        assert.deepInclude(error, { _tag: "InvalidInput", field: "resultTtl" })
      }
    })))

  it.effect("of no kind costs a cancel no read", () =>
    withStorage(Effect.gen(function*() {
      const storage = yield* TaskStorage
      const blind = {
        ...storage,
        getTask: () => Effect.die("read"),
        getTaskSummary: () => Effect.die("read")
      }
      const runner = yield* Effect.provideService(
        makeTaskRunner({ recovery: false, resultTtl: "1 hour" }),
        TaskStorage,
        blind
      )
      yield* runner.register({ method: "tools/call", run: () => Effect.void })
      const { taskId } = yield* storage.createTask({ ...call, lease: 0 })
      assert.strictEqual((yield* runner.cancelTask(taskId)).ttl, 3_600_000)
    })))
})
