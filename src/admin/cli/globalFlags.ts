/**
 * The flags of every command: which storage, and in which form it answers.
 *
 * @since 0.2.0
 */
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"

const optionalText = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.optional)

/**
 * Where the tasks are.
 *
 * @since 0.2.0
 * @category flags
 */
export const UrlFlag = GlobalFlag.Setting("url")({
  flag: optionalText(
    "url",
    "URL",
    "Where the tasks are: sqlite:FILE, postgres://… or dynamodb://TABLE; TASKS_URL by default"
  )
})

/**
 * The keys that open payloads, and seal what is written.
 *
 * @since 0.2.0
 * @category flags
 */
export const KeysFlag = GlobalFlag.Setting("keys")({
  flag: optionalText(
    "keys",
    "FILE",
    "The keys of a store whose payloads are sealed, a file of JSON; TASKS_KEYS by default"
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
  flag: optionalText("table-prefix", "PREFIX", "What the names of the SQL tables begin with, if not mcp_")
})

/**
 * The schema of PostgreSQL that the tables are in.
 *
 * @since 0.2.0
 * @category flags
 */
export const DatabaseSchemaFlag = GlobalFlag.Setting("database-schema")({
  flag: optionalText(
    "database-schema",
    "SCHEMA",
    "The schema of PostgreSQL that the tables are in, if not that of the connection"
  )
})

/**
 * The flags of every command.
 *
 * @since 0.2.0
 * @category flags
 */
export const globalFlags = [UrlFlag, KeysFlag, JsonFlag, TablePrefixFlag, DatabaseSchemaFlag] as const
