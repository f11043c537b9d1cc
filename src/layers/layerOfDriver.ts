/**
 * Making a layer from the driver of an engine.
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
import { requireOptions, type TaskStorageOptions } from "../domain/TaskStorageOptions.ts"

/**
 * Makes the layer of a driver. `own` names the options of the engine. Any name that is neither one of these nor an option of
 * every layer is refused before anything is opened.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerOfDriver = <R>(
  driver: Effect.Effect<TaskDriver, InvalidInput | TaskDriverError, R>,
  options: TaskStorageOptions,
  own: ReadonlyArray<string>
): Layer.Layer<TaskStorage, InvalidInput | TaskStorageUnavailable, Exclude<R, Scope.Scope>> =>
  Layer.effect(
    TaskStorage,
    Effect.flatMap(
      closed(options, own, opening(driver)),
      (driver) => TaskStorage.fromDriver(driver, options, own)
    )
  )

/**
 * Refuses an option of a driver that is not known, before anything is opened.
 *
 * @since 0.2.0
 * @category combinators
 */
export const closed = <A, E, R>(
  options: unknown,
  own: ReadonlyArray<string>,
  driver: Effect.Effect<A, E, R>
): Effect.Effect<A, E | InvalidInput, R> =>
  Effect.andThen(Effect.suspend(() => Effect.fromResult(requireOptions(options, own))), driver)

/**
 * Turns a failure of the engine while it opens into an error of the storage.
 *
 * @since 0.1.0
 * @category combinators
 */
export const opening = <A, R>(
  effect: Effect.Effect<A, InvalidInput | TaskDriverError, R>
): Effect.Effect<A, InvalidInput | TaskStorageUnavailable, R> =>
  Effect.mapError(effect, (error) => error._tag === "InvalidInput" ? error : unavailable("open", error))
