/** That a pause holds in all processes within two seconds, and its end as well, for each backend that they can share. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { realSleep } from "../../src/layers/realSleep.ts"
import type { FaultTarget } from "../layers/faults/FaultTarget.ts"
import { makeTwoRunners } from "./engines.ts"

const report = { method: "tools/call", name: "report" }
const call = (name: string) => ({ originalMethod: report.method, originalParams: { name } })

/** Milliseconds within which every process knows. */
const soon = 2_000

/** So long that nobody reads the pauses meanwhile because a lease is over. */
const lease = 60_000

export const testPauses = <E>(target: FaultTarget<E>): void => {
  describe(`${target.name}: a kind of tasks that another process pauses`, () => {
    it.live("begins nowhere, goes on where it runs, and begins again once it is resumed", () =>
      Effect.gen(function*() {
        const { first, second, storage } = yield* makeTwoRunners(target, { lease })
        const goOn = yield* Deferred.make<void>()
        for (const runner of [first, second]) {
          yield* runner.register({ ...report, run: () => Deferred.await(goOn) })
          yield* runner.register({ ...report, name: "search", run: () => Effect.void })
        }
        const { taskId: running } = yield* first.startTask(call("report"))
        yield* storage.pauseTasks(report)
        yield* realSleep(soon)
        const waiting: Array<string> = []
        // One process is a registered worker already, and the other becomes one with this.
        for (const runner of [first, second]) waiting.push((yield* runner.startTask(call("report"))).taskId)
        const { taskId: search } = yield* first.startTask(call("search"))
        assert.strictEqual((yield* storage.awaitTask(search)).status, "completed")
        yield* Deferred.succeed(goOn, undefined)
        assert.strictEqual((yield* storage.awaitTask(running)).status, "completed")
        for (const runner of [first, second]) assert.deepEqual(yield* runner.recover, [])
        for (const taskId of waiting) {
          const task = Option.getOrThrow(yield* storage.getTaskSummary(taskId))
          assert.deepEqual([task.status, task.attempt], ["working", undefined])
        }
        yield* storage.resumeTasks(report)
        const ended = yield* Effect.forEach(waiting, (taskId) => Effect.timeout(storage.awaitTask(taskId), lease / 3), {
          concurrency: 2
        })
        assert.deepEqual(ended.map(({ attempt, status }) => [status, attempt]), [["completed", 1], ["completed", 1]])
      }))
  })
}
