/**
 * The flags of every command: which storage, and in which form it answers.
 *
 * @since 0.2.0
 */
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"

/**
 * Where the tasks are.
 *
 * @since 0.2.0
 * @category flags
 */
export const UrlFlag = GlobalFlag.Setting("url")({
  flag: Flag.String("url").pipe(
    Flag.withMetavar("URL"),
    Flag.withDescription("Where the tasks are: sqlite:FILE, postgres://… or dynamodb://TABLE; TASKS_URL by default"),
    Flag.optional
  )
})

/**
 * The keys that open payloads, and seal what is written.
 *
 * @since 0.2.0
 * @category flags
 */
export const KeysFlag = GlobalFlag.Setting("keys")({
  flag: Flag.String("keys").pipe(
    Flag.withMetavar("FILE"),
    Flag.withDescription("The keys of a store whose payloads are sealed, a file of JSON; TASKS_KEYS by default"),
    Flag.optional
  )
})

/**
 * Whether a command answers in JSON.
 *
 * @since 0.2.0
 * @category flags
 */
export const JsonFlag = GlobalFlag.Setting("json")({
  flag: Flag.Boolean("json").pipe(
    Flag.withDescription("Answer in JSON, one object a line for lists"),
    Flag.withoutNegation,
    Flag.withDefault(false)
  )
})

/**
 * What the names of the tables begin with.
 *
 * @since 0.2.0
 * @category flags
 */
export const TablePrefixFlag = GlobalFlag.Setting("table-prefix")({
  flag: Flag.String("table-prefix").pipe(
    Flag.withMetavar("PREFIX"),
    Flag.withDescription("What the names of the SQL tables begin with, if not mcp_"),
    Flag.optional
  )
})

/**
 * The schema of PostgreSQL that the tables are in.
 *
 * @since 0.2.0
 * @category flags
 */
export const DatabaseSchemaFlag = GlobalFlag.Setting("database-schema")({
  flag: Flag.String("database-schema").pipe(
    Flag.withMetavar("SCHEMA"),
    Flag.withDescription("The schema of PostgreSQL that the tables are in, if not that of the connection"),
    Flag.optional
  )
})

/**
 * The flags of every command.
 *
 * @since 0.2.0
 * @category flags
 */
export const globalFlags = [UrlFlag, KeysFlag, JsonFlag, TablePrefixFlag, DatabaseSchemaFlag] as const
