/**
 * Durable task storage for MCP servers.
 *
 * @since 0.1.0
 * @module
 */
export { type FailureInput, FailureReport } from "./domain/FailureReport.ts"
export * from "./domain/PauseOperations.ts"
export type { MigrationPlan } from "./domain/StoreInspector.ts"
export type { CheckCode, DeepCost, FindingSeverity, StoreFinding, StoreReport } from "./domain/StoreReport.ts"
export * from "./domain/TaskError.ts"
export * as TaskId from "./domain/TaskId.ts"
export * from "./domain/TaskOperations.ts"
export * from "./domain/TaskOptions.ts"
export * from "./domain/TaskOutcome.ts"
export * from "./domain/TaskProjection.ts"
export { TaskRecord, type TaskRecordFields, TaskSummary } from "./domain/TaskRecord.ts"
export type * from "./domain/TaskStats.ts"
export * from "./domain/TaskStatus.ts"
export * from "./domain/TaskStorage.ts"
export type { TaskStorageOptions } from "./domain/TaskStorageOptions.ts"
export * from "./domain/WorkerOperations.ts"
export { WorkerRecord } from "./domain/WorkerRecord.ts"
export * from "./layers/TaskStorageUrl.ts"
