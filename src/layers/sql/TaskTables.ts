/**
 * The names of the tables, and how a task lies in its row.
 *
 * @since 0.1.0
 */
import * as Record from "effect/Record"
import * as Result from "effect/Result"
import * as Struct from "effect/Struct"
import { StoredJson } from "../../domain/json/StoredJson.ts"
import type { StoredSummary, StoredTask } from "../../domain/task/StoredTask.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import { ResultKind } from "../../domain/task/TaskOutcome.ts"
import { type TaskStatus, taskStatuses } from "../../domain/task/TaskStatus.ts"

/**
 * The tables of one storage. Its indexes and triggers are named after them.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskTables {
  /** The database schema they are in, with its dot, or nothing. */
  readonly qualifier: string
  /** What all names begin with, those of tables behind the qualifier. */
  readonly prefix: string
  readonly schema: string
  readonly tasks: string
  readonly counts: string
  readonly seats: string
  readonly messages: string
  readonly workers: string
  readonly news: string
  /** The view for people. */
  readonly overview: string
  readonly paused: string
}

/**
 * Names the tables behind a prefix, which goes into SQL text and so may be no more than a plain identifier; `qualifier` is
 * the schema they are in, with its dot.
 *
 * @since 0.1.0
 * @category constructors
 */
export const taskTables = (prefix: string = "mcp_", qualifier: string = ""): Result.Result<TaskTables, InvalidInput> =>
  typeof prefix === "string" && /^[A-Za-z_][A-Za-z0-9_]{0,31}$/.test(prefix)
    ? Result.succeed({
      qualifier,
      prefix,
      schema: `${qualifier}${prefix}schema`,
      tasks: `${qualifier}${prefix}tasks`,
      counts: `${qualifier}${prefix}task_counts`,
      seats: `${qualifier}${prefix}seat_counts`,
      messages: `${qualifier}${prefix}messages`,
      workers: `${qualifier}${prefix}workers`,
      news: `${qualifier}${prefix}worker_news`,
      overview: `${qualifier}${prefix}task_overview`,
      paused: `${qualifier}${prefix}paused_kinds`
    })
    : Result.fail(
      new InvalidInput({
        field: "tablePrefix",
        reason: "must be 1 to 32 ASCII letters, digits and underscores, and begin with no digit"
      })
    )

/**
 * The key of the count of all tasks. No session is called so: session ids are not empty.
 *
 * @since 0.1.0
 * @category constants
 */
export const totalKey = ""

/** The large columns come last. */
const summaryColumns = {
  taskId: "task_id",
  sessionId: "session_id",
  status: "status",
  createdAt: "created_at",
  lastUpdatedAt: "last_updated_at",
  ttl: "ttl",
  pollInterval: "poll_interval",
  revision: "revision",
  resultKind: "result_kind",
  originalMethod: "original_method",
  statusMessage: "status_message",
  meta: "meta",
  incarnation: "incarnation",
  attempt: "attempt",
  leaseExpiresAt: "lease_expires_at",
  dueAt: "due_at",
  worker: "worker",
  startedAt: "started_at",
  rerunOf: "rerun_of",
  rerunAs: "rerun_as",
  name: "name",
  traceparent: "traceparent",
  tracestate: "tracestate",
  runTraceparent: "run_traceparent",
  failure: "failure"
} as const satisfies { readonly [Field in keyof StoredSummary]: string }

/**
 * The column of each field, in the order of {@link columnList}.
 *
 * @since 0.1.0
 * @category constants
 */
export const columns = {
  ...summaryColumns,
  originalParams: "original_params",
  inputRequests: "input_requests",
  inputResponses: "input_responses",
  requestState: "request_state",
  inputKeys: "input_keys",
  principal: "principal",
  steps: "steps",
  failureStack: "failure_stack",
  result: "result"
} as const satisfies { readonly [Field in keyof StoredTask]: string }

/**
 * @since 0.1.0
 * @category constants
 */
export const summaryColumnList: ReadonlyArray<string> = Object.values(summaryColumns)

/**
 * @since 0.1.0
 * @category constants
 */
export const columnList: ReadonlyArray<string> = Object.values(columns)

/**
 * A row of values, as the engine gave it.
 *
 * @since 0.1.0
 * @category models
 */
export type Row = ReadonlyArray<unknown>

/**
 * A row is not as this library writes it: somebody else wrote to the table.
 *
 * @since 0.1.0
 * @category errors
 */
export class CorruptRow extends Error {
  override readonly name = "CorruptRow"
}

const columnFields = Struct.keys(columns)

/** Where the value of each field is in a row; of a summary too, since the large ones come behind. */
const at = Record.map(columns, (_, field) => columnFields.indexOf(field))

/**
 * Reads the values of {@link summaryColumnList}. Throws a {@link CorruptRow}.
 *
 * @since 0.1.0
 * @category readers
 */
export const readSummary = (row: Row): StoredSummary => ({
  taskId: readText(row[at.taskId]),
  sessionId: orNull(row[at.sessionId], readText),
  status: readStatus(row[at.status]),
  createdAt: readInteger(row[at.createdAt]),
  lastUpdatedAt: readInteger(row[at.lastUpdatedAt]),
  ttl: orNull(row[at.ttl], readInteger),
  pollInterval: orNull(row[at.pollInterval], readInteger),
  revision: readInteger(row[at.revision]),
  resultKind: orNull(row[at.resultKind], readKind),
  originalMethod: readShared(row[at.originalMethod]),
  statusMessage: orNull(row[at.statusMessage], readJson),
  meta: orNull(row[at.meta], readJson),
  incarnation: readText(row[at.incarnation]),
  attempt: readInteger(row[at.attempt]),
  leaseExpiresAt: orNull(row[at.leaseExpiresAt], readInteger),
  dueAt: orNull(row[at.dueAt], readInteger),
  worker: orNull(row[at.worker], readText),
  startedAt: orNull(row[at.startedAt], readInteger),
  rerunOf: orNull(row[at.rerunOf], readText),
  rerunAs: orNull(row[at.rerunAs], readText),
  name: orNull(row[at.name], readShared),
  traceparent: orNull(row[at.traceparent], readJson),
  tracestate: orNull(row[at.tracestate], readJson),
  runTraceparent: orNull(row[at.runTraceparent], readJson),
  failure: orNull(row[at.failure], readJson)
})

/**
 * Reads the values of {@link columnList}. Throws a {@link CorruptRow}.
 *
 * @since 0.1.0
 * @category readers
 */
// Field by field, because spreading a summary takes as long as reading it.
export const readTask = (row: Row): StoredTask => ({
  taskId: readText(row[at.taskId]),
  sessionId: orNull(row[at.sessionId], readText),
  status: readStatus(row[at.status]),
  createdAt: readInteger(row[at.createdAt]),
  lastUpdatedAt: readInteger(row[at.lastUpdatedAt]),
  ttl: orNull(row[at.ttl], readInteger),
  pollInterval: orNull(row[at.pollInterval], readInteger),
  revision: readInteger(row[at.revision]),
  resultKind: orNull(row[at.resultKind], readKind),
  originalMethod: readShared(row[at.originalMethod]),
  statusMessage: orNull(row[at.statusMessage], readJson),
  meta: orNull(row[at.meta], readJson),
  incarnation: readText(row[at.incarnation]),
  attempt: readInteger(row[at.attempt]),
  leaseExpiresAt: orNull(row[at.leaseExpiresAt], readInteger),
  dueAt: orNull(row[at.dueAt], readInteger),
  worker: orNull(row[at.worker], readText),
  startedAt: orNull(row[at.startedAt], readInteger),
  rerunOf: orNull(row[at.rerunOf], readText),
  rerunAs: orNull(row[at.rerunAs], readText),
  name: orNull(row[at.name], readShared),
  traceparent: orNull(row[at.traceparent], readJson),
  tracestate: orNull(row[at.tracestate], readJson),
  runTraceparent: orNull(row[at.runTraceparent], readJson),
  failure: orNull(row[at.failure], readJson),
  originalParams: orNull(row[at.originalParams], readJson),
  inputRequests: orNull(row[at.inputRequests], readJson),
  inputResponses: orNull(row[at.inputResponses], readJson),
  requestState: orNull(row[at.requestState], readJson),
  inputKeys: orNull(row[at.inputKeys], readJson),
  principal: orNull(row[at.principal], readJson),
  steps: orNull(row[at.steps], readJson),
  failureStack: orNull(row[at.failureStack], readJson),
  result: orNull(row[at.result], readJson)
})

/**
 * The columns of a new row: all that are not generated.
 *
 * @since 0.2.0
 * @category constants
 */
export const insertColumns: ReadonlyArray<string> = [...columnList, "ready"]

/**
 * Gives the values of {@link insertColumns} for a task.
 *
 * @since 0.1.0
 * @category writers
 */
export const writeTask = (task: StoredTask): Array<string | number | null> => [
  ...columnFields.map((field) => writeValue(task[field])),
  readyWith(task.leaseExpiresAt)
]

/**
 * Gives the value of `ready` for a task under a lease. A released task lies in the index of free tasks from the start, and
 * others are moved there when they are due.
 *
 * @since 0.2.0
 * @category writers
 */
export const readyWith = (leaseExpiresAt: number | null): 1 | null => leaseExpiresAt === 0 ? 1 : null

/**
 * Gives the value of a column for that of a field.
 *
 * @since 0.1.0
 * @category writers
 */
export const writeValue = (value: StoredJson | string | number | null): string | number | null =>
  value instanceof StoredJson ? value.text : value

/**
 * @since 0.1.0
 * @category readers
 */
export const readText = (value: unknown): string => {
  if (typeof value === "string") return value
  throw new CorruptRow(`expected text, got ${typeof value}`)
}

/**
 * Reads an integer, which some clients give as bigint or, lest it be too large, as text.
 *
 * @since 0.1.0
 * @category readers
 */
export const readInteger = (value: unknown): number => {
  const number = typeof value === "bigint" || (typeof value === "string" && /^-?\d+$/.test(value))
    ? Number(value)
    : value
  if (typeof number === "number" && Number.isSafeInteger(number)) return number
  throw new CorruptRow(`expected an integer, got ${typeof value}`)
}

/**
 * @since 0.1.0
 * @category readers
 */
export const readJson = (value: unknown): StoredJson => StoredJson.fromText(readText(value))

/** Some of the methods and names that were read last, by their length and last character. */
const recent = new Array<{ readonly text: string; readonly json: StoredJson } | undefined>(256)

/** Longer ones are of one task alone. */
const longestShared = 256

/**
 * Reads a text that many tasks have in common: a method, or a name. It is parsed once for all of them.
 *
 * @since 0.2.0
 * @category readers
 */
export const readShared = (value: unknown): StoredJson => {
  const text = readText(value)
  if (text.length > longestShared) return StoredJson.fromText(text)
  const slot = (text.length * 31 + text.charCodeAt(text.length - 2)) & (recent.length - 1)
  const known = recent[slot]
  if (known !== undefined && known.text === text) return known.json
  const json = StoredJson.opened(text, text.length)
  recent[slot] = { text, json }
  return json
}

/**
 * @since 0.1.0
 * @category readers
 */
export const readKind = (value: unknown): ResultKind => readLiteral(ResultKind.literals, value)

/**
 * @since 0.1.0
 * @category readers
 */
export const orNull = <A>(value: unknown, read: (value: unknown) => A): A | null => value === null ? null : read(value)

/**
 * @since 0.2.0
 * @category readers
 */
export const readStatus = (value: unknown): TaskStatus => readLiteral(taskStatuses, value)

const readLiteral = <A extends string>(literals: ReadonlyArray<A>, value: unknown): A => {
  for (const literal of literals) if (literal === value) return literal
  throw new CorruptRow(`expected one of ${literals.join(", ")}`)
}
