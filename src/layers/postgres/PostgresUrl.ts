/**
 * How to connect to PostgreSQL, read from a URL.
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { parseNames } from "../../domain/options/optionNames.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import type { TlsOptions } from "./PostgresOptions.ts"

/**
 * What a URL says. With `prefer` a connection has TLS if the server offers it.
 *
 * @since 0.2.0
 * @category models
 */
export interface PostgresUrl {
  readonly host?: string
  readonly port?: number
  readonly database?: string
  readonly username?: string
  readonly password?: string
  readonly ssl?: boolean | TlsOptions | "prefer"
  readonly connectTimeout?: Duration.Input
  readonly keepAlive?: Duration.Input
  readonly applicationName?: string
  readonly startupOptions?: string
}

/**
 * Parses a URL. Refuses a URL that asks for something that this library cannot do. An error shows nothing of the URL but the
 * name of a parameter.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parsePostgresUrl = (text: unknown): Result.Result<PostgresUrl, InvalidInput> => {
  const url = typeof text === "string" ? URL.parse(text) : null
  const authority = url === null ? undefined : parseAuthority(url)
  if (url === null || authority === undefined) {
    return refuse(
      "url",
      "must be postgres://USER:PASSWORD@HOST:PORT/DATABASE, with one host, and special characters percent-encoded"
    )
  }
  const given = Object.fromEntries(url.searchParams)
  const known = parseNames(given, Object.keys(parameters), "url?")
  if (Result.isFailure(known)) return Result.fail(withHint(known.failure))
  if (url.searchParams.size > Object.keys(given).length) return refuse("url", "must give each parameter once")

  let parsed: PostgresUrl = authority
  for (const [name, parse] of Object.entries(parameters)) {
    const value = given[name]
    if (value === undefined) continue
    const found = parse(value)
    if (typeof found === "string") return refuse(`url?${name}`, found)
    parsed = { ...parsed, ...found }
  }
  const { ssl, sslmode } = given
  if (
    ssl !== undefined && sslmode !== undefined &&
    (isOff(ssl) ? sslmode !== "disable" : ["disable", "allow", "prefer"].includes(sslmode))
  ) {
    return refuse("url?ssl", "says something else than sslmode; give one of them")
  }
  return Result.succeed(parsed)
}

const refuse = (field: string, reason: string): Result.Result<never, InvalidInput> =>
  Result.fail(new InvalidInput({ field, reason }))

/** `undefined` where it is not that of PostgreSQL, or names several hosts. */
const parseAuthority = (url: URL): PostgresUrl | undefined => {
  if (!/^postgres(ql)?:$/.test(url.protocol)) return undefined
  try {
    const [host, username, password, database] = [
      url.hostname.replace(/^\[(.*)\]$/, "$1"),
      url.username,
      url.password,
      url.pathname.replace(/^\//, "")
    ].map(decodeURIComponent)
    if (host === undefined || host.includes(",")) return undefined
    return {
      ...(host === "" ? {} : { host }),
      ...(url.port === "" ? {} : { port: Number(url.port) }),
      ...(username === undefined || username === "" ? {} : { username }),
      ...(password === undefined || password === "" ? {} : { password }),
      ...(database === undefined || database === "" ? {} : { database })
    }
  } catch {
    return undefined
  }
}

/** What a parameter says, or why it cannot be obeyed. In the order in which they count, the last one most. */
const parameters = {
  host: (host: string) => host.includes(",") ? "must name one host" : { host },
  port: (text: string) => {
    const port = Number(text)
    return Number.isInteger(port) && port > 0 && port < 65_536 ? { port } : "must be a port"
  },
  user: (username: string) => ({ username }),
  password: (password: string) => ({ password }),
  dbname: (database: string) => ({ database }),
  application_name: (applicationName: string) => ({ applicationName }),
  options: (startupOptions: string) => ({ startupOptions }),
  connect_timeout: (text: string) => seconds(text, (connectTimeout) => ({ connectTimeout })),
  keepalives_idle: (text: string) => seconds(text, (keepAlive) => ({ keepAlive })),
  client_encoding: (encoding: string) => /^utf-?8$/i.test(encoding) ? {} : "must be UTF8",
  channel_binding: (mode: string) =>
    mode === "disable" || mode === "prefer"
      ? {}
      : "must be disable or prefer: the client cannot bind a channel. With TLS it always checks the server's certificate",
  target_session_attrs: (attributes: string) =>
    attributes === "any"
      ? {}
      : "must be any: there is one host. A connection that refuses a write as read-only is replaced",
  ssl: (text: string) =>
    isOff(text) ? { ssl: false } : /^(true|1)$/.test(text) ? { ssl: true } : "must be true or false",
  sslmode: (mode: string) => {
    const ssl = sslModes.get(mode)
    return ssl === undefined ? `must be one of ${[...sslModes.keys()].join(", ")}` : { ssl }
  }
} satisfies { readonly [name: string]: (value: string) => PostgresUrl | string }

/** Certificates are always checked, except where that is refused by name. */
const sslModes = new Map<string, NonNullable<PostgresUrl["ssl"]>>([
  ["disable", false],
  ["allow", "prefer"],
  ["prefer", "prefer"],
  ["require", true],
  ["verify-ca", true],
  ["verify-full", true],
  ["no-verify", { rejectUnauthorized: false }]
])

const isOff = (text: string): boolean => text === "false" || text === "0"

const seconds = (text: string, give: (duration: Duration.Input) => PostgresUrl): PostgresUrl | string =>
  /^[1-9]\d{0,6}$/.test(text) ? give(Number(text) * 1000) : "must be a whole number of seconds, at least 1"

/** Names that other clients know, and the options that do the same here. */
const hints = new Map([
  ["schema", "the option databaseSchema names the schema that the tables are in"],
  ["search_path", "the option startupParameters sets it"],
  ["sslrootcert", "give the text of the certificate in the option ssl: { ca }"],
  ["sslcert", "give the text of the certificate in the option ssl: { cert }"],
  ["sslkey", "give the text of the key in the option ssl: { key }"],
  ["connection_limit", "the option maxConnections says it"],
  ["pgbouncer", "set the options notifications: false and prepare: false"]
])

const withHint = (error: InvalidInput): InvalidInput => {
  const hint = hints.get(error.field.replace("url?", ""))
  return hint === undefined ? error : new InvalidInput({ field: error.field, reason: `is not known; ${hint}` })
}
