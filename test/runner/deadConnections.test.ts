/** That a task ends though the connections of its runner died, and nobody was told. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import { realSleep } from "../../src/layers/realSleep.ts"
import { makeTaskRunner } from "../../src/runner/index.ts"
import { describeWithEngine } from "../layers/dynamodb/engine.ts"
import { bounded } from "../layers/faults/bounded.ts"
import { dynamoDbTarget } from "../layers/faults/dynamoDbTarget.ts"
import type { RemoteTarget } from "../layers/faults/FaultTarget.ts"
import { makePostgresTarget } from "../layers/faults/postgresTarget.ts"
import { makeTcpProxy } from "../layers/faults/tcpProxy.ts"

const testDeadConnections = <E>(target: RemoteTarget<E>): void => {
  it.live("a task ends, and so does its runner", () =>
    Effect.gen(function*() {
      const store = yield* target.freshStore
      const proxy = yield* makeTcpProxy(yield* target.endpoint)
      const scope = yield* Scope.make()
      const runner = yield* Effect.gen(function*() {
        const driver = yield* store.openDriver({ impatient: true, through: proxy.endpoint })
        const storage = yield* TaskStorage.fromDriver(driver, { maintenance: false })
        return yield* Effect.provideService(makeTaskRunner({ lease: "3 seconds" }), TaskStorage, storage)
      }).pipe(Scope.provide(scope))
      const begun = yield* Deferred.make<void>()
      const mayEnd = yield* Deferred.make<void>()
      yield* runner.register({
        method: "tools/call",
        name: "slow",
        run: () =>
          Effect.as(Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(mayEnd)), { content: [] })
      })
      const { taskId } = yield* runner.startTask({ originalMethod: "tools/call", originalParams: { name: "slow" } })
      yield* Deferred.await(begun)
      // Until the runner listens for who cancels the task.
      yield* realSleep(1_000)
      yield* proxy.forget
      yield* Deferred.succeed(mayEnd, undefined)
      const onlooker = yield* TaskStorage.fromDriver(yield* store.openDriver(), { maintenance: false })
      const ended = yield* bounded("the task", onlooker.awaitTask(taskId))
      assert.strictEqual(ended.status, "completed")
      yield* proxy.forget
      yield* bounded("the runner", Scope.close(scope, Exit.void))
    }))
}

describe("postgres", () => {
  testDeadConnections(makePostgresTarget())
})

describeWithEngine("dynamodb", () => {
  testDeadConnections(dynamoDbTarget)
})
