/**
 * What a client is told when its request fails: a code and a sentence, never what an engine or a tool said.
 *
 * @since 0.2.0
 */
import { MissingRequiredClientCapabilityError, ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server"
import { isObject } from "../../promise/arguments.ts"
import { tasksExtensionId } from "./tasksCapability.ts"

/**
 * Says that there is no such task, in the same words whether it never was, expired, or is another principal's.
 *
 * @since 0.2.0
 * @category constructors
 */
export const taskNotFound = (): ProtocolError => new ProtocolError(ProtocolErrorCode.InvalidParams, "Task not found")

/**
 * Says that the request must declare the Tasks extension. The SDK answers it with HTTP status 400.
 *
 * @since 0.2.0
 * @category constructors
 */
export const missingCapability = (): ProtocolError =>
  new MissingRequiredClientCapabilityError(
    { requiredCapabilities: { extensions: { [tasksExtensionId]: {} } } },
    `This needs a client that declares the extension ${tasksExtensionId}`
  )

/**
 * Says that params are wrong, without quoting them.
 *
 * @since 0.2.0
 * @category constructors
 */
export const invalidParams = (message: string): ProtocolError =>
  new ProtocolError(ProtocolErrorCode.InvalidParams, message)

/**
 * Says that the server failed.
 *
 * @since 0.2.0
 * @category constructors
 */
export const internalError = (message = "Internal error"): ProtocolError =>
  new ProtocolError(ProtocolErrorCode.InternalError, message)

/**
 * What becomes of a failure: the error for the client, and whether the operator should hear of the failure itself.
 *
 * @since 0.2.0
 * @category models
 */
export interface WireFailure {
  readonly error: ProtocolError
  readonly report: boolean
}

/**
 * Decides what a client is told of a failure.
 *
 * @since 0.2.0
 * @category converting
 */
export const toWireFailure = (failure: unknown): WireFailure => {
  if (failure instanceof ProtocolError) return { error: failure, report: false }
  switch (isObject(failure) && "_tag" in failure ? failure["_tag"] : undefined) {
    case "TaskNotFound":
      return { error: taskNotFound(), report: false }
    case "PayloadTooLarge":
      return { error: invalidParams("The request is larger than this server stores"), report: false }
    case "MaxTasksReached":
    case "TooManyTasks":
      return { error: internalError("The server has as many tasks as it may. Try again later."), report: true }
    case "TaskStorageUnavailable":
      return { error: internalError("The task storage is unavailable. Try again later."), report: true }
    default:
      return { error: internalError(), report: true }
  }
}
