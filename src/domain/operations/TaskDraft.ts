/**
 * Turns what callers hand in into the rows that a driver stores.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { allOf } from "../effects/allOf.ts"
import { maxDepth, StoredJson } from "../json/StoredJson.ts"
import { keysOf } from "../json/StoredMap.ts"
import type { Replacement } from "../machine/TaskMachine.ts"
import {
  orAbsent,
  orNull,
  parseCount,
  parseId,
  parseJson,
  parseJsonObject,
  parseMillis,
  parseShortText,
  parseStatus,
  parseText,
  parseTime
} from "../options/ArgumentParsers.ts"
import { maxNameLength } from "../options/maxNameLength.ts"
import { parseFailure } from "../options/parseFailure.ts"
import { firstHold, parseFirstHold } from "../options/parseHold.ts"
import type { CreateTask } from "../options/TaskOptions.ts"
import { parseOutcome, parseTtl } from "../options/TaskParsers.ts"
import type { ResolvedOptions } from "../options/TaskStorageOptions.ts"
import { noFailure } from "../task/FailureReport.ts"
import { storedKeys, usedKeys } from "../task/InputRound.ts"
import { tooManyKeys, tooManySteps } from "../task/PartLimits.ts"
import { overContent, overOutcome } from "../task/PayloadLimits.ts"
import type { StoredTask } from "../task/StoredTask.ts"
import type { InvalidInput, PayloadTooLarge } from "../task/TaskError.ts"
import type { TaskRecordFields } from "../task/TaskRecord.ts"
import { isTerminal } from "../task/TaskStatus.ts"
import { maxTraceparentLength, maxTracestateLength } from "../telemetry/TraceContext.ts"

/**
 * The identity of a task, which was parsed before.
 *
 * @since 0.1.0
 * @category models
 */
export type TaskIdentity = Pick<StoredTask, "taskId" | "sessionId" | "incarnation">

/**
 * Parses a task that is handed in whole into a row at revision 1. Absent times are `now`. A record that replaces a stored
 * one comes with no other name than it has.
 *
 * @since 0.1.0
 * @category parsers
 */
export const draftTask = (
  task: CreateTask,
  identity: TaskIdentity,
  now: number,
  options: ResolvedOptions,
  isReplacement = false
): Result.Result<StoredTask, InvalidInput | PayloadTooLarge> => {
  const parts = allOf([
    orAbsent(task.createdAt, (value) => parseTime("createdAt", value)),
    orAbsent(task.lastUpdatedAt, (value) => parseTime("lastUpdatedAt", value)),
    orAbsent(task.status, (value) => parseStatus("status", value)),
    parseTtl(task.ttl === undefined ? options.defaultTtl : task.ttl, options),
    orAbsent(task.pollInterval, (value) => parseMillis("pollInterval", value, 0)),
    parseFirstHold(task),
    orNull(task.name, (value) => parseShortText("name", value, maxNameLength)),
    orNull(task.traceparent, (value) => parseShortText("traceparent", value, maxTraceparentLength)),
    orNull(task.tracestate, (value) => parseShortText("tracestate", value, maxTracestateLength)),
    orNull(task.runTraceparent, (value) => parseShortText("runTraceparent", value, maxTraceparentLength)),
    parseMethod(task.originalMethod),
    orNull(task.statusMessage, (value) => parseText("statusMessage", value)),
    orNull(task.meta, (value) => parseJsonObject("meta", value)),
    orAbsent(task.originalParams, (value) => parseJson("originalParams", value)),
    orNull(task.inputRequests, (value) => parseJsonObject("inputRequests", value)),
    orNull(task.inputResponses, (value) => parseJsonObject("inputResponses", value)),
    orNull(task.requestState, (value) => parseText("requestState", value)),
    orAbsent(task.principal, (value) => parseJson("principal", value)),
    // The object that holds the values is a level of its own.
    orAbsent(task.steps, (value) => parseJsonObject("steps", value, maxDepth + 1)),
    orNull(task.result, (value) => parseOutcome("result", value)),
    orNull(task.failure, (value) => parseFailure("failure", value))
  ])
  if (Result.isFailure(parts)) return Result.fail(parts.failure)
  const [
    created,
    updated,
    givenStatus,
    ttl,
    pollInterval,
    firstHolder,
    name,
    traceparent,
    tracestate,
    runTraceparent,
    originalMethod,
    statusMessage,
    meta,
    originalParams,
    inputRequests,
    inputResponses,
    requestState,
    principal,
    steps,
    outcome,
    failure
  ] = parts.success
  const keys = inputRequests === null && inputResponses === null
    ? undefined
    : usedKeys({ inputRequests, inputResponses, inputKeys: null })
  const tooMany = isReplacement
    ? undefined
    : tooManyKeys("inputRequests", keys?.size ?? 0, 0) ?? tooManySteps("steps", keysOf(steps).length, 0)
  if (tooMany !== undefined) return Result.fail(tooMany)
  const createdAt = created ?? now
  const status = givenStatus ?? "working"
  const hold = firstHold(now, firstHolder)
  const stored = failure === null ? noFailure : failure(now)
  // Field by field: spreading the parts into a row would take longer than all the rest of a create in memory.
  const row: StoredTask = {
    taskId: identity.taskId,
    sessionId: identity.sessionId,
    status,
    createdAt,
    lastUpdatedAt: updated ?? createdAt,
    ttl,
    pollInterval: pollInterval ?? options.defaultPollInterval,
    revision: 1,
    incarnation: identity.incarnation,
    attempt: hold.attempt,
    leaseExpiresAt: isTerminal(status) ? null : hold.leaseExpiresAt,
    dueAt: hold.dueAt,
    worker: hold.worker,
    startedAt: hold.startedAt,
    resultKind: outcome === null ? null : outcome.resultKind,
    rerunOf: null,
    rerunAs: null,
    // The name stays, even if the params that it came from are replaced.
    name: name === null && !isReplacement ? nameIn(originalParams) : name,
    traceparent,
    tracestate,
    runTraceparent,
    originalMethod,
    statusMessage,
    meta,
    failure: stored.failure,
    originalParams,
    inputRequests: isTerminal(status) ? null : inputRequests,
    inputResponses,
    requestState,
    principal,
    steps,
    failureStack: stored.failureStack,
    inputKeys: keys === undefined ? null : storedKeys(keys),
    result: outcome === null ? null : outcome.result
  }
  const tooLarge = overContent(row, options) ?? overOutcome(row.result, options)
  return tooLarge === undefined ? Result.succeed(row) : Result.fail(tooLarge)
}

/** A method is a short text of which there are few. Others are taken as they are. */
const parseMethod = (method: unknown): Result.Result<StoredJson, InvalidInput> =>
  typeof method === "string" && method.length <= maxNameLength
    ? Result.succeed(StoredJson.shared(method))
    : parseText("originalMethod", method)

/** Gives the name of what is called, where the params have one. */
const nameIn = (params: StoredJson | null): StoredJson | null => {
  const name = params?.ownText("name") ?? ""
  return name.length > 0 && name.length <= maxNameLength ? StoredJson.shared(name) : null
}

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
  Result.flatMap(
    allOf([
      parseId("taskId", record.taskId),
      orNull(record.sessionId, (value) => parseId("sessionId", value)),
      parseTime("createdAt", record.createdAt),
      parseStatus("status", record.status),
      parseCount("revision", record.revision)
    ]),
    ([taskId, sessionId, createdAt, status, revision]) => {
      const kept = { ...options, defaultTtl: null, defaultPollInterval: null }
      const identity = { taskId, sessionId, incarnation: "" }
      const { rerunAs: _, rerunOf: __, startedAt: ___, worker: ____, ...fields } = record
      const draft = draftTask({ ...fields, status }, identity, createdAt, kept, true)
      return Result.map(draft, (row) => ({ ...row, revision }))
    }
  )
