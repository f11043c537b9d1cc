/**
 * How the service calls a driver: errors named after the operation, rows decoded, spans where somebody traces.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Result from "effect/Result"
import type { TaskDriverError } from "../driver/TaskDriver.ts"
import { isAtOnce } from "../effects/AtOnce.ts"
import { StillSealed } from "../json/SealedText.ts"
import type { StoredTask } from "../task/StoredTask.ts"
import { TaskStorageUnavailable } from "../task/TaskError.ts"
import { recordFromStored, type TaskRecord } from "../task/TaskRecord.ts"
import { errorsOf } from "../telemetry/StorageMetrics.ts"
import { OperationAt, readMillis, type StorageOperation } from "../telemetry/StorageOperation.ts"

/**
 * Runs an effect with the present time in whole milliseconds.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withNow = <A, E, R>(use: (now: number) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => use(millisOf(fiber)))

/**
 * Gives the present time of a fiber in whole milliseconds.
 *
 * @since 0.2.0
 * @category accessors
 */
export const millisOf = (fiber: Fiber.Fiber<unknown, unknown>): number => readMillis(fiber.getRef(Clock.Clock))

/**
 * Continues with a parsed value, or fails with the error of parsing.
 *
 * @since 0.1.0
 * @category combinators
 */
export const parsed = <A, E1, B, E, R>(
  result: Result.Result<A, E1>,
  use: (value: A) => Effect.Effect<B, E, R>
): Effect.Effect<B, E | E1, R> => Result.isFailure(result) ? Effect.fail(result.failure) : use(result.success)

/**
 * Makes an operation, which runs with the present time.
 *
 * @since 0.1.0
 * @category combinators
 */
export const operate = <A, E, R>(
  backendName: string,
  operation: string,
  taskId: string | undefined,
  use: (now: number) => Effect.Effect<A, E, R>
): StorageOperation<A, E, R> => new OperationAt(backendName, operation, taskId, use)

const unavailable = (operation: string, error: TaskDriverError): TaskStorageUnavailable =>
  new TaskStorageUnavailable({
    operation,
    reason: error.reason,
    retryable: error.retryable,
    applied: error.applied,
    ...(error.concerns === undefined ? {} : { concerns: error.concerns }),
    ...(error.cause === undefined ? {} : { cause: error.cause })
  })

/**
 * Fails an operation whose engine failed.
 *
 * @since 0.2.0
 * @category combinators
 */
export const failUnavailable = (
  operation: string,
  error: TaskDriverError
): Effect.Effect<never, TaskStorageUnavailable> => failCounted(unavailable(operation, error))

const failCounted = (error: TaskStorageUnavailable): Effect.Effect<never, TaskStorageUnavailable> =>
  Effect.andThen(Metric.update(errorsOf(error.operation, error.retryable), 1), Effect.fail(error))

/**
 * Continues with the answer of a driver, or fails with the operation's error for a failure of the engine. Call it while the
 * operation runs: a driver that answers at once is asked at once.
 *
 * @since 0.1.0
 * @category combinators
 */
export const answered = <A, B, E>(
  operation: string,
  driven: Effect.Effect<A, TaskDriverError>,
  use: (answer: A) => Effect.Effect<B, E>
): Effect.Effect<B, E | TaskStorageUnavailable> =>
  isAtOnce(driven)
    ? use(driven.answer())
    : Effect.matchEffect(driven, {
      onFailure: (error) => failUnavailable(operation, error),
      onSuccess: use
    })

/**
 * Decodes what an engine gave back. A value that cannot be decoded is a corrupt row, not a defect. `applied` is `"unknown"` if
 * the engine has written before it answered.
 *
 * @since 0.1.0
 * @category combinators
 */
export const decoded = <A, B>(
  operation: string,
  stored: A,
  decode: (stored: A) => B,
  applied: TaskStorageUnavailable["applied"] = "no"
): Effect.Effect<B, TaskStorageUnavailable> => {
  try {
    return Effect.succeed(decode(stored))
  } catch (error) {
    // The parser's message quotes what it read, which may be a payload.
    return failCounted(
      new TaskStorageUnavailable({
        operation,
        reason: error instanceof StillSealed
          ? error.message
          : "a stored row is corrupt and cannot be read; restore it from a backup, or delete the task",
        retryable: false,
        applied
      })
    )
  }
}

/**
 * Decodes a stored task.
 *
 * @since 0.1.0
 * @category combinators
 */
export const toRecord = (
  operation: string,
  stored: StoredTask,
  applied?: TaskStorageUnavailable["applied"]
): Effect.Effect<TaskRecord, TaskStorageUnavailable> => decoded(operation, stored, recordFromStored, applied)
