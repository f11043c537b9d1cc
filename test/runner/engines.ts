/** The storages on which two runners meet, each with a connection of its own, as two processes have them. */
import * as Effect from "effect/Effect"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import { makeTaskRunner, type TaskRunnerOptions } from "../../src/runner/index.ts"
import type { FaultTarget } from "../layers/faults/FaultTarget.ts"

const options: TaskRunnerOptions = { recovery: false, lease: "3 seconds", shutdownTimeout: 0 }

/** Two runners on one fresh store, and a storage that looks on. */
export const makeTwoRunners = Effect.fnUntraced(function*<E>(target: FaultTarget<E>, own: TaskRunnerOptions = {}) {
  const store = yield* target.freshStore
  const open = Effect.flatMap(store.openDriver(), (driver) => TaskStorage.fromDriver(driver, { maintenance: false }))
  const makeRunner = Effect.flatMap(
    open,
    (storage) => Effect.provideService(makeTaskRunner({ ...options, ...own }), TaskStorage, storage)
  )
  return { first: yield* makeRunner, second: yield* makeRunner, storage: yield* open }
})
