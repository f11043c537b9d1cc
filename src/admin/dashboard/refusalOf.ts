/**
 * The errors of the storage as answers of the page.
 *
 * @since 0.2.0
 */
import type { TaskStorageError } from "../../domain/task/TaskError.ts"
import type { Refusal } from "./Refusal.ts"

const statuses: { readonly [Tag in TaskStorageError["_tag"]]: Refusal["status"] } = {
  TaskNotFound: 404,
  InvalidInput: 400,
  InvalidCursor: 400,
  PayloadTooLarge: 413,
  TaskAlreadyExists: 409,
  TaskNotEnded: 409,
  TaskAlreadyRerun: 409,
  InvalidTransition: 409,
  TerminalState: 409,
  ResultAlreadyStored: 409,
  InputKeyReused: 409,
  LeaseLost: 409,
  LeaseHeld: 409,
  WorkerLost: 409,
  MaxTasksReached: 409,
  ConcurrentModification: 409,
  TaskStorageUnavailable: 503
}

/**
 * @since 0.2.0
 * @category converting
 */
export const refusalOf = ({ _tag: tag, message }: TaskStorageError): Refusal => ({
  status: statuses[tag],
  tag,
  message
})
