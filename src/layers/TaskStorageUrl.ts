/**
 * One URL to a layer.
 *
 * | URL | storage |
 * | --- | --- |
 * | `memory:` | this process |
 * | `sqlite:FILE` | a SQLite file: `sqlite:tasks.db`, `sqlite:./tasks.db`, `sqlite:/var/lib/tasks.db`, `sqlite:C:\tasks.db` |
 * | `sqlite::memory:` | a SQLite database in memory |
 * | `postgres://USER:PASSWORD@HOST:PORT/DATABASE` | a PostgreSQL database; also `postgresql://` |
 * | `dynamodb://TABLE?region=REGION&endpoint=URL` | a DynamoDB table; region and endpoint from the environment by default |
 *
 * The text behind `sqlite:` is the path as it is. Nothing in it is decoded, so `%20`, `?` and `#` stand for themselves.
 * `sqlite:///var/lib/tasks.db` means `/var/lib/tasks.db`. PostgreSQL and DynamoDB need their clients installed:
 * `@effect/sql-pg` and `@aws-sdk/client-dynamodb`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { type OptionNames, optionNames, parseNames } from "../domain/optionNames.ts"
import { InvalidInput, TaskStorageUnavailable } from "../domain/TaskError.ts"
import type { TaskStorage } from "../domain/TaskStorage.ts"
import { type TaskStorageOptions, taskStorageOptions } from "../domain/TaskStorageOptions.ts"
import { type DynamoDbAddress, dynamodbDriverNames, type DynamoDbDriverOptions } from "./dynamodb/DynamoDbOptions.ts"
import { layerOfDriver } from "./layerOfDriver.ts"
import {
  postgresClientNames,
  type PostgresClientOptions,
  postgresDriverNames,
  type PostgresDriverOptions
} from "./postgres/PostgresOptions.ts"
import { sqliteClientNames, sqliteDriverNames } from "./sqlite/SqliteOptions.ts"
import type * as SqliteTaskStorage from "./SqliteTaskStorage.ts"

/**
 * Options of {@link layerFromUrl}: those of every layer, and those of the engine that a URL names.
 *
 * @since 0.1.0
 * @category options
 */
export interface TaskStorageUrlOptions extends TaskStorageOptions, EngineOptions {}

/**
 * The options of each engine.
 *
 * @since 0.2.0
 * @category options
 */
export interface EngineOptions {
  /** Read for a `sqlite:` URL only. */
  readonly sqlite?: Omit<SqliteTaskStorage.Options, keyof TaskStorageOptions | "filename"> | undefined
  /** Read for a `postgres:` URL only. */
  readonly postgres?:
    | Omit<PostgresClientOptions & PostgresDriverOptions, keyof TaskStorageOptions | "url">
    | undefined
  /** Read for a `dynamodb:` URL only. */
  readonly dynamodb?: Omit<DynamoDbAddress & DynamoDbDriverOptions, "tableName" | "region" | "endpoint"> | undefined
}

type OptionsOf<Engine extends keyof EngineOptions> = NonNullable<EngineOptions[Engine]>

/**
 * The names of {@link TaskStorageUrlOptions}.
 *
 * @since 0.2.0
 * @category constants
 */
export const taskStorageUrlOptions: ReadonlyArray<keyof TaskStorageUrlOptions> = [
  ...taskStorageOptions,
  ...optionNames<EngineOptions>({ dynamodb: true, postgres: true, sqlite: true })
]

const engineOptions: { readonly [Engine in keyof EngineOptions]-?: OptionNames<OptionsOf<Engine>> } = {
  sqlite: [...sqliteClientNames, ...sqliteDriverNames],
  postgres: [...postgresClientNames, ...postgresDriverNames],
  dynamodb: ["credentials", ...dynamodbDriverNames]
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
  Layer.unwrap(Effect.suspend(() => {
    const parsed = parseOptions(options)
    return Result.isFailure(parsed) ? Effect.fail(parsed.failure) : select(url, options)
  }))

const parseOptions = (options: unknown): Result.Result<void, InvalidInput> =>
  Result.gen(function*() {
    if (!isObject(options)) return yield* refuseOption("options", "must be an object")
    yield* parseNames(options, taskStorageUrlOptions)
    for (const [engine, names] of Object.entries(engineOptions)) {
      const given = options[engine]
      if (given === undefined) continue
      if (!isObject(given)) return yield* refuseOption(engine, "must be an object")
      yield* parseNames(given, names, `${engine}.`)
    }
  })

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const refuseOption = (field: string, reason: string): Result.Result<never, InvalidInput> =>
  Result.fail(new InvalidInput({ field, reason }))

const select = (url: unknown, given: TaskStorageUrlOptions): Effect.Effect<UrlLayer, LayerError> => {
  const { dynamodb, postgres, sqlite, ...options } = given
  const text = typeof url === "string" ? url : ""
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(text) ?? []
  switch (scheme.toLowerCase()) {
    case "memory":
      return rest === "" ? openMemory(options) : refuse("memory: stands alone, with nothing behind it")
    case "sqlite":
      return openSqlite(rest, { ...sqlite, ...options })
    case "postgres":
    case "postgresql":
      return openPostgres(text, { ...postgres, ...options })
    case "dynamodb":
      return openDynamoDb(text, { ...dynamodb, ...options })
    default:
      return refuse(
        "must name a storage that this version knows: memory:, sqlite:FILE, sqlite::memory:, postgres://… or dynamodb://TABLE"
      )
  }
}

type LayerError = InvalidInput | TaskStorageUnavailable

const openMemory = (options: TaskStorageOptions): Effect.Effect<UrlLayer, LayerError> =>
  load(async () => (await import("./MemoryTaskStorage.ts")).layer(options))

const openSqlite = (
  path: string,
  options: OptionsOf<"sqlite"> & TaskStorageOptions
): Effect.Effect<UrlLayer, LayerError> => {
  if (/^\/\/(?!\/)/.test(path)) return refuse("sqlite: takes no host; write sqlite:FILE or sqlite:///ABSOLUTE/FILE")
  const filename = path.replace(/^\/\/(?=\/)/, "")
  return filename === ""
    ? refuse("sqlite: needs a file, as in sqlite:tasks.db, or sqlite::memory:")
    : load(async () => (await import("./SqliteTaskStorage.ts")).layer({ ...options, filename }))
}

const openPostgres = (
  url: string,
  options: OptionsOf<"postgres"> & TaskStorageOptions
): Effect.Effect<UrlLayer, LayerError> =>
  load(async () => {
    const { openPostgresDriver } = await import("./postgres/openPostgresDriver.ts")
    const settings = { ...options, url }
    return layerOfDriver(openPostgresDriver(await importPg(), settings), settings, [...engineOptions.postgres, "url"])
  })

/** A table name is not a host name. It may have capitals and underscores, which `URL` would change. */
const openDynamoDb = (
  url: string,
  options: OptionsOf<"dynamodb"> & TaskStorageOptions
): Effect.Effect<UrlLayer, LayerError> => {
  const [, tableName, query = ""] = /^[^:]*:\/\/([A-Za-z0-9_.-]+)\/?(?:\?(.*))?$/s.exec(url) ?? []
  if (tableName === undefined) return refuse("dynamodb: needs a table, as in dynamodb://TABLE?region=eu-west-1")
  const { endpoint, region, ...others } = Object.fromEntries(new URLSearchParams(query))
  const [unknown] = Object.keys(others)
  return unknown === undefined
    ? load(
      async () => {
        const { openDynamoDbDriver } = await import("./dynamodb/openDynamoDbDriver.ts")
        const settings = { ...options, tableName, region, endpoint }
        const ownNames = [...engineOptions.dynamodb, "tableName", "region", "endpoint"]
        return layerOfDriver(openDynamoDbDriver(await importAwsSdk(), settings), settings, ownNames)
      }
    )
    : refuse("dynamodb: takes the parameters region and endpoint; everything else is an option")
}

// Bundlers leave out a package that is not installed if its import stands in a `try`. Elsewhere they fail.

const importPg = async () => {
  try {
    return await import("@effect/sql-pg")
  } catch (cause) {
    throw notLoaded(cause, "@effect/sql-pg")
  }
}

const importAwsSdk = async () => {
  try {
    return await import("@aws-sdk/client-dynamodb")
  } catch (cause) {
    throw notLoaded(cause, "@aws-sdk/client-dynamodb")
  }
}

const load = (layer: () => Promise<UrlLayer>): Effect.Effect<UrlLayer, TaskStorageUnavailable> =>
  Effect.tryPromise({
    try: layer,
    catch: (cause) => cause instanceof TaskStorageUnavailable ? cause : notLoaded(cause)
  })

const notLoaded = (cause: unknown, client?: string): TaskStorageUnavailable =>
  new TaskStorageUnavailable({
    operation: "layerFromUrl",
    reason: client === undefined
      ? "the module of this storage cannot be loaded; check the version of Node and what is installed"
      : `the module of this storage cannot be loaded; install ${client}, bundle again if the program is bundled, and check the version of Node`,
    retryable: false,
    applied: "no",
    cause
  })

const refuse = (reason: string): Effect.Effect<never, InvalidInput> =>
  Effect.fail(new InvalidInput({ field: "url", reason }))
