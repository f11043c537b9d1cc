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
import type * as Scope from "effect/Scope"
import type { MigrationPlan } from "../domain/driver/StoreInspector.ts"
import type { StoreReport } from "../domain/driver/StoreReport.ts"
import type { TaskDriver, TaskDriverError } from "../domain/driver/TaskDriver.ts"
import { type OptionNames, optionNames, parseNames } from "../domain/options/optionNames.ts"
import type { InspectOptions } from "../domain/options/TaskOptions.ts"
import { InvalidInput, TaskStorageUnavailable } from "../domain/task/TaskError.ts"
import { TaskStorage } from "../domain/TaskStorage.ts"
import { type DynamoDbAddress, dynamodbDriverNames, type DynamoDbDriverOptions } from "./dynamodb/DynamoDbOptions.ts"
import { closed, layerOfDriver, opening } from "./layerOfDriver.ts"
import { type LayerOptions, layerOptions, sharedNames } from "./LayerOptions.ts"
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
export interface TaskStorageUrlOptions extends LayerOptions, EngineOptions {}

/**
 * The options of each engine.
 *
 * @since 0.2.0
 * @category options
 */
export interface EngineOptions {
  /** Read for a `sqlite:` URL only. */
  readonly sqlite?: Omit<SqliteTaskStorage.Options, keyof LayerOptions | "filename"> | undefined
  /** Read for a `postgres:` URL only. */
  readonly postgres?:
    | Omit<PostgresClientOptions & PostgresDriverOptions, keyof LayerOptions | "url">
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
  ...layerOptions,
  ...optionNames<EngineOptions>({ dynamodb: true, postgres: true, sqlite: true })
]

const engineOptions: { readonly [Engine in keyof EngineOptions]-?: OptionNames<OptionsOf<Engine>> } = {
  sqlite: [...sqliteClientNames, ...sqliteDriverNames],
  postgres: [...postgresClientNames, ...postgresDriverNames],
  dynamodb: ["credentials", ...dynamodbDriverNames]
}

/**
 * Where the options of each engine stand beside a URL, such as `sqlite.lockTimeout`, for those who look for them one level higher.
 *
 * @since 0.2.0
 * @category constants
 */
export const engineOptionPaths: ReadonlyArray<string> = Object.entries(engineOptions).flatMap(
  ([engine, names]) => Array.from(new Set(names), (name) => `${engine}.${name}`)
)

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
export const layerFromUrl = (url: string, options: TaskStorageUrlOptions = {}): UrlLayer => layerOf(url, options, "use")

/**
 * Looks at the store that a URL names, as `inspectStore` does, even where opening refuses it: its schema is missing, too old, too
 * new or broken. It makes no store, and changes nothing but what `fix` mends.
 *
 * @since 0.2.0
 * @category operations
 */
export const inspectUrl = (
  url: string,
  inspect: InspectOptions = {},
  options: TaskStorageUrlOptions = {}
): Effect.Effect<StoreReport, InvalidInput | TaskStorageUnavailable> =>
  Effect.provide(
    Effect.flatMap(TaskStorage, (storage) => storage.inspectStore(inspect)),
    layerOf(url, { ...options, maintenance: false }, "look")
  )

/**
 * Says what would bring the store that a URL names to the schema of this library, and whether it needs that. Changes nothing. With
 * limits of stored or of active tasks it also says what these need.
 *
 * @since 0.2.0
 * @category operations
 */
export const planMigration = (
  url: string,
  options: TaskStorageUrlOptions = {}
): Effect.Effect<MigrationPlan, InvalidInput | TaskStorageUnavailable> =>
  Effect.scoped(Effect.gen(function*() {
    const { driver, own, settings } = yield* named(url, options, "plan")
    const { backendName, inspector } = yield* closed(settings, [...own, ...sharedNames], opening(driver))
    const plan = inspector === undefined
      ? { version: 0, isUpToDate: true, statements: [] }
      : yield* opening(inspector.plan)
    return { backend: backendName, ...plan }
  }))

/** What a driver is opened for. Nothing is prepared for a look, nor for a plan, which there is for a store yet to come as well. */
type Purpose = "use" | "look" | "plan"

const layerOf = (url: string, options: TaskStorageUrlOptions, purpose: Purpose): UrlLayer =>
  Layer.unwrap(
    Effect.map(named(url, options, purpose), ({ driver, own, settings }) => layerOfDriver(driver, settings, own))
  )

const parseOptions = (options: unknown): Result.Result<void, InvalidInput> =>
  Result.gen(function*() {
    if (!isObject(options)) return yield* refuseOption("options", "must be an object")
    yield* parseNames(options, taskStorageUrlOptions, "", engineOptionPaths)
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

/** The driver of a URL, and what it is made a storage with. */
interface NamedDriver {
  readonly driver: Effect.Effect<TaskDriver, InvalidInput | TaskDriverError, Scope.Scope>
  readonly settings: LayerOptions
  readonly own: ReadonlyArray<string>
}

const named = (
  url: string,
  options: TaskStorageUrlOptions,
  purpose: Purpose
): Effect.Effect<NamedDriver, LayerError> =>
  Effect.suspend(() => {
    const parsed = parseOptions(options)
    return Result.isFailure(parsed) ? Effect.fail(parsed.failure) : select(url, options, purpose)
  })

const select = (
  url: unknown,
  given: TaskStorageUrlOptions,
  purpose: Purpose
): Effect.Effect<NamedDriver, LayerError> => {
  const { dynamodb, postgres, sqlite, ...options } = given
  const text = typeof url === "string" ? url : ""
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(text) ?? []
  switch (scheme.toLowerCase()) {
    case "memory":
      return rest === "" ? openMemory(options) : refuse("memory: stands alone, with nothing behind it")
    case "sqlite":
      return openSqlite(rest, { ...sqlite, ...options }, purpose)
    case "postgres":
    case "postgresql":
      return openPostgres(text, { ...postgres, ...options }, purpose)
    case "dynamodb":
      return openDynamoDb(text, { ...dynamodb, ...options }, purpose)
    default:
      return refuse(
        "must name a storage that this version knows: memory:, sqlite:FILE, sqlite::memory:, postgres://… or dynamodb://TABLE"
      )
  }
}

type LayerError = InvalidInput | TaskStorageUnavailable

const openMemory = (options: LayerOptions): Effect.Effect<NamedDriver, LayerError> =>
  load(async () => {
    const { makeDriver, makeStore } = await import("./MemoryTaskStorage.ts")
    return { driver: Effect.map(makeStore, makeDriver), settings: options, own: [] }
  })

const openSqlite = (
  path: string,
  options: OptionsOf<"sqlite"> & LayerOptions,
  purpose: Purpose
): Effect.Effect<NamedDriver, LayerError> => {
  if (/^\/\/(?!\/)/.test(path)) return refuse("sqlite: takes no host; write sqlite:FILE or sqlite:///ABSOLUTE/FILE")
  const filename = path.replace(/^\/\/(?=\/)/, "")
  return filename === ""
    ? refuse("sqlite: needs a file, as in sqlite:tasks.db, or sqlite::memory:")
    : load(async () => {
      const { openSqliteDriver } = await import("./sqlite/openSqliteDriver.ts")
      const isMissing = purpose === "plan" && !(await import("node:fs")).existsSync(filename)
      const settings = { ...options, filename: isMissing ? ":memory:" : filename }
      return {
        driver: openSqliteDriver(settings, purpose !== "use"),
        settings,
        own: [...engineOptions.sqlite, "filename"]
      }
    })
}

const openPostgres = (
  url: string,
  options: OptionsOf<"postgres"> & LayerOptions,
  purpose: Purpose
): Effect.Effect<NamedDriver, LayerError> =>
  load(async () => {
    const { openPostgresDriver } = await import("./postgres/openPostgresDriver.ts")
    const settings = { ...options, url }
    return {
      driver: openPostgresDriver(await importPg(), settings, purpose !== "use"),
      settings,
      own: [...engineOptions.postgres, "url"]
    }
  })

/** A table name is not a host name. It may have capitals and underscores, which `URL` would change. */
const openDynamoDb = (
  url: string,
  options: OptionsOf<"dynamodb"> & LayerOptions,
  purpose: Purpose
): Effect.Effect<NamedDriver, LayerError> => {
  const [, tableName, query = ""] = /^[^:]*:\/\/([A-Za-z0-9_.-]+)\/?(?:\?(.*))?$/s.exec(url) ?? []
  if (tableName === undefined) return refuse("dynamodb: needs a table, as in dynamodb://TABLE?region=eu-west-1")
  const { endpoint, region, ...others } = Object.fromEntries(new URLSearchParams(query))
  const [unknown] = Object.keys(others)
  return unknown === undefined
    ? load(
      async () => {
        const { openDynamoDbDriver } = await import("./dynamodb/openDynamoDbDriver.ts")
        const settings = { ...options, tableName, region, endpoint }
        return {
          driver: openDynamoDbDriver(await importAwsSdk(), settings, purpose !== "use"),
          settings,
          own: [...engineOptions.dynamodb, "tableName", "region", "endpoint"]
        }
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

const load = (layer: () => Promise<NamedDriver>): Effect.Effect<NamedDriver, TaskStorageUnavailable> =>
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
