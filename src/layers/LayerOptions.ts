/**
 * The options of every layer of this library.
 *
 * @since 0.2.0
 */
import { type OptionNames, optionNames } from "../domain/options/optionNames.ts"
import { type TaskStorageOptions, taskStorageOptions } from "../domain/options/TaskStorageOptions.ts"
import type { Encryption } from "./sealed/Encryption.ts"

/**
 * Options that every layer of this library takes.
 *
 * @since 0.2.0
 * @category options
 */
export interface LayerOptions extends TaskStorageOptions {
  /** Seals payloads before they are stored. Off by default. */
  readonly encryption?: Encryption | undefined
}

/**
 * The names of what layers take beside the options of every storage, and beside their own.
 *
 * @since 0.2.0
 * @category constants
 */
export const sharedNames = optionNames<Omit<LayerOptions, keyof TaskStorageOptions>>({ encryption: true })

/**
 * The names of {@link LayerOptions}.
 *
 * @since 0.2.0
 * @category constants
 */
export const layerOptions: OptionNames<LayerOptions> = [...taskStorageOptions, ...sharedNames]
