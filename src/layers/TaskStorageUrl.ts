/**
 * One URL to a layer.
 *
 * | URL | storage |
 * | --- | --- |
 * | `memory:` | this process |
 * | `sqlite:FILE` | a SQLite file: `sqlite:tasks.db`, `sqlite:./tasks.db`, `sqlite:/var/lib/tasks.db`, `sqlite:C:\tasks.db` |
 * | `sqlite::memory:` | a SQLite database in memory |
 *
 * What follows `sqlite:` is the path as it is: nothing in it is decoded, so `%20`, `?` and `#` stand for themselves.
 * `sqlite:///var/lib/tasks.db` means `/var/lib/tasks.db`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { InvalidInput, TaskStorageUnavailable } from "../domain/TaskError.ts"
import type { TaskStorage } from "../domain/TaskStorage.ts"
import type { TaskStorageOptions } from "../domain/TaskStorageOptions.ts"
import type * as SqliteTaskStorage from "./SqliteTaskStorage.ts"

/**
 * Options of {@link layerFromUrl}: those of every layer, and those of the engine that a URL names.
 *
 * @since 0.1.0
 * @category options
 */
export interface TaskStorageUrlOptions extends TaskStorageOptions {
  /** Read for a `sqlite:` URL only. */
  readonly sqlite?: Omit<SqliteTaskStorage.Options, keyof TaskStorageOptions | "filename"> | undefined
}

/**
 * A layer that a URL names.
 *
 * @since 0.1.0
 * @category models
 */
export type UrlLayer = Layer.Layer<TaskStorage, InvalidInput | TaskStorageUnavailable>

/**
 * Gives the layer that a URL names. The module of a backend is loaded when its layer is built, and no other one is.
 *
 * Fails with `InvalidInput` for a URL or an option that it cannot use, and with `TaskStorageUnavailable` when the
 * storage cannot be opened. No error shows the URL, which may hold a password.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFromUrl = (url: string, options: TaskStorageUrlOptions = {}): UrlLayer =>
  Layer.unwrap(Effect.suspend(() => select(url, options)))

const select = (url: unknown, options: TaskStorageUrlOptions): Effect.Effect<UrlLayer, LayerError> => {
  const [, scheme = "", rest = ""] = typeof url === "string" ? /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(url) ?? [] : []
  switch (scheme.toLowerCase()) {
    case "memory":
      return rest === "" ? memory(options) : refuse("memory: stands alone, with nothing behind it")
    case "sqlite":
      return sqlite(rest, options)
    case "postgres":
    case "postgresql":
      return refuse(`this version has no PostgreSQL backend yet; a later release will have one. ${known}`)
    case "dynamodb":
      return refuse(`this version has no DynamoDB backend yet; a later release will have one. ${known}`)
    default:
      return refuse(`must name a storage that this version knows. ${known}`)
  }
}

type LayerError = InvalidInput | TaskStorageUnavailable

const known = "It can open memory:, sqlite:FILE and sqlite::memory:"

const memory = (options: TaskStorageUrlOptions): Effect.Effect<UrlLayer, LayerError> =>
  load(async () => (await import("./MemoryTaskStorage.ts")).layer(options))

const sqlite = (path: string, options: TaskStorageUrlOptions): Effect.Effect<UrlLayer, LayerError> => {
  if (/^\/\/(?!\/)/.test(path)) return refuse("sqlite: takes no host; write sqlite:FILE or sqlite:///ABSOLUTE/FILE")
  const filename = path.replace(/^\/\/(?=\/)/, "")
  return filename === ""
    ? refuse("sqlite: needs a file, as in sqlite:tasks.db, or sqlite::memory:")
    : load(async () => (await import("./SqliteTaskStorage.ts")).layer({ ...options.sqlite, ...options, filename }))
}

const load = (layer: () => Promise<UrlLayer>): Effect.Effect<UrlLayer, TaskStorageUnavailable> =>
  Effect.tryPromise({
    try: layer,
    catch: (cause) =>
      new TaskStorageUnavailable({
        operation: "layerFromUrl",
        reason: "the module of this storage cannot be loaded; check the version of Node and what is installed",
        retryable: false,
        applied: "no",
        cause
      })
  })

const refuse = (reason: string): Effect.Effect<never, InvalidInput> =>
  Effect.fail(new InvalidInput({ field: "url", reason }))
