/**
 * Turns what callers hand in into the rows that a driver stores.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import {
  orNull,
  parseCount,
  parseId,
  parseJson,
  parseJsonObject,
  parseMillis,
  parseStatus,
  parseText,
  parseTime
} from "./ArgumentParsers.ts"
import { addUsedKeys } from "./InputRound.ts"
import { maxDepth, StoredJson } from "./StoredJson.ts"
import type { StoredTask } from "./StoredTask.ts"
import { InvalidInput, PayloadTooLarge } from "./TaskError.ts"
import { leaseUntil, type MessagePatch, overContent, type ParsedOutcome, type Replacement } from "./TaskMachine.ts"
import type { CreateTask } from "./TaskOperations.ts"
import { resultKind, type TaskOutcomeInput } from "./TaskOutcome.ts"
import type { TaskRecordFields } from "./TaskRecord.ts"
import { isTerminal } from "./TaskStatus.ts"
import type { ResolvedOptions } from "./TaskStorageOptions.ts"

type Parsed<A> = Result.Result<A, InvalidInput>

/**
 * Parses an outcome, whose parts are stored in a fixed order and its payload word for word.
 *
 * @since 0.1.0
 * @category parsers
 */
export const parseOutcome = (field: string, outcome: TaskOutcomeInput): Parsed<ParsedOutcome> => {
  try {
    const parts = outcomeParts(field, outcome)
    if (Result.isFailure(parts)) return Result.fail(parts.failure)
    // What holds the payload is a level of its own.
    return Result.map(
      parseJson(field, parts.success, maxDepth + 1),
      (result) => ({ result, resultKind: resultKind(parts.success) })
    )
  } catch {
    return Result.fail(new InvalidInput({ field, reason: "reading it threw an exception" }))
  }
}

const outcomeParts = (field: string, outcome: TaskOutcomeInput): Parsed<TaskOutcomeInput> => {
  const problem = (at: string, reason: string) => Result.fail(new InvalidInput({ field: `${field}${at}`, reason }))
  if (typeof outcome !== "object" || outcome === null) return problem("", "must be a Success or an Error")
  switch (outcome._tag) {
    case "Success":
      return outcome.value === undefined
        ? problem(".value", "is missing; a request without a result has the value null")
        : Result.succeed({ _tag: "Success", value: outcome.value })
    case "Error":
      if (!Number.isSafeInteger(outcome.code)) return problem(".code", "must be an integer")
      if (typeof outcome.message !== "string") return problem(".message", "must be a string")
      return Result.succeed({ _tag: "Error", code: outcome.code, message: outcome.message, data: outcome.data })
    default:
      outcome satisfies never
      return problem("._tag", "must be \"Success\" or \"Error\"")
  }
}

/**
 * Parses a change of the status message.
 *
 * @since 0.1.0
 * @category parsers
 */
export const parseMessage = (statusMessage: string | null | undefined): Parsed<MessagePatch> => {
  if (statusMessage === undefined) return keepMessage
  if (statusMessage === null) return clearMessage
  return Result.map(parseText("statusMessage", statusMessage), (text) => ({ statusMessage: text }))
}

const keepMessage: Parsed<MessagePatch> = Result.succeed({})
const clearMessage: Parsed<MessagePatch> = Result.succeed({ statusMessage: null })

/**
 * Parses a ttl into milliseconds, shortened to the longest that the layer allows.
 *
 * @since 0.1.0
 * @category parsers
 */
export const parseTtl = (ttl: CreateTask["ttl"], options: ResolvedOptions): Parsed<number | null> => {
  if (ttl === null || ttl === undefined) return Result.succeed(options.maxTtl)
  return Result.map(
    parseMillis("ttl", ttl, 1),
    (millis) => options.maxTtl === null ? millis : Math.min(millis, options.maxTtl)
  )
}

/**
 * What tells a task from others, parsed before.
 *
 * @since 0.1.0
 * @category models
 */
export type TaskIdentity = Pick<StoredTask, "taskId" | "sessionId" | "incarnation">

/**
 * Parses a task that is handed in whole into a row at revision 1. Absent times are `now`. Only a record that replaces a
 * stored one comes with steps.
 *
 * @since 0.1.0
 * @category parsers
 */
export const draftTask = (
  task: CreateTask,
  identity: TaskIdentity,
  now: number,
  options: ResolvedOptions,
  steps?: { readonly [key: string]: unknown }
): Result.Result<StoredTask, InvalidInput | PayloadTooLarge> => {
  const problems = new FirstProblem()
  const createdAt = task.createdAt === undefined ? now : problems.pass(parseTime("createdAt", task.createdAt), now)
  const status = task.status === undefined ? "working" : problems.pass(parseStatus("status", task.status), "working")
  const object = (field: "meta" | "inputRequests" | "inputResponses"): StoredJson | null =>
    isAbsent(task[field]) ? null : problems.pass(parseJsonObject(field, task[field]), null)
  const text = (field: "statusMessage" | "requestState"): StoredJson | null =>
    isAbsent(task[field]) ? null : problems.pass(parseText(field, task[field]), null)
  const inputRequests = object("inputRequests")
  const inputResponses = object("inputResponses")
  const outcome = isAbsent(task.result) ? null : problems.pass(parseOutcome("result", task.result), null)
  const lease = task.lease === undefined ? null : problems.pass(parseMillis("lease", task.lease, 0), null)
  const row: StoredTask = {
    taskId: identity.taskId,
    sessionId: identity.sessionId,
    status,
    createdAt,
    lastUpdatedAt: task.lastUpdatedAt === undefined
      ? createdAt
      : problems.pass(parseTime("lastUpdatedAt", task.lastUpdatedAt), now),
    ttl: problems.pass(parseTtl(task.ttl === undefined ? options.defaultTtl : task.ttl, options), null),
    pollInterval: task.pollInterval === undefined
      ? options.defaultPollInterval
      : problems.pass(parseMillis("pollInterval", task.pollInterval, 0), null),
    revision: 1,
    incarnation: identity.incarnation,
    attempt: lease === null || lease === 0 ? 0 : 1,
    leaseExpiresAt: lease === null || isTerminal(status) ? null : leaseUntil(now, lease),
    resultKind: outcome === null ? null : outcome.resultKind,
    originalMethod: problems.pass(parseText("originalMethod", task.originalMethod), emptyText),
    statusMessage: text("statusMessage"),
    meta: object("meta"),
    originalParams: task.originalParams === undefined
      ? null
      : problems.pass(parseJson("originalParams", task.originalParams), null),
    inputRequests: isTerminal(status) ? null : inputRequests,
    inputResponses,
    requestState: text("requestState"),
    principal: task.principal === undefined
      ? null
      : problems.pass(parseJson("principal", task.principal), null),
    // What holds the values is a level of its own.
    steps: steps === undefined ? null : problems.pass(parseJsonObject("steps", steps, maxDepth + 1), null),
    inputKeys: inputRequests === null && inputResponses === null
      ? null
      : addUsedKeys({ inputRequests, inputResponses, inputKeys: null }, []),
    result: outcome === null ? null : outcome.result
  }
  if (problems.first !== undefined) return Result.fail(problems.first)
  const tooLarge = overLimit(row.result, options.maxOutcomeBytes) ??
    overContent(row, options.maxContentBytes)
  return tooLarge === undefined ? Result.succeed(row) : Result.fail(tooLarge)
}

/** Collects the results of parsers and keeps the first failure: a generator would double the cost of a create. */
class FirstProblem {
  first: InvalidInput | undefined

  pass<A>(result: Parsed<A>, fallback: A): A {
    if (Result.isSuccess(result)) return result.success
    this.first ??= result.failure
    return fallback
  }
}

const emptyText = StoredJson.fromJson("")

const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null

/**
 * Parses a record that replaces a stored one.
 *
 * @since 0.1.0
 * @category parsers
 */
export const draftReplacement = (
  record: TaskRecordFields,
  options: ResolvedOptions
): Result.Result<Replacement, InvalidInput | PayloadTooLarge> =>
  Result.gen(function*() {
    const taskId = yield* parseId("taskId", record.taskId)
    const sessionId = yield* orNull(record.sessionId, (value) => parseId("sessionId", value))
    const createdAt = yield* parseTime("createdAt", record.createdAt)
    const status = yield* parseStatus("status", record.status)
    const revision = yield* parseCount("revision", record.revision)
    const kept = { ...options, defaultTtl: null, defaultPollInterval: null }
    const identity = { taskId, sessionId, incarnation: "" }
    return { ...yield* draftTask({ ...record, status }, identity, createdAt, kept, record.steps), revision }
  })

const overLimit = (json: StoredJson | null | undefined, limit: number): PayloadTooLarge | undefined =>
  json === null || json === undefined || json.bytesAtMost <= limit || json.bytes <= limit
    ? undefined
    : new PayloadTooLarge({ limit, actual: json.bytes })

/**
 * Passes a text that is small enough for the limit.
 *
 * @since 0.1.0
 * @category guards
 */
export const withinLimit = (
  json: StoredJson | null | undefined,
  limit: number
): Result.Result<void, PayloadTooLarge> => {
  const tooLarge = overLimit(json, limit)
  return tooLarge === undefined ? Result.void : Result.fail(tooLarge)
}
