/**
 * Connecting to PostgreSQL.
 *
 * @since 0.1.0
 */
import type * as PgClient from "@effect/sql-pg/PgClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { AuthenticationError, SqlError } from "effect/sql/SqlError"
import { orNull, parseCount, parseNatural } from "../../domain/ArgumentParsers.ts"
import { parseNames } from "../../domain/optionNames.ts"
import type { TaskDriverError } from "../../domain/TaskDriver.ts"
import { InvalidInput } from "../../domain/TaskError.ts"
import { driverError } from "../sql/SqlRunner.ts"
import type { PgModules } from "./PgModules.ts"
import { makePostgresDialect } from "./PostgresDialect.ts"
import { type Password, type PostgresClientOptions, tlsNames } from "./PostgresOptions.ts"

/**
 * Makes a client with a pool of connections, until the scope closes. `rowBytes` is the largest row that it has to read.
 *
 * @since 0.1.0
 * @category constructors
 */
export const openPostgres = Effect.fnUntraced(function*(
  pg: PgModules,
  options: PostgresClientOptions,
  rowBytes: number
): Effect.fn.Return<PgClient.PgClient, InvalidInput | TaskDriverError, Scope.Scope> {
  if (typeof options !== "object" || options === null) {
    return yield* new InvalidInput({ field: "options", reason: "must be an object" })
  }
  const { password, url, ...rest } = options
  const redactedUrl = typeof url === "string" ? Redacted.make(url) : url
  if (redactedUrl !== undefined && !isPostgresUrl(redactedUrl)) {
    return yield* new InvalidInput({
      field: "url",
      reason: "must be postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters percent-encoded"
    })
  }
  if (password !== undefined && !isPassword(password)) {
    return yield* new InvalidInput({
      field: "password",
      reason: "must be text, redacted text, an effect, or a function"
    })
  }
  if (typeof rest.ssl === "object" && rest.ssl !== null) {
    yield* Effect.fromResult(parseNames(rest.ssl, tlsNames, "ssl."))
  }
  yield* Effect.fromResult(parseClientOptions(rest))
  return yield* pg.PgClient.make({
    applicationName: "mcp-task-storage",
    ...rest,
    ...(redactedUrl === undefined ? {} : { url: redactedUrl }),
    ...(password === undefined ? {} : { password: askForPassword(password) }),
    maxMessageSize: Math.max(defaultMessageSize, rowBytes)
  }).pipe(
    Effect.provide(Reactivity.layer),
    Effect.mapError((error) => driverError(makePostgresDialect(), error, false, undefined))
  )
})

const defaultMessageSize = 16 * 1024 * 1024

/** The client would wait for ever for a connection of no pool, and throw at a duration that is none. */
const parseClientOptions = (options: PostgresClientOptions): Result.Result<void, InvalidInput> => {
  for (const field of ["port", "maxConnections"] as const) {
    const parsed = orNull(options[field], (value) => parseCount(field, value))
    if (Result.isFailure(parsed)) return Result.fail(parsed.failure)
  }
  const { maxConnections = 10, minConnections } = options
  const least = orNull(minConnections, (value) => parseNatural("minConnections", value))
  if (Result.isFailure(least)) return Result.fail(least.failure)
  if (least.success !== null && least.success > maxConnections) {
    return Result.fail(new InvalidInput({ field: "minConnections", reason: "must be at most maxConnections" }))
  }
  for (const field of ["multiplex", "prepare"] as const) {
    if (options[field] !== undefined && typeof options[field] !== "boolean") {
      return Result.fail(new InvalidInput({ field, reason: "must be true or false" }))
    }
  }
  for (const field of ["connectTimeout", "idleTimeout", "connectionTTL", "keepAlive"] as const) {
    if (options[field] !== undefined && !isDuration(options[field])) {
      return Result.fail(new InvalidInput({ field, reason: "must be a duration" }))
    }
  }
  return Result.void
}

const isDuration = (value: Duration.Input): boolean => {
  try {
    return Option.isSome(Duration.fromInput(value))
  } catch {
    // What is not of its type at all makes the parser throw.
    return false
  }
}

const isPassword = (password: unknown): boolean =>
  typeof password === "string" || typeof password === "function" || Redacted.isRedacted(password) ||
  Effect.isEffect(password)

const isPostgresUrl = (url: Redacted.Redacted): boolean => {
  const value: unknown = Redacted.isRedacted(url) ? Redacted.value(url) : undefined
  return typeof value === "string" && /^postgres(ql)?:$/.test(URL.parse(value)?.protocol ?? "")
}

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
    catch: (cause) => new SqlError({ reason: new AuthenticationError({ cause, operation: "connect" }) })
  }))
}
