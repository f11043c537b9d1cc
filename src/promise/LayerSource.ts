/**
 * The one place where the promise facade meets a type of Effect.
 *
 * @since 0.1.0
 */
import type * as Layer from "effect/Layer"
import type { TaskStorage } from "../domain/TaskStorage.ts"

/**
 * Any layer of task storage, also one of a third party.
 *
 * @since 0.1.0
 * @category models
 */
export interface LayerSource<E> {
  readonly layer: Layer.Layer<TaskStorage, E>
}
