/**
 * Operations of the storage: effects that can do without a fiber.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import type * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Predicate from "effect/Predicate"
import { isTraced } from "./isTraced.ts"
import { durationOf, TimeOperations } from "./StorageMetrics.ts"
import { traceAttributes, traceSpans } from "./TraceNames.ts"

/**
 * Reads a clock in whole milliseconds.
 *
 * @since 0.2.0
 * @category accessors
 */
export const readMillis = (clock: Clock.Clock): number => Math.floor(clock.currentTimeMillisUnsafe())

/**
 * An operation. In a fiber it begins with the present time, is measured where operations are timed, and makes a span only if its
 * caller is traced: a span costs several times as much as a read from memory. A caller that has no need of all that can
 * {@link StorageOperation.begin} it without a fiber, whose making costs as much as a read.
 *
 * @since 0.2.0
 * @category models
 */
export abstract class StorageOperation<A, E, R> extends Effectable.Class<A, E, R> {
  readonly backendName: string
  readonly name: string
  readonly taskId: string | undefined

  /** Takes the names of the backend and of the operation, and the task that it is about. */
  constructor(backendName: string, name: string, taskId: string | undefined) {
    super()
    this.backendName = backendName
    this.name = name
    this.taskId = taskId
  }

  /**
   * Begins the operation at the present time. If everything that it asks answers at once, it is over, and this gives its
   * `Exit`. Otherwise this gives the effect that goes on. It takes a clock, for a read from memory that needs no time takes less than
   * to ask for it.
   */
  abstract begin(clock: Clock.Clock): Effect.Effect<A, E, R>

  /** Runs the operation in a fiber. */
  within(fiber: Fiber.Fiber<unknown, unknown>): Effect.Effect<A, E, R> {
    const clock = fiber.getRef(Clock.Clock)
    const run = fiber.getRef(TimeOperations) ? timed(this.name, clock, () => this.begin(clock)) : this.begin(clock)
    return isTraced(fiber) ? inOperationSpan(this, run) : run
  }

  override asEffect(): Effect.Effect<A, E, R> {
    return Effect.withFiber((fiber) => this.within(fiber))
  }
}

// The runtime hands over the fiber, which saves the steps that `asEffect` takes to ask for it.
Object.defineProperties<object>(
  StorageOperation.prototype,
  Object.getOwnPropertyDescriptors(Effectable.Prototype<StorageOperation<unknown, never, never>>({
    label: "StorageOperation",
    evaluate(fiber) {
      return this.within(fiber)
    }
  }))
)

/**
 * An operation that a function does.
 *
 * @since 0.2.0
 * @category models
 */
export class OperationAt<A, E, R> extends StorageOperation<A, E, R> {
  readonly #use: (now: number) => Effect.Effect<A, E, R>

  /** Takes the names of the backend and of the operation, the task that it is about, and what it does at a time in milliseconds. */
  constructor(
    backendName: string,
    name: string,
    taskId: string | undefined,
    use: (now: number) => Effect.Effect<A, E, R>
  ) {
    super(backendName, name, taskId)
    this.#use = use
  }

  override begin(clock: Clock.Clock): Effect.Effect<A, E, R> {
    return this.#use(readMillis(clock))
  }
}

/**
 * An operation that is made as it begins, such as the creation of a task whose id is generated then.
 *
 * @since 0.2.0
 * @category models
 */
export class OperationFrom<A, E, R> extends StorageOperation<A, E, R> {
  readonly #make: (clock: Clock.Clock) => StorageOperation<A, E, R>

  /** Takes the names of the backend and of the operation, and what makes it. */
  constructor(backendName: string, name: string, make: (clock: Clock.Clock) => StorageOperation<A, E, R>) {
    super(backendName, name, undefined)
    this.#make = make
  }

  override begin(clock: Clock.Clock): Effect.Effect<A, E, R> {
    return this.#make(clock).begin(clock)
  }

  override within(fiber: Fiber.Fiber<unknown, unknown>): Effect.Effect<A, E, R> {
    return this.#make(fiber.getRef(Clock.Clock)).within(fiber)
  }
}

/**
 * Tells whether an effect is an operation of the storage.
 *
 * @since 0.2.0
 * @category guards
 */
export const isStorageOperation = <A, E, R>(effect: Effect.Effect<A, E, R>): effect is StorageOperation<A, E, R> =>
  effect instanceof StorageOperation

/** What OpenTelemetry's conventions call the engines of this library. Another one has its own name. */
const databaseNames: Readonly<Record<string, string>> = { postgres: "postgresql", dynamodb: "aws.dynamodb" }

/** Measures how long an effect takes, and what makes it: a backend that answers at once answers then. */
const timed = <A, E, R>(
  operation: string,
  clock: Clock.Clock,
  make: () => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => {
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
  { backendName, name, taskId }: Pick<StorageOperation<A, E, R>, "backendName" | "name" | "taskId">,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.useSpan(
    `TaskStorage.${name}`,
    {
      kind: traceSpans.operation.kind,
      attributes: {
        [traceAttributes.database]: databaseNames[backendName] ?? backendName,
        [traceAttributes.databaseOperation]: name,
        ...(taskId === undefined ? {} : { [traceAttributes.taskId]: taskId })
      }
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
