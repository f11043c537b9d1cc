/**
 * Durable task storage for MCP servers.
 *
 * @since 0.1.0
 */
export * from "./domain/AtOnce.ts"
export * from "./domain/StoredJson.ts"
export * from "./domain/StoredTask.ts"
export * from "./domain/TaskDriver.ts"
export * from "./domain/TaskError.ts"
export * as TaskId from "./domain/TaskId.ts"
export * from "./domain/TaskOperations.ts"
export * from "./domain/TaskOutcome.ts"
export * from "./domain/TaskProjection.ts"
export * from "./domain/TaskRecord.ts"
export * from "./domain/TaskStatus.ts"
export * from "./domain/TaskStorage.ts"
export * from "./domain/TaskStorageOptions.ts"
export * from "./domain/TaskWrite.ts"
export * from "./layers/TaskStorageUrl.ts"
