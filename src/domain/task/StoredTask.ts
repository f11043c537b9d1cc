/**
 * A task as a backend keeps it: flat, with numbers for times and opaque boxes for everything that a user wrote.
 *
 * @since 0.1.0
 */
import * as Struct from "effect/Struct"
import type { StoredJson } from "../json/StoredJson.ts"
import type { EveryField } from "./EveryField.ts"
import type { ResultKind } from "./TaskOutcome.ts"
import type { TaskStatus } from "./TaskStatus.ts"

/**
 * The row of a task. Times are milliseconds since the epoch. A backend stores each field as it is, as integer or text,
 * and {@link StoredJson} fields as their `text`.
 *
 * @since 0.1.0
 * @category models
 */
export interface StoredTask {
  readonly taskId: string
  readonly sessionId: string | null
  readonly status: TaskStatus
  readonly createdAt: number
  readonly lastUpdatedAt: number
  /** Milliseconds from `createdAt`; the task is absent from `createdAt + ttl` on. */
  readonly ttl: number | null
  readonly pollInterval: number | null
  readonly revision: number
  /** Unique text of its creation: tells a task from a later one of the same id. */
  readonly incarnation: string
  /** How often the task was claimed: the fencing token of its worker. */
  readonly attempt: number
  /**
   * Until when nobody may claim the task: 0 when it waits for a worker, {@link heldByWorker} while a registered worker has it,
   * `null` when it has no lease.
   */
  readonly leaseExpiresAt: number | null
  /** Equal to `leaseExpiresAt` when nobody holds the task, and it waits on purpose until then. */
  readonly dueAt: number | null
  /** The registered worker that has it, or had it when it ended. */
  readonly worker: string | null
  /** Since when the one who has it has it, or had it when it ended. */
  readonly startedAt: number | null
  readonly resultKind: ResultKind | null
  /** The task that this one does again. */
  readonly rerunOf: string | null
  /** The latest task that does this one again. */
  readonly rerunAs: string | null
  /** What the method is applied to: a tool, a prompt. */
  readonly name: StoredJson | null
  /** The W3C trace context of the request that created the task. */
  readonly traceparent: StoredJson | null
  readonly tracestate: StoredJson | null
  /** The W3C trace context of the latest run that is known, so that the next one is linked to it. */
  readonly runTraceparent: StoredJson | null
  readonly originalMethod: StoredJson
  readonly statusMessage: StoredJson | null
  readonly meta: StoredJson | null
  /** What really went wrong, for the operator: an object of name, message and time. */
  readonly failure: StoredJson | null
  readonly originalParams: StoredJson | null
  readonly inputRequests: StoredJson | null
  readonly inputResponses: StoredJson | null
  readonly requestState: StoredJson | null
  /** Every key that input was ever asked under, as an array. */
  readonly inputKeys: StoredJson | null
  /** On whose behalf the task runs, in whatever form its worker needs. */
  readonly principal: StoredJson | null
  /** What the steps of its work gave, by key, as an object. */
  readonly steps: StoredJson | null
  /** The stack of the failure. */
  readonly failureStack: StoredJson | null
  readonly result: StoredJson | null
}

/** The large parts of a task, which no list reads. */
const largeFields = {
  originalParams: true,
  inputRequests: true,
  inputResponses: true,
  requestState: true,
  inputKeys: true,
  principal: true,
  steps: true,
  failureStack: true,
  result: true
} as const satisfies { readonly [Field in JsonField]?: true }

/**
 * What a list reads of a task: a {@link StoredTask} without its large parts.
 *
 * @since 0.1.0
 * @category models
 */
export type StoredSummary = Omit<StoredTask, keyof typeof largeFields>

/**
 * What tells one state of a task from every other one, and from those of another task with the same id.
 *
 * @since 0.1.0
 * @category models
 */
export type TaskVersion = Pick<StoredTask, "incarnation" | "revision">

/**
 * Tells whether two states of a task are the same.
 *
 * @since 0.1.0
 * @category guards
 */
export const isSameVersion = (left: TaskVersion, right: TaskVersion): boolean =>
  left.revision === right.revision && left.incarnation === right.incarnation

/**
 * The lease of a task that a registered worker has: it ends with its worker. It is the last moment of a `DateTime`, so that
 * whoever knows nothing of workers takes it for a lease that does not end.
 *
 * @since 0.2.0
 * @category constants
 */
export const heldByWorker = 8.64e15

/**
 * Gives the registered worker that holds a task, dead or alive.
 *
 * @since 0.2.0
 * @category accessors
 */
export const holderOf = (task: Pick<StoredTask, "leaseExpiresAt" | "worker">): string | null =>
  task.leaseExpiresAt === heldByWorker ? task.worker : null

/**
 * Tells whether a longer lease is the only difference between two states of a task.
 *
 * @since 0.2.0
 * @category guards
 */
export const isOnlyExtended = (before: StoredTask, after: StoredTask): boolean =>
  Struct.keys(before).every((field) =>
    field === "revision" ||
    (field === "leaseExpiresAt" && after.leaseExpiresAt !== null && after.leaseExpiresAt > 0) ||
    isSameValue(before[field], after[field])
  )

const isSameValue = (left: StoredTask[keyof StoredTask], right: StoredTask[keyof StoredTask]): boolean =>
  left === right ||
  (typeof left === "object" && typeof right === "object" && left !== null && left.text === right?.text)

type FieldOf<Row, Value> = { [Field in keyof Row]: Row[Field] extends Value ? Field : never }[keyof Row]

/**
 * A field that holds JSON text.
 *
 * @since 0.2.0
 * @category models
 */
export type JsonField = FieldOf<StoredTask, StoredJson | null>

/**
 * The limit on the size of each field of JSON text: the limit of the layer for outcomes, its limit for everything else that
 * a user wrote (`content`), or a fixed one. The keys of input have none: they count with their requests and answers.
 */
const bounds = {
  originalMethod: "content",
  statusMessage: "content",
  meta: "content",
  originalParams: "content",
  inputRequests: "content",
  inputResponses: "content",
  requestState: "content",
  principal: "content",
  steps: "content",
  inputKeys: "none",
  name: "fixed",
  traceparent: "fixed",
  tracestate: "fixed",
  runTraceparent: "fixed",
  failure: "fixed",
  failureStack: "fixed",
  result: "outcome"
} as const satisfies { readonly [Field in JsonField]: "content" | "outcome" | "fixed" | "none" }

/**
 * The fields that hold JSON text.
 *
 * @since 0.2.0
 * @category constants
 */
export const jsonFields: ReadonlyArray<JsonField> = Struct.keys(bounds)

/**
 * @since 0.1.0
 * @category models
 */
export type ContentField = FieldOf<typeof bounds, "content">

const isContent = (field: JsonField): field is ContentField => bounds[field] === "content"

/**
 * The fields that `maxPayloadBytes.content` limits together.
 *
 * @since 0.1.0
 * @category constants
 */
export const contentFields: ReadonlyArray<ContentField> = jsonFields.filter(isContent)

type FixedField = FieldOf<typeof bounds, "fixed">

const isFixed = (field: JsonField): field is FixedField => bounds[field] === "fixed"

/**
 * The fields whose limit is fixed.
 *
 * @since 0.2.0
 * @category constants
 */
export const fixedFields: ReadonlyArray<FixedField> = jsonFields.filter(isFixed)

/**
 * What encryption does with each field of JSON text: it seals what users and clients wrote, and leaves what engines search and
 * sort by, and what ties a task to its trace.
 */
const secrecy = {
  originalMethod: "readable",
  name: "readable",
  traceparent: "readable",
  tracestate: "readable",
  runTraceparent: "readable",
  statusMessage: "sealed",
  meta: "sealed",
  failure: "sealed",
  originalParams: "sealed",
  inputRequests: "sealed",
  inputResponses: "sealed",
  requestState: "sealed",
  inputKeys: "sealed",
  principal: "sealed",
  steps: "sealed",
  failureStack: "sealed",
  result: "sealed"
} as const satisfies { readonly [Field in JsonField]: "readable" | "sealed" }

/**
 * A field that encryption seals.
 *
 * @since 0.2.0
 * @category models
 */
export type SealedField = FieldOf<typeof secrecy, "sealed">

const isSealedField = (field: JsonField): field is SealedField => secrecy[field] === "sealed"

/**
 * The fields that encryption seals.
 *
 * @since 0.2.0
 * @category constants
 */
export const sealedFields: ReadonlyArray<SealedField> = jsonFields.filter(isSealedField)

/**
 * The fields of JSON text that a list reads.
 *
 * @since 0.2.0
 * @category models
 */
export type SummaryJsonField = FieldOf<StoredSummary, StoredJson | null>

const isInSummary = (field: JsonField): field is SummaryJsonField => !Object.hasOwn(largeFields, field)

/**
 * The fields of JSON text that a list reads.
 *
 * @since 0.2.0
 * @category constants
 */
export const summaryJsonFields: ReadonlyArray<SummaryJsonField> = jsonFields.filter(isInSummary)

/**
 * How a text is measured: `bytes` exactly, or `bytesAtMost` without writing it.
 *
 * @since 0.1.0
 * @category models
 */
export type Measure = "bytes" | "bytesAtMost"

/**
 * Gives how many bytes an engine stores for a payload whose text has so many. A longer text never takes fewer.
 *
 * @since 0.2.0
 * @category models
 */
export type Sizing = (bytes: number) => number

/**
 * Payloads are stored as their text.
 *
 * @since 0.2.0
 * @category constants
 */
export const asText: Sizing = (bytes) => bytes

/**
 * Gives how many bytes are stored for a payload. A payload that was read from an engine has the size that it has there.
 *
 * @since 0.2.0
 * @category accessors
 */
export const storedBytes = (json: StoredJson, measure: Measure, sizing: Sizing): number =>
  json.storedBytes ?? sizing(json[measure])

/** Adds up the sizes of fields. */
class Sum {
  bytes = 0
  readonly #measure: Measure
  readonly #sizing: Sizing

  constructor(measure: Measure, sizing: Sizing = asText) {
    this.#measure = measure
    this.#sizing = sizing
  }

  add(json: StoredJson | null): void {
    if (json !== null) this.bytes += json[this.#measure]
  }

  addPayload(json: StoredJson | null): void {
    if (json !== null) this.bytes += storedBytes(json, this.#measure, this.#sizing)
  }
}

const addContent = (sum: Sum, task: Pick<StoredTask, ContentField>): void => {
  void ({
    originalMethod: sum.add(task.originalMethod),
    statusMessage: sum.addPayload(task.statusMessage),
    meta: sum.addPayload(task.meta),
    originalParams: sum.addPayload(task.originalParams),
    inputRequests: sum.addPayload(task.inputRequests),
    inputResponses: sum.addPayload(task.inputResponses),
    requestState: sum.addPayload(task.requestState),
    principal: sum.addPayload(task.principal),
    steps: sum.addPayload(task.steps)
  } satisfies EveryField<ContentField>)
}

/**
 * Gives the stored size of everything but the outcome, in bytes.
 *
 * @since 0.1.0
 * @category accessors
 */
export const contentBytes = (
  task: Pick<StoredTask, ContentField>,
  measure: Measure = "bytes",
  sizing: Sizing = asText
): number => {
  const sum = new Sum(measure, sizing)
  addContent(sum, task)
  return sum.bytes
}

/**
 * Gives what reading a whole task takes, in bytes: what `PageQuery.maxBytes` adds up for a page of tasks.
 *
 * @since 0.1.0
 * @category accessors
 */
export const taskBytes = (task: StoredTask, measure: Measure = "bytes"): number => {
  const sum = new Sum(measure)
  addContent(sum, task)
  void ({
    name: sum.add(task.name),
    traceparent: sum.add(task.traceparent),
    tracestate: sum.add(task.tracestate),
    runTraceparent: sum.add(task.runTraceparent),
    failure: sum.add(task.failure),
    failureStack: sum.add(task.failureStack),
    result: sum.add(task.result)
  } satisfies EveryField<FixedField | "result">)
  return sum.bytes
}

/**
 * Gives what reading a summary takes, in bytes: what `PageQuery.maxBytes` adds up for a page of summaries.
 *
 * @since 0.1.0
 * @category accessors
 */
export const summaryBytes = (task: StoredSummary, measure: Measure = "bytes"): number => {
  const sum = new Sum(measure)
  void ({
    originalMethod: sum.add(task.originalMethod),
    statusMessage: sum.add(task.statusMessage),
    meta: sum.add(task.meta),
    name: sum.add(task.name),
    traceparent: sum.add(task.traceparent),
    tracestate: sum.add(task.tracestate),
    runTraceparent: sum.add(task.runTraceparent),
    failure: sum.add(task.failure)
  } satisfies EveryField<SummaryJsonField>)
  return sum.bytes
}

/**
 * Tells when a task expires, in milliseconds since the epoch; `null` when it never does.
 *
 * @since 0.1.0
 * @category accessors
 */
export const expiresAt = (task: Pick<StoredTask, "createdAt" | "ttl">): number | null =>
  task.ttl === null ? null : task.createdAt + task.ttl

/**
 * Tells whether a task is gone at `now`: from the very millisecond `createdAt + ttl`.
 *
 * @since 0.1.0
 * @category guards
 */
export const isExpired = (task: Pick<StoredTask, "createdAt" | "ttl">, now: number): boolean =>
  task.ttl !== null && task.createdAt + task.ttl <= now
