/**
 * Tasks in memory: for tests, for development, and for servers whose tasks may end with the process.
 *
 * @since 0.1.0
 * @module
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { optionNames } from "../domain/options/optionNames.ts"
import type { InvalidInput, TaskStorageUnavailable } from "../domain/task/TaskError.ts"
import type { TaskStorage } from "../domain/TaskStorage.ts"
import { layerOfDriver } from "./layerOfDriver.ts"
import type { LayerOptions } from "./LayerOptions.ts"
import { makeMemoryDriver } from "./memory/makeMemoryDriver.ts"
import { MemoryStore } from "./memory/MemoryStore.ts"

export {
  /**
   * Makes a driver of a store, for those who wrap drivers.
   *
   * @since 0.1.0
   * @category constructors
   */
  makeMemoryDriver as makeDriver
}
export type { MemoryStore }

/**
 * Options of the memory backend.
 *
 * @since 0.1.0
 * @category options
 */
export interface MemoryTaskStorageOptions extends LayerOptions {
  /** A store to share between several layers, made by {@link makeStore}. Each layer has its own by default. */
  readonly store?: MemoryStore | undefined
}

/**
 * Makes an empty store, which several layers can share.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeStore: Effect.Effect<MemoryStore> = Effect.sync(() => new MemoryStore())

/**
 * Keeps tasks in memory. Fails with `InvalidInput` when an option is wrong, and with `TaskStorageUnavailable` when the key of
 * `encryption` cannot be had.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: MemoryTaskStorageOptions = {}
): Layer.Layer<TaskStorage, InvalidInput | TaskStorageUnavailable> =>
  layerOfDriver(Effect.sync(() => makeMemoryDriver(options.store ?? new MemoryStore())), options, ownNames)

const ownNames = optionNames<Omit<MemoryTaskStorageOptions, keyof LayerOptions>>({ store: true })

/**
 * Keeps tasks in memory, with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Wrap<LayerOptions>
): Layer.Layer<TaskStorage, InvalidInput | TaskStorageUnavailable | Config.ConfigError> =>
  Layer.unwrap(Effect.map(Config.unwrap(options), layer))
