/**
 * The command line, whole.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import { cancel } from "./commands/cancel.ts"
import { makeCompletions } from "./commands/completions.ts"
import { copy } from "./commands/copy.ts"
import { doctor } from "./commands/doctor.ts"
import { erase } from "./commands/erase.ts"
import { exportTasks } from "./commands/export.ts"
import { importTasks } from "./commands/import.ts"
import { ls } from "./commands/ls.ts"
import { maintenance } from "./commands/maintenance.ts"
import { migrate } from "./commands/migrate.ts"
import { pause } from "./commands/pause.ts"
import { reencrypt } from "./commands/reencrypt.ts"
import { rerun } from "./commands/rerun.ts"
import { resume } from "./commands/resume.ts"
import { rm } from "./commands/rm.ts"
import { serve } from "./commands/serve.ts"
import { show } from "./commands/show.ts"
import { stats } from "./commands/stats.ts"
import { watch } from "./commands/watch.ts"
import { workers } from "./commands/workers.ts"
import { globalFlags } from "./globalFlags.ts"
import { programName } from "./programName.ts"

/**
 * The command line, whole.
 *
 * @since 0.2.0
 * @category commands
 */
export const rootCommand = Command.make(programName).pipe(
  Command.withDescription("Find, explain and look after the tasks of MCP servers"),
  Command.withSubcommands([
    ls,
    show,
    stats,
    workers,
    watch,
    rerun,
    cancel,
    rm,
    erase,
    pause,
    resume,
    exportTasks,
    importTasks,
    copy,
    reencrypt,
    maintenance,
    doctor,
    migrate,
    serve,
    makeCompletions((): Command.Command.Any => rootCommand)
  ]),
  Command.withGlobalFlags(globalFlags)
)
