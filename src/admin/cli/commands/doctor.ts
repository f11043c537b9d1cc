/**
 * `doctor`: what is wrong with a store.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import type { FindingSeverity, StoreFinding, StoreReport } from "../../../domain/driver/StoreReport.ts"
import type { InspectOptions } from "../../../domain/options/TaskOptions.ts"
import { requirePerson, requireYes } from "../ask.ts"
import { consentFlags, switchFlag } from "../bulkFlags.ts"
import { CliTerminal } from "../CliTerminal.ts"
import { type Colour, coloured } from "../colours.ts"
import { counted, shownCount } from "../counted.ts"
import { encryptionOf, storageKeys } from "../encryptionOf.ts"
import { CommandEnded, exitCodes } from "../ExitCode.ts"
import { storageOptions, storageUrl, urlFunctions } from "../openStorage.ts"
import { printAnswer } from "../printRows.ts"
import { safeLine } from "../safeText.ts"

/**
 * Looks at a store, says what is wrong and what to do about it, and mends what is safe to mend.
 *
 * @since 0.2.0
 * @category commands
 */
export const doctor = Command.make(
  "doctor",
  {
    fix: switchFlag("fix", "Mend what is safe to mend"),
    deep: switchFlag("deep", "Read all that is stored; on DynamoDB it says first what that costs"),
    yes: consentFlags.yes
  },
  Effect.fnUntraced(function*({ deep, fix, yes }) {
    const url = yield* storageUrl
    const keys = yield* storageKeys
    // With encryption a deep look reads everything twice.
    const encryption = keys.path === undefined ? {} : { encryption: yield* encryptionOf(keys) }
    const options = yield* storageOptions(url, { schema: "verify", ...encryption })
    const { inspectUrl } = yield* urlFunctions
    const look = (inspect: InspectOptions) => inspectUrl(url, inspect, options)
    const report = yield* look({ deep: false })
    if (deep && report.deepCost !== undefined && !yes) yield* askForCost(report.deepCost)
    const seen = deep ? yield* look({ deep }) : report
    const mendable = seen.findings.filter(({ fixable }) => fixable)
    if (!fix || mendable.length === 0) return yield* conclude(seen)
    if (!yes) yield* askForMending(mendable)
    yield* conclude(yield* look({ deep, fix }))
  })
).pipe(
  Command.withDescription(
    "Look at the store itself: schema, indexes, counters, workers, clock. Exits with 3 if something is wrong"
  ),
  Command.withExamples([
    { command: "mcp-task-storage doctor", description: "What is wrong, and what to do about it" },
    { command: "mcp-task-storage doctor --deep --fix", description: "Read everything, and mend what is safe to mend" }
  ])
)

const askForCost = Effect.fnUntraced(function*({ items, readUnits }: NonNullable<StoreReport["deepCost"]>) {
  const { err } = yield* CliTerminal
  yield* err(`--deep reads ${counted(items, "item")}, for ${shownCount(readUnits)} read units.\n`)
  yield* requirePerson
  yield* requireYes("Read them?")
})

const askForMending = Effect.fnUntraced(function*(findings: ReadonlyArray<StoreFinding>) {
  const { colours, err } = yield* CliTerminal
  yield* requirePerson
  yield* err(findings.map((finding) => render(finding, colours.err)).join(""))
  yield* requireYes(`Mend ${counted(findings.length, "fault")}?`)
})

/** A note is worth knowing, and no fault. */
const isFault = ({ fixed, severity }: StoreFinding): boolean => severity !== "note" && fixed !== true

const conclude = Effect.fnUntraced(function*(report: StoreReport) {
  const { colours } = yield* CliTerminal
  const faults = report.findings.filter(isFault)
  const schema = report.schemaVersion === undefined ? "" : `, schema version ${report.schemaVersion}`
  const summary = faults.length === 0 ? "Nothing is wrong." : `${counted(faults.length, "fault")} found.`
  const checked = `${report.backend}${schema}; checked: ${report.checked.join(", ")}`
  yield* printAnswer(
    report,
    `${report.findings.map((finding) => render(finding, colours.out)).join("")}${summary}\n${safeLine(checked)}`
  )
  if (faults.length > 0) return yield* new CommandEnded({ code: exitCodes.found, message: "" })
})

const severityColours: { readonly [Severity in FindingSeverity]: Colour } = {
  error: "red",
  warning: "yellow",
  note: "cyan"
}

const render = (
  { advice, code, count, examples = [], fixable, fixed, problem, severity, subject }: StoreFinding,
  colours: boolean
): string => {
  const mending = fixed === true ? " Mended." : fixable && fixed === undefined ? " --fix mends it." : ""
  const concerns = count === undefined ? "" : ` (${shownCount(count)})`
  const lines = [
    `${code} ${subject}${concerns}: ${problem}`,
    `${advice}${mending}`,
    ...(examples.length === 0 ? [] : [`such as ${examples.join(", ")}`])
  ]
  const [first = "", ...others] = lines.map(safeLine)
  const rest = others.map((line) => `    ${line}\n`).join("")
  return `${coloured(severity.toUpperCase(), severityColours[severity], colours)} ${first}\n${rest}\n`
}
