/**
 * Tasks as lines of NDJSON: whole records in their encoded form, word for word.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Json, JsonObject } from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { allOf } from "../domain/effects/allOf.ts"
import { parseJsonText } from "../domain/json/JsonText.ts"
import { parseIsoTime } from "../domain/options/parseIsoTime.ts"
import type { InvalidInput } from "../domain/task/TaskError.ts"
import { TaskRecord, type TaskRecordFields } from "../domain/task/TaskRecord.ts"

/**
 * Writes a task as a line, without a line break.
 *
 * @since 0.2.0
 * @category encoders
 */
export const writeLine = (record: TaskRecordFields): string => JSON.stringify(record)

/** What was parsed from JSON is JSON. To check it again would copy it, and lose keys such as `__proto__`. */
const Verbatim = Schema.declare((_value): _value is Json => true)

const VerbatimObject = Schema.declare((value): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)
)

const Outcome = Schema.Union([
  Schema.TaggedStruct("Success", { value: Verbatim }),
  Schema.TaggedStruct("Error", {
    code: Schema.Int,
    message: Schema.String,
    data: Schema.optionalKey(Verbatim)
  })
])

/** An encoded record, with payloads and times as they are. */
const Line = Schema.Struct({
  ...TaskRecord.fields,
  createdAt: Schema.String,
  lastUpdatedAt: Schema.String,
  startedAt: Schema.optionalKey(Schema.String),
  leaseExpiresAt: Schema.optionalKey(Schema.String),
  failure: Schema.optionalKey(Schema.Struct({
    name: Schema.String,
    message: Schema.String,
    stack: Schema.optionalKey(Schema.String),
    at: Schema.String
  })),
  meta: Schema.optionalKey(VerbatimObject),
  originalParams: Schema.optionalKey(Verbatim),
  result: Schema.optionalKey(Outcome),
  inputRequests: Schema.optionalKey(VerbatimObject),
  inputResponses: Schema.optionalKey(VerbatimObject),
  principal: Schema.optionalKey(Verbatim),
  steps: Schema.optionalKey(VerbatimObject)
})

const decodeLine = Schema.decodeUnknownResult(Line, { onExcessProperty: "error" })

const formatIssues = SchemaIssue.makeFormatterStandardSchemaV1()

/**
 * Reads a task from a line. Says what is wrong with the line otherwise, and nothing of what it holds.
 *
 * @since 0.2.0
 * @category decoders
 */
export const readLine = (line: string): Result.Result<TaskRecordFields, string> =>
  Result.flatMap(parseLine(line), (value) =>
    Result.flatMap(
      Result.mapError(decodeLine(value), (error) => whereIn(error.issue)),
      (record) => Result.mapError(readTimes(record), ({ message }) => message.replace(/\.$/, ""))
    ))

const parseLine = (line: string): Result.Result<Json, string> => {
  try {
    return Result.succeed(parseJsonText(line))
  } catch {
    return Result.fail("it is no JSON")
  }
}

/** The message of the issue may show the value, which may be a payload. */
const whereIn = (issue: SchemaIssue.Issue): string => {
  const [first] = formatIssues(issue).issues
  const path = (first?.path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".")
  return path === "" ? "it is no task" : `its ${path.slice(0, longestPath)} is missing, wrong or unknown`
}

const longestPath = 60

const readTimes = (
  { createdAt, failure, lastUpdatedAt, leaseExpiresAt, startedAt, ...rest }: typeof Line.Type
): Result.Result<TaskRecordFields, InvalidInput> =>
  Result.map(
    allOf([
      parseIsoTime("createdAt", createdAt),
      parseIsoTime("lastUpdatedAt", lastUpdatedAt),
      orNone(startedAt, (time) => Result.map(parseIsoTime("startedAt", time), (startedAt) => ({ startedAt }))),
      orNone(
        leaseExpiresAt,
        (time) => Result.map(parseIsoTime("leaseExpiresAt", time), (leaseExpiresAt) => ({ leaseExpiresAt }))
      ),
      orNone(
        failure,
        (failure) => Result.map(parseIsoTime("failure.at", failure.at), (at) => ({ failure: { ...failure, at } }))
      )
    ]),
    ([createdAt, lastUpdatedAt, started, lease, failed]) => ({
      ...rest,
      createdAt,
      lastUpdatedAt,
      ...started,
      ...lease,
      ...failed
    })
  )

const orNone = <A, B>(
  value: A | undefined,
  parse: (value: A) => Result.Result<B, InvalidInput>
): Result.Result<B | {}, InvalidInput> => value === undefined ? Result.succeed({}) : parse(value)
