/**
 * Making a layer from the driver of an engine.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type TaskDriver, TaskDriverError } from "../domain/driver/TaskDriver.ts"
import { failUnavailable } from "../domain/operations/TaskAccess.ts"
import { requireOptions } from "../domain/options/TaskStorageOptions.ts"
import type { InvalidInput, TaskStorageUnavailable } from "../domain/task/TaskError.ts"
import { TaskStorage } from "../domain/TaskStorage.ts"
import { isTraced } from "../domain/telemetry/isTraced.ts"
import { untraced } from "../domain/telemetry/untraced.ts"
import { type LayerOptions, sharedNames } from "./LayerOptions.ts"
import type { Encryption } from "./sealed/Encryption.ts"

/**
 * Makes the layer of a driver. `own` names the options of the engine. Any name that is neither one of these nor an option of
 * every layer is refused before anything is opened.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerOfDriver = <R>(
  driver: Effect.Effect<TaskDriver, InvalidInput | TaskDriverError, R>,
  options: LayerOptions,
  own: ReadonlyArray<string>
): Layer.Layer<TaskStorage, InvalidInput | TaskStorageUnavailable, Exclude<R, Scope.Scope>> => {
  const names = [...own, ...sharedNames]
  const sealed = Effect.suspend(() => options.encryption === undefined ? driver : sealing(driver, options.encryption))
  return Layer.effect(
    TaskStorage,
    Effect.flatMap(
      closed(options, names, opening(sealed)),
      (driver) => TaskStorage.fromDriver(driver, options, names)
    )
  )
}

/** What seals is loaded only where it is asked for. The keys are looked at before the engine is opened. */
const sealing = <R>(
  driver: Effect.Effect<TaskDriver, InvalidInput | TaskDriverError, R>,
  encryption: Encryption
): Effect.Effect<TaskDriver, InvalidInput | TaskDriverError, R> =>
  Effect.gen(function*() {
    const { makeSealing, sealDriver } = yield* Effect.tryPromise({
      try: () => import("./sealed/index.ts"),
      catch: (cause) =>
        new TaskDriverError({
          reason: "encryption cannot be loaded; it needs node:crypto, see the cause",
          retryable: false,
          applied: "no",
          cause
        })
    })
    const sealing = yield* makeSealing(encryption)
    return sealDriver(yield* driver, sealing)
  })

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
  Effect.catchTag(
    // Outside of any span each statement of the schema would begin a trace of its own.
    Effect.withFiber((fiber) => isTraced(fiber) ? effect : untraced(effect)),
    "TaskDriverError",
    (error) => failUnavailable("open", error)
  )
