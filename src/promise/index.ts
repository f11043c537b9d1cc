/**
 * Task storage through promises and plain data, for code without Effect.
 *
 * @since 0.1.0
 * @module
 */
export type {
  BulkProgress,
  BulkTask,
  ExportProgress,
  FailedTask,
  LeftOutTask,
  TransferProgress,
  TransferTask
} from "../admin/AdminOperations.ts"
export { InvalidLine } from "../admin/InvalidLine.ts"
export type { FailureInput } from "../domain/FailureReport.ts"
export type { CheckCode, DeepCost, FindingSeverity, StoreFinding, StoreReport } from "../domain/StoreReport.ts"
export {
  ConcurrentModification,
  InputKeyReused,
  InvalidCursor,
  InvalidInput,
  InvalidTransition,
  isTaskStorageError,
  LeaseHeld,
  LeaseLost,
  MaxTasksReached,
  PayloadTooLarge,
  ResultAlreadyStored,
  TaskAlreadyExists,
  TaskAlreadyRerun,
  TaskNotEnded,
  TaskNotFound,
  TaskStorageUnavailable,
  TerminalState,
  WorkerLost
} from "../domain/TaskError.ts"
export type { TaskStorageError } from "../domain/TaskError.ts"
export type { ImportResult, MaintenanceReport, ReencryptProgress, TaskPage } from "../domain/TaskOperations.ts"
export type { ResultKind, TaskOutcomeInput } from "../domain/TaskOutcome.ts"
export type { TaskStatus } from "../domain/TaskStatus.ts"
export { InputRefused } from "../runner/InputRefused.ts"
export { TaskFailure } from "../runner/TaskContext.ts"
export { TooManyTasks } from "../runner/TaskRunner.ts"
export type { LayerSource } from "./LayerSource.ts"
export { makeTaskAdmin } from "./makeTaskAdmin.ts"
export type {
  DynamoDbOptions,
  EncryptionOptions,
  LayerOpenOptions,
  OpenOptions,
  PostgresOptions,
  SqliteOptions
} from "./OpenOptions.ts"
export { openTaskRunner } from "./openTaskRunner.ts"
export { openTaskStorage } from "./openTaskStorage.ts"
export type * from "./PromiseCallOptions.ts"
export type * from "./PromiseTaskAdmin.ts"
export type * from "./PromiseTaskRunner.ts"
export type * from "./PromiseTaskStats.ts"
export type * from "./PromiseTaskStorage.ts"
export type { ErrorSource, LogFields, PromiseLogger, ReportOptions } from "./ReportOptions.ts"
export type {
  Dispatch,
  LayerRunnerOptions,
  OpenRunnerOptions,
  RunnerOptions,
  StorageRunnerOptions
} from "./RunnerOptions.ts"
export type * from "./Task.ts"
export type { Telemetry, TelemetryOption } from "./Telemetry.ts"
