/**
 * What the errors of PostgreSQL mean.
 *
 * @since 0.1.0
 */
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import type { SqlFault } from "../sql/SqlDialect.ts"

/**
 * What else an error depends on: where the server is, and whether it has answered before.
 *
 * @since 0.2.0
 * @category models
 */
export interface FaultContext {
  readonly place?: string | undefined
  readonly hasAnswered?: boolean
}

/**
 * The message of the error that there is no password to be had.
 *
 * @since 0.2.0
 * @category constants
 */
export const noPassword = "No password could be had"

/**
 * Gives the meaning of an error. It decides by the SQLSTATE, never by the text.
 *
 * @since 0.1.0
 * @category constructors
 */
export const postgresFault = (error: SqlError, context: FaultContext = {}): SqlFault => {
  const code = sqlState(error)
  const connecting = error.reason.operation === "connect"
  return {
    locked: false,
    retryable: false,
    applied: connecting || isUndone(error, code) ? "no" : "unknown",
    ...meaning(code, connecting, error, context),
    cause: withoutValues(error, code)
  }
}

/**
 * Gives the meaning that an error has in a change of the schema, where the lock is one of the tables.
 *
 * @since 0.2.0
 * @category constructors
 */
export const schemaFault = (error: SqlError, fault: SqlFault, statementTimeout: number): SqlFault =>
  sqlState(error) === "55P03"
    ? {
      ...fault,
      locked: false,
      reason: `somebody holds a lock on the tables, or changes them, for longer than the statementTimeout of ` +
        `${statementTimeout} ms; look for it in pg_stat_activity, try again, or raise statementTimeout`
    }
    : fault

/**
 * An error that the server reports has undone the statement, unless it is the connection or the server that ends: that may
 * happen between the commit and its answer. A pooler reports so that the server behind it is lost.
 */
const isUndone = (error: SqlError, code: string | undefined): boolean =>
  code !== undefined && !/^(08|57P)/.test(code) && severityOf(error) === "ERROR"

/**
 * Gives what PostgreSQL says when it gives no further connection, though it is up: there are too many, or the password has
 * changed.
 *
 * @since 0.1.0
 * @category readers
 */
export const connectionRefusal = (error: unknown): string | undefined => {
  if (!isSqlError(error) || error.reason.operation !== "connect") return undefined
  const code = sqlState(error)
  return code !== undefined && /^(53|28|08P01)/.test(code) ? property(error.reason.cause, "message") : undefined
}

/**
 * Tells whether PostgreSQL has refused a write because the server takes none, as a standby does.
 *
 * @since 0.1.0
 * @category readers
 */
export const isReadOnly = (error: SqlError): boolean => sqlState(error) === "25006"

/**
 * Tells whether an error was reported by the server, over a connection that lives on.
 *
 * @since 0.1.0
 * @category readers
 */
export const isReport = (error: SqlError): boolean => isUndone(error, sqlState(error))

type Meaning = Pick<SqlFault, "reason"> & Partial<Pick<SqlFault, "concerns" | "locked" | "retryable">>

const meaning = (
  code: string | undefined,
  connecting: boolean,
  error: SqlError,
  { hasAnswered = false, place }: FaultContext
): Meaning => {
  switch (code) {
    case undefined:
      if (error.reason._tag === "AuthenticationError") {
        return error.reason.message === noPassword
          ? { reason: "no password could be had to connect to PostgreSQL; see the cause", retryable: true }
          : ofStore("the client cannot authenticate as PostgreSQL asks for; give a password, and see the cause")
      }
      return connecting
        ? {
          reason:
            `no connection to PostgreSQL${place === undefined ? "" : ` at ${place}`}; check host, port and TLS, ` +
            "and that the server is running; see the cause",
          retryable: true
        }
        : error.reason._tag === "ConnectionError"
        ? { reason: "the connection to PostgreSQL was lost", retryable: true }
        : { reason: "the PostgreSQL client failed unexpectedly; see the cause" }
    case "40001":
    case "40P01":
    case "55P03":
      return { reason: "the task is locked by another transaction", retryable: true, locked: true }
    case "57014":
      return { reason: "PostgreSQL cancelled the statement; see its statement_timeout", retryable: true }
    case "25P02":
      return { reason: "a statement of this transaction failed before, so PostgreSQL refuses the rest of it" }
    case "25006":
      return {
        ...ofStore("the database is read-only, as a standby is; connect to the primary, or wait for the failover"),
        retryable: true
      }
    case "3D000":
      return ofStore("the database does not exist; create it, or check the database option")
    case "42501":
      return ofStore(
        "PostgreSQL denies access to the tables, or to make them; grant the role what the documentation lists, with CREATE " +
          "on the schema for schema \"migrate\", or check tablePrefix"
      )
    case "42P01":
    case "42883":
    case "42703":
    case "3F000":
      return ofStore(
        "the tables are missing or are not those of this library; run the migrations, or check tablePrefix, " +
          "databaseSchema and search_path"
      )
    case "53100":
      return { reason: "the disk of PostgreSQL is full; make room", retryable: true }
    case "53300":
      return {
        reason:
          "PostgreSQL has no connection left; raise max_connections, lower maxConnections, or put a pooler between",
        retryable: true
      }
    case "26000":
    case "42P05":
      return {
        reason: "a prepared statement got lost, as happens behind a pooler in transaction mode; set prepare: false",
        retryable: true
      }
    default:
      return ofClass(code, hasAnswered)
  }
}

const ofClass = (code: string, hasAnswered: boolean): Meaning => {
  switch (code.slice(0, 2)) {
    case "08":
      return { reason: "the connection to PostgreSQL was lost", retryable: true }
    case "28":
      return hasAnswered
        ? {
          reason: "PostgreSQL refuses the user or the password now, though it has taken them before; if the password " +
            "changes, wait until both sides know the new one, else check both, and pg_hba.conf",
          retryable: true
        }
        : ofStore("PostgreSQL refuses the user or the password; check both, and pg_hba.conf")
    case "53":
      return { reason: "PostgreSQL is out of resources", retryable: true }
    case "57":
      return { reason: "PostgreSQL is shutting down or starting up", retryable: true }
    case "XX":
      return { reason: "PostgreSQL reports an internal error or corrupt data; see its log" }
    default:
      return { reason: `PostgreSQL refused a statement (SQLSTATE ${code}); see its log` }
  }
}

/** Whatever else is asked meets the same. */
const ofStore = (reason: string): Meaning => ({ reason, concerns: "store" })

/** A SQLSTATE, as against a code of Node such as ECONNREFUSED or EPIPE. */
const sqlState = (error: SqlError): string | undefined => {
  const code = property(error.reason.cause, "code")
  return code !== undefined && /^(?=.*\d)[0-9A-Z]{5}$/.test(code) ? code : undefined
}

/** As it is in every language, where the server says so. */
const severityOf = ({ reason: { cause } }: SqlError): string | undefined =>
  property(cause, "severityUnlocalized") ?? property(cause, "severity")

const property = (value: unknown, name: string): string | undefined => {
  if (typeof value !== "object" || value === null) return undefined
  const found: unknown = Reflect.get(value, name)
  return typeof found === "string" ? found : undefined
}

/**
 * Details of an error may quote the row, and thereby a payload; so may the message where a value is at fault, or where a
 * trigger of somebody else refused the row.
 */
const withoutValues = (error: SqlError, code: string | undefined): Error => {
  const { cause } = error.reason
  const quotes = code !== undefined && /^(2[23]|P0)/.test(code)
  const message = quotes ? undefined : property(cause, "message")
  return Object.assign(
    new Error(message ?? error.message),
    { name: error.reason._tag },
    code === undefined ? { code: property(cause, "code") } : { code }
  )
}
