/**
 * How effects become the promises that the official SDK awaits.
 *
 * The SDK sends the message of whatever rejects, its integer `code` and its `data` to the client word for word. So what
 * an engine says never rejects a promise: it goes to `onError`, and the client gets a sentence.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import { parseMillis } from "../../domain/options/ArgumentParsers.ts"
import { TaskStorageUnavailable } from "../../domain/task/TaskError.ts"
import { SdkRefusal } from "./SdkRefusal.ts"
import type { SdkTaskStoreOptions } from "./SdkTaskStoreOptions.ts"

/**
 * Runs an effect, as `Effect.runPromiseExit` and `Effect.runPromiseExitWith(context)` do. Never rejects.
 *
 * @since 0.1.0
 * @category models
 */
export type RunPromiseExit = <A, E>(effect: Effect.Effect<A, E>) => Promise<Exit.Exit<A, E>>

/**
 * Parses a duration option into milliseconds; throws `InvalidInput` when it is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const millisOption = (field: string, value: Duration.Input, least: number): number =>
  Result.getOrThrow(parseMillis(field, value, least))

type Failure = SdkRefusal | TaskStorageUnavailable

/**
 * Runs the effects of the drop-ins.
 *
 * @since 0.1.0
 * @category models
 */
export class SdkCalls {
  readonly #run: RunPromiseExit
  readonly #backoff: Schedule.Schedule<unknown>
  readonly #onError: (error: unknown) => Effect.Effect<void>

  constructor(options: SdkTaskStoreOptions, run: RunPromiseExit) {
    const { onError } = options
    this.#run = run
    this.#backoff = Schedule.min([Schedule.exponential("20 millis"), Schedule.spaced("2 seconds")]).pipe(
      Schedule.jittered,
      Schedule.upTo({ duration: millisOption("retryFor", options.retryFor ?? "10 seconds", 0) })
    )
    this.#onError = onError === undefined ? logToStderr : (error) => Effect.sync(() => onError(error, {}))
  }

  /**
   * Runs what may be repeated whatever became of it. The SDK waits for the end of a task by reading it over and over,
   * and one read that fails ends the wait.
   */
  read<A>(effect: Effect.Effect<A, Failure>): Promise<A> {
    return this.#settle(effect, (error) => error.retryable)
  }

  /**
   * Runs a write, which is repeated only when it certainly did not happen.
   */
  write<A>(effect: Effect.Effect<A, Failure>): Promise<A> {
    return this.#settle(effect, (error) => error.retryable && error.applied === "no")
  }

  async #settle<A>(
    effect: Effect.Effect<A, Failure>,
    isRepeatable: (error: TaskStorageUnavailable) => boolean
  ): Promise<A> {
    const exit = await this.#run(
      Effect.retry(effect, {
        schedule: this.#backoff,
        while: (error) => error._tag === "TaskStorageUnavailable" && isRepeatable(error)
      })
    )
    if (Exit.isSuccess(exit)) return exit.value
    const failure = Cause.squash(exit.cause)
    if (failure instanceof SdkRefusal) throw failure.error
    await this.#run(this.#onError(failure))
    throw new Error("Task storage is unavailable, try again later", { cause: failure })
  }
}

/** On stdout a log line would break the protocol of a stdio server. What is not of our making may quote a payload. */
const logToStderr = (error: unknown): Effect.Effect<void> =>
  Effect.logError(error instanceof TaskStorageUnavailable ? error.message : "The task storage failed unexpectedly")
    .pipe(
      Effect.provideService(Logger.LogToStderr, true)
    )
