/**
 * Looking at the tables of an SQL engine: their version and structure, the counts of limits, messages without a task, and rows.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { Inspection, InspectorReport, StoreInspector } from "../../domain/driver/StoreInspector.ts"
import {
  asCheck,
  type CheckCode,
  counted,
  mended,
  mostExamples,
  type StoreFinding
} from "../../domain/driver/StoreReport.ts"
import type { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { compareStructure, type Comparison, type Difference } from "./compareStructure.ts"
import { readAllRows } from "./readAllRows.ts"
import { type AllCounters, comparedCounts } from "./SqlCounters.ts"
import type { SqlDialect } from "./SqlDialect.ts"
import { isSome, type SqlRunner } from "./SqlRunner.ts"
import {
  changeSchema,
  execute,
  findCounters,
  pendingStatements,
  readVersion,
  type SchemaVersion,
  tooNew
} from "./SqlSchema.ts"
import { readInteger, readText, type TaskTables, totalKey } from "./TaskTables.ts"

type Findings = Effect.Effect<ReadonlyArray<StoreFinding>, TaskDriverError>

/**
 * A check of one engine. `needsTables` says that it makes no sense without the tables.
 *
 * @since 0.2.0
 * @category models
 */
export interface OwnCheck {
  readonly code: CheckCode
  readonly subject: string
  readonly needsTables: boolean
  readonly check: (fix: boolean) => Findings
}

/**
 * What a look goes through: a runner for small statements, and one with the time that a change of the schema may take.
 *
 * @since 0.2.0
 * @category models
 */
export interface InspectedDatabase {
  readonly runner: SqlRunner
  readonly patientRunner: SqlRunner
  readonly dialect: SqlDialect
  readonly tables: TaskTables
  /** The counts that the options of the layer ask for. */
  readonly needed: ReadonlyArray<keyof AllCounters>
}

const structureCodes: ReadonlyArray<CheckCode> = [
  "table",
  "column",
  "constraint",
  "index",
  "trigger",
  "function",
  "view"
]

/** How many messages one step reads. */
const batchSize = 1_000

/** The row of the counts that is none: where those meet that append messages. No session has such a name. */
const meetingRow = "\n"

/**
 * Makes the inspector of a driver. `own` are the checks of its engine alone.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeSqlInspector = (database: InspectedDatabase, own: ReadonlyArray<OwnCheck>): StoreInspector => {
  const { dialect: { engineTime }, runner } = database
  return {
    look: (inspection) => look(database, own, inspection),
    plan: plan(database),
    ...(engineTime === undefined
      ? {}
      : { engineTime: runner.read({ text: `SELECT ${engineTime}`, params: [] }, ([row]) => readInteger(row?.[0])) })
  }
}

const look = Effect.fnUntraced(function*(
  database: InspectedDatabase,
  own: ReadonlyArray<OwnCheck>,
  { fix, seen }: Inspection
): Effect.fn.Return<InspectorReport, TaskDriverError> {
  const { dialect, patientRunner, runner, tables } = database
  const steps = dialect.migrations(tables)
  const newest = steps.at(-1)?.id ?? 0
  const findings: Array<StoreFinding> = []
  const checked: Array<string> = []
  const check = (codes: ReadonlyArray<CheckCode>, subject: string, found: Findings) =>
    Effect.map(asCheck(codes[0] ?? "schema", subject, found), (found) => {
      findings.push(...found)
      checked.push(...codes)
    })

  let stored: SchemaVersion | undefined
  yield* check(
    ["schema"],
    tables.schema,
    Effect.gen(function*() {
      stored = yield* readVersion(runner, dialect, tables)
      return versionFindings(stored, newest, tables)
    })
  )
  const isUsable = stored !== undefined && stored.version >= newest && stored.compatibleWith <= newest
  for (const { check: checkOwn, code, needsTables, subject } of own) {
    if (isUsable || !needsTables) yield* check([code], subject, checkOwn(fix))
  }

  if (stored !== undefined && stored.version <= newest) {
    const { version } = stored
    let comparison: Comparison = { differences: [], kept: [] }
    const structure = yield* asCheck(
      "table",
      tables.tasks,
      Effect.gen(function*() {
        comparison = yield* compareStructure(runner, dialect, tables, steps.filter(({ id }) => id <= version))
        return []
      })
    )
    // Before triggers are made anew, which counts anew too.
    if (isUsable && seen !== undefined) {
      for (const kind of ["tasks", "seats"] as const) {
        const counters = dialect.counters[kind]
        if (!comparison.kept.includes(counters)) continue
        yield* check(["counters"], counters.table(tables), checkCounts(database, kind, fix))
      }
    }
    const remade = fix && isUsable ? yield* remake(database, comparison) : undefined
    const differences = comparison.differences.map((difference) => differenceFinding(difference, isUsable, remade))
    yield* check(structureCodes, tables.tasks, Effect.succeed([...structure, ...differences]))
  }
  if (isUsable && seen !== undefined) {
    yield* check(["messages"], tables.messages, checkMessages(patientRunner, tables, fix))
    yield* check(["rows"], tables.tasks, Effect.as(readAllRows(runner, tables, seen), []))
  }
  return { ...(stored === undefined ? {} : { schemaVersion: stored.version }), findings, checked, isUsable }
})

const plan = ({ dialect, needed, runner, tables }: InspectedDatabase): StoreInspector["plan"] =>
  Effect.gen(function*() {
    const steps = dialect.migrations(tables)
    const version = steps.at(-1)?.id ?? 0
    const stored = yield* readVersion(runner, dialect, tables)
    const known = { version, ...(stored === undefined ? {} : { storedVersion: stored.version }) }
    if (stored !== undefined && stored.compatibleWith > version) {
      const { reason } = tooNew(stored, version)
      return { ...known, isUpToDate: false, statements: [], problem: sentence(reason) }
    }
    const kept = stored === undefined ? [] : yield* findCounters(runner, dialect, tables)
    const missing = needed.map((kind) => dialect.counters[kind]).filter((counters) => !kept.includes(counters))
    const statements = [
      ...pendingStatements(tables, steps, stored, kept),
      ...missing.flatMap(({ makeTriggers }) => makeTriggers(tables))
    ]
    const isUpToDate = statements.length === 0
    return { ...known, isUpToDate, statements: isUpToDate ? [] : dialect.script(statements, tables) }
  })

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

const versionFindings = (
  stored: SchemaVersion | undefined,
  newest: number,
  { schema }: TaskTables
): ReadonlyArray<StoreFinding> => {
  const finding = (severity: StoreFinding["severity"], problem: string, advice: string): StoreFinding => ({
    code: "schema",
    severity,
    subject: schema,
    problem,
    advice,
    fixable: false
  })
  if (stored === undefined) {
    return [finding(
      "error",
      "There are no tables of this library, or they do not say which version they have.",
      "Check the URL, the table prefix and the database schema. For a new store run the migrations, or open it with schema " +
        "\"migrate\"."
    )]
  }
  const { compatibleWith, version } = stored
  if (compatibleWith > newest) {
    return [finding(
      "error",
      `The tables are of schema version ${version}, which needs a library of at least version ${compatibleWith}, and this one ` +
        `knows version ${newest}.`,
      "Upgrade mcp-task-storage in every process that uses this store."
    )]
  }
  if (version > newest) {
    return [finding(
      "note",
      `The tables are of schema version ${version}, and this library knows version ${newest}. It may use them.`,
      "Finish the deploy of the newer version. Its own inspectStore compares the structure."
    )]
  }
  if (version < newest) {
    return [finding(
      "error",
      `The tables are of schema version ${version}, and this library needs version ${newest}.`,
      "Run the migrations, or open the store once with schema \"migrate\". Processes of the older version go on to run beside it."
    )]
  }
  return []
}

const advices = {
  table: "Restore the table from a backup. The statements of migrations say how it is made.",
  column: "Change the column as the statements of migrations make it, or restore the table from a backup.",
  constraint: "Drop what is of another hand, and make what is missing as the statements of migrations do.",
  index: "Make the index as the statements of migrations do; without it the storage reads whole tables.",
  trigger: "Make the trigger as the statements of migrations, limitTriggers and activeLimitTriggers do.",
  function: "Make the function as the statements of migrations, limitTriggers and activeLimitTriggers do.",
  view: "Make the view as the statements of migrations do; only people and dashboards read it."
} as const satisfies { readonly [Kind in Difference["part"]["kind"]]: string }

/** What was mended: the names of the parts that are still different afterwards, and why. */
interface Remade {
  readonly left: ReadonlySet<string>
  readonly reason: string | undefined
}

const keyOf = ({ part: { kind, name } }: Difference): string => `${kind} ${name}`

const differenceFinding = (
  difference: Difference,
  isUsable: boolean,
  remade: Remade | undefined
): StoreFinding => {
  const { part, text } = difference
  const fixable = isUsable && part.statement !== undefined
  const fixed = remade === undefined || !fixable ? {} : { fixed: !remade.left.has(keyOf(difference)) }
  const why = fixed.fixed === false && remade?.reason !== undefined ? ` It could not be mended: ${remade.reason}.` : ""
  return {
    code: part.kind,
    severity: part.kind === "view" ? "warning" : "error",
    subject: part.name,
    problem: sentence(text),
    advice: `${advices[part.kind]}${why}`,
    fixable,
    ...fixed
  }
}

/** In this order, because triggers call functions. */
const order = ["function", "trigger", "view", "index"]

/** Makes the parts anew that can be made anew, and looks again. Counts that were not kept for a while are counted anew. */
const remake = Effect.fnUntraced(function*(
  { dialect, patientRunner, tables }: InspectedDatabase,
  { differences }: Comparison
): Effect.fn.Return<Remade, TaskDriverError> {
  const wrong = differences
    .filter(({ part }) => part.statement !== undefined)
    .toSorted((left, right) => order.indexOf(left.part.kind) - order.indexOf(right.part.kind))
  const alone = wrong.filter(({ part }) => dialect.isMadeAlone(part))
  const together = wrong.filter((difference) => !alone.includes(difference))
  const counts = Object.values(dialect.counters)
    .filter((counters) => wrong.some((difference) => difference.counters === counters))
    .flatMap(({ recount }) => recount(tables))
  const statements = [...together.flatMap(({ part }) => dialect.remake(part, tables)), ...counts]
  let reason: string | undefined
  const attempt = (change: Effect.Effect<void, TaskDriverError>) =>
    Effect.catch(change, (error) => {
      if (error.retryable) return Effect.fail(error)
      reason ??= error.reason
      return Effect.void
    })
  if (statements.length > 0) {
    yield* attempt(changeSchema(patientRunner, dialect, tables, inOrder(patientRunner, statements)))
  }
  for (const { part } of alone) yield* attempt(inOrder(patientRunner, dialect.remake(part, tables)))
  if (wrong.length === 0) return { left: new Set(), reason }
  const after = yield* compareStructure(patientRunner, dialect, tables, dialect.migrations(tables))
  return { left: new Set(after.differences.map(keyOf)), reason }
})

const inOrder = (runner: SqlRunner, statements: ReadonlyArray<string>): Effect.Effect<void, TaskDriverError> =>
  Effect.forEach(statements, (statement) => execute(runner, statement), { discard: true })

/** In one statement, which sees one state of both tables. */
const checkCounts = (
  { dialect, patientRunner, tables }: InspectedDatabase,
  kind: keyof AllCounters,
  fix: boolean
): Findings => {
  const counters = dialect.counters[kind]
  const compared = "SELECT session_id, sum(stored) AS stored, sum(kept) AS kept, sum(stored_begun) AS stored_begun, " +
    `sum(kept_begun) AS kept_begun FROM (${comparedCounts(kind, tables)}) AS each WHERE session_id <> ? ` +
    "GROUP BY session_id HAVING sum(stored) <> sum(kept) OR sum(stored_begun) <> sum(kept_begun)"
  const wrong = patientRunner.read(
    {
      text: `SELECT session_id, stored, kept, stored_begun, kept_begun, count(*) OVER () FROM (${compared}) AS wrong ` +
        `ORDER BY session_id LIMIT ${mostExamples}`,
      params: [meetingRow]
    },
    (rows) =>
      rows.map((row) => ({
        sessionId: readText(row[0]),
        stored: readInteger(row[1]),
        kept: readInteger(row[2]),
        storedBegun: readInteger(row[3]),
        keptBegun: readInteger(row[4]),
        all: readInteger(row[5])
      }))
  )
  return Effect.flatMap(wrong, (found) => {
    const [first] = found
    if (first === undefined) return Effect.succeed([])
    const owner = first.sessionId === totalKey ? "all tasks" : "a session"
    const isOfBegun = first.stored === first.kept
    const what = kind === "tasks" ? owner : `the ${isOfBegun ? "begun" : "active"} tasks of ${owner}`
    const finding: StoreFinding = {
      code: "counters",
      severity: "error",
      subject: counters.table(tables),
      problem: `${counted(first.all, "count")} of limits ${first.all === 1 ? "is" : "are"} wrong: that of ${what} is ` +
        `${isOfBegun ? first.keptBegun : first.kept}, and ${isOfBegun ? first.storedBegun : first.stored} are stored.`,
      advice:
        `Tasks are refused too early or too late. Count anew with fix, or with the statements of ${counters.statements}, after ` +
        "their triggers were dropped.",
      fixable: true,
      count: first.all,
      examples: found.map(({ sessionId }) => sessionId).filter((sessionId) => sessionId !== totalKey)
    }
    const recount = changeSchema(patientRunner, dialect, tables, inOrder(patientRunner, counters.recount(tables)))
    return Effect.map(mended(finding, fix, Effect.as(recount, true)), (finding) => [finding])
  })
}

/** Where there are no tasks at all, the queues belong to tasks that are kept elsewhere. */
const checkMessages = (runner: SqlRunner, { messages, tasks }: TaskTables, fix: boolean): Findings =>
  Effect.gen(function*() {
    if (!(yield* runner.read({ text: `SELECT 1 FROM ${tasks} LIMIT 1`, params: [] }, isSome))) return []
    const isOrphan = `NOT EXISTS (SELECT 1 FROM ${tasks} WHERE task_id = queue)`
    const queues = new Set<string>()
    let [count, behind, fixed] = [0, -1, 0]
    while (true) {
      const found = yield* runner.read(
        {
          text: `SELECT seq, queue, CASE WHEN ${isOrphan} THEN 1 ELSE 0 END FROM ${messages} WHERE seq > ? ` +
            `ORDER BY seq LIMIT ${batchSize}`,
          params: [behind]
        },
        (rows) =>
          rows.map((row) => ({ seq: readInteger(row[0]), queue: readText(row[1]), orphan: readInteger(row[2]) === 1 }))
      )
      const orphans = found.filter(({ orphan }) => orphan)
      const last = found.at(-1)
      if (fix && last !== undefined && orphans.length > 0) {
        const text = `DELETE FROM ${messages} WHERE seq > ? AND seq <= ? AND ${isOrphan} RETURNING 1`
        fixed += yield* runner.write({ text, params: [behind, last.seq] }, (rows) => rows.length)
      }
      count += orphans.length
      for (const { queue } of orphans) if (queues.size < mostExamples) queues.add(queue)
      if (last === undefined || found.length < batchSize) break
      behind = last.seq
      yield* Effect.yieldNow
    }
    return count === 0 ? [] : [{
      code: "messages",
      severity: "warning",
      subject: messages,
      problem: `${counted(count, "message")} ${count === 1 ? "waits" : "wait"} for tasks that are not there.`,
      advice:
        "Nobody will fetch them. They go by themselves once they expire, a day after they came by default, or with fix.",
      fixable: true,
      ...(fix ? { fixed: fixed >= count } : {}),
      count,
      examples: Array.from(queues)
    }]
  })
