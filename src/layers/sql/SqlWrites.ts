/**
 * The writes that each engine makes atomic in its own way.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { StoredJson } from "../../domain/StoredJson.ts"
import type { MessageDriver, PatchResult, TaskDriver, TaskDriverError } from "../../domain/TaskDriver.ts"
import type { TaskPatch } from "../../domain/TaskWrite.ts"
import { readTask, type Row } from "./TaskTables.ts"

/**
 * Writes whose answer depends on what is stored.
 *
 * @since 0.1.0
 * @category models
 */
export interface SqlWrites extends Pick<TaskDriver, "insert" | "patch"> {
  /** Appends a message unless `maxSize` unexpired ones are in the queue. */
  readonly pushWithin: (
    message: {
      readonly queue: string
      readonly body: StoredJson
      readonly expiresAt: number
      readonly maxSize: number
      readonly now: number
    }
  ) => Effect.Effect<Effect.Success<ReturnType<MessageDriver["push"]>>, TaskDriverError>
}

/**
 * Gives the answer for a row that was written: it lacks the JSON of the patch, which is at hand.
 *
 * @since 0.1.0
 * @category readers
 */
export const readPatched = (row: Row, patch: TaskPatch): PatchResult => ({
  _tag: "Patched",
  task: Object.assign(readTask(row), patch)
})
