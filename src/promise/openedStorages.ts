/**
 * The storages behind promise facades, for what else of this library stands on them.
 *
 * @since 0.2.0
 */
import type * as Context from "effect/Context"
import type * as Scope from "effect/Scope"
import type { TaskStorageShape } from "../domain/service/TaskOperations.ts"
import type { PromiseCalls } from "./PromiseCalls.ts"
import type { PromiseTaskStorage } from "./PromiseTaskStorage.ts"

/**
 * A storage that was opened: what runs in its scope ends before it does.
 *
 * @since 0.2.0
 * @category models
 */
export interface OpenedStorage {
  readonly storage: TaskStorageShape
  /** The references of its effects, such as the clock. */
  readonly context: Context.Context<never>
  readonly scope: Scope.Scope
  readonly generateId: (() => string) | undefined
  /** Runs what stands on the storage, until that is closed. */
  readonly calls: PromiseCalls
}

const opened = new WeakMap<object, OpenedStorage>()

/**
 * Remembers what a facade stands on.
 *
 * @since 0.2.0
 * @category accessors
 */
export const rememberStorage = (facade: PromiseTaskStorage, storage: OpenedStorage): void => {
  opened.set(facade, storage)
}

/**
 * Gives what a facade stands on; `undefined` for anything else.
 *
 * @since 0.2.0
 * @category accessors
 */
export const openedStorage = (facade: unknown): OpenedStorage | undefined =>
  typeof facade === "object" && facade !== null ? opened.get(facade) : undefined
