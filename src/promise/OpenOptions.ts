/**
 * The options of a storage when it is opened.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Struct from "effect/Struct"
import { optionNames } from "../domain/options/optionNames.ts"
import { InvalidInput } from "../domain/task/TaskError.ts"
import { engineOptionPaths, type TaskStorageUrlOptions, taskStorageUrlOptions } from "../layers/TaskStorageUrl.ts"
import { requireFunction, requireNames, requireObject } from "./arguments.ts"
import type { CallOptions } from "./PromiseCallOptions.ts"
import { type ReportOptions, requireReportOptions } from "./ReportOptions.ts"
import type { TelemetryOption } from "./Telemetry.ts"
import { requireTelemetry } from "./telemetryLayers.ts"

/**
 * Options for storage over a layer, which has its own options already.
 *
 * @since 0.1.0
 * @category options
 */
export interface LayerOpenOptions extends CallOptions, ReportOptions, TelemetryOption {
  /** Gives the time in milliseconds since the epoch, for tests. Timers stay real. */
  readonly now?: (() => number) | undefined
  /** Generates the ids of tasks that are created without one. */
  readonly generateId?: (() => string) | undefined
}

/**
 * Options for storage that a URL names: those of `layerFromUrl`.
 *
 * @since 0.1.0
 * @category options
 */
export interface OpenOptions
  extends Omit<TaskStorageUrlOptions, "postgres" | "generateId" | "encryption">, LayerOpenOptions
{
  /** Seals payloads before they are stored. Off by default. */
  readonly encryption?: EncryptionOptions | undefined
  /** How PostgreSQL is reached and used; read for a `postgres:` URL only. */
  readonly postgres?: PostgresOptions | undefined
}

/**
 * How PostgreSQL is reached and used.
 *
 * @since 0.1.0
 * @category options
 */
export interface PostgresOptions extends Omit<NonNullable<TaskStorageUrlOptions["postgres"]>, "password"> {
  /** The password, or a function that gives one whenever a connection is made. */
  readonly password?: string | (() => string | Promise<string>) | undefined
}

/**
 * Which keys seal payloads.
 *
 * @since 0.2.0
 * @category options
 */
export interface EncryptionOptions extends Omit<NonNullable<TaskStorageUrlOptions["encryption"]>, "keys"> {
  /**
   * The keys by their ids, or a function that gives the key of an id, and `undefined` where there is none. A key is 32 random bytes,
   * as they are or in base64.
   */
  readonly keys:
    | { readonly [keyId: string]: Uint8Array | string }
    | ((keyId: string) => Uint8Array | string | undefined | Promise<Uint8Array | string | undefined>)
}

/**
 * How DynamoDB is reached and used.
 *
 * @since 0.1.0
 * @category options
 */
export type DynamoDbOptions = NonNullable<TaskStorageUrlOptions["dynamodb"]>

/**
 * How SQLite is used.
 *
 * @since 0.1.0
 * @category options
 */
export type SqliteOptions = NonNullable<TaskStorageUrlOptions["sqlite"]>

/**
 * The names of {@link LayerOpenOptions}.
 *
 * @since 0.2.0
 * @category constants
 */
export const layerOpenOptions = optionNames<LayerOpenOptions>({
  generateId: true,
  now: true,
  signal: true,
  logger: true,
  onError: true,
  telemetry: true
})

/** The names of the options with which a storage is opened. */
const openOptions: ReadonlyArray<string> = Arr.union(layerOpenOptions, taskStorageUrlOptions)

/**
 * Throws `InvalidInput` for a name that is neither one of the names nor an option of what opens a storage. An option of an engine
 * that stands beside its object is told where it belongs.
 *
 * @since 0.2.0
 * @category guards
 */
export const requireOpenNames = (options: object, names: ReadonlyArray<string> = []): void =>
  requireNames(options, [...names, ...openOptions], "", engineOptionPaths)

/**
 * Throws `InvalidInput` for options that plain data can get wrong, misspelt names included. The layer checks its own options.
 *
 * @since 0.1.0
 * @category guards
 */
export const requireOpenOptions = (options: OpenOptions, hasLayer: boolean): void => {
  requireObject("options", options)
  requireOpenNames(options)
  const [ofLayer] = Struct.keys(Struct.omit(options, layerOpenOptions))
  if (hasLayer && ofLayer !== undefined) {
    throw new InvalidInput({ field: ofLayer, reason: "is for the layer: give it when you make that" })
  }
  requireFunction("now", options.now)
  requireFunction("generateId", options.generateId)
  requireReportOptions(options)
  requireTelemetry(options)
}
