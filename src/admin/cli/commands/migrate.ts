/**
 * `migrate`: the one command that changes the schema.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import type { MigrationPlan } from "../../../domain/driver/StoreInspector.ts"
import { switchFlag } from "../bulkFlags.ts"
import { CliTerminal } from "../CliTerminal.ts"
import { CommandEnded, exitCodes, failedWith, usageError } from "../ExitCode.ts"
import { openUrl, storageOptions, storageUrl, urlFunctions } from "../openStorage.ts"
import { printAnswer } from "../printRows.ts"
import { safeLines } from "../safeText.ts"

/**
 * Brings a store to the schema of this version, or tells what would.
 *
 * @since 0.2.0
 * @category commands
 */
export const migrate = Command.make(
  "migrate",
  {
    print: switchFlag("print", "Change nothing, and print what to run by hand"),
    check: switchFlag("check", "Change nothing, and exit with 3 if there is something to run"),
    limits: switchFlag("limits", "Also what the options maxTasks and maxTasksPerSession need"),
    activeLimits: switchFlag("active-limits", "Also what the options maxActive and maxActivePerSession need")
  },
  Effect.fnUntraced(
    function*({ activeLimits, check, limits, print }) {
      if (check && print) return yield* usageError("--print and --check are two questions. Give one of them.")
      const url = yield* storageUrl
      const opening = { schema: "migrate", limits, activeLimits } as const
      const { planMigration } = yield* urlFunctions
      const plan = yield* planMigration(url, yield* storageOptions(url, opening))
      if (print) return yield* printPlan(plan)
      if (check || plan.isUpToDate) {
        yield* printAnswer(plan, describe(plan))
        if (!plan.isUpToDate) return yield* new CommandEnded({ code: exitCodes.found, message: "" })
        return
      }
      if (plan.problem !== undefined) return yield* failedWith(plan.problem)
      const storage = yield* openUrl(url, opening)
      yield* printAnswer(
        { backend: storage.backendName, storedVersion: plan.storedVersion, version: plan.version },
        `Migrated to schema version ${plan.version}.`
      )
    },
    Effect.scoped
  )
).pipe(
  Command.withDescription("Bring the tables to the schema of this version; no other command changes it"),
  Command.withExamples([
    { command: "mcp-task-storage migrate --check", description: "Whether there is something to do" },
    { command: "mcp-task-storage migrate --print", description: "What it would run, for those who run it by hand" },
    { command: "mcp-task-storage migrate", description: "Do it" }
  ])
)

const describe = ({ isUpToDate, problem, storedVersion, version }: MigrationPlan): string => {
  const stored = storedVersion === undefined
    ? "there are no tables yet"
    : `the tables are of schema version ${storedVersion}`
  if (isUpToDate) return `Up to date: ${stored}, and this version runs on it.`
  return problem ?? `To be migrated: ${stored}, and this version needs ${version}.`
}

const printPlan = Effect.fnUntraced(function*(plan: MigrationPlan) {
  const { err } = yield* CliTerminal
  if (plan.isUpToDate || plan.problem !== undefined) yield* err(`${safeLines(describe(plan))}\n`)
  const end = plan.backend === "dynamodb" ? "\n" : ";\n"
  yield* printAnswer(plan, plan.statements.map((statement) => `${safeLines(statement)}${end}`).join("").trimEnd())
})
