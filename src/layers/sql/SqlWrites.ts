/**
 * The writes that each engine makes atomic in its own way.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type {
  FreeQuery,
  MessageDriver,
  PatchResult,
  TakenTask,
  TaskDriver,
  TaskDriverError
} from "../../domain/driver/TaskDriver.ts"
import type { TaskPatch } from "../../domain/driver/TaskWrite.ts"
import type { StoredJson } from "../../domain/json/StoredJson.ts"
import type { StoredTask } from "../../domain/task/StoredTask.ts"
import type { Moved } from "./FreeStatements.ts"
import type { SqlStatement } from "./SqlStatement.ts"
import { readTask, readText, type Row } from "./TaskTables.ts"

/**
 * Writes whose answer depends on what is stored.
 *
 * @since 0.1.0
 * @category models
 */
export interface SqlWrites extends Pick<TaskDriver, "insert" | "rerun" | "patch"> {
  /**
   * Runs a statement that deletes tasks and gives their ids and the registered workers that held them. Tells the workers, and
   * deletes the messages of the tasks' queues.
   */
  readonly removeTasks: (statement: SqlStatement) => Effect.Effect<ReadonlyArray<string>, TaskDriverError>
  /** Deletes a task that has no messages and that no worker holds, in one statement, where `removeTasks` takes more. */
  readonly removeQuiet?: TaskDriver["remove"]
  /** Runs a statement that deletes workers and gives their ids, and deletes their news with them. */
  readonly removeWorkers: (statement: SqlStatement) => Effect.Effect<ReadonlyArray<string>, TaskDriverError>
  /** Claims free tasks. `undefined` means that tasks which are due have to be moved first. */
  readonly take: (
    query: FreeQuery,
    patch: TaskPatch,
    moved: Moved
  ) => Effect.Effect<ReadonlyArray<TakenTask> | undefined, TaskDriverError>
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
 * Reads the ids that a statement gives.
 *
 * @since 0.1.0
 * @category readers
 */
export const readIds = (rows: ReadonlyArray<Row>): ReadonlyArray<string> => rows.map((row) => readText(row[0]))

/**
 * Gives the task of a row that was written: the row lacks the JSON of the patch, which is at hand.
 *
 * @since 0.2.0
 * @category readers
 */
export const readWritten = (row: Row, patch: TaskPatch): StoredTask => {
  const { expiry: _, ...fields } = patch
  return Object.assign(readTask(row), fields)
}

/**
 * Gives the answer for a row that was written.
 *
 * @since 0.1.0
 * @category readers
 */
export const readPatched = (row: Row, patch: TaskPatch): PatchResult => ({
  _tag: "Patched",
  task: readWritten(row, patch)
})
