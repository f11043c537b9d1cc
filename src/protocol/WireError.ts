/**
 * The errors that clients see.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { TaskStorageError } from "../domain/task/TaskError.ts"
import { maxIdLength } from "../domain/task/TaskId.ts"
import type { TooManyTasks } from "../runner/service/TaskRunner.ts"
import {
  headerMismatch,
  internalErrorCode,
  invalidParams,
  invalidRequest,
  methodNotFound,
  missingCapabilityCode,
  tasksExtension
} from "./names.ts"
import { limitOfStorage, limitReached, statusOfLimit } from "./OwnerLimits.ts"
import type { OwnerMissing } from "./TaskOwner.ts"

/**
 * Describes a JSON-RPC error.
 *
 * @since 0.2.0
 * @category schemas
 */
export const WireError = Schema.Struct({
  code: Schema.Int,
  message: Schema.String,
  data: Schema.optional(Schema.Unknown)
})

/**
 * @since 0.2.0
 * @category models
 */
export type WireError = typeof WireError.Type

/**
 * Describes an error that may go to a client as it is: `TaskFailure` and the errors of `effect/ai/McpSchema` are such
 * errors.
 *
 * @since 0.2.0
 * @category models
 */
export interface JsonRpcFailure {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

/**
 * Takes what a client may see of an error.
 *
 * @since 0.2.0
 * @category constructors
 */
export const wireError = ({ code, data, message }: JsonRpcFailure): WireError =>
  data === undefined ? { code, message } : { code, message, data }

/**
 * Gives the HTTP status of an answer with this error.
 *
 * @since 0.2.0
 * @category accessors
 */
export const httpStatusOf = (error: WireError): 200 | 400 | 429 =>
  error.code === missingCapabilityCode || error.code === headerMismatch ? 400 : statusOfLimit(error) ?? 200

/**
 * Says that there is no such task: for another owner's task, one that has expired, and one that never was. What is too long for an id is
 * not said in full.
 *
 * @since 0.2.0
 * @category constructors
 */
export const unknownTask = (taskId: string): WireError => ({
  code: invalidParams,
  message: `Task not found: ${taskId.length > maxIdLength ? `${taskId.slice(0, maxIdLength)}…` : taskId}`
})

/**
 * Says that params are wrong.
 *
 * @since 0.2.0
 * @category constructors
 */
export const invalid = (message: string): WireError => ({ code: invalidParams, message })

/**
 * Says that a method, or this use of it, does not exist.
 *
 * @since 0.2.0
 * @category constructors
 */
export const unsupported = (message: string): WireError => ({ code: methodNotFound, message })

/**
 * Says that the server failed.
 *
 * @since 0.2.0
 * @category constructors
 */
export const internalError = (message: string): WireError => ({ code: internalErrorCode, message })

/**
 * Says that the client has to declare the extension.
 *
 * @since 0.2.0
 * @category constants
 */
export const missingCapability: WireError = {
  code: missingCapabilityCode,
  message: "Missing required client capability",
  data: { requiredCapabilities: { extensions: { [tasksExtension]: {} } } }
}

/**
 * Tells the operator about a failure whose details the client does not see. It logs, unless the server says otherwise.
 *
 * @since 0.2.0
 * @category references
 */
export const OperatorReport: Context.Reference<(failure: unknown) => Effect.Effect<void>> = Context.Reference<
  (failure: unknown) => Effect.Effect<void>
>("mcp-task-storage/protocol/OperatorReport", {
  defaultValue: () => (failure) => Effect.logError("A request for a task failed", failure)
})

/**
 * Tells the operator of a failure.
 *
 * @since 0.2.0
 * @category combinators
 */
export const report = (failure: unknown): Effect.Effect<void> => Effect.flatMap(OperatorReport, (tell) => tell(failure))

/** Any error that stops a request for a task. */
type Refusal = TaskStorageError | TooManyTasks | OwnerMissing

/**
 * Fails with the error that a client may see. Failures of the engine may name tables, hosts and payloads: only the operator
 * sees them. An error of the wire stays itself.
 *
 * @since 0.2.0
 * @category converting
 */
export const failWire = (error: WireError | Refusal, taskId?: string): Effect.Effect<never, WireError> => {
  if (!("_tag" in error)) return Effect.fail(error)
  const { isReported, told } = tellClient(error, taskId)
  return isReported ? Effect.andThen(report(error), Effect.fail(told)) : Effect.fail(told)
}

/**
 * Gives what a client is told of a failed request, and tells the operator what the client must not know.
 *
 * @since 0.2.0
 * @category converting
 */
export const shownFailure = (failure: WireError | Refusal): Effect.Effect<WireError> => Effect.flip(failWire(failure))

/**
 * Makes the defects of a request errors of which the operator hears, and the client no more than that.
 *
 * @since 0.2.0
 * @category combinators
 */
export const hidingDefects = <A, E, R>(request: Effect.Effect<A, E, R>): Effect.Effect<A, E | WireError, R> =>
  Effect.catchDefect(request, (defect) => Effect.andThen(report(defect), Effect.fail(internalError("Internal error"))))

interface Telling {
  readonly told: WireError
  readonly isReported: boolean
}

const tell = (told: WireError): Telling => ({ told, isReported: false })
const tellAndReport = (told: WireError): Telling => ({ told, isReported: true })

/**
 * Decides what a client is told about a refusal, and whether the operator hears of it. "Not found" is only for ids. Anything else
 * that is wrong with a request is told as that.
 *
 * @since 0.2.0
 * @category converting
 */
const tellClient = (error: Refusal, taskId?: string): Telling => {
  switch (error._tag) {
    case "TaskNotFound":
      return tell(unknownTask(error.taskId))
    case "InvalidInput": {
      // An id that cannot be one is the id of no task.
      if (error.field === "taskId" && taskId !== undefined) return tell(unknownTask(taskId))
      const field = clientFields.get(error.field.split(/[.[]/, 1)[0] ?? "")
      return field === undefined
        ? tellAndReport(internalError("Internal error"))
        : tell(invalid(`Invalid ${field}: ${error.reason}`))
    }
    case "InvalidCursor":
      return tell(invalid("Invalid cursor"))
    case "PayloadTooLarge":
      return tell(invalid(`The request takes ${error.actual} bytes, and this server stores at most ${error.limit}`))
    case "MaxTasksReached": {
      const ofOwner = limitOfStorage(error)
      return ofOwner === undefined ? tellAndReport(internalError("Too many tasks. Try again later.")) : tell(ofOwner)
    }
    case "TooManyTasks":
      return error.scope === "session"
        ? tell(limitReached("runningTasks", error.limit))
        : tellAndReport(internalError("Too many tasks. Try again later."))
    case "TerminalState":
      return tell(invalid(`Cannot cancel task: already in terminal status '${error.status}'`))
    case "OwnerMissing":
      return tell({ code: invalidRequest, message: error.message, data: { reason: error._tag } })
    case "TaskStorageUnavailable":
      return tellAndReport(internalError("The task storage is unavailable. Try again later."))
    case "TaskAlreadyExists":
    case "TaskNotEnded":
    case "TaskAlreadyRerun":
    case "InvalidTransition":
    case "ResultAlreadyStored":
    case "InputKeyReused":
    case "LeaseLost":
    case "LeaseHeld":
    case "WorkerLost":
    case "ConcurrentModification":
      return tellAndReport(internalError("Internal error"))
  }
}

/** Arguments of the storage that come from a client, by the names that it knows them by. */
const clientFields: ReadonlyMap<string, string> = new Map([
  ["ttl", "ttl"],
  ["originalParams", "arguments"],
  ["responses", "inputResponses"],
  ["cursor", "cursor"]
])
