/**
 * Durable task storage for MCP servers.
 *
 * @since 0.1.0
 * @module
 */
export type { MigrationPlan } from "./domain/driver/StoreInspector.ts"
export type { CheckCode, DeepCost, FindingSeverity, StoreFinding, StoreReport } from "./domain/driver/StoreReport.ts"
export * from "./domain/options/TaskOptions.ts"
export type { TaskStorageOptions } from "./domain/options/TaskStorageOptions.ts"
export * from "./domain/service/PauseOperations.ts"
export * from "./domain/service/TaskOperations.ts"
export type * from "./domain/service/TaskStats.ts"
export * from "./domain/service/WorkerOperations.ts"
export { type FailureInput, FailureReport } from "./domain/task/FailureReport.ts"
export * from "./domain/task/TaskError.ts"
export * as TaskId from "./domain/task/TaskId.ts"
export * from "./domain/task/TaskOutcome.ts"
export * from "./domain/task/TaskProjection.ts"
export { TaskRecord, type TaskRecordFields, TaskSummary } from "./domain/task/TaskRecord.ts"
export * from "./domain/task/TaskStatus.ts"
export { WorkerRecord } from "./domain/task/WorkerRecord.ts"
export * from "./domain/TaskStorage.ts"
export * from "./layers/TaskStorageUrl.ts"
