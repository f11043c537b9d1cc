/**
 * Why a call of the storage failed.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import { type TaskStorageError, TaskStorageUnavailable } from "../../domain/task/TaskError.ts"

/**
 * Gives the error of a call. A driver that dies counts like one that fails with an error.
 *
 * @since 0.2.0
 * @category accessors
 */
export const errorOf = <E extends TaskStorageError>(cause: Cause.Cause<E>): E | TaskStorageUnavailable =>
  cause.reasons.find(Cause.isFailReason)?.error ?? new TaskStorageUnavailable({
    operation: "write",
    reason: "its driver died",
    retryable: true,
    applied: "unknown",
    cause: Cause.squash(cause)
  })
