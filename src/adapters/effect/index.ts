/**
 * Durable tasks for servers that are built with Effect's `McpServer`, in protocol revisions 2025-11-25 and 2026-07-28.
 *
 * Two things change in a server. Annotate the tools that become tasks with `McpTasks.TaskSupport`, and register them with
 * `McpTasks.toolkit`. Serve them with the layer of this module.
 *
 * @since 0.2.0
 * @module
 */
export { tasksExtension } from "../../protocol/names.ts"
export { type Anonymous, anonymous, OwnerMissing, type TaskOwner } from "../../protocol/TaskOwner.ts"
export type { Tasks } from "../../protocol/Tasks.ts"
export type { TasksLimits, ToolTaskOptions } from "../../protocol/TasksOptions.ts"
export type { JsonRpcFailure } from "../../protocol/WireError.ts"
export * from "./addTool.ts"
export * from "./layers.ts"
export * from "./TaskAnnotations.ts"
export { TaskServer } from "./TaskServer.ts"
export type { HttpTasksOptions, Owner, TasksOptions } from "./TasksOptions.ts"
export type { Prepared, WorkerServices } from "./TaskTool.ts"
export * from "./toolkit.ts"
