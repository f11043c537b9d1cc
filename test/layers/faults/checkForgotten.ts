/** That connections which are dead without anybody being told hold up nothing for ever. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { realSleep } from "../../../src/layers/realSleep.ts"
import { bounded } from "./bounded.ts"
import type { RemoteTarget } from "./FaultTarget.ts"
import { makeTcpProxy } from "./tcpProxy.ts"

const callers = 10

/** Makes a call again while the engine does not answer. */
const insistently = <A, E extends { readonly _tag: string }>(call: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.catchIf(
    call,
    (error) => error._tag === "TaskStorageUnavailable",
    () => Effect.andThen(realSleep(50), insistently(call))
  )

/** As many callers at once as it takes to use each connection. */
const busy = (storage: TaskStorageShape) =>
  Effect.forEach(Array.from({ length: callers }), () => insistently(storage.createTask({ originalMethod: "m" })), {
    concurrency: "unbounded",
    discard: true
  })

/** All of its connections are forgotten while somebody waits through them, and again before it is closed. */
export const checkForgotten = Effect.fnUntraced(function*<E>(target: RemoteTarget<E>) {
  const store = yield* target.freshStore
  const proxy = yield* makeTcpProxy(yield* target.endpoint)
  const scope = yield* Scope.make()
  const storage = yield* Effect.flatMap(
    store.openDriver({ impatient: true, through: proxy.endpoint }),
    (driver) => TaskStorage.fromDriver(driver, { maintenance: false })
  ).pipe(Scope.provide(scope))
  yield* busy(storage)
  for (const taskId of ["own", "foreign", "last"]) yield* storage.createTask({ originalMethod: "m", taskId })
  const own = yield* Effect.forkChild(storage.awaitTask("own"))
  const foreign = yield* Effect.forkChild(storage.awaitTask("foreign"))
  const last = yield* Effect.forkChild(Effect.exit(storage.awaitTask("last")))
  yield* realSleep(300)

  yield* proxy.forget
  const settle = (storage: TaskStorageShape, taskId: string) =>
    storage.settleTask(taskId, { _tag: "Success", value: 1 })
  // A write whose answer was lost may have happened, so that the next one is refused.
  yield* bounded("settling", Effect.exit(insistently(settle(storage, "own"))))
  assert.strictEqual((yield* bounded("waiting for an own write", Fiber.join(own))).status, "completed")
  const onlooker = yield* TaskStorage.fromDriver(yield* store.openDriver(), { maintenance: false })
  yield* settle(onlooker, "foreign")
  assert.strictEqual((yield* bounded("waiting for a write of another", Fiber.join(foreign))).status, "completed")
  yield* bounded("working", busy(storage))

  yield* proxy.forget
  yield* bounded("closing", Scope.close(scope, Exit.void))
  yield* bounded("interrupting who waits", Fiber.interrupt(last))
})
