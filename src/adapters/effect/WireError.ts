/**
 * The errors that clients see.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { TaskStorageError } from "../../domain/TaskError.ts"
import type { TooManyTasks } from "../../runner/TaskRunner.ts"
import { internalErrorCode, invalidParams, missingCapabilityCode, tasksExtension } from "./protocolNames.ts"

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
 * An error that may go to a client as it is: those of `effect/ai/McpSchema`, and `TaskFailure`, are such errors.
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
 * Another principal's task, one that has expired and one that never was: the same answer.
 *
 * @since 0.2.0
 * @category constructors
 */
export const unknownTask = (taskId: string): WireError => ({
  code: invalidParams,
  message: `Task not found: ${taskId}`
})

/**
 * The client has to declare the extension.
 *
 * @since 0.2.0
 * @category constructors
 */
export const missingCapability: WireError = {
  code: missingCapabilityCode,
  message: "Missing required client capability",
  data: { requiredCapabilities: { extensions: { [tasksExtension]: {} } } }
}

const internal: WireError = { code: internalErrorCode, message: "Internal error" }

/**
 * Turns what a storage or a runner refuses into what a client may know of it. Faults of the engine, which may tell of
 * tables, hosts and payloads, are logged, and stay here.
 *
 * @since 0.2.0
 * @category converting
 */
export const toWireError = (
  taskId: string | undefined,
  error: TaskStorageError | TooManyTasks
): Effect.Effect<never, WireError> => {
  switch (error._tag) {
    case "TaskNotFound":
      return Effect.fail(unknownTask(error.taskId))
    case "InvalidInput":
      // An id that cannot be one is the id of no task.
      return taskId !== undefined && error.field === "taskId"
        ? Effect.fail(unknownTask(taskId))
        : logged(error)
    case "InvalidCursor":
      return Effect.fail({ code: invalidParams, message: "Invalid cursor" })
    case "PayloadTooLarge":
      return Effect.fail({ code: invalidParams, message: "The request is larger than what this server stores" })
    case "MaxTasksReached":
    case "TooManyTasks":
      return Effect.fail({ code: internalErrorCode, message: "Too many tasks. Try again later." })
    case "TerminalState":
      return Effect.fail({
        code: invalidParams,
        message: `Cannot cancel task: already in terminal status '${error.status}'`
      })
    case "TaskAlreadyExists":
    case "InvalidTransition":
    case "ResultAlreadyStored":
    case "InputKeyReused":
    case "LeaseLost":
    case "LeaseHeld":
    case "ConcurrentModification":
    case "TaskStorageUnavailable":
      return logged(error)
  }
}

const logged = (error: TaskStorageError): Effect.Effect<never, WireError> =>
  Effect.andThen(Effect.logError("A request for a task failed", error), Effect.fail(internal))
