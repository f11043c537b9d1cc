/** A task as a hash in Redis: its summary as one JSON text, and each of its large parts as a text of its own. */
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import {
  type JsonField,
  jsonFields,
  StoredJson,
  type StoredSummary,
  type StoredTask,
  type SummaryJsonField,
  summaryJsonFields
} from "mcp-task-storage/driver"

/** A text that users wrote. Nobody but the driver's reader parses it. */
const Text = Schema.String.pipe(
  Schema.decodeTo(
    Schema.declare((value): value is StoredJson => value instanceof StoredJson),
    SchemaTransformation.transform({ decode: StoredJson.fromText, encode: (json) => json.text })
  )
)

const Status = Schema.Literals(["working", "input_required", "completed", "failed", "cancelled"])

const Summary = Schema.fromJsonString(Schema.Struct({
  taskId: Schema.String,
  sessionId: Schema.NullOr(Schema.String),
  status: Status,
  createdAt: Schema.Number,
  lastUpdatedAt: Schema.Number,
  ttl: Schema.NullOr(Schema.Number),
  pollInterval: Schema.NullOr(Schema.Number),
  revision: Schema.Number,
  incarnation: Schema.String,
  attempt: Schema.Number,
  leaseExpiresAt: Schema.NullOr(Schema.Number),
  dueAt: Schema.NullOr(Schema.Number),
  worker: Schema.NullOr(Schema.String),
  startedAt: Schema.NullOr(Schema.Number),
  resultKind: Schema.NullOr(Schema.Literals(["success", "tool_error", "error"])),
  rerunOf: Schema.NullOr(Schema.String),
  rerunAs: Schema.NullOr(Schema.String),
  name: Schema.NullOr(Text),
  traceparent: Schema.NullOr(Text),
  tracestate: Schema.NullOr(Text),
  runTraceparent: Schema.NullOr(Text),
  originalMethod: Text,
  statusMessage: Schema.NullOr(Text),
  meta: Schema.NullOr(Text),
  failure: Schema.NullOr(Text)
}))

export type LargeField = Exclude<JsonField, SummaryJsonField>

const inSummary: ReadonlySet<JsonField> = new Set(summaryJsonFields)

const isLarge = (field: JsonField): field is LargeField => !inSummary.has(field)

export const largeFields: ReadonlyArray<LargeField> = jsonFields.filter(isLarge)

export const decodeSummary: (text: string) => StoredSummary = Schema.decodeSync(Summary)

export const encodeSummary: (task: StoredSummary) => string = Schema.encodeSync(Summary)

/** Reads a whole task; `undefined` for an absent one. */
export const decodeTask = (row: { readonly [field: string]: string }): StoredTask | undefined => {
  const summary = row["summary"]
  if (summary === undefined) return undefined
  const large = (field: LargeField) => row[field] === undefined ? null : StoredJson.fromText(row[field])
  return {
    ...decodeSummary(summary),
    originalParams: large("originalParams"),
    inputRequests: large("inputRequests"),
    inputResponses: large("inputResponses"),
    requestState: large("requestState"),
    inputKeys: large("inputKeys"),
    principal: large("principal"),
    steps: large("steps"),
    failureStack: large("failureStack"),
    result: large("result")
  }
}
