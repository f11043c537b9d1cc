/** What a runner makes of an engine that refuses, for each backend. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import { realSleep } from "../../src/layers/realSleep.ts"
import { makeTaskRunner, type TaskHandler, type TaskRunnerOptions } from "../../src/runner/index.ts"
import type { FaultTarget } from "../layers/faults/FaultTarget.ts"
import { Refusals } from "./RefusingDriver.ts"

const lease = 2_000
const options: TaskRunnerOptions = { lease, shutdownTimeout: 0, recovery: { interval: 100 } }

const policies = { fails: "fail", "runs again": { maxAttempts: 5 } } as const satisfies {
  readonly [name: string]: TaskHandler["lostWorker"]
}
const names = Object.keys(policies)

/** How often each task was begun. */
class Runs {
  readonly #begun = new Map<string, number>()

  begin(taskId: string): void {
    this.#begun.set(taskId, this.of(taskId) + 1)
  }

  of(taskId: string): number {
    return this.#begun.get(taskId) ?? 0
  }
}

/**
 * Two processes on one store, the first of which refuses what it is told to, and one task of each policy that runs there
 * for longer than two leases.
 */
const scene = Effect.fnUntraced(function*<E>(target: FaultTarget<E>) {
  const store = yield* target.freshStore
  const refusals = new Refusals()
  const outage = new Refusals()
  const runs = new Runs()
  const openRunner = Effect.fnUntraced(function*(isFirst: boolean) {
    const driver = outage.wrap(yield* store.openDriver())
    const storage = yield* TaskStorage.fromDriver(isFirst ? refusals.wrap(driver) : driver, { maintenance: false })
    const runner = yield* makeTaskRunner(options).pipe(
      Effect.provideService(TaskStorage, storage),
      Effect.provide(Logger.layer([]))
    )
    for (const [name, lostWorker] of Object.entries(policies)) {
      yield* runner.register({
        method: "tools/call",
        name,
        lostWorker,
        run: ({ taskId }) =>
          Effect.suspend(() => {
            runs.begin(taskId)
            return Effect.as(realSleep(2.5 * lease), { did: taskId })
          })
      })
    }
    return { runner, storage }
  })
  const first = yield* openRunner(true)
  const { storage } = yield* openRunner(false)
  const tasks = yield* Effect.forEach(
    names,
    (name) => first.runner.startTask({ originalMethod: "tools/call", originalParams: { name } })
  )
  const taskIds = tasks.map(({ taskId }) => taskId)
  const allEnded = Effect.gen(function*() {
    for (const taskId of taskIds) {
      const { attempt, result, status } = yield* storage.awaitTask(taskId)
      assert.deepEqual([status, attempt, runs.of(taskId)], ["completed", 1, 1])
      assert.deepEqual(result, { _tag: "Success", value: { did: taskId } })
    }
  })
  return { taskIds, refusals, outage, allEnded }
})

export const testOutages = <E>(target: FaultTarget<E>): void => {
  // They mostly wait.
  describe.concurrent(`a refusal that is said to be final: ${target.name}`, () => {
    it.live("of one heartbeat costs no task, whatever its policy", () =>
      Effect.gen(function*() {
        const { allEnded, refusals, taskIds } = yield* scene(target)
        yield* realSleep(100)
        refusals.once(taskIds)
        yield* allEnded
        assert.strictEqual(refusals.count, taskIds.length)
      }))

    it.live("of everything for a while costs no task, and no outcome", () =>
      Effect.gen(function*() {
        const { allEnded, refusals } = yield* scene(target)
        yield* realSleep(lease / 2)
        refusals.begin()
        yield* realSleep(lease / 3)
        refusals.end()
        // The work ends within the next outage.
        yield* realSleep(1.4 * lease)
        refusals.begin()
        yield* realSleep(lease / 2)
        refusals.end()
        yield* allEnded
      }))

    it.live("of everything to everybody, for longer than a lease, costs no task", () =>
      Effect.gen(function*() {
        const { allEnded, outage } = yield* scene(target)
        yield* realSleep(lease / 4)
        outage.begin()
        yield* realSleep(1.5 * lease)
        outage.end()
        yield* allEnded
      }))
  })
}
