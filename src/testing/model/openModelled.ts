/**
 * The storage of a sequence.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Sizing } from "../../domain/task/StoredTask.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import type { StorageHarness, StoragePair } from "../StorageHarness.ts"
import type { ModelOptions } from "./ModelState.ts"
import { storageOptions } from "./storageOptions.ts"

/**
 * Opens a storage with the options of a sequence. Where it has no tasks that wait for seats, they are refused.
 *
 * @since 0.2.0
 * @category constructors
 */
export const openModelled = <E>(
  open: StorageHarness<E>["open"],
  options: ModelOptions,
  payloadBytes?: Sizing
): Effect.Effect<{ readonly pair: StoragePair; readonly options: ModelOptions }, E, Scope.Scope> => {
  const opened = (options: ModelOptions) =>
    Effect.map(open(storageOptions(options, payloadBytes)), (pair) => ({ pair, options }))
  return Effect.catch(opened(options), (error) => {
    const { whenMaxActive, ...others } = options
    return whenMaxActive !== undefined && error instanceof InvalidInput && error.field === "whenMaxActive"
      ? opened(others)
      : Effect.fail(error)
  })
}
