/**
 * The writes that each engine makes atomic in its own way.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { StoredJson } from "../../domain/StoredJson.ts"
import type { MessageDriver, PatchResult, TaskDriver, TaskDriverError } from "../../domain/TaskDriver.ts"
import type { TaskPatch } from "../../domain/TaskWrite.ts"
import type { SqlStatement } from "./SqlStatement.ts"
import { readTask, readText, type Row } from "./TaskTables.ts"

/**
 * Writes whose answer depends on what is stored.
 *
 * @since 0.1.0
 * @category models
 */
export interface SqlWrites extends Pick<TaskDriver, "insert" | "patch"> {
  /** Runs a statement that deletes tasks and gives their ids, and deletes the messages of their queues with them. */
  readonly removeTasks: (statement: SqlStatement) => Effect.Effect<ReadonlyArray<string>, TaskDriverError>
  /** Deletes a task that has no messages, in one statement, where `removeTasks` takes more. */
  readonly removeQuiet?: TaskDriver["remove"]
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
 * Reads the ids of the tasks that a statement deleted.
 *
 * @since 0.1.0
 * @category readers
 */
export const readIds = (rows: ReadonlyArray<Row>): ReadonlyArray<string> => rows.map((row) => readText(row[0]))

/**
 * Gives the answer for a row that was written: it lacks the JSON of the patch, which is at hand.
 *
 * @since 0.1.0
 * @category readers
 */
export const readPatched = (row: Row, patch: TaskPatch): PatchResult => {
  const { expiry: _, ...fields } = patch
  return { _tag: "Patched", task: Object.assign(readTask(row), fields) }
}
