/**
 * Doing something with each of several tasks, until a failure that the next one would meet as well.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { TaskStorageError, TaskStorageUnavailable } from "../domain/task/TaskError.ts"

/**
 * What became of the tasks that were begun, in their order, and what ended it.
 *
 * @since 0.2.0
 * @category models
 */
export interface Performed<Item, Fault> {
  readonly items: ReadonlyArray<Item>
  readonly fault: Fault | undefined
}

/**
 * Performs something on each input. After the first fault no other one begins. Those under way come to their end. An input that met a
 * fault is not done, and so nothing is reported of it.
 *
 * @since 0.2.0
 * @category combinators
 */
export const performAll = <Input, Item, Fault>(
  inputs: ReadonlyArray<Input>,
  concurrency: number,
  work: {
    readonly perform: (input: Input) => Effect.Effect<Item, TaskStorageError>
    /** What is reported of a task that failed. */
    readonly failed: (input: Input, error: TaskStorageError) => Item
    /** Whether an error ends it. */
    readonly faultOf: (input: Input, error: TaskStorageError) => Fault | undefined
  }
): Effect.Effect<Performed<Item, Fault>> =>
  Effect.suspend(() => {
    let fault: Fault | undefined
    const one = (input: Input): Effect.Effect<Item | undefined> => {
      if (fault !== undefined) return Effect.undefined
      return Effect.catch(work.perform(input), (error) => {
        const met = work.faultOf(input, error)
        fault ??= met
        return Effect.succeed(met === undefined ? work.failed(input, error) : undefined)
      })
    }
    return Effect.map(
      Effect.forEach(inputs, (input) => Effect.suspend(() => one(input)), { concurrency }),
      (results) => ({ items: results.filter((result) => result !== undefined), fault })
    )
  })

/**
 * Gives the error if it is a failure of the engine that every other write would meet as well: because it may pass, or because it is of
 * the whole store.
 *
 * @since 0.2.0
 * @category guards
 */
export const engineFault = (error: TaskStorageError): TaskStorageUnavailable | undefined =>
  error._tag === "TaskStorageUnavailable" && (error.retryable || error.concerns === "store") ? error : undefined
