/**
 * Connecting to PostgreSQL.
 *
 * @since 0.1.0
 */
import type * as PgConnection from "@effect/sql-pg/PgConnection"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type { SqlClient } from "effect/sql/SqlClient"
import { AuthenticationError, SqlError } from "effect/sql/SqlError"
import type { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { orNull, parseCount, parseNatural } from "../../domain/options/ArgumentParsers.ts"
import { parseNames } from "../../domain/options/optionNames.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import { driverError } from "../sql/SqlRunner.ts"
import type { PgModules } from "./PgModules.ts"
import { makePostgresClient } from "./PostgresClient.ts"
import { makePostgresDialect } from "./PostgresDialect.ts"
import { noPassword } from "./PostgresFault.ts"
import { type Password, type PostgresClientOptions, type PostgresDriverOptions, tlsNames } from "./PostgresOptions.ts"
import { makePostgresPool } from "./PostgresPool.ts"
import { parseTimeouts } from "./PostgresTimeouts.ts"
import { parsePostgresUrl, type PostgresUrl } from "./PostgresUrl.ts"

/**
 * A client, how another connection is made to where it is connected, and how many connections it may have.
 *
 * @since 0.2.0
 * @category models
 */
export type PostgresClient = SqlClient & {
  readonly config: PgConnection.Config & Pick<PostgresClientOptions, "maxConnections">
}

/**
 * Makes a client with a pool of connections, until the scope closes. `rowBytes` is the largest row that it has to read.
 *
 * @since 0.1.0
 * @category constructors
 */
export const openPostgres = Effect.fnUntraced(function*(
  pg: PgModules,
  options: PostgresClientOptions & PostgresDriverOptions,
  rowBytes: number
): Effect.fn.Return<PostgresClient, InvalidInput | TaskDriverError, Scope.Scope> {
  if (typeof options !== "object" || options === null) {
    return yield* new InvalidInput({ field: "options", reason: "must be an object" })
  }
  yield* Effect.fromResult(parseClientOptions(options))
  const url = options.url === undefined ? {} : yield* Effect.fromResult(parsePostgresUrl(textOf(options.url)))
  const { statementTimeout } = yield* Effect.fromResult(parseTimeouts(options))
  const config = connectionConfig(options, url, Math.max(defaultMessageSize, rowBytes))

  const pool = yield* Effect.mapError(
    makePostgresPool(pg.PgPool, { ...config, ...poolSize(options) }, statementTimeout),
    (error) => driverError(makePostgresDialect(), error, false, undefined)
  )
  const client = yield* makePostgresClient(pg.PgClient, pool, statementTimeout, [
    ["db.system.name", "postgresql"],
    ["db.namespace", config.database ?? config.username ?? "postgres"],
    ["server.address", config.host],
    ["server.port", config.port]
  ])
  return Object.assign(client, { config: { ...config, maxConnections: options.maxConnections } })
})

const defaultMessageSize = 16 * 1024 * 1024

const textOf = (url: unknown): unknown => Redacted.isRedacted(url) ? Redacted.value(url) : url

/** The other options override the URL. */
const connectionConfig = (options: PostgresClientOptions, url: PostgresUrl, maxMessageSize: number) => {
  const ssl = options.ssl ?? url.ssl
  const password = options.password ?? url.password
  const defined = {
    database: options.database ?? url.database,
    username: options.username ?? url.username,
    password: password === undefined ? undefined : askForPassword(password),
    connectTimeout: options.connectTimeout ?? url.connectTimeout,
    startupParameters: options.startupParameters,
    startupOptions: url.startupOptions,
    multiplex: options.multiplex,
    prepare: options.prepare
  }
  return {
    ...defined,
    host: options.host ?? url.host ?? "localhost",
    port: options.port ?? url.port ?? 5432,
    keepAlive: options.keepAlive ?? url.keepAlive ?? "30 seconds",
    applicationName: options.applicationName ?? url.applicationName ?? "mcp-task-storage",
    // Only a URL can tell the client to go without TLS if the server has none.
    ...(ssl === "prefer" ? { url: Redacted.make("postgres://localhost?sslmode=prefer") } : { ssl }),
    maxMessageSize
  } satisfies PgConnection.Config
}

const poolSize = (
  { connectionTTL, idleTimeout, maxConnections, minConnections }: PostgresClientOptions
): Pick<PostgresClientOptions, "connectionTTL" | "idleTimeout" | "maxConnections" | "minConnections"> => ({
  connectionTTL,
  idleTimeout,
  maxConnections,
  minConnections
})

/** The client would wait for ever for a connection of an empty pool, and throw at an invalid duration. */
const parseClientOptions = (options: PostgresClientOptions): Result.Result<void, InvalidInput> => {
  const refuse = (field: string, reason: string) => Result.fail(new InvalidInput({ field, reason }))
  for (const field of ["port", "maxConnections"] as const) {
    const parsed = orNull(options[field], (value) => parseCount(field, value))
    if (Result.isFailure(parsed)) return Result.fail(parsed.failure)
  }
  const { maxConnections = 10, minConnections } = options
  const least = orNull(minConnections, (value) => parseNatural("minConnections", value))
  if (Result.isFailure(least)) return Result.fail(least.failure)
  if (least.success !== null && least.success > maxConnections) {
    return refuse("minConnections", "must be at most maxConnections")
  }
  for (const field of ["multiplex", "prepare"] as const) {
    if (options[field] !== undefined && typeof options[field] !== "boolean") {
      return refuse(field, "must be true or false")
    }
  }
  for (const field of ["connectTimeout", "idleTimeout", "connectionTTL"] as const) {
    if (options[field] !== undefined && millisOf(options[field]) === undefined) {
      return refuse(field, "must be a duration")
    }
  }
  for (const field of ["host", "database", "username", "applicationName"] as const) {
    const value: unknown = options[field]
    if (value !== undefined && (typeof value !== "string" || value.includes("\0"))) {
      return refuse(field, "must be text without a NUL character")
    }
  }
  const { keepAlive, password, startupParameters, ssl } = options
  const idle = keepAlive === undefined ? 1000 : millisOf(keepAlive)
  if (idle === undefined || idle < 1000 || idle > longestKeepAlive) {
    return refuse("keepAlive", "must be a duration of at least a second and at most a day")
  }
  if (password !== undefined && !isPassword(password)) {
    return refuse("password", "must be text, redacted text, an effect, or a function")
  }
  if (ssl !== undefined && typeof ssl !== "boolean") {
    if (typeof ssl !== "object" || ssl === null) return refuse("ssl", "must be true, false, or an object")
    const names = parseNames(ssl, tlsNames, "ssl.")
    if (Result.isFailure(names)) return Result.fail(names.failure)
  }
  return parseStartupParameters(startupParameters)
}

/** Names that have options of their own, or that the client needs for itself. */
const reserved = ["user", "database", "replication", "options", "client_encoding"]

const parseStartupParameters = (parameters: unknown): Result.Result<void, InvalidInput> => {
  if (parameters === undefined) return Result.void
  const isText = (text: unknown): boolean => typeof text === "string" && text !== "" && !text.includes("\0")
  if (typeof parameters !== "object" || parameters === null || !Object.entries(parameters).flat().every(isText)) {
    return Result.fail(new InvalidInput({ field: "startupParameters", reason: "must map names to text" }))
  }
  const taken = Object.keys(parameters).find((name) => reserved.includes(name.toLowerCase()))
  return taken === undefined
    ? Result.void
    : Result.fail(new InvalidInput({ field: `startupParameters.${taken}`, reason: "cannot be set here" }))
}

/** Milliseconds; a longer one would not fit in what the operating system takes. */
const longestKeepAlive = 24 * 60 * 60 * 1000

const millisOf = (value: Duration.Input): number | undefined => {
  try {
    return Option.getOrUndefined(Option.map(Duration.fromInput(value), Duration.toMillis))
  } catch {
    // The parser throws for a value of another type.
    return undefined
  }
}

const isPassword = (password: unknown): boolean =>
  typeof password === "string" || typeof password === "function" || Redacted.isRedacted(password) ||
  Effect.isEffect(password)

/** The client takes no failure of a password but a defect, which comes back as the error of the statement. */
const askForPassword = (password: Password): Redacted.Redacted | Effect.Effect<Redacted.Redacted> => {
  if (typeof password === "string") return Redacted.make(password)
  if (typeof password !== "function") return password
  return Effect.orDie(Effect.tryPromise({
    try: async () => {
      const given: unknown = await password()
      if (typeof given === "string") return Redacted.make(given)
      throw new TypeError(`the password function gave no text, but ${typeof given}`)
    },
    catch: (cause) =>
      new SqlError({ reason: new AuthenticationError({ cause, message: noPassword, operation: "connect" }) })
  }))
}
