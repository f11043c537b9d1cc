/**
 * What storage can be told when it is opened.
 *
 * @since 0.1.0
 */
import { InvalidInput } from "../domain/TaskError.ts"
import type { TaskStorageOptions } from "../domain/TaskStorageOptions.ts"
import type { TaskStorageUrlOptions } from "../layers/TaskStorageUrl.ts"
import { isObject, requireMillis, requireObject } from "./arguments.ts"
import type { CallOptions } from "./PromiseTaskStorage.ts"

/**
 * Options for storage over a layer, which has its own options already.
 *
 * @since 0.1.0
 * @category options
 */
export interface LayerOpenOptions extends CallOptions {
  /** Gives the time in milliseconds since the epoch, for tests. Timers stay real. */
  readonly now?: (() => number) | undefined
  /** Generates the ids of tasks that are created without one. */
  readonly generateId?: (() => string) | undefined
}

type InTheirOwnUnits = "defaultTtl" | "maxTtl" | "defaultPollInterval" | "maintenance" | "generateId"

/**
 * Options for storage that a URL names. Durations are milliseconds.
 *
 * @since 0.1.0
 * @category options
 */
export interface OpenOptions extends Omit<TaskStorageOptions, InTheirOwnUnits>, LayerOpenOptions {
  /** The ttl of tasks that are created without one. Unlimited (`null`) by default. */
  readonly defaultTtl?: number | null | undefined
  /** The longest ttl: a longer or unlimited one is shortened to it. Off by default. */
  readonly maxTtl?: number | undefined
  /** The poll interval of tasks that are created without one. None by default. */
  readonly defaultPollInterval?: number | undefined
  /** How often the storage removes what expired and tends its engine: each minute by default, `false` for never. */
  readonly maintenance?: { readonly interval: number } | false | undefined
  /** How SQLite is used; read for a `sqlite:` URL only. */
  readonly sqlite?: SqliteOptions | undefined
  /** How PostgreSQL is reached and used; read for a `postgres:` URL only. */
  readonly postgres?: PostgresOptions | undefined
  /** How DynamoDB is reached and used; read for a `dynamodb:` URL only. */
  readonly dynamodb?: DynamoDbOptions | undefined
}

/** The same with durations as numbers of milliseconds. */
type InMillis<Options, Durations extends keyof Options> =
  & Omit<Options, Durations>
  & { readonly [Key in Durations]?: number | undefined }

const postgresDurations = [
  "connectTimeout",
  "keepAlive",
  "idleTimeout",
  "connectionTTL",
  "statementTimeout",
  "lockTimeout"
] as const

const dynamodbDurations = ["requestTimeout", "retryTimeout", "watchInterval"] as const

/**
 * How PostgreSQL is reached and used. Durations are milliseconds.
 *
 * @since 0.1.0
 * @category options
 */
export interface PostgresOptions
  extends Omit<InMillis<NonNullable<TaskStorageUrlOptions["postgres"]>, (typeof postgresDurations)[number]>, "password">
{
  /** The password, or a function that gives one whenever a connection is made. */
  readonly password?: string | (() => string | Promise<string>) | undefined
}

/**
 * How DynamoDB is reached and used. Durations are milliseconds.
 *
 * @since 0.1.0
 * @category options
 */
export type DynamoDbOptions = InMillis<
  NonNullable<TaskStorageUrlOptions["dynamodb"]>,
  (typeof dynamodbDurations)[number]
>

/**
 * How SQLite is used.
 *
 * @since 0.1.0
 * @category options
 */
export interface SqliteOptions extends Omit<NonNullable<TaskStorageUrlOptions["sqlite"]>, "lockTimeout"> {
  /** Milliseconds that a lock of another process is waited for: 5000 by default. Waiting blocks nothing else. */
  readonly lockTimeout?: number | undefined
}

const layerOptions = new Set(["signal", "now", "generateId"])

/**
 * The names of the options that every storage takes.
 *
 * @since 0.1.0
 * @category constants
 */
export const storageOptions: ReadonlySet<string> = new Set([
  "maxTasks",
  "maxTasksPerSession",
  "defaultTtl",
  "maxTtl",
  "defaultPollInterval",
  "maxPayloadBytes",
  "maxPageSize",
  "maintenance",
  "sqlite",
  "postgres",
  "dynamodb"
])

const sqliteOptions = ["synchronous", "lockTimeout", "tablePrefix", "schema"] as const satisfies ReadonlyArray<
  keyof SqliteOptions
>

const postgresOptions = [
  ...postgresDurations,
  "host",
  "port",
  "database",
  "username",
  "password",
  "ssl",
  "applicationName",
  "startupParameters",
  "maxConnections",
  "minConnections",
  "multiplex",
  "prepare",
  "tablePrefix",
  "databaseSchema",
  "schema",
  "notifications"
] as const satisfies ReadonlyArray<keyof PostgresOptions>

const dynamodbOptions = [
  ...dynamodbDurations,
  "credentials",
  "throughput",
  "nativeTtl",
  "schema",
  "shards"
] as const satisfies ReadonlyArray<keyof DynamoDbOptions>

const payloadOptions = new Set(["outcome", "content"])

/**
 * Throws `InvalidInput` for a name that is none of an option.
 *
 * @since 0.1.0
 * @category guards
 */
export const requireNames = (options: object, names: ReadonlySet<string>, within = ""): void => {
  for (const name of Object.keys(options)) {
    if (!names.has(name)) throw new InvalidInput({ field: `${within}${name}`, reason: "is not an option" })
  }
}

/**
 * Throws `InvalidInput` for options that plain data can get wrong, a misspelt name included.
 *
 * @since 0.1.0
 * @category guards
 */
export const requireOpenOptions = (options: OpenOptions, hasLayer: boolean): void => {
  requireObject("options", options)
  requireNames(options, new Set([...layerOptions, ...storageOptions]))
  for (const name of Object.keys(options)) {
    if (layerOptions.has(name)) continue
    if (hasLayer) throw new InvalidInput({ field: name, reason: "is for the layer: give it when you make that" })
  }
  requireMillis("defaultTtl", options.defaultTtl)
  requireMillis("maxTtl", options.maxTtl)
  requireMillis("defaultPollInterval", options.defaultPollInterval)
  if (isObject(options.maintenance)) requireMillis("maintenance.interval", options.maintenance.interval)
  if (typeof options.maxPayloadBytes === "object") {
    requireObject("maxPayloadBytes", options.maxPayloadBytes)
    requireNames(options.maxPayloadBytes, payloadOptions, "maxPayloadBytes.")
  }
  requireEngineOptions("sqlite", options.sqlite, sqliteOptions, ["lockTimeout"])
  requireEngineOptions("postgres", options.postgres, postgresOptions, postgresDurations)
  requireEngineOptions("dynamodb", options.dynamodb, dynamodbOptions, dynamodbDurations)
  requireFunction("now", options.now)
  requireFunction("generateId", options.generateId)
}

const requireEngineOptions = <Name extends string>(
  engine: string,
  options: { readonly [Key in Name]?: unknown } | undefined,
  names: ReadonlyArray<Name>,
  durations: ReadonlyArray<Name>
): void => {
  if (options === undefined) return
  requireObject(engine, options)
  requireNames(options, new Set(names), `${engine}.`)
  for (const name of durations) requireMillis(`${engine}.${name}`, options[name])
}

const requireFunction = (field: string, value: unknown): void => {
  if (value !== undefined && typeof value !== "function") {
    throw new InvalidInput({ field, reason: "must be a function" })
  }
}
