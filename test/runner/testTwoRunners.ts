/** What holds between runners in several processes, for each backend that they can share. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { TaskStorageShape } from "../../src/domain/service/TaskOperations.ts"
import { realSleep } from "../../src/layers/realSleep.ts"
import { TaskContext, type TaskHandler, twoPart } from "../../src/runner/index.ts"
import type { FaultTarget } from "../layers/faults/FaultTarget.ts"
import { makeTwoRunners } from "./engines.ts"

const form = { message: "Which?", requestedSchema: { type: "object", properties: {} } }
const answer = { action: "accept", content: { which: "this" } } as const

const tool = (name: string, run: TaskHandler["run"], lostWorker?: TaskHandler["lostWorker"]): TaskHandler => ({
  method: "tools/call",
  name,
  run,
  lostWorker
})

const call = (name: string) => ({ originalMethod: "tools/call", originalParams: { name } })

/** Milliseconds within which a runner notices what another has written, with room for a machine that is busy. */
const soon = 20_000

export const testTwoRunners = <E>(target: FaultTarget<E>): void => {
  describe(target.name, () => {
    it.live("a cancel interrupts the work in whichever process it runs", () =>
      Effect.gen(function*() {
        const { first, second } = yield* makeTwoRunners(target)
        const begun = yield* Deferred.make<void>()
        const interrupted = yield* Deferred.make<void>()
        yield* first.register(tool("slow", () =>
          Effect.andThen(Deferred.succeed(begun, undefined), Effect.never).pipe(
            Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
          )))
        const { taskId } = yield* first.startTask(call("slow"))
        yield* Deferred.await(begun)
        const { status } = yield* second.cancelTask(taskId)
        assert.strictEqual(status, "cancelled")
        assert.isTrue(Option.isSome(yield* Effect.timeoutOption(Deferred.await(interrupted), soon)))
      }))

    it.live("a deadline fails a task that may not run again, however long writing that takes", () =>
      Effect.gen(function*() {
        const { first, second, storage } = yield* makeTwoRunners(target)
        yield* second.register(tool("slow", () => Effect.never))
        const { taskId } = yield* storage.createTask({ ...call("slow"), lease: 0 })
        assert.strictEqual(yield* first.runTask(taskId, { timeout: 1_000 }), "skipped")
        assert.strictEqual(yield* second.runTask(taskId, { timeout: 1_000 }), "settled")
        const task = yield* storage.awaitTask(taskId)
        assert.strictEqual(task.status, "failed")
        assert.include(task.statusMessage, "Interrupted")
      }))

    it.live("an answer that arrives at another process goes on in the one that waits", () =>
      Effect.gen(function*() {
        const { first, second, storage } = yield* makeTwoRunners(target)
        yield* first.register(tool("ask", () => Effect.flatMap(TaskContext, ({ elicit }) => elicit("which", form))))
        yield* second.register(tool("ask", () => Effect.die("ran twice")))
        const { taskId } = yield* first.startTask(call("ask"))
        yield* waitFor(storage, taskId, "input_required")
        yield* second.provideInput(taskId, { which: answer })
        const task = yield* Effect.timeout(storage.awaitTask(taskId), soon)
        assert.deepEqual(task.result, { _tag: "Success", value: answer })
        assert.strictEqual(task.attempt, 1)
      }))

    it.live("work in two parts goes on where its answer arrives", () =>
      Effect.gen(function*() {
        const { first, second, storage } = yield* makeTwoRunners(target)
        const work = (where: string) =>
          twoPart({
            ask: () => Effect.succeed({ which: { method: "elicitation/create", params: form } }),
            answer: (answers) => Effect.succeed({ where, ...answers })
          })
        yield* first.register(tool("ask", work("first")))
        yield* second.register(tool("ask", work("second")))
        const { taskId } = yield* first.startTask(call("ask"))
        yield* waitFor(storage, taskId, "input_required")
        yield* second.provideInput(taskId, { which: answer })
        const task = yield* Effect.timeout(storage.awaitTask(taskId), soon)
        assert.deepEqual(task.result, { _tag: "Success", value: { where: "second", which: answer } })
      }))

    it.live("of many that look for tasks without a worker each task is taken by one, and steps are kept", () =>
      Effect.gen(function*() {
        const { first, second, storage } = yield* makeTwoRunners(target)
        let runs = 0
        const work = () =>
          Effect.flatMap(
            TaskContext,
            ({ step }) => step("count", Schema.Int, Effect.sync(() => ++runs)).pipe(Effect.andThen(realSleep(20)))
          )
        yield* first.register(tool("job", work, { maxAttempts: 3 }))
        yield* second.register(tool("job", work, { maxAttempts: 3 }))
        const ids = yield* Effect.forEach(
          Array.from({ length: 12 }),
          () => Effect.map(storage.createTask({ ...call("job"), lease: 0 }), ({ taskId }) => taskId),
          { concurrency: 4 }
        )
        yield* Effect.all([first.recover, second.recover, first.recover, second.recover], { concurrency: "unbounded" })
        const tasks = yield* Effect.forEach(ids, (id) => Effect.timeout(storage.awaitTask(id), soon), {
          concurrency: 12
        })
        for (const { attempt, status } of tasks) assert.deepEqual([status, attempt], ["completed", 1])
        assert.strictEqual(runs, ids.length)
      }))
  })
}

const waitFor = (storage: TaskStorageShape, taskId: string, status: string) =>
  realSleep(10).pipe(
    Effect.andThen(storage.getTaskSummary(taskId)),
    Effect.repeat({ until: Option.exists((task) => task.status === status) })
  )
