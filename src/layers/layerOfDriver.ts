/**
 * How the driver of an engine becomes a layer.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { unavailable } from "../domain/TaskAccess.ts"
import type { TaskDriver, TaskDriverError } from "../domain/TaskDriver.ts"
import type { InvalidInput, TaskStorageUnavailable } from "../domain/TaskError.ts"
import { TaskStorage } from "../domain/TaskStorage.ts"
import type { TaskStorageOptions } from "../domain/TaskStorageOptions.ts"

/**
 * Makes the layer of a driver.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerOfDriver = <R>(
  driver: Effect.Effect<TaskDriver, InvalidInput | TaskDriverError, R>,
  options: TaskStorageOptions
): Layer.Layer<TaskStorage, InvalidInput | TaskStorageUnavailable, Exclude<R, Scope.Scope>> =>
  Layer.effect(TaskStorage, Effect.flatMap(opening(driver), (driver) => TaskStorage.fromDriver(driver, options)))

/**
 * Turns what the engine does wrong while it is opened into an error of the storage.
 *
 * @since 0.1.0
 * @category combinators
 */
export const opening = <A, R>(
  effect: Effect.Effect<A, InvalidInput | TaskDriverError, R>
): Effect.Effect<A, InvalidInput | TaskStorageUnavailable, R> =>
  Effect.mapError(effect, (error) => error._tag === "InvalidInput" ? error : unavailable("open", error))
