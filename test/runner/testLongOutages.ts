/** Three processes whose engine is away for several leases, twice in a row, for each backend. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import { realSleep } from "../../src/layers/realSleep.ts"
import { makeTaskRunner } from "../../src/runner/index.ts"
import type { FaultTarget } from "../layers/faults/FaultTarget.ts"
import { Refusals } from "./RefusingDriver.ts"

const lease = 1_000

export const testLongOutages = <E>(target: FaultTarget<E>): void => {
  // It mostly waits, as the other outages do.
  describe.concurrent(`an outage of three leases: ${target.name}`, () => {
    it.live(
      "twice in a row costs only the task of who died in it",
      () =>
        Effect.gen(function*() {
          const store = yield* target.freshStore
          const outage = new Refusals()
          const go = yield* Deferred.make<void>()
          const begun: Array<string> = []
          const open = Effect.fnUntraced(function*() {
            const death = new Refusals()
            const driver = death.wrap(outage.wrap(yield* store.openDriver()))
            const storage = yield* TaskStorage.fromDriver(driver, { maintenance: false })
            const runner = yield* makeTaskRunner({ lease, shutdownTimeout: 0, recovery: { interval: 100 } }).pipe(
              Effect.provideService(TaskStorage, storage),
              Effect.provide(Logger.layer([]))
            )
            yield* runner.register({
              method: "own",
              run: ({ taskId }) =>
                Effect.suspend(() => {
                  begun.push(taskId)
                  return Effect.as(Deferred.await(go), taskId)
                })
            })
            return { runner, storage, death }
          })
          const first = yield* open()
          const second = yield* open()
          const third = yield* open()
          const living = yield* Effect.forEach(
            [first, first, second, second],
            ({ runner }) => runner.startTask({ originalMethod: "own" })
          )
          const lost = yield* third.runner.startTask({ originalMethod: "own" })
          yield* realSleep(lease / 2)
          for (const round of [1, 2]) {
            outage.begin()
            if (round === 1) third.death.begin()
            yield* realSleep(3 * lease)
            outage.end()
            yield* realSleep(lease / 2)
          }
          // The dead one is found a lease after the outage, and nobody else is taken for dead until then.
          assert.strictEqual((yield* first.storage.awaitTask(lost.taskId)).status, "failed")
          yield* realSleep(lease)
          yield* Deferred.succeed(go, undefined)
          for (const { taskId } of living) {
            const { attempt, result } = yield* first.storage.awaitTask(taskId)
            assert.deepEqual([attempt, result], [1, { _tag: "Success", value: taskId }])
          }
          assert.strictEqual(new Set(begun).size, begun.length)
        })
    )
  })
}
