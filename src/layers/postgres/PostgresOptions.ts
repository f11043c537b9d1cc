/**
 * How PostgreSQL is reached and used. This file names no type of its client, so that programs without that client compile.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { WhenMaxActive } from "../../domain/driver/ActiveBounds.ts"
import { optionNames } from "../../domain/options/optionNames.ts"
import type { TaskStorageOptions } from "../../domain/options/TaskStorageOptions.ts"
import type { SchemaMode } from "../SchemaMode.ts"
import type { CountedLimits } from "../sql/SqlSchema.ts"

/**
 * A password, or what gives one for each new connection: a token that is good for minutes, for example.
 *
 * @since 0.1.0
 * @category options
 */
export type Password =
  | string
  | Redacted.Redacted
  | Effect.Effect<Redacted.Redacted>
  | (() => string | Promise<string>)

/**
 * How the server is trusted, as Node's `tls.connect` takes it; certificates and keys in PEM.
 *
 * @since 0.1.0
 * @category options
 */
export interface TlsOptions {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly servername?: string | undefined
  readonly rejectUnauthorized?: boolean | undefined
}

/**
 * How to connect. If you need more than this, make a `PgClient`.
 *
 * @since 0.1.0
 * @category options
 */
export interface PostgresClientOptions {
  /** `postgres://user:password@host:port/database?sslmode=require`. The other options override it. */
  readonly url?: string | Redacted.Redacted | undefined
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly database?: string | undefined
  readonly username?: string | undefined
  readonly password?: Password | undefined
  /** TLS, with the certificates of the system or with these. */
  readonly ssl?: boolean | TlsOptions | undefined
  /** How long a connection may take to be made: 5 seconds by default. */
  readonly connectTimeout?: Duration.Input | undefined
  /** After how long an idle connection is probed by TCP: 30 seconds by default. */
  readonly keepAlive?: Duration.Input | undefined
  /** `mcp-task-storage` by default. */
  readonly applicationName?: string | undefined
  /** Settings of each session, such as `search_path`. */
  readonly startupParameters?: Readonly<Record<string, string>> | undefined
  /** The most connections, 10 by default. The one that listens does not count. */
  readonly maxConnections?: number | undefined
  /** How many connections are kept: none by default. */
  readonly minConnections?: number | undefined
  /** How long an unused connection stays open: a minute by default. */
  readonly idleTimeout?: Duration.Input | undefined
  /** After how long a connection is replaced. Never by default. */
  readonly connectionTTL?: Duration.Input | undefined
  /** Whether several statements at a time share a connection. Off by default. */
  readonly multiplex?: boolean | undefined
  /** Whether statements are prepared: `true` by default. Set `false` for a pooler that does not follow them. */
  readonly prepare?: boolean | undefined
}

/**
 * Where the tables are.
 *
 * @since 0.1.0
 * @category options
 */
export interface TableOptions {
  /** What the names of tables begin with: `mcp_` by default. */
  readonly tablePrefix?: string | undefined
  /** The schema of the database that the tables are in: the first of the `search_path` by default. */
  readonly databaseSchema?: string | undefined
}

/**
 * How a driver uses its database.
 *
 * @since 0.1.0
 * @category options
 */
export interface PostgresDriverOptions extends TableOptions, CountedLimits {
  /**
   * How long to wait for the answer to a statement, for a free connection and for locks of others: 10 seconds by
   * default.
   */
  readonly statementTimeout?: Duration.Input | undefined
  /** How long to retry a statement that lost to another transaction: 5 seconds by default. */
  readonly lockTimeout?: Duration.Input | undefined
  /** What to do about the tables when the database is opened: `migrate` by default. */
  readonly schema?: SchemaMode | undefined
  /**
   * Whether processes tell each other about their writes with `NOTIFY`: `true` by default. Each listens on a connection of its
   * own while somebody waits. Without it waiters notice within half a second; set `false` behind a pooler in transaction
   * mode. Every role that may connect to the database can hear the ids of written tasks.
   */
  readonly notifications?: boolean | undefined
  /** With `wait` and a limit of active tasks, processes also tell each other when a task has ended for which others may wait. */
  readonly whenMaxActive?: WhenMaxActive | undefined
}

/**
 * @since 0.2.0
 * @category constants
 */
export const tlsNames = optionNames<TlsOptions>({
  ca: true,
  cert: true,
  key: true,
  servername: true,
  rejectUnauthorized: true
})

/**
 * @since 0.2.0
 * @category constants
 */
export const postgresClientNames = optionNames<Omit<PostgresClientOptions, "url">>({
  host: true,
  port: true,
  database: true,
  username: true,
  password: true,
  ssl: true,
  connectTimeout: true,
  keepAlive: true,
  applicationName: true,
  startupParameters: true,
  maxConnections: true,
  minConnections: true,
  idleTimeout: true,
  connectionTTL: true,
  multiplex: true,
  prepare: true
})

/**
 * @since 0.2.0
 * @category constants
 */
export const postgresTableNames = optionNames<TableOptions>({ tablePrefix: true, databaseSchema: true })

/**
 * @since 0.2.0
 * @category constants
 */
export const postgresDriverNames = optionNames<Omit<PostgresDriverOptions, keyof TaskStorageOptions>>({
  tablePrefix: true,
  databaseSchema: true,
  statementTimeout: true,
  lockTimeout: true,
  schema: true,
  notifications: true
})
