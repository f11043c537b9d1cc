/**
 * Parsers of what the operations on tasks take.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { allOf } from "../effects/allOf.ts"
import { maxDepth, type StoredJson } from "../json/StoredJson.ts"
import type { EndPatch, MessagePatch, ParsedOutcome, RunPatch, Writer } from "../machine/TaskMachine.ts"
import { InvalidInput } from "../task/TaskError.ts"
import { resultKind, type TaskOutcomeInput } from "../task/TaskOutcome.ts"
import { isTerminal, type TaskStatus } from "../task/TaskStatus.ts"
import { maxTraceparentLength } from "../telemetry/TraceContext.ts"
import { parseCount, parseJson, parseKeyed, parseMillis, parseShortText, parseText } from "./ArgumentParsers.ts"
import { optionNames, parseNames } from "./optionNames.ts"
import { parseFailure } from "./parseFailure.ts"
import type { CreateTask, EndOptions, FailureOption, StatusMessageOption, WorkerOption } from "./TaskOptions.ts"
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
    // The object that holds the payload is a level of its own.
    const result = parseJson(field, parts.success, maxDepth + 1)
    if (Result.isFailure(result)) return Result.fail(result.failure)
    return Result.succeed({ result: result.success, resultKind: resultKind(parts.success) })
  } catch {
    return Result.fail(new InvalidInput({ field, reason: "reading it threw an exception" }))
  }
}

const outcomeParts = (field: string, outcome: TaskOutcomeInput): Parsed<TaskOutcomeInput> => {
  const problem = (at: string, reason: string) => Result.fail(new InvalidInput({ field: `${field}${at}`, reason }))
  if (typeof outcome !== "object" || outcome === null) return problem("", "must be a Success or an Error")
  switch (outcome._tag) {
    case "Success": {
      const known = parseNames(outcome, successFields, `${field}.`)
      if (Result.isFailure(known)) return Result.fail(known.failure)
      return outcome.value === undefined
        ? problem(".value", "is missing; a request without a result has the value null")
        : Result.succeed({ _tag: "Success", value: outcome.value })
    }
    case "Error": {
      const known = parseNames(outcome, errorFields, `${field}.`)
      if (Result.isFailure(known)) return Result.fail(known.failure)
      if (!Number.isSafeInteger(outcome.code)) return problem(".code", "must be an integer")
      if (typeof outcome.message !== "string") return problem(".message", "must be a string")
      return Result.succeed({ _tag: "Error", code: outcome.code, message: outcome.message, data: outcome.data })
    }
    default:
      outcome satisfies never
      return problem("._tag", "must be \"Success\" or \"Error\"")
  }
}

const successFields = optionNames<Extract<TaskOutcomeInput, { readonly _tag: "Success" }>>({ _tag: true, value: true })

const errorFields = optionNames<Extract<TaskOutcomeInput, { readonly _tag: "Error" }>>({
  _tag: true,
  code: true,
  message: true,
  data: true
})

const parseMessage = (statusMessage: string | null | undefined): Parsed<MessagePatch> => {
  if (statusMessage === undefined) return keepMessage
  if (statusMessage === null) return clearMessage
  return Result.map(parseText("statusMessage", statusMessage), (text) => ({ statusMessage: text }))
}

/**
 * Parses what a worker may write beside anything else: the status message, and the trace context of its run.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseNote = (change: (StatusMessageOption & WorkerOption) | undefined): Parsed<MessagePatch & RunPatch> =>
  change?.runTraceparent === undefined
    ? parseMessage(change?.statusMessage)
    : Result.map(
      allOf([parseMessage(change.statusMessage), parseRun(change)]),
      ([message, run]) => ({ ...message, ...run })
    )

/**
 * Parses the trace context of the run that writes, if it has one.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseRun = (worker: WorkerOption | undefined): Parsed<RunPatch> =>
  worker?.runTraceparent === undefined
    ? keepRun
    : Result.map(
      parseShortText("runTraceparent", worker.runTraceparent, maxTraceparentLength),
      (runTraceparent) => ({ runTraceparent })
    )

const keepRun: Parsed<RunPatch> = Result.succeed({})

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
 * What a write that ends a task adds, by the time of the write.
 *
 * @since 0.2.0
 * @category models
 */
export type ParsedEnd = (now: number) => EndPatch

/**
 * Parses how long a task lives once it has ended, shortened to what the layer allows, and what went wrong.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseEnd = (
  settings: (EndOptions & FailureOption) | undefined,
  options: ResolvedOptions
): Parsed<ParsedEnd> => {
  const expiry = parseResultTtl(settings?.resultTtl, options)
  if (settings?.failure === undefined) return expiry
  return Result.map(
    allOf([expiry, parseFailure("failure", settings.failure)]),
    ([expiry, failure]) => (now) => ({ ...expiry(now), ...failure(now) })
  )
}

/**
 * Parses how long a task lives once it has ended. Refuses it with a transition to a status that is no end.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseEndOf = (
  status: TaskStatus,
  settings: EndOptions | undefined,
  options: ResolvedOptions
): Parsed<ParsedEnd> =>
  settings?.resultTtl === undefined || isTerminal(status)
    ? parseResultTtl(settings?.resultTtl, options)
    : Result.fail(
      new InvalidInput({ field: "resultTtl", reason: `goes with a terminal status, and not with ${status}` })
    )

const parseResultTtl = (resultTtl: Duration.Input | undefined, options: ResolvedOptions): Parsed<ParsedEnd> =>
  resultTtl === undefined ? keepTtl : Result.map(parseMillis("resultTtl", resultTtl, 1), (millis) => (now) => ({
    expiry: {
      at: Math.min(now + millis, Number.MAX_SAFE_INTEGER),
      maxTtl: options.maxTtl ?? Number.MAX_SAFE_INTEGER
    }
  }))

const nothingMore: ParsedEnd = () => ({})
const keepTtl: Parsed<ParsedEnd> = Result.succeed(nothingMore)

/**
 * Gives what is written with the end of a task, its message and its run.
 *
 * @since 0.2.0
 * @category constructors
 */
export const withEnd = (
  note: MessagePatch & RunPatch,
  end: ParsedEnd,
  now: number
): MessagePatch & RunPatch & EndPatch =>
  // To join it with nothing takes a twentieth of what settling a task in memory does.
  end === nothingMore ? note : { ...note, ...end(now) }

/**
 * Parses the attempt of the worker that writes, if it is one.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseWriter = (attempt: number | undefined): Parsed<Writer> =>
  attempt === undefined ? anybody : Result.map(parseCount("attempt", attempt), (attempt) => ({ attempt }))

const anybody: Parsed<Writer> = Result.succeed({})

/**
 * Parses the status of a task that is settled.
 *
 * @since 0.1.0
 * @category parsers
 */
export const parseFinal = (status: unknown): Parsed<"completed" | "failed" | undefined> =>
  status === undefined || status === "completed" || status === "failed"
    ? Result.succeed(status)
    : Result.fail(new InvalidInput({ field: "status", reason: "must be completed or failed" }))

/**
 * Parses requests for input, at least one.
 *
 * @since 0.1.0
 * @category parsers
 */
export const parseRequests = (requests: unknown): Parsed<StoredJson> =>
  Result.flatMap(parseKeyed("requests", requests), (map) =>
    // An empty object: nothing but the two braces.
    map.bytesAtMost === 2
      ? Result.fail(new InvalidInput({ field: "requests", reason: "must hold at least one request" }))
      : Result.succeed(map))
