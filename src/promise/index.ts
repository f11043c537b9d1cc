/**
 * Task storage through promises and plain data, for code without Effect.
 *
 * @since 0.1.0
 */
export {
  ConcurrentModification,
  InputKeyReused,
  InvalidCursor,
  InvalidInput,
  InvalidTransition,
  isTaskStorageError,
  MaxTasksReached,
  PayloadTooLarge,
  ResultAlreadyStored,
  TaskAlreadyExists,
  TaskNotFound,
  TaskStorageUnavailable,
  TerminalState
} from "../domain/TaskError.ts"
export type { TaskStorageError } from "../domain/TaskError.ts"
export type { MaintenanceReport, TaskPage } from "../domain/TaskOperations.ts"
export type { ResultKind, TaskOutcomeInput } from "../domain/TaskOutcome.ts"
export type { TaskStatus } from "../domain/TaskStatus.ts"
export type { LayerSource } from "./LayerSource.ts"
export type { DynamoDbOptions, LayerOpenOptions, OpenOptions, PostgresOptions, SqliteOptions } from "./OpenOptions.ts"
export { openTaskStorage } from "./openTaskStorage.ts"
export type * from "./PromiseTaskStorage.ts"
export type * from "./Task.ts"
