/**
 * What the suite needs to test a storage.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { TaskDriver } from "../domain/driver/TaskDriver.ts"
import type { TaskStorageOptions } from "../domain/options/TaskStorageOptions.ts"
import type { TaskStorageShape } from "../domain/service/TaskOperations.ts"
import type { Sizing } from "../domain/task/StoredTask.ts"
import type { InvalidInput } from "../domain/task/TaskError.ts"
import { TaskStorage } from "../domain/TaskStorage.ts"
import { yieldingDriver } from "./linearizability/yieldingDriver.ts"

/**
 * Two drivers on one fresh, empty store.
 *
 * @since 0.1.0
 * @category models
 */
export interface DriverPair {
  readonly first: TaskDriver
  readonly second: TaskDriver
}

/**
 * Two handles on one store, as two processes have them.
 *
 * @since 0.1.0
 * @category models
 */
export interface StoragePair {
  readonly first: TaskStorageShape
  readonly second: TaskStorageShape
  /** Their drivers. What only these show is not checked where they are left out. */
  readonly drivers?: DriverPair | undefined
}

/**
 * The default limits of a storage, in bytes of stored JSON: for an outcome, and for everything else of a task.
 *
 * @since 0.1.0
 * @category models
 */
export interface PayloadBytes {
  readonly outcome: number
  readonly content: number
}

/**
 * Opens a fresh, empty store with the options of a case. The suite provides the clock, which the storage has to take
 * its time from, and closes the scope when the case is over.
 *
 * @since 0.1.0
 * @category models
 */
export interface StorageHarness<E = unknown> {
  /** 7 MiB each where it is left out. */
  readonly maxPayloadBytes?: PayloadBytes | undefined
  /** What the text of a payload takes where it is stored, as the driver says; as many bytes as it has where it is left out. */
  readonly payloadBytes?: Sizing | undefined
  /** Opens an empty storage. */
  readonly open: (options: TaskStorageOptions) => Effect.Effect<StoragePair, E, Scope.Scope>
  /** The same, with more ways in which concurrent calls can meet. */
  readonly openRacing?: (options: TaskStorageOptions) => Effect.Effect<StoragePair, E, Scope.Scope>
}

/**
 * Makes a harness of a backend's drivers.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromDrivers = <E>(harness: {
  readonly makeDrivers: Effect.Effect<DriverPair, E, Scope.Scope>
  readonly maxPayloadBytes?: PayloadBytes | undefined
  readonly payloadBytes?: Sizing | undefined
}): StorageHarness<E | InvalidInput> => {
  const openWith = (wrap: (driver: TaskDriver) => TaskDriver) =>
    Effect.fnUntraced(function*(options: TaskStorageOptions) {
      const made = yield* harness.makeDrivers
      const drivers = { first: wrap(made.first), second: wrap(made.second) }
      return {
        first: yield* TaskStorage.fromDriver(drivers.first, options),
        second: yield* TaskStorage.fromDriver(drivers.second, options),
        drivers
      }
    })
  const { maxPayloadBytes, payloadBytes } = harness
  return { maxPayloadBytes, payloadBytes, open: openWith((driver) => driver), openRacing: openWith(yieldingDriver) }
}

/**
 * Makes a harness of a `TaskStorage` layer. `makeLayer` prepares a fresh, empty store and gives the function from options
 * to a layer on it; each of the two handles is a layer of its own.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromLayer = <E, LayerError>(
  makeLayer: Effect.Effect<
    (options: TaskStorageOptions) => Layer.Layer<TaskStorage, LayerError>,
    E,
    Scope.Scope
  >
): StorageHarness<E | LayerError> => ({
  open: Effect.fnUntraced(function*(options) {
    const layer = yield* makeLayer
    const build = Effect.map(Layer.build(Layer.fresh(layer(options))), (built) => Context.get(built, TaskStorage))
    return { first: yield* build, second: yield* build }
  })
})
