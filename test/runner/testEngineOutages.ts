/** An engine that is away for several leases while tasks run and end, for each backend whose engine can be stopped. */
import { assert, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import type { TaskDriver } from "../../src/domain/driver/TaskDriver.ts"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import { realSleep } from "../../src/layers/realSleep.ts"
import { makeTaskRunner } from "../../src/runner/index.ts"

const lease = 1_000
const count = 40

/** A store of which the engine can be taken away. */
export interface Stoppable<E> {
  readonly driver: Effect.Effect<TaskDriver, E, Scope.Scope>
  readonly begin: Effect.Effect<void>
  readonly end: Effect.Effect<void>
}

export const testEngineOutages = <E>(name: string, open: Effect.Effect<Stoppable<E>, E, Scope.Scope>): void => {
  it.live(
    `an outage of four leases loses no task and no outcome, and is told once: ${name}`,
    () =>
      Effect.gen(function*() {
        const { begin, driver, end } = yield* open
        const storage = yield* TaskStorage.fromDriver(yield* driver, { maintenance: false })
        const logged: Array<string> = []
        const logger = Logger.make(({ logLevel, message }) => logged.push(`${logLevel} ${String(message)}`))
        const runner = yield* makeTaskRunner({ lease, shutdownTimeout: 0, recovery: { interval: 100 } }).pipe(
          Effect.provideService(TaskStorage, storage),
          Effect.provide(Logger.layer([logger]))
        )
        const during = yield* Deferred.make<void>()
        const after = yield* Deferred.make<void>()
        const begun: Array<string> = []
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
        const tasks = yield* Effect.forEach(
          Array.from({ length: count }, (_, index) => index % 2 === 0 ? "during" : "after"),
          (name) => runner.startTask({ originalMethod: "tools/call", originalParams: { name } }),
          { concurrency: 8 }
        )
        while (begun.length < count) yield* realSleep(10)

        yield* begin
        yield* realSleep(2 * lease)
        yield* Deferred.succeed(during, undefined)
        yield* realSleep(2 * lease)
        yield* end
        yield* Deferred.succeed(after, undefined)
        for (const { taskId } of tasks) {
          const { attempt, result } = yield* storage.awaitTask(taskId)
          assert.deepEqual([attempt, result], [1, { _tag: "Success", value: taskId }])
        }
        assert.strictEqual(begun.length, count)
        while ((yield* runner.running) > 0 || logged.length < 2) yield* realSleep(10)
        yield* realSleep(2 * lease)
        assert.strictEqual(logged.length, 2, logged.join("\n"))
        assert.match(logged[0] ?? "", /^Warn The task storage fails/)
        assert.match(logged[1] ?? "", /^Info The task storage answers again/)
      })
  )
}
