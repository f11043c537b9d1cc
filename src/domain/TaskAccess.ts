/**
 * How the service calls a driver: errors named after the operation, rows decoded, spans where somebody traces.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import { isAtOnce } from "./AtOnce.ts"
import { isTraced } from "./isTraced.ts"
import { StillSealed } from "./SealedText.ts"
import { durationOf, errorsOf, TimeOperations } from "./StorageMetrics.ts"
import type { StoredTask } from "./StoredTask.ts"
import type { TaskDriverError } from "./TaskDriver.ts"
import { TaskStorageUnavailable } from "./TaskError.ts"
import { recordFromStored, type TaskRecord } from "./TaskRecord.ts"
import { traceAttributes, traceSpans } from "./TraceNames.ts"

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
export const millisOf = (fiber: Fiber.Fiber<unknown, unknown>): number =>
  Math.floor(fiber.getRef(Clock.Clock).currentTimeMillisUnsafe())

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
 * Runs an operation with the present time. It makes a span only if its caller is traced: a span costs several times as much
 * as a read from memory.
 *
 * @since 0.1.0
 * @category combinators
 */
export const operate = <A, E, R>(
  operation: string,
  taskId: string | undefined,
  use: (now: number) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    const now = millisOf(fiber)
    const run = fiber.getRef(TimeOperations) ? timed(operation, fiber, () => use(now)) : use(now)
    return isTraced(fiber) ? inOperationSpan(operation, taskId, run) : run
  })

/** Measures how long an effect takes, and what makes it: a backend that answers at once answers then. */
const timed = <A, E, R>(
  operation: string,
  fiber: Fiber.Fiber<unknown, unknown>,
  make: () => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => {
  const clock = fiber.getRef(Clock.Clock)
  const startedAt = clock.monotonicTimeNanosUnsafe()
  return Effect.onExit(
    make(),
    () =>
      Effect.suspend(() =>
        Metric.update(durationOf(operation), Duration.nanos(clock.monotonicTimeNanosUnsafe() - startedAt))
      )
  )
}

const inOperationSpan = <A, E, R>(
  operation: string,
  taskId: string | undefined,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.useSpan(
    `TaskStorage.${operation}`,
    {
      kind: traceSpans.operation.kind,
      attributes: taskId === undefined ? {} : { [traceAttributes.taskId]: taskId }
    },
    (span) =>
      Effect.tapError(
        Effect.withParentSpan(effect, span, { captureStackTrace: false }),
        (error) =>
          Effect.sync(() => {
            if (Predicate.hasProperty(error, "_tag")) span.attribute(traceAttributes.errorType, error._tag)
          })
      )
  )

const unavailable = (operation: string, error: TaskDriverError): TaskStorageUnavailable =>
  new TaskStorageUnavailable({
    operation,
    reason: error.reason,
    retryable: error.retryable,
    applied: error.applied,
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

/**
 * Decodes a stored task that may be absent.
 *
 * @since 0.1.0
 * @category combinators
 */
export const toOption = (
  operation: string,
  stored: StoredTask | undefined
): Effect.Effect<Option.Option<TaskRecord>, TaskStorageUnavailable> =>
  stored === undefined ? Effect.succeedNone : decoded(operation, stored, someRecord)

const someRecord = (stored: StoredTask): Option.Option<TaskRecord> => Option.some(recordFromStored(stored))
