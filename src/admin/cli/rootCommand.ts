/**
 * The command line, whole.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import { ls } from "./commands/ls.ts"
import { maintenance } from "./commands/maintenance.ts"
import { show } from "./commands/show.ts"
import { watch } from "./commands/watch.ts"
import { workers } from "./commands/workers.ts"
import { globalFlags } from "./globalFlags.ts"

/**
 * The name of the program.
 *
 * @since 0.2.0
 * @category constants
 */
const programName = "mcp-task-storage"

/**
 * The command line, whole.
 *
 * @since 0.2.0
 * @category commands
 */
export const rootCommand = Command.make(programName).pipe(
  Command.withDescription("Find, explain and look after the tasks of MCP servers"),
  Command.withSubcommands([ls, show, workers, watch, maintenance]),
  Command.withGlobalFlags(globalFlags)
)
