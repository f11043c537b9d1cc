/** An engine that is away for several leases while tasks run and end, for each backend whose engine can be taken away. */
import { assert, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import { realSleep } from "../../src/layers/realSleep.ts"
import { makeTaskRunner } from "../../src/runner/index.ts"
import type { MakeStoppable } from "./stoppableStores.ts"

const lease = 2_000
/** Tasks of each process. The last one only looks on, and has no registration of its own. */
const shares = [8, 8, 8, 0]

export const testEngineOutages = <E>(name: string, open: MakeStoppable<E>): void => {
  it.live(
    `an outage of five leases loses no task and no outcome, and each process is told once: ${name}`,
    () =>
      Effect.gen(function*() {
        const { start, stop, store } = yield* open
        const during = yield* Deferred.make<void>()
        const after = yield* Deferred.make<void>()
        const begun: Array<string> = []
        const startProcess = Effect.gen(function*() {
          const storage = yield* TaskStorage.fromDriver(yield* store.openDriver(), { maintenance: false })
          const logged: Array<string> = []
          const logger = Logger.make(({ logLevel, message }) => logged.push(`${logLevel} ${String(message)}`))
          const runner = yield* makeTaskRunner({ lease, shutdownTimeout: 0, recovery: { interval: 200 } }).pipe(
            Effect.provideService(TaskStorage, storage),
            Effect.provide(Logger.layer([logger]))
          )
          for (const [name, go] of Object.entries({ during, after })) {
            yield* runner.register({
              method: "tools/call",
              name,
              run: ({ taskId }) =>
                Effect.suspend(() => {
                  begun.push(taskId)
                  return Effect.as(Deferred.await(go), taskId)
                })
            })
          }
          return { logged, runner, storage }
        })
        const all = yield* Effect.forEach(shares, (tasks) => Effect.map(startProcess, (one) => ({ ...one, tasks })))
        const tasks = yield* Effect.forEach(
          all.flatMap(({ runner, storage, tasks }) =>
            Array.from({ length: tasks }, (_, index) => ({
              runner,
              storage,
              name: index % 2 === 0 ? "during" : "after"
            }))
          ),
          ({ name, runner, storage }) =>
            runner.startTask({ originalMethod: "tools/call", originalParams: { name } }).pipe(
              // A machine that is busy with something else may take longer than the lease lets it.
              Effect.retry({ times: 50, while: ({ _tag }) => _tag === "TaskStorageUnavailable" }),
              Effect.map(({ taskId }) => ({ storage, taskId }))
            ),
          { concurrency: 4 }
        )
        const runs = (taskId: string) => begun.filter((one) => one === taskId).length
        while (tasks.some(({ taskId }) => runs(taskId) === 0)) yield* realSleep(10)
        while (all.some(({ logged }) => logged.length % 2 === 1)) yield* realSleep(10)
        for (const { logged } of all) logged.splice(0)

        yield* stop
        yield* realSleep(3 * lease)
        yield* Deferred.succeed(during, undefined)
        yield* realSleep(2 * lease)
        yield* start
        yield* Deferred.succeed(after, undefined)
        for (const { storage, taskId } of tasks) {
          const { attempt, result } = yield* storage.awaitTask(taskId)
          assert.deepEqual([attempt, result], [1, { _tag: "Success", value: taskId }])
        }
        for (const { logged, runner } of all) {
          while ((yield* runner.running) > 0 || logged.length < 2) yield* realSleep(10)
        }
        yield* realSleep(lease)
        for (const { taskId } of tasks) assert.strictEqual(runs(taskId), 1)
        for (const { logged } of all) {
          assert.strictEqual(logged.length, 2, logged.join("\n"))
          assert.match(logged[0] ?? "", /^Warn The task storage fails/)
          assert.match(logged[1] ?? "", /^Info The task storage answers again/)
        }
      })
  )
}
