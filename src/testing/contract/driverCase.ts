/**
 * Cases that call the primitives of a driver, for what no operation shows.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { type TaskStorageError, TaskStorageUnavailable } from "../../domain/task/TaskError.ts"
import type { DriverPair } from "../StorageHarness.ts"
import { type CaseFailure, type ContractCase, contractCase, type World } from "./ContractCase.ts"

/**
 * Makes a case of the drivers of a storage. A storage that shows none passes.
 *
 * @since 0.2.0
 * @category constructors
 */
export const driverCase = (
  name: string,
  run: (world: World, drivers: DriverPair) => Effect.Effect<void, CaseFailure>
): ContractCase =>
  contractCase(name, function*(world) {
    if (world.drivers !== undefined) yield* run(world, world.drivers)
  })

/**
 * Calls a primitive, whose failure is one of the storage.
 *
 * @since 0.2.0
 * @category running
 */
export const primitive = <A>(effect: Effect.Effect<A, TaskDriverError>): Effect.Effect<A, TaskStorageError> =>
  Effect.mapError(
    effect,
    ({ applied, reason, retryable }) =>
      new TaskStorageUnavailable({ operation: "a primitive of the driver", reason, retryable, applied })
  )
