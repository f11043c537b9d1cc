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
export type { CheckCode, DeepCost, FindingSeverity, StoreFinding, StoreReport } from "../domain/driver/StoreReport.ts"
export type { RegisterWorker, TaskKind } from "../domain/options/TaskOptions.ts"
export type {
  ImportResult,
  MaintenanceReport,
  ReencryptProgress,
  SummaryPage,
  TaskPage
} from "../domain/service/TaskOperations.ts"
export type { FailureInput } from "../domain/task/FailureReport.ts"
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
} from "../domain/task/TaskError.ts"
export type { TaskStorageError } from "../domain/task/TaskError.ts"
export type { ResultKind, TaskOutcomeInput } from "../domain/task/TaskOutcome.ts"
export type { TaskStatus } from "../domain/task/TaskStatus.ts"
export { InputRefused } from "../runner/handler/InputRefused.ts"
export { TaskFailure } from "../runner/handler/TaskContext.ts"
export { TooManyTasks } from "../runner/service/TaskRunner.ts"
export type { DispatchOptions } from "../runner/service/TaskRunnerOptions.ts"
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
